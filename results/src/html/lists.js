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

// A label and a choice of options, each a value and a text.
function choice(label, options, value, changed) {
  const select = element("select", {}, ...options.map(([value, text]) => element("option", { value }, text)));
  select.value = value;
  select.addEventListener("change", () => changed(select.value));
  return element("label", { class: "text" }, label, select);
}

// The search of a list, which is the matrix' own.
function searchField() {
  const field = element("input", { type: "search", autocomplete: "off", spellcheck: "false", value: state.text });
  field.addEventListener("input", () => setState({ text: field.value }));
  return element("label", { class: "text" }, "Text", field);
}

// What is otherwise between two kernels: what no rule explains, and which rules did change. Without two kernels it is each
// and the one before.
function changesOf(pair) {
  const changes = [];
  for (const rule of claims) {
    if (!pair) {
      for (const step of rule.steps || []) changes.push([rule, ...step]);
      continue;
    }
    const [from, to] = pair;
    const letters = pair.map((at) => rule.verdicts[at]);
    const asked = letters.map((letter) => "hvct".includes(letter));
    if (asked[0] && asked[1]) {
      if (claimAt(rule, from) !== claimAt(rule, to)) changes.push([rule, "rule", from, to]);
      else if ((letters[0] === "h") !== (letters[1] === "h")) changes.push([rule, "answer", from, to]);
    } else if (asked[1] && letters[0] === "o") changes.push([rule, "begins", from, to]);
    else if (asked[0] && letters[1] === "o") changes.push([rule, "ends", from, to]);
  }
  return changes;
}

const CHANGE = { answer: "another answer", rule: "changed", begins: "new", ends: "no longer so" };

// What was so before `now` on the older kernel, and on versions between the two: the newest first.
function drawBefore(rule, was, now) {
  const all = claimsOf(rule);
  const passed = all.slice(all.indexOf(was) + 1, Math.max(0, all.indexOf(now))).reverse();
  return [...passed.map((claim) => [claim.since ? "from " + claim.since + ": " : "between: ", claim]), ["before: ", was]]
    .map(([when, claim]) => element("span", { class: "claim earlier" }, when, ...prose(withoutVersion(claim.claim))));
}

// One change: what is so, and what was so before.
function drawChange([rule, kind, from, to]) {
  const now = claimAt(rule, kind === "ends" ? from : to);
  const both = element("span", { class: "fromto" }, kernels[from].word + " ", word(rule, from), " → " + kernels[to].word + " ", word(rule, to));
  const when = kind === "ends" ? rule.until && "since " + rule.until : kind !== "answer" && now.since && "since " + now.since;
  return element("li", {}, element("strong", { class: "kind" }, CHANGE[kind] + (when ? " " + when : "")), " ",
    element("span", { class: "says" }, ...prose(when ? withoutVersion(now.claim) : now.claim)),
    ...(kind === "rule" ? drawBefore(rule, claimAt(rule, from), now) : []),
    element("span", { class: "claim" }, both, " ", link(now, kind === "ends" ? from : to)));
}

function drawChanges() {
  const ends = [state.from, state.to].map((word) => kernels.findIndex((kernel) => kernel.word === word));
  const pair = ends.every((at) => at >= 0) ? ends : null;
  const words = searched(state.text);
  const changes = changesOf(pair).filter(([rule]) => words.every((word) => rule.search.includes(word)));
  const options = [["", "any"], ...kernels.map((kernel) => [kernel.word, kernel.word])];
  // One alone is no pair: the other becomes the kernel beside it.
  const choose = (part) => {
    const next = { from: state.from, to: state.to, ...part };
    const at = (word) => kernels.findIndex((kernel) => kernel.word === word);
    if (Object.values(part)[0] === "") next.from = next.to = "";
    else if (!next.to) next.to = kernels[Math.min(kernels.length - 1, at(next.from) + 1)].word;
    else if (!next.from) next.from = kernels[Math.max(0, at(next.to) - 1)].word;
    setState(next);
  };
  const form = element("form", { "aria-label": "Filter changes", class: "lists" }, searchField(),
    choice("From", options, state.from, (from) => choose({ from })), choice("To", options, state.to, (to) => choose({ to })),
    element("output", { role: "status" }, plural(changes.length, "change") + (pair ? " from " + state.from + " to " + state.to : ", each kernel beside the one before")));
  form.addEventListener("submit", (event) => event.preventDefault());
  const unexpected = changes.filter(([, kind]) => kind === "answer");
  const expected = changes.filter(([, kind]) => kind !== "answer");
  const parts = [form, element("h2", {}, "Answers that no rule explains"),
    unexpected.length ? element("ul", { class: "changes" }, ...unexpected.map(drawChange)) : element("p", { class: "none" }, "None."),
    element("h2", {}, "Rules that changed")];
  const themes = new Map();
  for (const change of expected) {
    const theme = change[0].suite + (change[0].theme ? ": " + change[0].theme.replaceAll("_", " ") : "");
    themes.set(theme, [...(themes.get(theme) || []), change]);
  }
  if (!expected.length) parts.push(element("p", { class: "none" }, "None."));
  for (const [theme, inTheme] of themes)
    parts.push(element("h3", {}, theme), element("ul", { class: "changes" }, ...inTheme.map(drawChange)));
  return parts;
}

