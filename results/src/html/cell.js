// One cell, opened: the claim, what was found, and the evidence.
const dialog = document.getElementById("cell");

function fact(list, label, value) {
  if (value == null || value === "") return;
  list.append(element("dt", {}, label), element("dd", {}, value));
}

function code(text) {
  return text ? element("code", {}, text) : null;
}

function drawClaim(claim) {
  const list = element("dl", {});
  fact(list, "source", claim.sources && sources(claim));
  fact(list, "about kernels", [claim.since && "since " + claim.since, claim.until && "before " + claim.until].filter(Boolean).join(" and "));
  fact(list, "a document says", claim.erratum);
  fact(list, "case", code(claim.place));
  return list;
}

function drawAnswer(answer) {
  const list = element("dl", {});
  fact(list, "because", answer.message && element("p", { class: "message" }, answer.message));
  fact(list, "call", code(answer.call));
  fact(list, "expected", code(answer.expected));
  fact(list, "seen", code(answer.seen));
  fact(list, "at", code(answer.at));
  const evidence = (answer.evidence || []).map(([label, text]) =>
    element("details", { open: true }, element("summary", {}, label), element("pre", { tabindex: 0 }, text)));
  return element("section", {}, list, ...evidence);
}

// A button a kernel: the same claim there.
function drawNeighbours(claim, current) {
  const list = element("div", { class: "pills", role: "group", "aria-label": "The same claim on other kernels" });
  kernels.forEach((kernel, at) => {
    const found = verdict(claim.verdicts[at]);
    const button = element("button", { type: "button", class: found.looks, "aria-current": at === current ? "true" : null },
      kernel.word + " " + found.word + (found.flaky ? "~" : ""));
    button.addEventListener("click", () => setState({ open: [claim.name, kernel.word] }));
    list.append(button);
  });
  return list;
}

function drawDialog(claim, at) {
  const kernel = kernels[at];
  const found = verdict(claim.verdicts[at]);
  const answers = (claim.answers || []).filter((answer) => answer.columns.includes(at));
  const close = element("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
  close.addEventListener("click", () => dialog.close());
  const time = (claim.times || [])[at] ? " in " + (claim.times[at] / 1000).toFixed(1) + " ms" : "";
  const verdictLine = element("p", { class: "verdict" }, element("strong", { class: found.looks }, found.word),
    (found.flaky ? " (flaky: carried out again, it said something else)" : "") + " on " + kernel.word + " " +
    (kernel.release && kernel.release !== kernel.word ? "(" + kernel.release + ")" : "") + time);
  const steps = (claim.steps || []).map((step) => element("p", { class: "stepline" }, "▸ " + stepText(claim, step)));
  dialog.replaceChildren(close, element("h2", { id: "cell-title" }, ...breakable(claim.name)),
    element("p", { class: "lead" }, claim.claim || ""), verdictLine,
    ...answers.map(drawAnswer), ...steps, drawNeighbours(claim, at),
    element("h3", {}, "The claim"), claim.detail ? element("p", { class: "message" }, claim.detail) : "", drawClaim(claim));
  dialog.scrollTop = 0;
}

// Shows what the state says is open, or closes the dialog.
function applyOpen(open) {
  const claim = open && byName.get(open[0]);
  const at = open ? kernels.findIndex((kernel) => kernel.word === open[1]) : -1;
  if (!claim || at < 0) {
    if (dialog.open) dialog.close();
    return;
  }
  drawDialog(claim, at);
  if (!dialog.open) dialog.showModal();
}

// However it is closed, the address follows and the focus returns to the cell.
dialog.addEventListener("close", () => {
  const open = state.open;
  setState({ open: null });
  if (!open || state.view !== "matrix") return;
  const index = claims.indexOf(byName.get(open[0]));
  const at = kernels.findIndex((kernel) => kernel.word === open[1]);
  const row = rows[index];
  if (row && at >= 0 && !row.hidden) {
    makeCurrent(row.cells[at + 1]);
    row.cells[at + 1].focus();
  }
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
