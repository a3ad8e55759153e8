//! User namespaces and the others: what creating them requires, and which owns which. `user_namespaces(7)`, Interaction of
//! user namespaces and other types of namespaces.

use kit::mounts::tmpfs;
use kit::prelude::*;
use kit::process::{NOBODY, as_user, owned_by, try_clone3, with_only, without};
use kit::uts::{hostname, sethostname};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    combined_flags_create_user_first,
    other_namespaces_need_cap_sys_admin,
    other_namespaces_free_inside_userns,
    nonuser_namespace_owned_by_creators_userns,
    namespace_op_checks_owning_userns,
    ancestor_root_administers_owned_namespaces,
];

/// All kinds but user.
const OTHERS: [Kind; 7] = [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Pid, Kind::Time, Kind::Uts];

/// An unprivileged process can create a user namespace and one of every other kind in one call, although it cannot create
/// those alone.
///
/// The user namespace is made first and owns the others.
#[claim(
    source = [
        "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
        "unshare(2) NOTES",
        "namespaces-fun",
    ],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn combined_flags_create_user_first() -> Verdict {
    let all = CLONE_NEWUSER | Kind::flags(&OTHERS);
    unprivileged(NONE, || {
        for flags in OTHERS.map(Kind::flag).into_iter().chain([all - CLONE_NEWUSER]) {
            expect_errno!(unshare(flags), EPERM, "{flags:?}");
            expect_errno!(try_clone3(&CloneArgs::new(flags)), EPERM, "{flags:?}");
        }
        let cloned = expect_ok!(Spawn::new(all).try_start(Peer::wait)?, "by clone3");
        let caller = spawn(NONE, |outside| {
            expect_ok!(unshare(all), "by unshare");
            let _member = waiting(NONE)?;
            outside.go()?;
            outside.wait()
        })?;
        caller.recv::<()>()?;
        for process in [&cloned, &caller] {
            let user = inode_of(process.pid(), Kind::User)?;
            expect_ne!(user, own_inode(Kind::User)?);
            for link in ["cgroup", "ipc", "mnt", "net", "pid_for_children", "time_for_children", "uts"] {
                let made = Namespace::at(format!("/proc/{}/ns/{link}", process.pid()))?;
                expect_ne!(made.inode()?, inode_at(format!("/proc/self/ns/{link}"))?, "{link}");
                expect_eq!(expect_ok!(made.owner(), "{link}").inode()?, user, "the owner of {link}");
            }
        }
        // It takes its own child along.
        caller.go()?;
        caller.join()?;
        holds()
    })
}

/// Creating a namespace of any kind but user requires CAP_SYS_ADMIN in the caller's user namespace; without it clone() and
/// unshare() fail with EPERM.
///
/// That capability alone is enough, and creating a user namespace takes none.
#[claim(
    source = [
        "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
        "namespaces(7) The namespaces API",
        "unshare(2) NOTES",
        "clone(2) ERRORS",
        "Linux Namespaces",
        "Few notes about network namespaces in Linux",
    ],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn other_namespaces_need_cap_sys_admin() -> Verdict {
    let refused = || {
        for kind in OTHERS {
            expect_errno!(unshare(kind.flag()), EPERM, "a {kind} namespace by unshare");
            expect_errno!(try_clone3(&CloneArgs::new(kind.flag())), EPERM, "a {kind} namespace by clone3");
        }
        expect_ok!(try_clone3(&CloneArgs::new(CLONE_NEWUSER)), "a user namespace");
        Ok(())
    };
    unprivileged(NONE, || {
        refused()?;
        user_namespace(NONE, || {
            without(CapabilitySet::SYS_ADMIN, NONE, refused)?;
            for kind in OTHERS {
                with_only(CapabilitySet::SYS_ADMIN, NONE, || {
                    expect_ok!(try_clone3(&CloneArgs::new(kind.flag())), "a {kind} namespace by clone3");
                    expect_ok!(unshare(kind.flag()), "a {kind} namespace by unshare");
                    Ok(())
                })?;
            }
            holds()
        })
    })
}

