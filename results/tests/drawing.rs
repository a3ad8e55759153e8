//! How the page is laid out and drawn, on screens of any width and on paper. These tests need Chromium:
//! `cargo test -p results --test drawing -- --ignored`.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::fs;

use support::page::{open, picture};
use support::sample;

#[test]
#[ignore = "needs Chromium"]
fn a_narrow_window_shows_the_column_that_was_filtered_for() {
    let mut page = open(&sample::large(20, 30), "#verdict=violated", 400);
    let seen = "(() => { const cell = document.querySelector('tr:not([hidden]) > td.is-v').getBoundingClientRect(); \
                return tables.scrollLeft > 0 || cell.right <= innerWidth; })()";
    assert_eq!(page.browser.eval(seen), true);
    assert_eq!(page.browser.complaints, [""; 0]);
}

/// What makes the page quick is seen without a clock: a filter hides or shows rows that are there, and makes none anew, and of the
/// rows those alone are drawn that are in or near the window.
#[test]
#[ignore = "needs Chromium"]
fn filters_of_a_thousand_claims_on_fifty_kernels_draw_little() {
    const CLAIMS: u64 = 1000;
    let mut page = open(&sample::large(1000, 50), "", 1280);
    picture(&mut page, "large-1280.png");
    let size = fs::metadata(&page.file).unwrap().len();
    assert!(size < 3 << 20, "{size} bytes");
    for step in [
        "setState({ text: 'number 77' })",
        "setState({ text: '' })",
        "setState({ verdicts: new Set('v') })",
        "setState({ suites: new Set(['net']) })",
        "setState(emptyState())",
        "setState({ changed: true })",
        "openCell(rows[500].cells[25])",
    ] {
        // A browser knows some frames later which rows are in the window.
        let found = page.browser.eval(&format!(
            "new Promise(done => {{ \
                const changes = []; \
                const watch = new MutationObserver(some => changes.push(...some)); \
                watch.observe(tables, {{ subtree: true, childList: true, attributes: true }}); \
                {step}; \
                const drawn = row => row.cells[1].checkVisibility({{ contentVisibilityAuto: true }}); \
                const look = frames => requestAnimationFrame(() => !rows.some(drawn) && frames ? look(frames - 1) : \
                    (watch.disconnect(), done([rows.filter(row => !row.hidden).length, rows.filter(drawn).length, \
                        changes.filter(change => change.type === 'childList').length, changes.length]))); \
                look(20); }})"
        ));
        println!("{step}: of rows left, drawn, of changes to elements, to attributes too: {found}");
        let [left, drawn, made, changed] = [0, 1, 2, 3].map(|at| found[at].as_u64().unwrap());
        assert!((1..=200.min(left)).contains(&drawn), "{step}: of {left} rows {drawn} are drawn");
        assert_eq!(made, 0, "{step}: elements are made");
        assert!(changed < CLAIMS + 100, "{step}: {changed} attributes change");
    }
    assert_eq!(page.browser.complaints, [""; 0]);
}

/// Its tables are boxes on a screen; on paper they have a table's layout, which repeats the kernels' names on each page.
#[test]
#[ignore = "needs Chromium"]
fn paper_has_the_kernels_names_on_each_page() {
    let mut page = open(&sample::small(), "#suite=pid", 1280);
    page.browser.paper(true);
    picture(&mut page, "paper-1280.png");
    let shown = "rows.find(row => row.offsetParent)";
    let layout = format!(
        "(row => [row.closest('table'), row.closest('table').tHead, row.parentElement, row, row.cells[1]])({shown})\
         .map(part => getComputedStyle(part).display)"
    );
    assert_eq!(
        page.browser.eval(&layout).to_string(),
        r#"["table","table-header-group","table-row-group","table-row","table-cell"]"#
    );
    // What is filtered away is not printed either, and each cell stands below its kernel's name.
    assert_eq!(
        page.browser.eval("getComputedStyle(rows[claims.findIndex(claim => claim.suite === 'uts')]).display"),
        "none"
    );
    let places = "(row => [...row.cells].map(cell => Math.round(cell.getBoundingClientRect().left)))";
    assert_eq!(
        page.browser.eval(&format!("{places}({shown}.closest('table').tHead.rows[0])")),
        page.browser.eval(&format!("{places}({shown})"))
    );
    assert_eq!(page.browser.complaints, [""; 0]);
}