// The kernels on which a claim that refutes a document was found to hold, each a link to its cell.
function drawEvidence(rule, claim) {
  const holding = kernels.map((kernel, at) => at).filter((at) => claimAt(rule, at) === claim && rule.verdicts[at].toLowerCase() === "h");
  if (!holding.length) return ["shown on no kernel of this page: ", link(claim, columnOf(rule, claim.name))];
  return ["shown on ", ...holding.flatMap((at, number) => {
    const hash = stateHash({ ...emptyState(), view: state.view, open: [claim.name, kernels[at].word] });
    return [number ? ", " : null, element("a", { href: "#" + hash }, kernels[at].word)];
  }), ": ", ...breakable(claim.name)];
}

function drawErratum([rule, claim]) {
  const passage = claim.passage || { says: claim.erratum };
  const range = [claim.since && "since " + claim.since, claim.until && "before " + claim.until].filter(Boolean).join(", ");
  const list = element("dl", {});
  fact(list, "the page has", passage.quote && element("q", { class: "quote" }, passage.quote));
  fact(list, "it says", element("span", {}, ...prose(passage.says)));
  if (!claim.passage) fact(list, "sources", claim.sources && sources(claim));
  fact(list, "what is true", element("strong", {}, ...prose(claim.claim)));
  fact(list, "where", range || "every kernel that was asked");
  fact(list, "evidence", element("span", {}, ...drawEvidence(rule, claim).filter((part) => part != null)));
  const heading = passage.heading || "the page as a whole";
  return element("section", { class: "erratum" }, element("h3", {}, passage.link ? away(heading, passage.link) : heading), list);
}

// The errata, by the document that they are about.
function errataByPage() {
  const pages = new Map();
  for (const rule of claims)
    for (const claim of claimsOf(rule).filter((claim) => claim.erratum)) {
      const page = claim.passage ? claim.passage.page : "other documents";
      pages.set(page, [...(pages.get(page) || []), [rule, claim]]);
    }
  return new Map([...pages].sort(([a], [b]) => a.localeCompare(b, "en")));
}

function drawErrata() {
  const all = errataByPage();
  if (!all.size) return [element("p", { class: "note" }, "No document is refuted by the claims of this matrix.")];
  const words = searched(state.text);
  const shown = [...all].filter(([page]) => !state.page || page === state.page)
    .map(([page, errata]) => [page, errata.filter(([, claim]) => {
      const text = [page, claim.name, claim.claim, claim.erratum, claim.passage && claim.passage.quote].join("\n").toLowerCase();
      return words.every((word) => text.includes(word));
    })]).filter(([, errata]) => errata.length);
  const number = shown.reduce((sum, [, errata]) => sum + errata.length, 0);
  const options = [["", "all"], ...[...all].map(([page, errata]) => [page, page + " (" + errata.length + ")"])];
  const form = element("form", { "aria-label": "Filter errata", class: "lists" }, searchField(),
    choice("Page", options, state.page, (page) => setState({ page })),
    element("output", { role: "status" }, number + (number === 1 ? " erratum" : " errata") + " of " + plural(shown.length, "document")));
  form.addEventListener("submit", (event) => event.preventDefault());
  const edition = (errata) => errata.map(([, claim]) => claim.passage && claim.passage.edition).find(Boolean);
  return [form, element("p", {}, "What documents say and kernels do not do. The case asserts what the kernel does."),
    ...shown.flatMap(([page, errata]) => [element("h2", {}, page + (edition(errata) ? " " : ""),
      edition(errata) ? element("span", { class: "number" }, edition(errata)) : null), ...errata.map(drawErratum)])];
}

function drawKernels() {
  const lines = kernels.map((kernel, at) => {
    const counts = countsAt(at);
    const told = FOUND.filter(([letter]) => counts[letter])
      .map(([letter, known]) => counted(counts[letter], known.word)).join(", ");
    const others = counts.o ? "; " + plural(counts.o, "claim") + " out of range" : "";
    const machine = [kernel.arch, kernel.accelerator, kernel.qemu && "QEMU " + kernel.qemu, kernel.isolation].filter(Boolean).join(", ");
    return [element("strong", {}, kernel.word), kernel.release || "", 
      [...(kernel.flaws || []).map(([says, why]) => says + ": " + why), (told || "no verdict") + others].join("; "),
      machine, kernel.origin || "", kernel.started.slice(0, 16).replace("T", " ") + " UTC, " + kernel.seconds.toFixed(1) + " s" + (kernel.selection ? ", " + kernel.selection : ""),
      element("span", {}, kernel.version || "", kernel.config ? element("br") : null, kernel.config ? code(kernel.config) : null)];
  });
  return [listTable("Kernels", ["kernel", "release", "found", "machine", "from", "run", "version"], lines)];
}

const VIEWS = {
  matrix: { name: "Matrix", draw: () => null },
  // These two are drawn again when their filters change.
  changes: { name: "Changes", draw: drawChanges, filters: ["text", "from", "to"] },
  errata: { name: "Errata", draw: drawErrata, filters: ["text", "page"] },
  kernels: { name: "Kernels", draw: drawKernels },
};
