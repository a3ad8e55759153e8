//! What the page is given: the matrix, cut down to what it shows.

use serde_json::{Map, Value, json};

use crate::changes::Order;
use crate::grid::{Cell, Grid, Row};
use crate::recipes;
use crate::record::{CaseRecord, Matrix, Passage, Place, Run};
use crate::text::{escape_block, escape_line};
use crate::verdict::Verdict;

/// The most bytes of one piece of evidence.
const EVIDENCE: usize = 8 * 1024;

/// The most bytes of all evidence: past that the page says where to find it, and stays quick to open.
const ALL_EVIDENCE: usize = 1024 * 1024;

/// The most bytes of any other text.
const TEXT: usize = 4 * 1024;

/// `matrix` as the page's data. Texts are escaped as for a terminal: a page, too, obeys directions of reading.
pub(super) fn of(matrix: &Matrix) -> Value {
    let grid = Grid::by_rule(matrix);
    let order = Order::of(&grid);
    let mut evidence = ALL_EVIDENCE;
    let claims: Vec<_> = grid.rows.iter().map(|row| rule(row, &order, &mut evidence)).collect();
    let kernels: Vec<_> = grid.columns.iter().map(|column| kernel(column.run)).collect();
    let versions: Vec<_> = matrix.runs.iter().map(|run| run.nsproof.as_str()).collect();
    json!({ "nsproof": versions.first(), "kernels": kernels, "claims": claims })
}

/// One kernel and what it ran on.
fn kernel(run: &Run) -> Value {
    let (kernel, machine) = (&run.kernel, &run.machine);
    object([
        ("word", line(&kernel.word)),
        ("release", line(&kernel.release)),
        ("version", line(&kernel.version)),
        ("origin", line(&kernel.origin)),
        ("config", option(kernel.config_digest.as_deref(), line)),
        ("accelerator", line(&machine.accelerator)),
        ("qemu", option(machine.qemu_version(), line)),
        ("isolation", line(&machine.isolation)),
        ("arch", line(&machine.arch)),
        ("started", run.started.to_string().into()),
        ("seconds", run.wall.as_secs_f64().into()),
        ("selection", option(run.selection.as_deref(), line)),
        ("flaws", run.flaws().iter().map(|flaw| json!([flaw.says, block(&flaw.why)])).collect()),
    ])
}

/// One rule: its newest claim, those that it replaced, a letter a kernel, and the answers that have something to say.
fn rule(row: &Row<'_>, order: &Order, evidence: &mut usize) -> Value {
    let mut rule = claim(row.case);
    let letters: String = row.cells.iter().map(letter).collect();
    let times: Vec<_> =
        row.cells.iter().map(|cell| cell.worst().map_or(0, |case| case.duration.as_micros() as u64)).collect();
    let steps: Vec<_> = order.steps(row).iter().map(|step| json!([step.kind.as_str(), step.from, step.to])).collect();
    // Which of the claims each cell is about: those before come first, the newest is last.
    let which = |cell: &Cell<'_>| {
        let name = cell.worst().map(|case| case.name.as_str());
        row.earlier.iter().position(|case| Some(case.name.as_str()) == name).unwrap_or(row.earlier.len())
    };
    let earlier: Vec<_> = row.earlier.iter().map(|case| claim(case)).collect();
    let which: Vec<_> = if earlier.is_empty() { Vec::new() } else { row.cells.iter().map(which).collect() };
    let more = object([
        ("verdicts", letters.into()),
        ("times", times.into()),
        ("steps", steps.into()),
        ("answers", answers(row, evidence).into()),
        ("earlier", earlier.into()),
        ("which", which.into()),
        ("session", session(row, evidence)),
    ]);
    if let (Value::Object(rule), Value::Object(more)) = (&mut rule, more) {
        rule.extend(more);
    }
    rule
}

/// The column and the text of what the row's case typed at a prompt, if it did.
fn session(row: &Row<'_>, budget: &mut usize) -> Value {
    let Some((column, case)) = recipes::shown(row).filter(|_| *budget > 0) else { return Value::Null };
    let text = recipes::session(case);
    *budget = budget.saturating_sub(text.len());
    json!([column, text])
}