/// An unprivileged process that has created a user namespace for itself can then create namespaces of every other kind.
#[claim(
    source = [
        "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
        "user_namespaces(7) Capabilities",
    ],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn other_namespaces_free_inside_userns() -> Verdict {
    unprivileged(NONE, || {
        for kind in OTHERS {
            expect_errno!(unshare(kind.flag()), EPERM, "a {kind} namespace, before");
        }
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        for kind in OTHERS {
            expect_ok!(unshare(kind.flag()), "a {kind} namespace");
        }
        holds()
    })
}

/// A new namespace of another kind is owned by its creator's user namespace, or by the user namespace that the same call
/// creates.
#[claim(
    source = [
        "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
        "ioctl_nsfs(2) NS_GET_USERNS",
        "What's in a name(space)?",
        "NS_GET_USERNS(2const)",
    ],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn nonuser_namespace_owned_by_creators_userns() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            let creators = own_inode(Kind::User)?;
            for kind in OTHERS {
                for (flags, is_creators) in [(kind.flag(), true), (CLONE_NEWUSER | kind.flag(), false)] {
                    let made = waiting(flags)?;
                    let owner = expect_ok!(made.namespace(kind)?.owner(), "of a {kind} namespace").inode()?;
                    expect_eq!(owner, inode_of(made.pid(), Kind::User)?, "made with {flags:?}");
                    expect_eq!(owner == creators, is_creators, "made with {flags:?}");
                }
            }
            holds()
        })
    })
}

/// sethostname() and mount() require the capability in the user namespace that owns the UTS or mount namespace; elsewhere they
/// fail with EPERM.
///
/// The caller here has all capabilities in its own user namespace.
#[claim(
    source = [
        "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
        "user_namespaces(7) Effect of capabilities within a user namespace",
        "sethostname(2) ERRORS",
        "What's in a name(space)?",
    ],
    needs = [UserNamespaces],
)]
fn namespace_op_checks_owning_userns() -> Verdict {
    let expect_refused = |whose: &str| {
        expect_errno!(sethostname("renamed"), EPERM, "{whose}");
        expect_errno!(tmpfs("/mnt"), EPERM, "{whose}");
        Ok(())
    };
    unprivileged(NONE, || {
        let before = hostname()?;
        user_namespace(NONE, || {
            expect_refused("namespaces that the parent owns")?;
            unshare(CLONE_NEWUTS | CLONE_NEWNS).doing("unshare namespaces for it to own")?;
            expect_ok!(sethostname("renamed"), "namespaces of its own");
            expect_ok!(tmpfs("/mnt"), "namespaces of its own");
            user_namespace(NONE, || expect_refused("namespaces of its own, from a user namespace below"))
        })?;
        expect_eq!(hostname()?, before);
        holds()
    })
}

/// Root outside can join a UTS namespace that a user namespace below owns and set its hostname; the owner must join that user
/// namespace first.
#[claim(
    source = [
        "user_namespaces(7) Capabilities",
        "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
    ],
    needs = [Root, UserNamespaces],
)]
fn ancestor_root_administers_owned_namespaces() -> Verdict {
    let before = hostname()?;
    let owned = owned_by(NOBODY, None, CLONE_NEWUTS, |outside| {
        outside.wait()?;
        hostname()
    })?;
    let (user, uts) = (owned.namespace(Kind::User)?, owned.namespace(Kind::Uts)?);
    as_user(NOBODY, NONE, || {
        expect_errno!(setns(&uts, CLONE_NEWUTS), EPERM, "by the owner, from outside");
        setns(&user, CLONE_NEWUSER).doing("join the user namespace")?;
        expect_ok!(setns(&uts, CLONE_NEWUTS), "by the owner, from inside");
        Ok(())
    })?;
    child(NONE, || {
        expect_ok!(setns(&uts, CLONE_NEWUTS), "by root");
        expect_ok!(sethostname("renamed"), "by root");
        Ok(())
    })?;
    owned.go()?;
    expect_eq!(owned.join()?, "renamed");
    expect_eq!(hostname()?, before);
    holds()
}
