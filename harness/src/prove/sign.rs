//! What it means that a case which holds in the kernel as it is says something else in an altered one.

use results::Verdict;

use crate::runner::executor::Served;

/// The longest text about a fatal end, in columns.
const HOW: usize = 120;

/// How many cases one that waits for ever counts as: so much longer it takes.
pub(super) const STALLED: usize = 10;

/// How many cases one counts as under which the kernel ends, where that does not decide anything.
const FATAL: usize = 4;

/// What a case says of an altered kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// Nothing.
    Holds,
    /// Its claim is violated.
    Violated,
    /// The kernel died, warned, or went silent.
    Fatal,
    /// It could not be carried out.
    Broken,
    /// It waits for ever, and the kernel goes on.
    Stalled,
    /// It lacks something.
    Unmet,
}

impl Sign {
    /// How many cases this one counts as.
    pub(super) fn costs(self) -> usize {
        match self {
            Self::Stalled => STALLED,
            Self::Fatal => FATAL,
            Self::Holds | Self::Violated | Self::Broken | Self::Unmet => 1,
        }
    }
}

/// How a kernel ended, or does not let go. What the case said in the middle of it is no matter.
pub(super) fn how(served: &Served) -> String {
    let message = served.report.stuck.as_ref().unwrap_or(&served.report.message);
    results::escape_line(message.split(" (the case said").next().unwrap_or_default(), HOW)
}

/// What it means that a case which holds in the kernel as it is says something else in an altered one.
///
/// A case that runs into its deadline while the worker can still say so waits for something that does not come, or comes late: a
/// wait of ours hangs, and not the kernel. Where the kernel hangs nobody says anything any more.
pub(super) fn sign(served: &Served) -> Sign {
    match served.report.verdict {
        Verdict::Violated => Sign::Violated,
        Verdict::Crashed => Sign::Fatal,
        // The kernel does not let go of the case, which was killed.
        _ if served.silent || served.report.stuck.is_some() => Sign::Fatal,
        Verdict::Holds => Sign::Holds,
        Verdict::TimedOut => Sign::Stalled,
        Verdict::Broken => Sign::Broken,
        Verdict::Unmet | Verdict::OutOfRange => Sign::Unmet,
    }
}
