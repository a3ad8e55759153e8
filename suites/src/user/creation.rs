//! Making a user namespace: who may, and what refuses it. `clone(2)` and `unshare(2)`, `CLONE_NEWUSER`.

use std::fs;
use std::path::Path;

use kit::prelude::*;
use kit::process::{NOBODY, Sets, try_clone3, with_only, without};
use kit::sys::sharing::share_memory;
use kit::sys::vfork::vfork;
use kit::sysctl::{set_sysctl, sysctl};
use kit::{Answer, Behaviour};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Gid, Pid, Uid, setfsgid, setfsuid, setgroups, setresgid, setresuid};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unprivileged_creation_by_unshare,
    unprivileged_creation_by_clone,
    unshare_makes_caller_member,
    fork_inherits_user_namespace,
    creation_needs_mapped_ids,
    creation_asks_for_the_effective_ids,
    newuser_with_clone_fs_einval,
    newuser_with_clone_parent_makes_a_sibling,
    debian_sysctl_blocks_creation,
    user_ns_config_off_einval,
];

const NEW_USER: CloneArgs<'_> = CloneArgs::new(CLONE_NEWUSER);

/// A process without any capability can create a user namespace for itself with unshare(), but no namespace of another
/// kind.
#[claim(
    source = [
        "namespaces(7) The namespaces API",
        "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
        "namespaces-fun",
        "What's in a name(space)?",
    ],
    needs = [UserNamespaces],
)]
fn unprivileged_creation_by_unshare() -> Verdict {
    unprivileged(NONE, || {
        expect!(Sets::own()?.are_void(), "before");
        let before = own_inode(Kind::User)?;
        for other in Kind::ALL.into_iter().filter(|kind| *kind != Kind::User) {
            expect_errno!(unshare(other.flag()), EPERM, "a {other} namespace");
        }
        expect_ok!(unshare(CLONE_NEWUSER));
        expect_ne!(own_inode(Kind::User)?, before);
        holds()
    })
}

/// A process without any capability can create a child in a new user namespace with clone(), but in no new namespace of
/// another kind; it stays in its own.
#[claim(
    source = ["clone(2) CLONE_NEWUSER", "user_namespaces(7) Nested namespaces, namespace membership"],
    needs = [UserNamespaces],
)]
fn unprivileged_creation_by_clone() -> Verdict {
    unprivileged(NONE, || {
        expect!(Sets::own()?.are_void(), "before");
        let before = own_inode(Kind::User)?;
        for other in Kind::ALL.into_iter().filter(|kind| *kind != Kind::User) {
            expect_errno!(try_clone3(&CloneArgs::new(other.flag())), EPERM, "a {other} namespace");
        }
        let made = expect_ok!(Spawn::new(CLONE_NEWUSER).try_start(Peer::wait)?);
        expect_ne!(inode_of(made.pid(), Kind::User)?, before, "the child's");
        expect_eq!(own_inode(Kind::User)?, before, "the parent's");
        holds()
    })
}

/// unshare(CLONE_NEWUSER) moves the caller itself into the new namespace, where unshare(CLONE_NEWPID) moves only its
/// later children.
#[claim(
    source = ["user_namespaces(7) Nested namespaces, namespace membership", "unshare(2) CLONE_NEWUSER"],
    needs = [UserNamespaces],
)]
fn unshare_makes_caller_member() -> Verdict {
    unprivileged(NONE, || {
        let before = own_inode(Kind::User)?;
        let caller = spawn(NONE, |outside| {
            expect_ok!(unshare(CLONE_NEWUSER | CLONE_NEWPID));
            outside.send(&child(NONE, || Ok((own_inode(Kind::User)?, own_inode(Kind::Pid)?)))?)?;
            outside.wait()
        })?;
        let (user_of_child, pid_of_child): (Inode, Inode) = caller.recv()?;
        let moved = caller.namespace(Kind::User)?;
        expect_ne!(moved.inode()?, before, "its user namespace");
        expect_eq!(expect_ok!(moved.parent()).inode()?, before, "the parent of its user namespace");
        expect_eq!(inode_of(caller.pid(), Kind::Pid)?, own_inode(Kind::Pid)?, "its PID namespace");
        expect_eq!(user_of_child, moved.inode()?, "the user namespace of its child");
        expect_ne!(pid_of_child, own_inode(Kind::Pid)?, "the PID namespace of its child");
        holds()
    })
}

