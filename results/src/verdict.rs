//! What a case found.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a case found. In JSON: `holds`, `violated`, `unmet`, `broken`, `crashed`, `timed-out`.
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
}

impl Verdict {
    /// Every verdict, the ones that need attention first: the order in which reports list and count them.
    pub const ALL: [Self; 6] = [Self::Violated, Self::Crashed, Self::TimedOut, Self::Broken, Self::Unmet, Self::Holds];

    /// The word that people read: `holds`, `violated`, `unmet`, `broken`, `crashed`, `timed out`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Violated => "violated",
            Self::Unmet => "unmet",
            Self::Broken => "broken",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed out",
        }
    }

    /// True for a verdict that speaks against the kernel: violated, crashed, timed out.
    #[must_use]
    pub const fn is_against_the_kernel(self) -> bool {
        matches!(self, Self::Violated | Self::Crashed | Self::TimedOut)
    }

    /// True for a verdict that somebody has to look at: all but holds and unmet.
    #[must_use]
    pub const fn needs_attention(self) -> bool {
        !matches!(self, Self::Holds | Self::Unmet)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
