// The matrix: a table a suite, drawn once; filters only hide rows.
const tables = document.getElementById("tables");
// For each claim its row; for each table its element and its groups of rows by theme.
const rows = [];
const groups = [];

function cellLabel(claim, at) {
  const found = verdict(claim.verdicts[at]);
  const step = (claim.steps || []).find((step) => step[2] === at);
  return kernels[at].word + ": " + found.word + (isEarlier(claim, at) ? ", by the rule before" : "") + (found.flaky ? ", flaky" : "") +
    (step ? ", " + stepText(claim, step) : "");
}

function drawCell(claim, at) {
  const found = verdict(claim.verdicts[at]);
  const step = (claim.steps || []).some((step) => step[2] === at);
  const made = document.createElement("td");
  made.className = found.looks + (step ? " step" : "");
  made.setAttribute("role", "gridcell");
  made.setAttribute("aria-label", cellLabel(claim, at));
  made.tabIndex = -1;
  made.textContent = cellText(found, isEarlier(claim, at));
  const signs = cellSigns(found, isEarlier(claim, at));
  if (signs) made.dataset.signs = signs;
  return made;
}

function drawRow(claim, index) {
  const head = element("th", { scope: "row", role: "rowheader" },
    element("span", { class: "name" }, ...breakable(shortName(claim))),
    element("span", { class: "claim" }, ...prose(claim.claim)),
    ...(claim.earlier || []).map((earlier) => element("span", { class: "claim earlier" },
      (earlier.until ? "before " + earlier.until : "before") + ": ", ...prose(withoutVersion(earlier.claim)))));
  if (claimsOf(claim).some((claim) => claim.erratum)) head.append(element("span", { class: "tag" }, "erratum"));
  if (claim.steps) head.append(element("span", { class: "tag step" }, "▸ changed"));
  const row = element("tr", { role: "row", "data-claim": index }, head);
  for (let at = 0; at < kernels.length; at++) row.append(drawCell(claim, at));
  return row;
}

function drawHead(suite) {
  const head = element("tr", { role: "row" }, element("th", { scope: "col", role: "columnheader", class: "suite" }, suite));
  for (const kernel of kernels)
    head.append(element("th", { scope: "col", role: "columnheader", title: kernel.release || null }, kernel.word));
  return element("thead", { role: "rowgroup" }, head);
}

function drawTables() {
  let table, body, suite, theme, part;
  claims.forEach((claim, index) => {
    if (claim.suite !== suite) {
      suite = claim.suite;
      theme = undefined;
      part = { suite, bodies: [] };
      table = element("table", { role: "grid", "aria-label": suite, class: wide ? "wide" : "narrow" }, drawHead(suite));
      part.element = table;
      groups.push(part);
    }
    if ((claim.theme || "") !== theme) {
      theme = claim.theme || "";
      const span = kernels.length + 1;
      body = element("tbody", { role: "rowgroup" }, element("tr", { class: "theme", role: "row" },
        element("th", { scope: "rowgroup", "aria-colspan": span, role: "gridcell" }, theme.replaceAll("_", " "))));
      part.bodies.push({ element: body, rows: [] });
      table.append(body);
    }
    rows[index] = drawRow(claim, index);
    part.bodies.at(-1).rows.push(index);
    body.append(rows[index]);
  });
  tables.style.setProperty("--columns", kernels.length);
  tables.classList.add(wide ? "wide" : "narrow");
  tables.append(...groups.map((part) => part.element));
}

// Whether a claim is shown under the filters.
function shown(claim, state) {
  if (state.changed && !claim.steps) return false;
  if (state.suites.size && !state.suites.has(claim.suite)) return false;
  if (state.verdicts.size) {
    const letters = claim.verdicts.toLowerCase();
    if (![...state.verdicts].some((letter) => letters.includes(letter))) return false;
  }
  return state.words.every((word) => claim.search.includes(word));
}