/// A child that is created without CLONE_NEWUSER is in its parent's user namespace, and with it in one of its own.
#[claim(
    source = ["user_namespaces(7) Nested namespaces, namespace membership", "What's in a name(space)?"],
    needs = [UserNamespaces],
)]
fn fork_inherits_user_namespace() -> Verdict {
    unprivileged(NONE, || {
        let outer = own_inode(Kind::User)?;
        user_namespace(NONE, || {
            let parents = own_inode(Kind::User)?;
            expect_ne!(parents, outer, "the parent's");
            expect_eq!(child(NONE, || own_inode(Kind::User))?, parents, "by fork");
            expect_eq!(inode_of(waiting(CLONE_NEWUTS)?.pid(), Kind::User)?, parents, "with another flag");
            let other = child(CLONE_NEWUSER, || own_inode(Kind::User))?;
            expect!(![parents, outer].contains(&other), "with CLONE_NEWUSER");
            holds()
        })
    })
}

/// clone() and unshare() with CLONE_NEWUSER fail with EPERM while the caller's user ID or its group ID is not mapped in its
/// user namespace.
#[claim(source = ["clone(2) ERRORS", "unshare(2) CLONE_NEWUSER", "unshare(2) ERRORS"], needs = [UserNamespaces])]
fn creation_needs_mapped_ids() -> Verdict {
    for files in [["uid_map", "gid_map"], ["gid_map", "uid_map"]] {
        unprivileged(NONE, || {
            let maps = Maps::own_as_root();
            unshare(CLONE_NEWUSER)?;
            let expect_refused = |when: &str| {
                expect_errno!(unshare(CLONE_NEWUSER), EPERM, "{when}");
                expect_errno!(try_clone3(&NEW_USER), EPERM, "{when}");
                Ok(())
            };
            expect_refused("with no map")?;
            fs::write("/proc/self/setgroups", "deny").doing("deny setgroups")?;
            write_own(files[0], &maps)?;
            expect_refused(&format!("with {} alone", files[0]))?;
            write_own(files[1], &maps)?;
            expect_ok!(try_clone3(&NEW_USER), "with both");
            expect_ok!(unshare(CLONE_NEWUSER), "with both");
            Ok(())
        })?;
    }
    holds()
}

/// Creating a user namespace requires that the effective user ID and group ID are mapped; the real, saved and filesystem
/// IDs need not be.
#[claim(source = ["clone(2) ERRORS", "unshare(2) CLONE_NEWUSER"], needs = [Root, UserNamespaces])]
fn creation_asks_for_the_effective_ids() -> Verdict {
    let all_mapped = Ids { effective: MAPPED, others: MAPPED };
    let effective = Ids { effective: MAPPED, others: MAPPED + 1 };
    let others = Ids { effective: MAPPED + 1, others: MAPPED };
    for (user, group) in [(effective, all_mapped), (all_mapped, effective), (effective, effective)] {
        expect_ok!(unshare_as(user, group)?, "user {user:?}, group {group:?}");
    }
    for (user, group) in [(others, all_mapped), (all_mapped, others)] {
        expect_errno!(unshare_as(user, group)?, EPERM, "user {user:?}, group {group:?}");
    }
    holds()
}

/// clone() with both CLONE_NEWUSER and CLONE_FS fails with EINVAL: a child in a new user namespace cannot share its
/// parent's root and working directory.
#[claim(source = "clone(2) ERRORS", needs = [UserNamespaces])]
fn newuser_with_clone_fs_einval() -> Verdict {
    unprivileged(NONE, || {
        expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWUSER | CLONE_FS)), EINVAL);
        expect_errno!(vfork(CLONE_NEWUSER | CLONE_FS, || ()), EINVAL, "with shared memory");
        for alone in [CLONE_NEWUSER, CLONE_FS, CLONE_NEWUSER | CLONE_FILES] {
            expect_ok!(try_clone3(&CloneArgs::new(alone)), "{alone:?}");
            expect_ok!(vfork(alone, || ()), "{alone:?} with shared memory");
        }
        holds()
    })
}

/// clone() with CLONE_NEWUSER and CLONE_PARENT creates a process in a new user namespace that is the caller's sibling, not
/// its child.
#[claim(
    source = "clone(2) CLONE_NEWUSER",
    needs = [UserNamespaces],
    erratum = "clone(2), CLONE_NEWUSER: this flag can't be specified in conjunction with CLONE_THREAD or CLONE_PARENT.",
    quote = "This flag can't be specified in conjunction with CLONE_THREAD or CLONE_PARENT.",
)]
fn newuser_with_clone_parent_makes_a_sibling() -> Verdict {
    unprivileged(NONE, || {
        for (flags, is_ours) in [(CLONE_NEWUSER | CLONE_PARENT, true), (CLONE_NEWUSER, false)] {
            let caller = spawn(NONE, |parent| {
                parent.send(&expect_ok!(share_memory(flags, 7), "{flags:?}").pid().as_raw())?;
                parent.wait()
            })?;
            let made = Pid::from_raw(caller.recv()?);
            if is_ours {
                expect_ok!(waitid(Id::Pid(made), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT), "with CLONE_PARENT");
                expect_ne!(inode_of(made, Kind::User)?, own_inode(Kind::User)?);
                expect_eq!(waitpid(made, None), Ok(WaitStatus::Exited(made, 7)));
            } else {
                expect_errno!(waitpid(made, None), ECHILD, "without CLONE_PARENT");
            }
        }
        holds()
    })
}

