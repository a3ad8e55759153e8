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

// Words fit while there are few kernels, or the window is wide: 5.8rem a column beside 35.5 for names and what is around.
const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
const wide = kernels.length <= 9 || innerWidth >= (kernels.length * 5.8 + 35.5) * rem;

// What stands in a cell that an earlier claim of the rule is about: nobody shall take it for an answer to the newer one.
const EARLIER = { word: "before", mark: "<" };

// The claim that a cell is about, and whether it is one that was replaced.
function claimAt(rule, at) {
  return rule.which ? claimsOf(rule)[rule.which[at]] : rule;
}

function isEarlier(rule, at) {
  return claimAt(rule, at) !== rule;
}

// The claims of a rule, oldest first.
function claimsOf(rule) {
  return [...(rule.earlier || []), rule];
}

// A letter of the data; a capital one is flaky.
function verdict(letter) {
  const lower = letter.toLowerCase();
  const known = VERDICTS[lower] || NOT_ASKED;
  return { ...known, looks: "v is-" + (known === NOT_ASKED ? "none" : lower), flaky: letter !== lower };
}

// What stands in a cell of the matrix: a dash, even where there is room for words, says that there was nothing to ask.
function cellText(found, earlier) {
  const shown = earlier && found.mark === VERDICTS.h.mark ? EARLIER : found;
  return wide && found.mark !== "-" ? shown.word : shown.mark;
}

// What stands behind it: signs that the cell's label has in words.
function cellSigns(found, earlier) {
  return (earlier && found.mark !== VERDICTS.h.mark ? "<" : "") + (found.flaky ? "~" : "");
}

// How many claims these rules are.
function countClaims(rules) {
  return rules.reduce((sum, rule) => sum + claimsOf(rule).length, 0);
}

// How often each verdict was found on a kernel. Of a rule's claims one at most is about it, and the others are out of range.
function countsAt(at) {
  const counts = {};
  const add = (letter, number) => { if (number) counts[letter] = (counts[letter] || 0) + number; };
  for (const rule of claims) {
    const letter = rule.verdicts[at].toLowerCase();
    const others = letter === "-" ? 0 : claimsOf(rule).length - 1;
    add(letter, 1);
    add("o", others);
  }
  return counts;
}

// The same of the whole matrix.
const totals = {};
kernels.forEach((kernel, at) => {
  for (const [letter, number] of Object.entries(countsAt(at))) totals[letter] = (totals[letter] || 0) + number;
});

// What a search looks through.
for (const rule of claims)
  rule.search = claimsOf(rule).flatMap((claim) => [claim.name, claim.claim, claim.detail, claim.erratum,
    ...(claim.sources || []).map(([text]) => text)]).concat((rule.answers || []).map((answer) => answer.message)).join("\n").toLowerCase();

// Every claim's rule, by the claim's name.
const byName = new Map(claims.flatMap((rule) => claimsOf(rule).map((claim) => [claim.name, rule])));

// The words of a search.
function searched(text) {
  return text.toLowerCase().split(/\s+/);
}

// An element with attributes, and children that are nodes or texts.
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {}))
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}

// Text with what stands between backticks as code.
function prose(text) {
  const parts = (text || "").split("`");
  return parts.length % 2 ? parts.map((part, at) => at % 2 ? element("code", {}, part) : part) : [text];
}

// A claim that begins with the version that has just been named beside it, without that.
function withoutVersion(text) {
  const rest = (text || "").replace(/^(Before|Since|On|In|From) \d+(\.\d+)+( on)?,? (?!too)/, "");
  return rest === text || /^\S*[(_/.=]/.test(rest) ? rest : rest.charAt(0).toUpperCase() + rest.slice(1);
}

// A link that leads away from the page.
function away(text, href) {
  return element("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}

// A button that copies `text`, and says so.
function copyButton(text, what) {
  const made = element("button", { type: "button", class: "copy", "aria-label": "Copy " + what }, "copy");
  made.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A page from disk may not have the clipboard: the old way needs a selection.
      const field = element("textarea", { readonly: true, "aria-hidden": "true" });
      field.value = text;
      made.after(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      made.focus();
    }
    made.textContent = "copied";
    setTimeout(() => { made.textContent = "copy"; }, 1500);
  });
  return made;
}

// The claim's sources, one after the other, each a link if it can be opened.
function sources(claim) {
  return element("span", {}, ...(claim.sources || []).flatMap(([text, href], at) => [
    at ? ", " : null, href ? away(text, href) : text]));
}

// The same file of the kernel's tree at the version of `kernel`, where a source is one and cites another version.
function atVersion(claim, kernel) {
  const series = /^\d+\.\d+/.exec(kernel.release || "");
  const found = (claim.sources || []).filter(([text, href]) => series && !text.startsWith("kernel ") && /\/linux\/v[\d.]+\//.test(href || ""));
  return found.map(([text, href]) => [text, href.replace(/\/linux\/v[\d.]+\//, "/linux/v" + series[0] + "/")])
    .filter(([text, href]) => !claim.sources.some(([, known]) => known === href))
    .map(([text, href]) => away(text.split(" ")[0] + " at " + series[0], href));
}

// `18,892`.
function figure(number) {
  return number.toLocaleString("en");
}

function plural(number, noun) {
  return figure(number) + " " + noun + (number === 1 ? "" : "s");
}

// A name, which may be broken after each of its words.
function breakable(name) {
  return name.split(/(?<=_|::)/).flatMap((part, at) => at ? [document.createElement("wbr"), part] : [part]);
}

// `3 violated`, `3 hold`.
function counted(number, word) {
  return figure(number) + " " + (word === "holds" && number !== 1 ? "hold" : word);
}

// The part of a claim's name after its suite.
function shortName(claim) {
  return claim.name.startsWith(claim.suite + "::") ? claim.name.slice(claim.suite.length + 2) : claim.name;
}

// What a step of a rule says of the kernel at its end.
function stepText(rule, [kind, from, to]) {
  const word = kernels[to].word;
  if (kind === "begins") return "a rule since " + claimsOf(rule)[0].since + ", here from " + word + " on";
  if (kind === "ends") return "a rule before " + rule.until + ", here no longer on " + word;
  if (kind === "rule") {
    const claim = claimAt(rule, to);
    return claim.since ? "another rule since " + claim.since + ", here from " + word + " on" : "another rule on " + word;
  }
  return "another answer on " + word + " than on " + kernels[from].word;
}
