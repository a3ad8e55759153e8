//! In which user namespaces a file system can be mounted: `user_namespaces(7)`, `mount_namespaces(7)`.

use nix::mount::MsFlags;

use super::calls::mount_kind;
use super::list::Mounts;
use crate::process::{child, unprivileged, user_namespace};
use crate::sys::clone::CloneFlags;
use crate::sys::clone::flags::*;
use crate::words::refusal::Answer;
use crate::words::verdict::{Doing, Outcome, Verdict, holds};
use crate::{expect_eq, expect_errno, expect_ok};

/// The directory that every stage and every system has for this.
const PLACE: &str = "/mnt";

/// Every other kind of namespace that a user namespace can own; time has nothing to do with mounts.
pub const EVERY: CloneFlags =
    CLONE_NEWNS.union(CLONE_NEWPID).union(CLONE_NEWIPC).union(CLONE_NEWNET).union(CLONE_NEWCGROUP).union(CLONE_NEWUTS);

/// The claim says that root of an ordinary user's namespace can mount this kind of file system when the user namespace owns
/// the mount namespace and those of `needed`, and cannot when it owns all but one of these.
pub fn expect_mountable(kind: &str, options: Option<&str>, needed: CloneFlags) -> Verdict {
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWNS | needed, || {
            expect_ok!(mount_there(kind, options), "{kind} with namespaces of its own: {needed:?}");
            expect_eq!(kind_there()?.as_deref(), Some(kind), "what is mounted then");
            Ok(())
        })?;
        for missing in [CLONE_NEWNS, needed].into_iter().filter(|flag| *flag != NONE) {
            user_namespace(EVERY - missing, || {
                expect_errno!(mount_there(kind, options), EPERM, "{kind} with all namespaces but {missing:?}");
                Ok(())
            })?;
        }
        holds()
    })
}

/// The claim says that root of a user namespace cannot mount this kind of file system, even if it is root outside as well and
/// the user namespace owns all its namespaces, while root of the initial one can.
pub fn expect_refused(kind: &str, options: Option<&str>) -> Verdict {
    let refused = || {
        expect_errno!(mount_there(kind, options), EPERM, "{kind}");
        expect_ok!(mount_there("tmpfs", None), "tmpfs in the same place");
        Ok(())
    };
    unprivileged(NONE, || user_namespace(EVERY, refused)).doing("an ordinary user's namespace")?;
    user_namespace(EVERY, refused).doing("a namespace of root's")?;
    child(CLONE_NEWNS, || {
        // That it does not come about may have other reasons than user namespaces.
        mount_there(kind, options).doing(format!("mount {kind} in the initial user namespace"))?;
        expect_eq!(kind_there()?.as_deref(), Some(kind), "what is mounted then");
        holds()
    })
}

fn mount_there(kind: &str, options: Option<&str>) -> Answer {
    mount_kind(kind, PLACE, MsFlags::empty(), options)
}

fn kind_there() -> Outcome<Option<String>> {
    Ok(Mounts::own()?.find(PLACE).map(|mount| mount.kind.clone()))
}
