//! What a case found, or that there was nothing to find.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a case found. In JSON: `holds`, `violated`, `unmet`, `broken`, `crashed`, `timed-out`, `out-of-range`.
///
/// [`Violated`](Self::Violated) and [`Broken`](Self::Broken) are never to be confused: only a wrong answer to
/// the question the claim asks is violated, whatever goes wrong before that question is asked is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The kernel does what the claim says.
    Holds,
    /// The kernel gave another answer than the claim says.
    Violated,
    /// Something the case needs is missing; the message says what. The case was skipped.
    Unmet,
    /// The case itself could not be carried out, so nothing is known about the claim.
    Broken,
    /// The kernel died under the case.
    Crashed,
    /// The case did not end before its deadline.
    TimedOut,
    /// The claim is about other versions of the kernel. Nothing was asked and nothing is missing: it is no skip, counts in
    /// no total, and no format whose reader counts tests has a line for it.
    OutOfRange,
}

impl Verdict {
    /// What a case can find, the verdicts that need attention first: the order in which reports list and count them.
    /// [`OutOfRange`](Self::OutOfRange) is not among them.
    pub const FOUND: [Self; 6] =
        [Self::Violated, Self::Crashed, Self::TimedOut, Self::Broken, Self::Unmet, Self::Holds];

    /// The word that people read: `holds`, `violated`, `unmet`, `broken`, `crashed`, `timed out`,
    /// `out of range`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Violated => "violated",
            Self::Unmet => "unmet",
            Self::Broken => "broken",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed out",
            Self::OutOfRange => "out of range",
        }
    }

    /// True for a verdict that speaks against the kernel: violated, crashed, timed out.
    #[must_use]
    pub const fn is_against_the_kernel(self) -> bool {
        matches!(self, Self::Violated | Self::Crashed | Self::TimedOut)
    }

    /// True for a verdict that somebody has to look at: all but holds, unmet and out of range.
    #[must_use]
    pub const fn needs_attention(self) -> bool {
        !matches!(self, Self::Holds | Self::Unmet | Self::OutOfRange)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
