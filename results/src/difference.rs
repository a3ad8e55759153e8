//! How a cell can differ from before.

use serde::Serialize;

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
    /// The words of the kernels.
    pub kernels: Vec<String>,
    /// The verdict before; none for a new case.
    pub before: Option<Verdict>,
    /// The verdict now; none for a case that vanished.
    pub after: Option<Verdict>,
    /// What the new record says. Empty when there is nothing to say.
    pub message: String,
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
    /// The claim is no longer about the kernel of this word, which is another version now, or its range is another.
    OutOfRange,
    /// It speaks against the kernel as before, in another way.
    Otherwise,
    /// It spoke against the kernel, and now it holds.
    Fixed,
    /// It was unmet or broken, and now it holds.
    Gained,
    /// The case is new.
    New,
}

impl DifferenceKind {
    /// Every kind, in the order in which reports list them.
    pub const ALL: [Self; 9] = [
        Self::Refuted,
        Self::Broken,
        Self::Unmet,
        Self::Vanished,
        Self::OutOfRange,
        Self::Otherwise,
        Self::Fixed,
        Self::Gained,
        Self::New,
    ];

    /// The heading that people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuted => "newly refuted",
            Self::Broken => "newly broken",
            Self::Unmet => "newly unmet",
            Self::Vanished => "vanished",
            Self::OutOfRange => "now out of range",
            Self::Otherwise => "refuted otherwise",
            Self::Fixed => "fixed",
            Self::Gained => "newly answered",
            Self::New => "new case",
        }
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
