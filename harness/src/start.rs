//! From where a case goes on in a machine: the worker alone in the initial namespaces, or a stage that stands ready.

use crate::claim::Case;
use crate::needs::Need;

/// On the kernel's command line: make a stage before saying that the worker is ready.
const ARGUMENT: &str = "nsproof.stage";

/// What stands when a machine's worker has greeted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Start {
    /// The worker, and nothing else in the kernel that is ours.
    Bare,
    /// The worker and one stage, whose case waits to be told which it is. To make it takes a guest longer than most
    /// cases do.
    OnStage,
}

impl Start {
    /// What asks for it on the kernel's command line.
    pub(crate) fn arguments(self) -> Vec<String> {
        match self {
            Self::Bare => Vec::new(),
            Self::OnStage => vec![ARGUMENT.to_owned()],
        }
    }
}

/// What a machine is to be like for a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Footing {
    pub(crate) start: Start,
    /// Its processors. One gives the same order of events each time.
    pub(crate) cpus: u32,
}

impl Footing {
    /// For cases of all kinds, one after the other.
    pub(crate) const SHARED: Self = Self { start: Start::Bare, cpus: 1 };
}

impl Case {
    /// The machine that the case needs.
    pub(crate) fn footing(&self) -> Footing {
        let cpus = self.needs.iter().filter_map(|need| match need {
            Need::Cpus(count) => Some(*count),
            _ => None,
        });
        Footing { start: self.start(), cpus: cpus.max().unwrap_or(1) }
    }

    /// From where the case goes on: what is about the initial namespaces must find no others.
    pub(crate) fn start(&self) -> Start {
        let initial = self.needs.iter().any(|need| matches!(need, Need::InitialNamespaces));
        if initial { Start::Bare } else { Start::OnStage }
    }
}

/// In the guest: what the command line asks for.
pub(crate) fn wanted() -> Start {
    let line = std::fs::read_to_string("/proc/cmdline").unwrap_or_default();
    if line.split_whitespace().any(|word| word == ARGUMENT) { Start::OnStage } else { Start::Bare }
}
