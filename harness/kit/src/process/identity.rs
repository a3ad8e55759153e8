//! Who a process is: its user and group IDs, and with which capabilities it goes on after they have changed.

use nix::sys::prctl;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use rustix::thread::CapabilitySet;

use super::capability_sets::{capabilities, set_exactly};
use crate::words::verdict::{Doing, Outcome};

/// Whom a process is to become: a user, its group, and no supplementary groups; for good, unless it is told to keep
/// something.
///
/// `Identity::user(7).keeping(CapabilitySet::SYS_ADMIN).assume()?`
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    real: u32,
    effective: u32,
    saved: u32,
    group: u32,
    keeps_groups: bool,
    kept: Kept,
}

#[derive(Debug, Clone, Copy)]
enum Kept {
    /// What the kernel leaves to a process that changes its user IDs like this.
    AsEver,
    /// These.
    Exactly(CapabilitySet),
    /// All that it has.
    All,
}

impl Identity {
    /// User and group `id`: all IDs.
    pub const fn user(id: u32) -> Self {
        Self { real: id, effective: id, saved: id, group: id, keeps_groups: false, kept: Kept::AsEver }
    }

    /// User and group 0 of the user namespace, where they are mapped. Supplementary groups stay: whether they can be given up
    /// is a question of its own there.
    pub const fn root_inside() -> Self {
        Self { keeps_groups: true, ..Self::user(0) }
    }

    /// With other user IDs than the one.
    pub const fn ids(self, real: u32, effective: u32, saved: u32) -> Self {
        Self { real, effective, saved, ..self }
    }

    /// With another group.
    pub const fn group(self, group: u32) -> Self {
        Self { group, ..self }
    }

    /// With these capabilities, permitted and effective, and with no other. The caller must have them.
    pub const fn keeping(self, kept: CapabilitySet) -> Self {
        Self { kept: Kept::Exactly(kept), ..self }
    }

    /// With all the capabilities that the caller has.
    pub const fn keeping_all(self) -> Self {
        Self { kept: Kept::All, ..self }
    }

    /// Makes the caller that.
    ///
    /// The process stays dumpable, so that its files in `/proc` belong to the new user: else it could not write its own
    /// `uid_map` (`proc(5)`).
    pub fn assume(self) -> Outcome<()> {
        if !self.keeps_groups {
            setgroups(&[]).doing("setgroups")?;
        }
        let group = Gid::from_raw(self.group);
        setresgid(group, group, group).doing(format!("setresgid to {group}"))?;
        let kept = match self.kept {
            Kept::AsEver => None,
            Kept::Exactly(kept) => Some(kept),
            Kept::All => Some(capabilities()?.permitted),
        };
        if kept.is_some() {
            prctl::set_keepcaps(true).doing("prctl(PR_SET_KEEPCAPS)")?;
        }
        let (real, effective, saved) = (self.real, self.effective, self.saved);
        setresuid(Uid::from_raw(real), Uid::from_raw(effective), Uid::from_raw(saved))
            .doing(format!("setresuid to {real}, {effective} and {saved}"))?;
        if let Some(kept) = kept {
            prctl::set_keepcaps(false).doing("prctl(PR_SET_KEEPCAPS)")?;
            set_exactly(kept)?;
        }
        prctl::set_dumpable(true).doing("prctl(PR_SET_DUMPABLE)")
    }
}

/// Makes the caller user and group `id` for good: all IDs, no supplementary groups, no capabilities.
pub fn become_user(id: u32) -> Outcome<()> {
    Identity::user(id).assume()
}

/// Makes the caller user and group 0 of its user namespace, where they are mapped and it has the capabilities for it. A
/// process whose own IDs are not mapped can make no user namespace, for one thing.
pub fn become_root_inside() -> Outcome<()> {
    Identity::root_inside().assume()
}
