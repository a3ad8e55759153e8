//! Another user who has some capabilities nevertheless.

use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, set_capabilities, set_capabilities_secure_bits,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::child::child;
use super::credentials::become_user;
use crate::sys::clone::CloneFlags;
use crate::words::verdict::{Doing, Outcome};

/// Runs `body` in a child that is user and group `id`, and of the caller's capabilities has kept `held`, which it can use.
/// Only root can have that.
pub fn as_user_with<T>(id: u32, held: CapabilitySet, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(CloneFlags::empty(), || {
        set_capabilities_secure_bits(CapabilitiesSecureBits::NO_SETUID_FIXUP).doing("PR_SET_SECUREBITS")?;
        become_user(id)?;
        let sets = CapabilitySets { effective: held, permitted: held, inheritable: CapabilitySet::empty() };
        set_capabilities(None, sets).doing("capset")?;
        body()
    })
}