/// One claim: what is the same on every kernel.
fn claim(case: &CaseRecord) -> Value {
    let range = [&case.since, &case.until].map(|text| option(text.as_deref(), line));
    let [since, until] = range;
    object([
        ("name", line(&case.name)),
        ("suite", line(&case.suite)),
        ("theme", line(&case.theme)),
        ("claim", block(&case.claim)),
        ("detail", block(&case.detail)),
        ("sources", case.cited().map(|(text, link)| json!([line(text), link])).collect()),
        ("since", since),
        ("until", until),
        ("erratum", option(case.erratum.as_deref(), block)),
        ("passage", option(case.erratum_in.as_ref(), passage)),
        ("place", line(&case.place.to_string())),
        ("placeLink", option(place_link(&case.place), |link| line(&link))),
    ])
}

/// Where a document says what is refuted.
fn passage(passage: &Passage) -> Value {
    let link = passage.link.as_deref().filter(|link| link.starts_with("https://"));
    object([
        ("page", line(&passage.page)),
        ("heading", line(&passage.heading)),
        ("says", block(&passage.says)),
        ("quote", option(passage.quote.as_deref(), block)),
        ("edition", option(passage.edition.as_deref(), line)),
        ("link", option(link, line)),
    ])
}

/// Where a line of the project's source can be read, if the project says where it lives.
fn place_link(place: &Place) -> Option<String> {
    let home = Some(env!("CARGO_PKG_REPOSITORY")).filter(|home| !home.is_empty())?;
    Some(format!("{home}/blob/v{}/{}#L{}", env!("CARGO_PKG_VERSION"), place.file, place.line))
}

/// What the row's cells say beyond their verdict. Equal answers of several kernels are one, with its columns.
fn answers(row: &Row<'_>, evidence: &mut usize) -> Vec<Value> {
    let mut answers: Vec<(Value, Vec<usize>)> = Vec::new();
    for (column, cell) in row.cells.iter().enumerate() {
        for case in cell.records() {
            if case.verdict == Verdict::Holds && !cell.is_flaky() {
                continue;
            }
            let answer = answer(case, evidence);
            match answers.iter_mut().find(|(known, _)| *known == answer) {
                Some((_, columns)) => columns.push(column),
                None => answers.push((answer, vec![column])),
            }
        }
    }
    answers
        .into_iter()
        .map(|(mut answer, columns)| {
            answer["columns"] = columns.into();
            answer
        })
        .collect()
}

/// What one record says.
fn answer(case: &CaseRecord, budget: &mut usize) -> Value {
    let kept = case.evidence.iter().map(|evidence| {
        let text = match *budget {
            0 => "left out here: the record of this run (run-<kernel>.json) has it".into(),
            _ => escape_block(&evidence.text, EVIDENCE),
        };
        *budget = budget.saturating_sub(text.len());
        json!([escape_line(&evidence.label, 80), text])
    });
    object([
        ("verdict", case.verdict.as_str().into()),
        ("message", block(&case.message)),
        ("call", option(case.call.as_deref(), block)),
        ("expected", option(case.expected.as_deref(), block)),
        ("seen", option(case.seen.as_deref(), block)),
        ("at", option(case.at.as_ref(), |at| line(&at.to_string()))),
        ("evidence", kept.collect()),
    ])
}

/// A cell as a letter: the page's `data.js` knows the same ones. A flaky cell's letter is a capital.
fn letter(cell: &Cell<'_>) -> char {
    let letter = match cell.verdict() {
        None => '-',
        Some(Verdict::Holds) => 'h',
        Some(Verdict::Violated) => 'v',
        Some(Verdict::Unmet) => 'u',
        Some(Verdict::Broken) => 'b',
        Some(Verdict::Crashed) => 'c',
        Some(Verdict::TimedOut) => 't',
        Some(Verdict::OutOfRange) => 'o',
    };
    match cell.is_flaky() {
        true => letter.to_ascii_uppercase(),
        false => letter,
    }
}

/// One line of text.
fn line(text: &str) -> Value {
    escape_line(text, TEXT).into()
}

/// Several lines of text.
fn block(text: &str) -> Value {
    escape_block(text.trim_end(), TEXT).into()
}

/// What `value` makes of it, or null.
fn option<T>(option: Option<T>, value: impl FnOnce(T) -> Value) -> Value {
    option.map_or(Value::Null, value)
}

/// An object without the fields that say nothing.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(array) => array.is_empty(),
        _ => false,
    };
    fields
        .into_iter()
        .filter(|(_, value)| !empty(value))
        .map(|(name, value)| (name.to_owned(), value))
        .collect::<Map<_, _>>()
        .into()
}
