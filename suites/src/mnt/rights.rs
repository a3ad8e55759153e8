//! What the files on calls that change a mount namespace share.

use kit::expect::HasErrno;
use kit::prelude::*;
use kit::process::{with_only, without};
use rustix::thread::CapabilitySet;

/// The claim says that this call requires CAP_SYS_ADMIN in the user namespace that owns the caller's mount namespace: that
/// alone, and not in a descendant. It is carried out once in the end.
pub(super) fn needs_cap_sys_admin<E: HasErrno>(call: impl Fn() -> Result<(), E>) -> Outcome<()> {
    without(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_errno!(call(), EPERM, "without CAP_SYS_ADMIN");
        Ok(())
    })?;
    user_namespace(NONE, || {
        expect_errno!(call(), EPERM, "root of a user namespace, in the mount namespace of another");
        Ok(())
    })?;
    with_only(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_ok!(call(), "with CAP_SYS_ADMIN alone");
        Ok(())
    })
}