/// While Debian's `kernel.unprivileged_userns_clone` is 0, clone() and unshare() with CLONE_NEWUSER fail with EPERM for
/// processes without CAP_SYS_ADMIN.
#[claim(source = "Debian kernel/fork.c copy_process", needs = [Root, Disposable, Behaviour(DEBIANS_SWITCH)])]
fn debian_sysctl_blocks_creation() -> Verdict {
    let allowed = || {
        expect_ok!(try_clone3(&NEW_USER), "clone");
        expect_ok!(unshare(CLONE_NEWUSER), "unshare");
        Ok(())
    };
    let refused = || {
        expect_errno!(try_clone3(&NEW_USER), EPERM, "clone");
        expect_errno!(unshare(CLONE_NEWUSER), EPERM, "unshare");
        Ok(())
    };
    let before: u32 = sysctl(SWITCH)?;
    let outcome = (|| {
        set_sysctl(SWITCH, 1).doing("write the sysctl")?;
        unprivileged(NONE, allowed).doing("an ordinary user, with 1")?;
        without(CapabilitySet::SYS_ADMIN, NONE, allowed).doing("root without CAP_SYS_ADMIN, with 1")?;
        set_sysctl(SWITCH, 0).doing("write the sysctl")?;
        unprivileged(NONE, refused).doing("an ordinary user, with 0")?;
        without(CapabilitySet::SYS_ADMIN, NONE, refused).doing("root without CAP_SYS_ADMIN, with 0")?;
        with_only(CapabilitySet::SYS_ADMIN, NONE, allowed).doing("root with CAP_SYS_ADMIN alone, with 0")?;
        holds()
    })();
    set_sysctl(SWITCH, before).doing("put the sysctl back")?;
    outcome
}

/// On a kernel without CONFIG_USER_NS, clone() and unshare() with CLONE_NEWUSER fail with EINVAL.
#[claim(
    source = ["clone(2) ERRORS", "unshare(2) ERRORS", "user_namespaces(7) Availability"],
    needs = [Root, InitialNamespaces, Behaviour(BUILT_WITHOUT)],
)]
fn user_ns_config_off_einval() -> Verdict {
    expect_errno!(try_clone3(&NEW_USER), EINVAL);
    expect_errno!(unshare(CLONE_NEWUSER), EINVAL);
    // The kind that no kernel is built without.
    expect_ok!(try_clone3(&CloneArgs::new(CLONE_NEWNS)), "a mount namespace");
    expect_ok!(unshare(CLONE_NEWNS), "a mount namespace");
    holds()
}

const SWITCH: &str = "kernel/unprivileged_userns_clone";

const DEBIANS_SWITCH: &Behaviour = &Behaviour {
    what: "has Debian's sysctl kernel.unprivileged_userns_clone",
    probe: || Path::new("/proc/sys").join(SWITCH).exists(),
};

const BUILT_WITHOUT: &Behaviour =
    &Behaviour { what: "is built without CONFIG_USER_NS", probe: || !Path::new("/proc/self/ns/user").exists() };

/// The only ID that is mapped where [`unshare_as`] makes a user namespace.
const MAPPED: u32 = NOBODY;

/// A process's user or group IDs.
#[derive(Debug, Clone, Copy)]
struct Ids {
    effective: u32,
    /// The real, the saved and the filesystem ID.
    others: u32,
}

/// What comes of making a user namespace in one that maps [`MAPPED`] alone, by a process with these IDs.
fn unshare_as(user: Ids, group: Ids) -> Outcome<Answer> {
    let caller = spawn(NONE, |root| {
        let (real, effective) = (Gid::from_raw(group.others), Gid::from_raw(group.effective));
        setgroups(&[]).doing("setgroups")?;
        setresgid(real, effective, real).doing("setresgid")?;
        setfsgid(real);
        let (real, effective) = (Uid::from_raw(user.others), Uid::from_raw(user.effective));
        setresuid(real, effective, real).doing("setresuid")?;
        setfsuid(real);
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        root.go()?;
        root.wait()?;
        Ok(unshare(CLONE_NEWUSER).portable())
    })?;
    caller.recv::<()>()?;
    Maps::range(MAPPED, 1).write(&caller.pid().to_string())?;
    caller.go()?;
    caller.join()
}

/// Writes one of the caller's own map files.
fn write_own(file: &str, maps: &Maps) -> Outcome<()> {
    let lines = if file == "uid_map" { &maps.uid } else { &maps.gid };
    let text: String = lines.iter().map(|line| format!("{} {} {}\n", line.inside, line.outside, line.count)).collect();
    fs::write(format!("/proc/self/{file}"), text).doing(format!("write {file}"))
}
