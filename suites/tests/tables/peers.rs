//! `suites/peers`: what the tests of other projects assert of namespaces, and what asserts it here. Each row names claims that
//! there are, or gives the reason why there is none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use serde::Deserialize;

/// One file of answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    asserted: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The project: `LTP`, `kselftest`, …
    peer: String,
    /// File and test, as the project names them.
    test: String,
    /// What the test asserts, in our words.
    assertion: String,
    /// The claims that assert it here.
    #[serde(default)]
    case: Vec<String>,
    /// Why none does.
    not: Option<String>,
}

impl Row {
    fn faults(&self, known: &BTreeSet<String>) -> Vec<String> {
        let mut faults = Vec::new();
        if [&self.peer, &self.test, &self.assertion].iter().any(|text| text.trim().is_empty()) {
            faults.push("says not who asserts what".to_owned());
        }
        match (self.case.is_empty(), self.not.as_deref().map(str::trim)) {
            (true, None | Some("")) => faults.push("neither names a claim nor says why there is none".to_owned()),
            (false, Some(_)) => faults.push("names claims and says that there is none".to_owned()),
            _ => {}
        }
        faults.extend(
            self.case.iter().filter(|case| !known.contains(*case)).map(|case| format!("there is no claim {case}")),
        );
        faults
    }
}

pub(super) fn answers_name_claims() -> Result<(), Failed> {
    let known: BTreeSet<String> = suites::ALL.all().map(|case| case.name()).collect();
    let mut faults = Vec::new();
    for file in files()? {
        let answers: Answers =
            toml::from_str(&fs::read_to_string(&file)?).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut told = BTreeSet::new();
        for row in &answers.asserted {
            let place = format!("{}: {}, {}, «{}»", file.display(), row.peer, row.test, row.assertion);
            if !told.insert((&row.peer, &row.test, &row.assertion)) {
                faults.push(format!("{place} stands there twice"));
            }
            faults.extend(row.faults(&known).into_iter().map(|fault| format!("{place} {fault}")));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n").into()) }
}

fn files() -> Result<Vec<PathBuf>, Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        files.push(entry?.path());
    }
    if files.is_empty() { Err(format!("{} has no answers", folder.display()).into()) } else { Ok(files) }
}
