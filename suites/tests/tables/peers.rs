//! `suites/peers`: what the tests of other projects assert of namespaces, what people reported of them, and what asserts it here.
//! Each row names claims that there are, or gives the reason why there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use serde::Deserialize;

/// One file of answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    /// How many there are: one that was lost when two versions of a file were joined is missed.
    rows: usize,
    #[serde(default)]
    asserted: Vec<Asserted>,
    #[serde(default)]
    reported: Vec<Reported>,
}

impl Answers {
    fn rows(self) -> impl Iterator<Item = Row> {
        self.asserted.into_iter().map(Row::from).chain(self.reported.into_iter().map(Row::from))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asserted {
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reported {
    /// The project whose tracker it stands in, or the document that tells of it.
    tracker: String,
    /// The report's number there.
    number: String,
    /// What the people saw, in our words.
    title: String,
    /// What the kernel does.
    behaviour: String,
    /// The claims that assert that here.
    #[serde(default)]
    case: Vec<String>,
    /// Why none does.
    not: Option<String>,
}

/// What the test looks at in both.
struct Row {
    /// Which row it is.
    told: Vec<String>,
    case: Vec<String>,
    not: Option<String>,
}

impl From<Asserted> for Row {
    fn from(row: Asserted) -> Self {
        Self { told: vec![row.peer, row.test, row.assertion], case: row.case, not: row.not }
    }
}

impl From<Reported> for Row {
    fn from(row: Reported) -> Self {
        Self { told: vec![row.tracker, row.number, row.title, row.behaviour], case: row.case, not: row.not }
    }
}

impl Row {
    fn faults(&self, known: &BTreeSet<String>) -> Vec<String> {
        let mut faults = Vec::new();
        if self.told.iter().any(|text| text.trim().is_empty()) {
            faults.push("says not who asserts what".to_owned());
        }
        match (self.case.is_empty(), self.not.as_deref().map(str::trim)) {
            (true, None | Some("")) => faults.push("neither names a claim nor says why there is none".to_owned()),
            (false, Some(_)) => faults.push("names claims and says that there is none".to_owned()),
            _ => {}
        }
        let mut named = BTreeSet::new();
        for case in &self.case {
            if !known.contains(case) {
                faults.push(format!("there is no claim {case}"));
            }
            if !named.insert(case) {
                faults.push(format!("names {case} twice"));
            }
        }
        faults
    }
}

pub(super) fn answers_name_claims() -> Result<(), Failed> {
    let known: BTreeSet<String> = suites::ALL.all().map(|case| case.name()).collect();
    let (mut faults, mut told) = (Vec::new(), BTreeMap::new());
    for file in files()? {
        let name = file.display().to_string();
        let answers: Answers =
            toml::from_str(&fs::read_to_string(&file)?).map_err(|error| format!("{name}: {error}"))?;
        let (said, mut found) = (answers.rows, 0);
        for row in answers.rows() {
            found += 1;
            let place = format!("{name}: «{}»", row.told.join("», «"));
            faults.extend(row.faults(&known).into_iter().map(|fault| format!("{place} {fault}")));
            if let Some(other) = told.insert(row.told, name.clone()) {
                faults.push(format!("{place} stands in {other} already"));
            }
        }
        if said != found {
            faults
                .push(format!("{name} says rows = {said} and has {found}: was one lost, or added without the number?"));
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
