"use strict";
// The data, and small means of drawing it. Texts reach the page as text nodes only, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const kernels = data.kernels;
const claims = data.claims;

// A verdict's letter in the data, its word, and the mark that stands in a narrow cell.
const VERDICTS = {
  v: { word: "violated", mark: "V" },
  c: { word: "crashed", mark: "C" },
  t: { word: "timed out", mark: "T" },
  b: { word: "broken", mark: "B" },
  u: { word: "unmet", mark: "u" },
  h: { word: "holds", mark: "·" },
  o: { word: "out of range", mark: "-" },
};
const NOT_ASKED = { word: "not asked", mark: "" };
// What counts: a claim about other versions than a kernel's is nothing that could be found there.
const FOUND = Object.entries(VERDICTS).filter(([letter]) => letter !== "o");

// Words fit while there are few kernels.
const wide = kernels.length <= 9;

// A letter of the data; a capital one is flaky.
function verdict(letter) {
  const lower = letter.toLowerCase();
  const known = VERDICTS[lower] || NOT_ASKED;
  return { ...known, looks: "v is-" + (known === NOT_ASKED ? "none" : lower), flaky: letter !== lower };
}

// What stands in a cell of the matrix: a dash, even where there is room for words, says that there was nothing to ask.
function cellText(found) {
  return (wide && found.mark !== "-" ? found.word : found.mark) + (found.flaky ? "~" : "");
}

// How often each verdict stands in the whole matrix.
const totals = {};
for (const claim of claims)
  for (const letter of claim.verdicts.toLowerCase()) totals[letter] = (totals[letter] || 0) + 1;

// What a search looks through.
for (const claim of claims)
  claim.search = [claim.name, claim.claim, claim.detail, claim.erratum, ...(claim.sources || []).map(([text]) => text),
    ...(claim.answers || []).map((answer) => answer.message)].join("\n").toLowerCase();

const byName = new Map(claims.map((claim) => [claim.name, claim]));

// An element with attributes, and children that are nodes or texts.
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {}))
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}

// The claim's sources, one after the other, each a link if it can be opened.
function sources(claim) {
  return element("span", {}, ...(claim.sources || []).flatMap(([text, href], at) => [
    at ? ", " : null, href ? element("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : text]));
}

function plural(number, noun) {
  return number + " " + noun + (number === 1 ? "" : "s");
}

// A name, which may be broken after each of its words.
function breakable(name) {
  return name.split(/(?<=_|::)/).flatMap((part, at) => at ? [document.createElement("wbr"), part] : [part]);
}

// `3 violated`, `3 hold`.
function counted(number, word) {
  return number + " " + (word === "holds" && number !== 1 ? "hold" : word);
}

// The part of a claim's name after its suite.
function shortName(claim) {
  return claim.name.startsWith(claim.suite + "::") ? claim.name.slice(claim.suite.length + 2) : claim.name;
}

// What a step of a claim says of the kernel at its end.
function stepText(claim, [kind, from, to]) {
  const word = kernels[to].word;
  if (kind === "begins") return "a rule since " + claim.since + ", here from " + word + " on";
  if (kind === "ends") return "a rule before " + claim.until + ", here no longer on " + word;
  return "another answer on " + word + " than on " + kernels[from].word;
}
