//! All the capability sets of a process, and raising those that nothing but the process itself can raise.

use procfs::process::Status;
use rustix::thread::{CapabilitySet, CapabilitySets, configure_capability_in_ambient_set, set_capabilities};
use serde::{Deserialize, Serialize};

use super::numbers::status;
use crate::sysctl::sysctl;
use crate::words::verdict::{Doing, Outcome};

/// The five sets that `/proc/PID/status` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the manual's own names")]
pub struct Sets {
    #[serde(with = "bits")]
    pub inheritable: CapabilitySet,
    #[serde(with = "bits")]
    pub permitted: CapabilitySet,
    #[serde(with = "bits")]
    pub effective: CapabilitySet,
    #[serde(with = "bits")]
    pub bounding: CapabilitySet,
    #[serde(with = "bits")]
    pub ambient: CapabilitySet,
}

impl Sets {
    /// The calling thread's.
    pub fn own() -> Outcome<Self> {
        Ok(Self::shown(&status("thread-self")?))
    }

    /// Those in a status file.
    pub fn shown(status: &Status) -> Self {
        let set = CapabilitySet::from_bits_retain;
        Self {
            inheritable: set(status.capinh),
            permitted: set(status.capprm),
            effective: set(status.capeff),
            bounding: set(status.capbnd.unwrap_or_default()),
            ambient: set(status.capamb.unwrap_or_default()),
        }
    }

    /// What the first process of a user namespace has: all that the kernel knows of, but nothing to hand on.
    pub fn full() -> Outcome<Self> {
        let (all, none) = (every_capability()?, CapabilitySet::empty());
        Ok(Self { inheritable: none, permitted: all, effective: all, bounding: all, ambient: none })
    }

    /// Whether nothing can be done with them.
    pub fn are_void(&self) -> bool {
        self.permitted.is_empty() && self.effective.is_empty() && self.ambient.is_empty()
    }
}

/// The capabilities of the calling thread.
pub fn capabilities() -> Outcome<CapabilitySets> {
    rustix::thread::capabilities(None).doing("capget")
}

/// Leaves the calling thread these capabilities, permitted and effective, and nothing to hand on.
pub(super) fn set_exactly(wanted: CapabilitySet) -> Outcome<()> {
    let sets = CapabilitySets { effective: wanted, permitted: wanted, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).doing("capset")
}

/// Every capability that the running kernel knows of.
pub fn every_capability() -> Outcome<CapabilitySet> {
    let last: u32 = sysctl("kernel/cap_last_cap")?;
    Ok(CapabilitySet::from_bits_retain(u64::MAX >> (u64::BITS - 1 - last)))
}

/// Adds a capability to the calling thread's inheritable set.
pub fn raise_inheritable(capability: CapabilitySet) -> Outcome<()> {
    let mut sets = capabilities()?;
    sets.inheritable |= capability;
    set_capabilities(None, sets).doing("capset")
}

/// Adds a capability to the calling thread's inheritable and ambient sets.
pub fn raise_ambient(capability: CapabilitySet) -> Outcome<()> {
    raise_inheritable(capability)?;
    configure_capability_in_ambient_set(capability, true).doing("prctl(PR_CAP_AMBIENT_RAISE)")
}

mod bits {
    use rustix::thread::CapabilitySet;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(set: &CapabilitySet, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(set.bits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CapabilitySet, D::Error> {
        u64::deserialize(deserializer).map(CapabilitySet::from_bits_retain)
    }
}
