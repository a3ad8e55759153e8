//! Counting verdicts, and saying how many there are.

use crate::verdict::Verdict;

/// How many cells have each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts([usize; Verdict::FOUND.len()]);

impl Counts {
    /// Counts one cell, unless nothing was to be found there.
    pub(crate) fn add(&mut self, verdict: Option<Verdict>) {
        if let Some(count) = verdict.and_then(|verdict| self.0.get_mut(rank(verdict))) {
            *count += 1;
        }
    }

    /// How many have `verdict`.
    pub(crate) fn of(&self, verdict: Verdict) -> usize {
        self.0.get(rank(verdict)).copied().unwrap_or(0)
    }

    /// `1 violated, 2 unmet, 7 hold`: what there is, the worst first.
    pub(crate) fn sentence(&self) -> String {
        let parts: Vec<_> = Verdict::FOUND
            .iter()
            .filter(|&&verdict| self.of(verdict) > 0)
            .map(|&verdict| match (verdict, self.of(verdict)) {
                (Verdict::Holds, 1) => "1 holds".to_owned(),
                (Verdict::Holds, count) => format!("{count} hold"),
                (verdict, count) => format!("{count} {verdict}"),
            })
            .collect();
        match parts.is_empty() {
            true => "no verdict".into(),
            false => parts.join(", "),
        }
    }
}

/// The place of `verdict` in [`Verdict::FOUND`]; behind all of them for out of range.
pub(crate) fn rank(verdict: Verdict) -> usize {
    Verdict::FOUND.iter().position(|&known| known == verdict).unwrap_or(Verdict::FOUND.len())
}

/// `1 claim`, `2 claims`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}
