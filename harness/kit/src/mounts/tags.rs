//! The optional fields of a mountinfo line, which tell of the propagation of mounts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What mountinfo says of a mount's propagation: `proc_pid_mountinfo(5)`. A private mount has none of these.
///
/// Prints as mountinfo does: `shared:5 master:3`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tags {
    /// `shared:N`: the peer group it is in.
    pub shared: Option<u64>,
    /// `master:N`: the peer group that it receives from.
    pub master: Option<u64>,
    /// `propagate_from:N`: the nearest peer group up the chain of masters that the reader's root shows. Only there when
    /// it is another one than the master.
    pub propagate_from: Option<u64>,
    /// `unbindable`.
    pub unbindable: bool,
}

impl Tags {
    /// None at all: what a private mount has.
    pub const NONE: Self = Self { shared: None, master: None, propagate_from: None, unbindable: false };

    /// Takes one field in. Those of later kernels are left out (`proc_pid_mountinfo(5)` asks readers to); `None` when a
    /// known one has no number.
    pub(super) fn add(&mut self, field: &str) -> Option<()> {
        let (name, number) = field.split_once(':').unwrap_or((field, ""));
        match name {
            "shared" => self.shared = Some(number.parse().ok()?),
            "master" => self.master = Some(number.parse().ok()?),
            "propagate_from" => self.propagate_from = Some(number.parse().ok()?),
            "unbindable" => self.unbindable = true,
            _ => {}
        }
        Some(())
    }
}

impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = [("shared", self.shared), ("master", self.master), ("propagate_from", self.propagate_from)];
        let mut words: Vec<_> =
            groups.iter().filter_map(|(name, group)| group.map(|group| format!("{name}:{group}"))).collect();
        words.extend(self.unbindable.then(|| "unbindable".to_owned()));
        f.write_str(&words.join(" "))
    }
}

impl fmt::Debug for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "«{self}»")
    }
}
