//! Whether a case has a stage at all.

/// How a case is kept from its surroundings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In namespaces of its own.
    Staged,
    /// In the worker's: for cases about the initial namespaces, and for an ordinary user, who cannot do harm.
    Plain,
}
