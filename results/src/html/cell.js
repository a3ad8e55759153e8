// One cell, opened: the claim, what was found, and the evidence.
const dialog = document.getElementById("cell");

function fact(list, label, value) {
  if (value == null || value === "") return;
  list.append(element("dt", {}, label), element("dd", {}, value));
}

function code(text) {
  return text ? element("code", {}, text) : null;
}

function drawClaim(claim, kernel) {
  const list = element("dl", {});
  fact(list, "source", claim.sources && element("span", {}, sources(claim), ...atVersion(claim, kernel).flatMap((link) => [", ", link])));
  fact(list, "about kernels", [claim.since && "since " + claim.since, claim.until && "before " + claim.until].filter(Boolean).join(" and "));
  fact(list, "a document says", claim.erratum && element("span", {}, ...drawPassage(claim)));
  fact(list, "case", claim.place && element("span", {}, claim.placeLink ? away(claim.place, claim.placeLink) : code(claim.place), " ",
    copyButton(claim.place, "where the case is")));
  return list;
}

// What a document has wrong: where, its words, and ours for them.
function drawPassage(claim) {
  const passage = claim.passage;
  if (!passage) return [claim.erratum];
  const where = passage.page + (passage.heading ? ", " + passage.heading : "");
  return [passage.link ? away(where, passage.link) : where, passage.edition ? " (" + passage.edition + ")" : "", ": ", ...prose(passage.says),
    passage.quote ? element("q", { class: "quote" }, passage.quote) : null].filter(Boolean);
}

// A word as a shell takes it.
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\\''") + "'";
}

// The command that asks the same kernel again.
function drawCommand(claim, kernel) {
  const command = "nsproof run --kernel " + quoted(kernel.word) + " --exact " + claim.name;
  return element("p", { class: "command" }, code(command), " ", copyButton(command, "the command"));
}

// What was so before, and what came after: each with the kernels that it was asked on.
function drawHistory(rule, current) {
  if (!rule.earlier) return [];
  const items = claimsOf(rule).map((claim, which) => {
    const range = [claim.since && "since " + claim.since, claim.until && "before " + claim.until].filter(Boolean).join(", ");
    const at = kernels.findIndex((kernel, at) => rule.which[at] === which);
    const name = at >= 0 && claim !== current ? link(claim, at) : element("span", { class: "name-here" }, ...breakable(claim.name));
    return element("li", { "aria-current": claim === current ? "true" : null }, element("strong", {}, range || "always"), ": ", ...prose(withoutVersion(claim.claim)), " ", name);
  });
  return [element("h3", {}, "How the rule changed"), element("ol", { class: "history" }, ...items)];
}

function drawAnswer(answer) {
  const list = element("dl", {});
  fact(list, "because", answer.message && element("p", { class: "message" }, ...prose(answer.message)));
  fact(list, "call", code(answer.call));
  fact(list, "expected", code(answer.expected));
  fact(list, "seen", code(answer.seen));
  fact(list, "at", code(answer.at));
  const evidence = (answer.evidence || []).map(([label, text]) =>
    element("details", { open: true }, element("summary", {}, label), element("pre", { tabindex: 0 }, text)));
  return element("section", {}, list, ...evidence);
}

// What the case typed at a shell's prompt, on the newest kernel where the claim holds.
function drawSession(rule) {
  if (!rule.session) return [];
  const [at, text] = rule.session;
  return [element("h3", {}, "At the prompt, on " + kernels[at].word), element("pre", { tabindex: 0 }, text)];
}

// A button a kernel: the same claim there.
function drawNeighbours(claim, current) {
  const list = element("div", { class: "pills", role: "group", "aria-label": "The same claim on other kernels" });
  kernels.forEach((kernel, at) => {
    const found = verdict(claim.verdicts[at]);
    const button = element("button", { type: "button", class: found.looks, "aria-current": at === current ? "true" : null },
      kernel.word + " " + found.word + (isEarlier(claim, at) ? " (rule before)" : "") + (found.flaky ? "~" : ""));
    button.addEventListener("click", () => setState({ open: [claimAt(claim, at).name, kernel.word] }));
    list.append(button);
  });
  return list;
}

function drawDialog(rule, at) {
  const kernel = kernels[at];
  const claim = claimAt(rule, at);
  const found = verdict(rule.verdicts[at]);
  const answers = (rule.answers || []).filter((answer) => answer.columns.includes(at));
  const close = element("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
  close.addEventListener("click", () => dialog.close());
  const time = (rule.times || [])[at] ? " in " + (rule.times[at] / 1000).toFixed(1) + " ms" : "";
  const verdictLine = element("p", { class: "verdict" }, element("strong", { class: found.looks }, found.word),
    (found.flaky ? " (flaky: carried out again, it said something else)" : "") + " on " + kernel.word + " " +
    (kernel.release && kernel.release !== kernel.word ? "(" + kernel.release + ")" : "") + time);
  const steps = (rule.steps || []).map((step) => element("p", { class: "stepline" }, "▸ " + stepText(rule, step)));
  dialog.replaceChildren(close, element("h2", { id: "cell-title" }, ...breakable(claim.name)),
    element("p", { class: "lead" }, ...prose(claim.claim)), verdictLine, drawCommand(claim, kernel),
    ...answers.map(drawAnswer), ...drawSession(rule), ...steps, drawNeighbours(rule, at), ...drawHistory(rule, claim),
    element("h3", {}, "The claim"), claim.detail ? element("p", { class: "message" }, ...prose(claim.detail)) : "", drawClaim(claim, kernel));
  dialog.scrollTop = 0;
}

// Which column a claim is shown at that is named without a kernel: the one with most to say, among those that it is about.
function columnOf(rule, name) {
  const own = kernels.map((kernel, at) => at).filter((at) => claimAt(rule, at).name === name);
  const letters = rule.verdicts.toLowerCase();
  const worst = Object.keys(VERDICTS).find((letter) => own.some((at) => letters[at] === letter));
  return own.find((at) => letters[at] === worst) ?? own[0] ?? 0;
}

// Shows what the state says is open, or closes the dialog. An address that leads nowhere says so.
function applyOpen(open) {
  const rule = open && byName.get(open[0]);
  const at = !rule ? -1 : open[1] ? kernels.findIndex((kernel) => kernel.word === open[1]) : columnOf(rule, open[0]);
  const dead = document.getElementById("dead");
  dead.hidden = !open || at >= 0;
  if (!dead.hidden)
    dead.textContent = rule ? "This page has no kernel " + open[1] + ": it has " + kernels.map((kernel) => kernel.word).join(", ") + "."
      : "This page has no claim " + open[0] + ". It may have another name now: search for a part of it.";
  if (at < 0) {
    if (dialog.open) dialog.close();
    return;
  }
  drawDialog(rule, at);
  if (!dialog.open) dialog.showModal();
}

// However it is closed, the address follows and the focus returns to the cell. What was opened here is a step of the
// browser's history, which Back takes, too.
dialog.addEventListener("close", () => {
  const open = state.open;
  if (open && history.state && history.state.opened) {
    state = { ...state, open: null };
    history.back();
  } else if (open) setState({ open: null });
  if (!open || state.view !== "matrix") return;
  const rule = byName.get(open[0]);
  const at = open[1] ? kernels.findIndex((kernel) => kernel.word === open[1]) : columnOf(rule, open[0]);
  const row = rows[claims.indexOf(rule)];
  if (row && at >= 0 && !row.hidden) {
    makeCurrent(row.cells[at + 1]);
    row.cells[at + 1].focus();
  }
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
