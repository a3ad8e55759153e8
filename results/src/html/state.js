// What is shown is in the address after `#`, so that it can be sent to somebody.
function emptyState() {
  return { view: "matrix", text: "", suites: new Set(), verdicts: new Set(), changed: false, from: "", to: "", page: "", open: null };
}

function stateHash(state) {
  const hash = new URLSearchParams();
  if (state.view !== "matrix") hash.set("view", state.view);
  if (state.text.trim()) hash.set("text", state.text.trim());
  if (state.suites.size) hash.set("suite", [...state.suites].join(","));
  if (state.verdicts.size) hash.set("verdict", [...state.verdicts].map((letter) => VERDICTS[letter].word.replaceAll(" ", "-")).join(","));
  if (state.changed) hash.set("changed", "1");
  for (const name of ["from", "to", "page"]) if (state[name]) hash.set(name, state[name]);
  if (state.open) hash.set("open", state.open.filter(Boolean).join("@"));
  return hash.toString().replaceAll("%3A", ":").replaceAll("%40", "@").replaceAll("%2C", ",").replaceAll("%28", "(").replaceAll("%29", ")");
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
  for (const name of ["from", "to", "page"]) read[name] = hash.get(name) || "";
  // A claim's name, and a kernel's word if one is meant.
  const [name, ...word] = (hash.get("open") || "").split("@");
  if (name) read.open = [name, word.join("@")];
  return read;
}

let state = emptyState();
// Each page that was drawn, with the filters it was drawn for.
const drawn = new Map();

// Draws a page anew if its filters are others; what is being typed into stays what it is.
function draw(view, section) {
  const { draw, filters = [] } = VIEWS[view];
  const wanted = filters.map((name) => state[name]).join("\n");
  if (drawn.get(view) === wanted) return;
  drawn.set(view, wanted);
  const parts = draw();
  if (!parts) return;
  const field = section.contains(document.activeElement) && document.activeElement;
  const [old, fresh] = [section.querySelector("form.lists"), parts.find((part) => part.matches("form.lists"))];
  const index = old ? [...old.elements].indexOf(field) : -1;
  const selection = field && field.selectionStart;
  section.replaceChildren(...parts);
  if (fresh && index >= 0) {
    fresh.elements[index].focus();
    if (fresh.elements[index].setSelectionRange && selection != null) fresh.elements[index].setSelectionRange(selection, selection);
  }
}

// Shows the state: tabs, page, filters, cell.
function apply() {
  for (const view of Object.keys(VIEWS)) {
    const section = document.getElementById("view-" + view);
    section.hidden = view !== state.view;
    if (view === state.view) draw(view, section);
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
  const verdicts = [...state.verdicts].join("");
  if (verdicts !== brought && state.view === "matrix") showColumn(state);
  brought = verdicts;
  applyOpen(state.open);
}

// The verdicts whose column was brought into view last.
let brought = "";

// Changes a part of the state and the address with it. A cell that is opened is a step of the browser's history: Back closes it.
function setState(part) {
  const opens = part.open && !state.open;
  state = { ...state, ...part };
  const hash = stateHash(state);
  const address = hash ? "#" + hash : location.pathname + location.search;
  if (opens) history.pushState({ opened: true }, "", address);
  else history.replaceState(state.open ? history.state : null, "", address);
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

// When, with what, and on which kernels: what a reader of a page that was sent wants to know first.
function about() {
  const days = [...new Set(kernels.map((kernel) => kernel.started.slice(0, 10)))].sort();
  const first = (text) => (text || "").split(/[ ,]/)[0];
  const origins = [...new Set(kernels.map((kernel) => first(kernel.origin) === "Debian" ? "Debian's packages" : kernel.origin).filter(Boolean))];
  const machines = [...new Set(kernels.map((kernel) => [kernel.arch, kernel.accelerator].filter(Boolean).join(", ")))];
  return ["nsproof " + (data.nsproof || ""), days.length > 1 ? days[0] + " to " + days.at(-1) : days[0],
    origins.length && "kernels: " + origins.join(", "), machines.join("; ")].filter(Boolean).join(" · ");
}

function drawFrame() {
  const there = Object.entries(VERDICTS).filter(([letter]) => totals[letter]);
  document.getElementById("summary").textContent = plural(countClaims(claims), "claim") + " on " + plural(kernels.length, "kernel") + ": " +
    (FOUND.filter(([letter]) => totals[letter]).map(([letter, known]) => counted(totals[letter], known.word)).join(", ") || "no verdict") +
    kernels.flatMap((kernel) => (kernel.flaws || []).map(([says]) => ". " + kernel.word + " " + says)).join("");
  document.getElementById("about").textContent = about();
  const tabs = document.getElementById("tabs");
  const counts = { changes: claims.reduce((sum, claim) => sum + (claim.steps || []).length, 0),
    errata: claims.flatMap(claimsOf).filter((claim) => claim.erratum).length, kernels: kernels.length, matrix: countClaims(claims) };
  for (const [view, { name }] of Object.entries(VIEWS))
    tabs.append(element("a", { id: "tab-" + view, href: "#" + (view === "matrix" ? "view=matrix" : "view=" + view) },
      name + " ", element("span", { class: "number" }, figure(counts[view]))));
  document.getElementById("suites").append(...[...new Set(claims.map((claim) => claim.suite))].map((suite) => pill("suites", suite, suite)));
  document.getElementById("verdicts").append(...there.map(([letter, known]) => pill("verdicts", letter, known.word + " " + figure(totals[letter]), "v is-" + letter)));
  document.getElementById("legend").append(
    Object.values(VERDICTS).filter(({ mark }) => !wide || mark === "-").map(({ mark, word }) => mark + " " + word + "   ").join("") +
    "▸ another answer, or another rule, than on the kernel before   " +
    (claims.some((rule) => rule.earlier) ? (wide ? "before" : "<") + " the rule of that time holds   " : "") + "~ flaky   ",
    element("span", { class: "screen" }, "Press a cell for its claim and evidence."));
}

document.getElementById("text").addEventListener("input", (event) => setState({ text: event.target.value }));
document.getElementById("changed").addEventListener("change", (event) => setState({ changed: event.target.checked }));
document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("filters").addEventListener("reset", (event) => {
  event.preventDefault();
  setState({ ...emptyState() });
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !dialog.open && !event.target.closest("input")) {
    event.preventDefault();
    const field = document.querySelector("#view-" + state.view + " input[type=search]");
    if (!field) setState({ view: "matrix" });
    (field || document.getElementById("text")).focus();
  }
});
window.addEventListener("popstate", () => {
  state = readHash();
  apply();
});

drawFrame();
drawTables();
state = readHash();
apply();
