//! Ordinary users with the capabilities of root: for what depends on who somebody is, not on what he may do.

use nix::sys::prctl;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use rustix::thread::set_capabilities;

use super::credentials::capabilities;
use crate::words::verdict::{Doing, Outcome};

/// Makes the caller a user with these real and effective IDs, without supplementary groups, that keeps all the
/// capabilities the caller has. The process stays dumpable.
pub fn become_capable_user(real: u32, effective: u32) -> Outcome<()> {
    let gid = Gid::from_raw(effective);
    setgroups(&[]).doing("setgroups")?;
    setresgid(gid, gid, gid).doing("setresgid")?;
    prctl::set_keepcaps(true).doing("prctl(PR_SET_KEEPCAPS)")?;
    let effective = Uid::from_raw(effective);
    setresuid(Uid::from_raw(real), effective, effective).doing("setresuid")?;
    let mut sets = capabilities()?;
    sets.effective = sets.permitted;
    set_capabilities(None, sets).doing("capset")?;
    prctl::set_dumpable(true).doing("prctl(PR_SET_DUMPABLE)")
}
