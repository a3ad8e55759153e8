// The other pages: what changed, what documents have wrong, what the kernels are.
function link(claim, at) {
  const hash = stateHash({ ...emptyState(), view: state.view, open: [claim.name, kernels[at].word] });
  return element("a", { href: "#" + hash }, ...breakable(claim.name));
}

function listTable(label, heads, lines) {
  return element("div", { class: "scroll" }, element("table", { class: "list", "aria-label": label },
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...lines.map((cells) => element("tr", {}, ...cells.map((cell, at) => element("td", { "data-head": heads[at] }, cell)))))));
}

function word(claim, at) {
  const found = verdict(claim.verdicts[at]);
  return element("span", { class: found.looks }, found.word);
}

function drawChanges() {
  const lines = [];
  for (const claim of claims)
    for (const step of claim.steps || []) {
      const [, from, to] = step;
      const both = element("span", {}, kernels[from].word + " ", word(claim, from), " → " + kernels[to].word + " ", word(claim, to));
      lines.push([kernels[to].word, link(claim, to), claim.claim || "", both, stepText(claim, step)]);
    }
  return lines.length
    ? [element("p", {}, "Claims whose answer differs from one kernel to the next, and the first kernel with the new one."),
      listTable("Changes", ["first kernel", "claim", "what it says", "from → to", "what changed"], lines)]
    : [element("p", { class: "note" }, "Between these kernels nothing changed.")];
}

// Since when it is known: the oldest kernel tested on which the claim holds.
function drawErrata() {
  const lines = claims.filter((claim) => claim.erratum).map((claim) => {
    const holding = kernels.map((kernel, at) => at).filter((at) => claim.verdicts[at].toLowerCase() === "h");
    const shown = holding.length ? kernels[holding[0]].word : "no kernel tested";
    return [element("p", { class: "message" }, claim.erratum), element("p", { class: "message" }, claim.claim || ""),
      sources(claim), claim.since ? "since " + claim.since : "on all kernels covered",
      element("span", {}, "shown on " + shown + (holding.length > 1 ? " and " + (holding.length - 1) + " more: " : ": "),
        link(claim, holding.length ? holding[0] : 0))];
  });
  return lines.length
    ? [element("p", {}, "What documents say and kernels do not do. The case asserts what the kernel does."),
      listTable("Errata", ["the document says", "the kernel does", "document", "since", "evidence"], lines)]
    : [element("p", { class: "note" }, "No document is refuted by the claims of this matrix.")];
}

function drawKernels() {
  const lines = kernels.map((kernel, at) => {
    const counts = {};
    for (const claim of claims) counts[claim.verdicts[at].toLowerCase()] = (counts[claim.verdicts[at].toLowerCase()] || 0) + 1;
    const told = FOUND.filter(([letter]) => counts[letter])
      .map(([letter, known]) => counted(counts[letter], known.word)).join(", ");
    const others = counts.o ? "; " + plural(counts.o, "claim") + " out of range" : "";
    const machine = [kernel.arch, kernel.accelerator, kernel.qemu && "QEMU " + kernel.qemu, kernel.isolation].filter(Boolean).join(", ");
    return [element("strong", {}, kernel.word), kernel.release || "", 
      [...(kernel.flaws || []).map(([says, why]) => says + ": " + why), (told || "no verdict") + others].join("; "),
      machine, kernel.origin || "", kernel.started + ", " + kernel.seconds.toFixed(1) + " s" + (kernel.selection ? ", " + kernel.selection : ""),
      element("span", {}, kernel.version || "", kernel.config ? element("br") : null, kernel.config ? code(kernel.config) : null)];
  });
  return [listTable("Kernels", ["kernel", "release", "found", "machine", "from", "run", "version"], lines)];
}

const VIEWS = {
  matrix: { name: "Matrix", draw: () => null },
  changes: { name: "Changes", draw: drawChanges },
  errata: { name: "Errata", draw: drawErrata },
  kernels: { name: "Kernels", draw: drawKernels },
};
