//! Whether a case has a stage at all.

use kit::{Case, Need};
use nix::unistd::geteuid;

use crate::machine_kind::Start;

/// How a case is kept from its surroundings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In namespaces of its own.
    Staged,
    /// In the worker's: for cases about the initial namespaces, and for an ordinary user, who cannot do harm.
    Plain,
}

impl Mode {
    /// How a case is carried out by whoever we are.
    pub(crate) fn of(case: &Case) -> Self {
        match Start::of(case) {
            Start::OnStage if geteuid().is_root() => Self::Staged,
            _ => Self::Plain,
        }
    }

    /// What it takes and a kernel can be built without.
    pub(crate) fn needs(self) -> &'static [Need] {
        match self {
            Self::Plain => &[],
            Self::Staged => &[
                Need::Config("PID_NS"),
                Need::Config("NET_NS"),
                Need::Config("UTS_NS"),
                Need::Config("IPC_NS"),
                Need::Config("CGROUPS"),
            ],
        }
    }
}
