//! Which processes may use a System V object that its mode denies them: `sysvipc(7)`, `capabilities(7)`.

use kit::prelude::*;
use kit::process::{with_only, without};
use kit::sys::sysv::shm_touch;
use rustix::thread::CapabilitySet;

use super::objects::{KEY, Object};

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![ipc_owner_overrides_modes_in_the_owner, ipc_owner_of_a_user_namespace_below_overrides_nothing];

/// CAP_IPC_OWNER in the user namespace that owns the IPC namespace gives access to objects that their modes deny: else EACCES.
///
/// The mode is 0, which denies them to their creator, too.
#[claim(
    source = ["capabilities(7)", "shmop(2)", "msgget(2) ERRORS", "ipc/util.c ipcperms"],
    needs = [Root, UserNamespaces, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn ipc_owner_overrides_modes_in_the_owner() -> Verdict {
    let expect_overridden = || {
        for object in Object::ALL {
            let id = closed(object)?;
            with_only(CapabilitySet::IPC_OWNER, NONE, || expect_answers(object, id, true))?;
            without(CapabilitySet::IPC_OWNER, NONE, || expect_answers(object, id, false))?;
        }
        Ok(())
    };
    expect_overridden().doing("in the case's own IPC namespace")?;
    user_namespace(CLONE_NEWIPC, expect_overridden).doing("in one that a user namespace owns")?;
    holds()
}

/// CAP_IPC_OWNER in a user namespace below the owner of the IPC namespace gives no access to objects that their modes deny.
#[claim(
    source = ["user_namespaces(7) Effect of capabilities within a user namespace", "ipc/util.c ipcperms"],
    needs = [Root, UserNamespaces, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn ipc_owner_of_a_user_namespace_below_overrides_nothing() -> Verdict {
    for object in Object::ALL {
        let id = closed(object)?;
        user_namespace(NONE, || {
            // It has the capability, for namespaces of its own.
            child(CLONE_NEWIPC, || {
                let id = closed(object)?;
                expect_answers(object, id, true)
            })?;
            expect_answers(object, id, false)
        })?;
        expect_answers(object, id, true)?;
    }
    holds()
}

/// Makes an object of mode 0.
fn closed(object: Object) -> Outcome<i32> {
    object.get(KEY, libc::IPC_CREAT | libc::IPC_EXCL).doing(format!("make a {object:?} of mode 0"))
}

/// The caller may use the object, or is answered EACCES.
fn expect_answers(object: Object, id: i32, allowed: bool) -> Outcome<()> {
    let mut answers = vec![("IPC_STAT", object.stat(id)), ("finding it for reading", object.get(KEY, 0o400).map(drop))];
    if object == Object::Segment {
        answers.push(("shmat", shm_touch(id)));
    }
    for (what, answer) in answers {
        if allowed {
            expect_ok!(answer, "{what}, {object:?}");
        } else {
            expect_errno!(answer, EACCES, "{what}, {object:?}");
        }
    }
    Ok(())
}
