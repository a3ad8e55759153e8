//! How a cell can differ from before.

use serde::Serialize;

use crate::release::Release;
use crate::verdict::Verdict;

/// One claim that is otherwise than before in the same way on one or more kernels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What kind of difference it is.
    pub kind: DifferenceKind,
    /// Whether things got worse.
    pub worse: bool,
    /// The claim's name.
    pub claim: String,
    /// What it says; empty when neither record has it.
    pub says: String,
    /// Where it belongs; may be empty.
    pub suite: String,
    /// The theme of its suite; may be empty.
    pub theme: String,
    /// The first kernel version that it covers; none: all from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The first that it no longer covers; none: all to this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The kernels: their words, or `old → new` where these differ.
    pub kernels: Vec<String>,
    /// The verdict before; none for a new case.
    pub before: Option<Verdict>,
    /// The verdict now; none for a case that vanished.
    pub after: Option<Verdict>,
    /// What the new record says. Empty when there is nothing to say.
    pub message: String,
    /// What was so between the two, the oldest first, where a rule changed more than once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub between: Vec<Interlude>,
    /// The claim that stood in its place before, if the rule is one that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Former>,
}

/// The claim that stood in another's place on the kernel before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Former {
    /// Its name.
    pub claim: String,
    /// What it says.
    pub says: String,
    /// What was found for it there.
    pub verdict: Verdict,
}

/// A claim that was so only on versions between those that are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interlude {
    /// Its name.
    pub claim: String,
    /// What it says.
    pub says: String,
    /// The first version that it covers.
    pub since: String,
}

/// How a cell differs from before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// Now it speaks against the kernel and did not before, or now the kernel crashes.
    Refuted,
    /// Now the case is broken.
    Broken,
    /// Now something is missing.
    Unmet,
    /// The case is gone, though every case was asked for.
    Vanished,
    /// It speaks against the kernel as before, in another way.
    Otherwise,
    /// It spoke against the kernel, and now it holds.
    Fixed,
    /// It was unmet or broken, and now it holds.
    Gained,
    /// A rule changed between the two versions: the claim holds now, and another held before in its place.
    Changed,
    /// The claim is about the new version and was not about the old one, and holds.
    Begins,
    /// The claim is no longer about the kernel, which is another version now, or its range is another.
    Ends,
    /// The case is new.
    New,
}

impl DifferenceKind {
    /// Every kind, in the order in which reports list them.
    pub const ALL: [Self; 11] = [
        Self::Refuted,
        Self::Broken,
        Self::Unmet,
        Self::Vanished,
        Self::Otherwise,
        Self::Fixed,
        Self::Gained,
        Self::Changed,
        Self::Begins,
        Self::Ends,
        Self::New,
    ];

    /// How a cell differs; none when it does not, or when nothing can be said.
    pub(crate) fn of(before: Option<Verdict>, after: Option<Verdict>, whole: bool) -> Option<Self> {
        let was_against = before.is_some_and(Verdict::is_against_the_kernel);
        match (before, after) {
            (None, None) => None,
            (Some(before), Some(after)) if before == after => None,
            // Nothing was to be asked before or is now. Records of schema 1 say unmet of both.
            (None | Some(Verdict::Unmet), Some(Verdict::OutOfRange)) | (Some(Verdict::OutOfRange), None) => None,
            (Some(_), Some(Verdict::OutOfRange)) => Some(Self::Ends),
            (Some(_), None) => whole.then_some(Self::Vanished),
            (_, Some(Verdict::Crashed)) => Some(Self::Refuted),
            (_, Some(Verdict::Violated | Verdict::TimedOut)) if was_against => Some(Self::Otherwise),
            (_, Some(Verdict::Violated | Verdict::TimedOut)) => Some(Self::Refuted),
            (_, Some(Verdict::Broken)) => Some(Self::Broken),
            (None, Some(Verdict::Holds | Verdict::Unmet)) => Some(Self::New),
            (Some(_), Some(Verdict::Unmet)) => Some(Self::Unmet),
            (Some(Verdict::OutOfRange), Some(Verdict::Holds)) => Some(Self::Begins),
            (Some(_), Some(Verdict::Holds)) if was_against => Some(Self::Fixed),
            (Some(_), Some(Verdict::Holds)) => Some(Self::Gained),
        }
    }

    /// The heading that people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuted => "newly refuted",
            Self::Broken => "newly broken",
            Self::Unmet => "newly unmet",
            Self::Vanished => "vanished",
            Self::Otherwise => "refuted otherwise",
            Self::Fixed => "fixed",
            Self::Gained => "newly answered",
            Self::Changed => "changed rule",
            Self::Begins => "new rule",
            Self::Ends => "rule that ended",
            Self::New => "new case",
        }
    }

    /// Whether the claim's range of versions says that it is so: nothing that anybody has to look into.
    #[must_use]
    pub const fn is_by_rule(self) -> bool {
        matches!(self, Self::Changed | Self::Begins | Self::Ends)
    }

    /// Whether a difference from `before` is for the worse. What did not hold before is no loss when it can no
    /// longer be asked, and what a claim is no longer about is none at all.
    pub(crate) fn is_worse(self, before: Option<Verdict>) -> bool {
        match self {
            Self::Refuted | Self::Broken => true,
            Self::Unmet | Self::Vanished => before == Some(Verdict::Holds),
            _ => false,
        }
    }
}

/// Makes one of what is the same on several kernels, and puts the worst first.
pub(crate) fn join(cells: Vec<Difference>) -> Vec<Difference> {
    let mut joined: Vec<Difference> = Vec::new();
    for cell in cells {
        let same = |known: &&mut Difference| {
            (&known.claim, known.kind, known.before, known.after, &known.message, &known.was)
                == (&cell.claim, cell.kind, cell.before, cell.after, &cell.message, &cell.was)
        };
        match joined.iter_mut().find(same) {
            Some(known) => known.kernels.extend(cell.kernels),
            None => joined.push(cell),
        }
    }
    for difference in &mut joined {
        difference.kernels.sort_by_key(|word| Release::parse(word));
    }
    let place = |of: &Difference| (!of.worse, of.kind, of.suite.clone(), of.theme.clone(), of.claim.clone());
    joined.sort_by_cached_key(place);
    joined
}
