//! From where a case goes on in a machine: what stands there when it is frozen.

use kit::{Case, Need};

/// On the kernel's command line: what is to stand before the machine greets. Without it: the worker alone.
const ARGUMENT: &str = "nsproof.start=";

/// On the kernel's command line: modules that are to be loaded before anything stands, with commas between them.
const LOAD: &str = "nsproof.load=";

/// What stands when a machine has greeted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Start {
    /// The worker alone, which takes one case after another.
    Worker,
    /// The worker and one case's process in the initial namespaces, which waits to be told which case it is.
    Plain,
    /// The same on a stage. To make one takes a guest longer than most cases do.
    OnStage,
}

impl Start {
    /// What asks for it on the kernel's command line.
    pub(crate) fn arguments(self) -> Vec<String> {
        self.word().map(|word| format!("{ARGUMENT}{word}")).into_iter().collect()
    }

    fn word(self) -> Option<&'static str> {
        match self {
            Self::Worker => None,
            Self::Plain => Some("plain"),
            Self::OnStage => Some("stage"),
        }
    }
}

/// What a machine is to be like for a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MachineKind {
    pub(crate) start: Start,
    /// Its processors. One gives the same order of events each time.
    pub(crate) cpus: u32,
}

impl MachineKind {
    /// For cases of all kinds, one after the other.
    pub(crate) const SHARED: Self = Self { start: Start::Worker, cpus: 1 };
}

impl MachineKind {
    /// The machine that a case needs.
    pub(crate) fn of(case: &Case) -> Self {
        let cpus = case.needs.iter().filter_map(|need| match need {
            Need::Cpus(count) => Some(*count),
            _ => None,
        });
        Self { start: Start::of(case), cpus: cpus.max().unwrap_or(1) }
    }
}

impl Start {
    /// From where a case goes on: what is about the initial namespaces must find no others.
    pub(crate) fn of(case: &Case) -> Self {
        let initial = case.needs.iter().any(|need| matches!(need, Need::InitialNamespaces));
        if initial { Self::Plain } else { Self::OnStage }
    }
}

/// What asks for modules on the kernel's command line.
pub(crate) fn load_arguments(modules: &[String]) -> Vec<String> {
    if modules.is_empty() { Vec::new() } else { vec![format!("{LOAD}{}", modules.join(","))] }
}

/// In the guest: the modules that the command line asks for.
pub(crate) fn to_load() -> Vec<String> {
    let line = std::fs::read_to_string("/proc/cmdline").unwrap_or_default();
    let names = line.split_whitespace().find_map(|word| word.strip_prefix(LOAD)).unwrap_or_default();
    names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// In the guest: what the command line asks for.
pub(crate) fn wanted() -> Start {
    let line = std::fs::read_to_string("/proc/cmdline").unwrap_or_default();
    let asks =
        |start: &Start| start.arguments().iter().any(|argument| line.split_whitespace().any(|word| word == argument));
    [Start::Plain, Start::OnStage].into_iter().find(asks).unwrap_or(Start::Worker)
}