// The filters in words, for paper, on which their buttons are not.
function filtersText(state) {
  const chosen = [...[...state.verdicts].map((letter) => VERDICTS[letter].word), ...state.suites, state.changed && "changed",
    state.text.trim() && "«" + state.text.trim() + "»"].filter(Boolean);
  return chosen.length ? ": " + chosen.join(", ") : "";
}

// Hides and shows rows, and what is empty without them.
function applyFilters(state) {
  let visible = 0;
  const filters = { ...state, words: searched(state.text) };
  for (const part of groups) {
    let inPart = 0;
    for (const body of part.bodies) {
      let inBody = 0;
      for (const index of body.rows) {
        const show = shown(claims[index], filters);
        if (rows[index].hidden === show) rows[index].hidden = !show;
        if (show) inBody += claimsOf(claims[index]).length;
      }
      if (body.element.hidden !== !inBody) body.element.hidden = !inBody;
      inPart += inBody;
    }
    if (part.element.hidden !== !inPart) part.element.hidden = !inPart;
    visible += inPart;
  }
  document.getElementById("count").replaceChildren(visible === countClaims(claims)
    ? plural(visible, "claim") : figure(visible) + " of " + plural(countClaims(claims), "claim"),
    element("span", { class: "printed" }, filtersText(state)));
  // One cell can always be reached by the tabulator key.
  if (!current || current.parentElement.hidden) {
    const next = rows.find((row) => !row.hidden);
    if (next) makeCurrent(next.cells[1]);
  }
}

// Where a narrow window shows few columns: brings the one into view that has most of the verdicts that were filtered for.
function showColumn(state) {
  if (!state.verdicts.size || tables.scrollWidth <= tables.clientWidth) return;
  const counts = kernels.map((kernel, at) => claims.filter((claim, index) =>
    !rows[index].hidden && state.verdicts.has(claim.verdicts[at].toLowerCase())).length);
  const most = counts.indexOf(Math.max(...counts));
  const row = rows.find((row) => !row.hidden);
  if (!row || !counts[most]) return;
  const cell = row.cells[most + 1];
  const room = tables.clientWidth - row.cells[0].offsetWidth;
  tables.scrollLeft = cell.offsetLeft - row.cells[0].offsetWidth - Math.max(0, room - cell.offsetWidth) / 2;
}

// The one cell of all that the tabulator key reaches.
let current = null;

function makeCurrent(cell) {
  if (current) current.tabIndex = -1;
  current = cell;
  current.tabIndex = 0;
}

// Arrow keys go from cell to cell over what is shown; Enter opens one.
tables.addEventListener("keydown", (event) => {
  const cell = event.target.closest("td.v");
  if (!cell) return;
  const visible = rows.filter((row) => !row.hidden);
  const row = visible.indexOf(cell.parentElement);
  const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
    PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -Infinity], End: [0, Infinity] }[event.key] || [0, 0];
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    openCell(cell);
  } else if (down || right) {
    event.preventDefault();
    const target = visible[Math.max(0, Math.min(visible.length - 1, row + down))];
    const to = Math.max(1, Math.min(kernels.length, cell.cellIndex + right));
    makeCurrent(target.cells[to]);
    target.cells[to].focus();
  }
});
tables.addEventListener("click", (event) => {
  const cell = event.target.closest("td.v");
  const head = event.target.closest("tr[data-claim] > th");
  if (cell) openCell(cell);
  else if (head) openCell(worstCell(head.parentElement));
});

// The cell of a row that has most to say.
function worstCell(row) {
  const letters = claims[row.dataset.claim].verdicts.toLowerCase();
  const worst = Object.keys(VERDICTS).find((letter) => letters.includes(letter));
  return row.cells[1 + Math.max(0, letters.indexOf(worst))];
}

function openCell(cell) {
  makeCurrent(cell);
  const at = cell.cellIndex - 1;
  setState({ open: [claimAt(claims[cell.parentElement.dataset.claim], at).name, kernels[at].word] });
}
