//! A proof in short: for a terminal, and for the summary page of a CI job.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::record::{Altered, Fate, Proof};
use crate::counts::count;
use crate::text::escape_line;

/// How many survivors, and how many claims, are named before the rest is counted.
const NAMED: usize = 200;

/// How wide a text may be.
const TEXT: usize = 160;

/// How many alterations came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) noticed: usize,
    pub(super) fatal: usize,
    pub(super) survived: usize,
    pub(super) equivalent: usize,
    pub(super) unreached: usize,
}

impl Tally {
    fn add(&mut self, altered: &Altered) {
        let count = match (altered.fate, altered.is_open()) {
            (Fate::Noticed, _) => &mut self.noticed,
            (Fate::Fatal, _) => &mut self.fatal,
            (Fate::Survived, true) => &mut self.survived,
            (Fate::Survived, false) => &mut self.equivalent,
            (Fate::Unreached, _) => &mut self.unreached,
        };
        *count += 1;
    }

    /// All that some claim reaches.
    pub(super) fn reached(&self) -> usize {
        self.noticed + self.fatal + self.survived + self.equivalent
    }

    pub(super) fn total(&self) -> usize {
        self.reached() + self.unreached
    }

    /// How many of those reached are noticed, fatal or explained; of none there is no share.
    pub(super) fn guarded(&self) -> String {
        share(self.reached() - self.survived, self.reached())
    }

    /// How many are not reached.
    pub(super) fn beyond(&self) -> String {
        share(self.unreached, self.total())
    }
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / whole as f64) }
}

/// The alterations by something that they have in common, and all of them.
pub(super) fn tallies<K: Ord>(proof: &Proof, key: impl Fn(&str, &Altered) -> K) -> (BTreeMap<K, Tally>, Tally) {
    let (mut by_key, mut all) = (BTreeMap::<K, Tally>::new(), Tally::default());
    for (function, altered) in proof.alterations() {
        by_key.entry(key(&function.file, altered)).or_default().add(altered);
        all.add(altered);
    }
    (by_key, all)
}

/// A file's path, or what stands for it where it is not known.
pub(super) fn file(path: &str) -> &str {
    if path.is_empty() { "other functions" } else { path }
}

impl Proof {
    /// The proof in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let all = tallies(self, |_, _| ()).1;
        format!(
            "{} of {}: {} noticed, {} fatal, {} survived, {} equivalent, {} unreached; of those reached {} are guarded",
            count(all.total(), "alteration"),
            escape_line(&self.kernel.word, 60),
            all.noticed,
            all.fatal,
            all.survived,
            all.equivalent,
            all.unreached,
            all.guarded()
        )
    }

    /// For a terminal: by file, then what survived.
    #[must_use]
    pub fn table(&self) -> String {
        let (files, all) = tallies(self, |path, _| file(path).to_owned());
        let wide = files.keys().map(String::len).max().unwrap_or(0).max(5);
        let mut text = format!("{:wide$}  noticed  fatal  survived  equivalent  unreached  guarded\n", "");
        let total = ("total".to_owned(), all);
        for (name, tally) in files.into_iter().chain([total]) {
            let _ = writeln!(
                text,
                "{name:wide$}  {:>7}  {:>5}  {:>8}  {:>10}  {:>9}  {:>7}",
                tally.noticed,
                tally.fatal,
                tally.survived,
                tally.equivalent,
                tally.unreached,
                tally.guarded()
            );
        }
        let open: Vec<_> = self.open().collect();
        if !open.is_empty() {
            text.push_str("\nsurvived:\n");
        }
        for (function, altered) in open.iter().take(NAMED) {
            let name = format!("{}+{}", function.name, altered.at);
            let _ = writeln!(text, "  {name:<44}  {}", escape_line(&remark(altered), TEXT));
        }
        if open.len() > NAMED {
            let _ = writeln!(text, "  and {} more", open.len() - NAMED);
        }
        text
    }

    /// For a terminal: which claims were asked by themselves, and noticed nothing.
    #[must_use]
    pub fn silent_table(&self) -> String {
        let silent: Vec<_> = self.silent().filter(|claim| claim.tried > 0).collect();
        let wide = silent.iter().map(|claim| claim.name.len()).max().unwrap_or(0);
        let mut text = match silent.is_empty() {
            true => "every claim that was asked noticed something\n".to_owned(),
            false => format!("{} noticed nothing:\n", count(silent.len(), "claim")),
        };
        for claim in silent {
            let _ = writeln!(text, "  {:wide$}  asked about {} of {}", claim.name, claim.tried, claim.reaches);
        }
        text
    }

    /// For a summary page.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!("## {}\n\n", self.sentence());
        let (files, _) = tallies(self, |path, _| file(path).to_owned());
        rows(&mut out, "file", files);
        let (kinds, _) = tallies(self, |_, altered| altered.kind().to_owned());
        rows(&mut out, "kind", kinds);
        let open: Vec<_> = self.open().collect();
        if !open.is_empty() {
            out.push_str("### Survived\n\n");
        }
        for (function, altered) in open.iter().take(NAMED) {
            let _ = writeln!(out, "- `{}+{}` {}", function.name, altered.at, escape_line(&remark(altered), TEXT));
        }
        if open.len() > NAMED {
            let _ = writeln!(out, "- and {} more", open.len() - NAMED);
        }
        let silent: Vec<_> = self.silent().collect();
        let is_asked = silent.iter().any(|claim| claim.tried > 0);
        let _ = writeln!(
            out,
            "\n{} took part; {} reach an alteration and were not seen to fail{}.",
            count(self.claims.len(), "claim"),
            silent.len(),
            if self.all || is_asked { "" } else { " (each alteration was tried up to the first claim that noticed)" }
        );
        // Where nobody has asked them by themselves this says nothing about them.
        for claim in silent.iter().filter(|claim| claim.tried > 0).take(NAMED) {
            let _ = write!(out, "\n- `{}`: asked about {} of {}", claim.name, claim.tried, claim.reaches);
        }
        out
    }
}

fn rows(out: &mut String, head: &str, tallies: BTreeMap<String, Tally>) {
    let _ = writeln!(
        out,
        "| {head} | noticed | fatal | survived | equivalent | unreached | guarded of those reached | unreached of all |"
    );
    out.push_str("|---|--:|--:|--:|--:|--:|--:|--:|\n");
    for (name, tally) in tallies {
        let _ = writeln!(
            out,
            "| {name} | {} | {} | {} | {} | {} | {} | {} |",
            tally.noticed,
            tally.fatal,
            tally.survived,
            tally.equivalent,
            tally.unreached,
            tally.guarded(),
            tally.beyond()
        );
    }
    out.push('\n');
}

/// What there is to say of one that survived.
pub(super) fn remark(altered: &Altered) -> String {
    let disturbed = &altered.disturbed;
    let tried = altered.tried.map(|tried| format!(", of which {tried} were tried")).unwrap_or_default();
    let reached = format!("reached by {}{tried}", count(altered.reached, "claim"));
    let mut parts = vec![altered.instruction.clone(), reached];
    let counted = [
        (disturbed.broken, "preparations fail in"),
        (disturbed.stalled, "waits without end in"),
        (disturbed.unmet, "needs are missing in"),
    ];
    parts.extend(counted.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{what} {number}")));
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}
