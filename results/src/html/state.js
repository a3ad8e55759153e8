// What is shown is in the address after `#`, so that it can be sent to somebody.
function emptyState() {
  return { view: "matrix", text: "", suites: new Set(), verdicts: new Set(), changed: false, open: null };
}

function stateHash(state) {
  const hash = new URLSearchParams();
  if (state.view !== "matrix") hash.set("view", state.view);
  if (state.text.trim()) hash.set("text", state.text.trim());
  if (state.suites.size) hash.set("suite", [...state.suites].join(","));
  if (state.verdicts.size) hash.set("verdict", [...state.verdicts].map((letter) => VERDICTS[letter].word.replaceAll(" ", "-")).join(","));
  if (state.changed) hash.set("changed", "1");
  if (state.open) hash.set("open", state.open.join("@"));
  return hash.toString().replaceAll("%3A", ":").replaceAll("%40", "@").replaceAll("%2C", ",");
}

function readHash() {
  const hash = new URLSearchParams(location.hash.slice(1));
  const read = emptyState();
  const list = (name) => (hash.get(name) || "").split(",").filter(Boolean);
  if (Object.hasOwn(VIEWS, hash.get("view") || "")) read.view = hash.get("view");
  read.text = hash.get("text") || "";
  read.suites = new Set(list("suite"));
  for (const word of list("verdict")) {
    const known = Object.entries(VERDICTS).find(([, known]) => known.word.replaceAll(" ", "-") === word);
    if (known) read.verdicts.add(known[0]);
  }
  read.changed = hash.get("changed") === "1";
  const open = hash.get("open") || "";
  const at = open.indexOf("@");
  if (at > 0) read.open = [open.slice(0, at), open.slice(at + 1)];
  return read;
}

let state = emptyState();
const drawn = new Set();

// Shows the state: tabs, page, filters, cell.
function apply() {
  for (const [view, { draw }] of Object.entries(VIEWS)) {
    const section = document.getElementById("view-" + view);
    section.hidden = view !== state.view;
    if (view === state.view && !drawn.has(view)) {
      drawn.add(view);
      section.append(...(draw() || []));
    }
    const tab = document.getElementById("tab-" + view);
    if (view === state.view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  const text = document.getElementById("text");
  if (text.value !== state.text) text.value = state.text;
  document.getElementById("changed").checked = state.changed;
  for (const pill of document.querySelectorAll("#filters [data-set]"))
    pill.setAttribute("aria-pressed", String(state[pill.dataset.set].has(pill.value)));
  applyFilters(state);
  applyOpen(state.open);
}

// Changes a part of the state and the address with it.
function setState(part) {
  state = { ...state, ...part };
  const hash = stateHash(state);
  history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  apply();
}

function pill(set, value, label, kind) {
  const made = element("button", { type: "button", value, "data-set": set, "aria-pressed": "false", class: kind || null }, label);
  made.addEventListener("click", () => {
    const next = new Set(state[set]);
    if (!next.delete(value)) next.add(value);
    setState({ [set]: next });
  });
  return made;
}

function drawFrame() {
  const there = Object.entries(VERDICTS).filter(([letter]) => totals[letter]);
  document.getElementById("summary").textContent = plural(claims.length, "claim") + " on " + plural(kernels.length, "kernel") + ": " +
    (FOUND.filter(([letter]) => totals[letter]).map(([letter, known]) => counted(totals[letter], known.word)).join(", ") || "no verdict") +
    kernels.flatMap((kernel) => (kernel.flaws || []).map(([says]) => ". " + kernel.word + " " + says)).join("");
  const tabs = document.getElementById("tabs");
  const counts = { changes: claims.reduce((sum, claim) => sum + (claim.steps || []).length, 0),
    errata: claims.filter((claim) => claim.erratum).length, kernels: kernels.length, matrix: claims.length };
  for (const [view, { name }] of Object.entries(VIEWS))
    tabs.append(element("a", { id: "tab-" + view, href: "#" + (view === "matrix" ? "view=matrix" : "view=" + view) },
      name + " ", element("span", { class: "number" }, String(counts[view]))));
  document.getElementById("suites").append(...[...new Set(claims.map((claim) => claim.suite))].map((suite) => pill("suites", suite, suite)));
  document.getElementById("verdicts").append(...there.map(([letter, known]) => pill("verdicts", letter, known.word + " " + totals[letter], "v is-" + letter)));
  document.getElementById("legend").textContent = 
    Object.values(VERDICTS).filter(({ mark }) => !wide || mark === "-").map(({ mark, word }) => mark + " " + word + "   ").join("") +
    "▸ another answer than on the kernel before   ~ flaky   Press a cell for its claim and evidence.";
}

document.getElementById("text").addEventListener("input", (event) => setState({ text: event.target.value }));
document.getElementById("changed").addEventListener("change", (event) => setState({ changed: event.target.checked }));
document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("filters").addEventListener("reset", (event) => {
  event.preventDefault();
  setState({ ...emptyState() });
});
document.getElementById("skip").addEventListener("click", () => document.getElementById("main").focus());
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !dialog.open && !event.target.closest("input")) {
    event.preventDefault();
    setState({ view: "matrix" });
    document.getElementById("text").focus();
  }
});
window.addEventListener("hashchange", () => {
  state = readHash();
  apply();
});

drawFrame();
drawTables();
state = readHash();
apply();
