//! What is the matter with a whole run, so that nobody takes silence for success.

use crate::counts::count;
use crate::record::Run;

/// One thing that is the matter with a run.
pub(crate) struct Flaw {
    /// A name for it among those of cases.
    pub(crate) name: &'static str,
    /// Its kind in a word.
    pub(crate) kind: &'static str,
    /// What is said of the kernel: `could not be tested`.
    pub(crate) says: &'static str,
    /// Why, in a sentence.
    pub(crate) why: String,
}

impl Run {
    /// What is the matter with it.
    pub(crate) fn flaws(&self) -> Vec<Flaw> {
        let untested = self.problem.as_ref().map(|problem| Flaw {
            name: "can_be_tested",
            kind: "untested",
            says: "could not be tested",
            why: problem.clone(),
        });
        let unfinished = (self.unfinished > 0).then(|| Flaw {
            name: "is_finished",
            kind: "unfinished",
            says: "was not tested to the end",
            why: format!("{} had not been asked when this was written", count(self.unfinished, "claim")),
        });
        untested.into_iter().chain(unfinished).collect()
    }

    /// True when every case was asked for and carried out, so that one that is not there is gone.
    pub(crate) fn is_whole(&self) -> bool {
        self.selection.is_none() && self.shard.is_none() && self.problem.is_none() && self.unfinished == 0
    }
}
