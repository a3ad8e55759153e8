//! Making a user namespace: who may, and what refuses it. `clone(2)` and `unshare(2)`, `CLONE_NEWUSER`.

use std::fs;
use std::path::Path;

use kit::Behaviour;
use kit::prelude::*;
use kit::process::{Identity, NOBODY, Sets, try_clone3};
use kit::sys::sharing::share_memory;
use kit::sys::vfork::vfork;
use kit::sysctl::{set_sysctl, sysctl};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

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

/// A process without any capability can make itself a user namespace with unshare(), though none of another kind.
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
        expect_errno!(unshare(CLONE_NEWUTS), EPERM, "another kind");
        expect_ok!(unshare(CLONE_NEWUSER));
        expect_ne!(own_inode(Kind::User)?, before);
        holds()
    })
}

/// A process without any capability can have a child in a new user namespace by clone(), and stays where it is itself.
#[claim(
    source = ["clone(2) CLONE_NEWUSER", "user_namespaces(7) Nested namespaces, namespace membership"],
    needs = [UserNamespaces],
)]
fn unprivileged_creation_by_clone() -> Verdict {
    unprivileged(NONE, || {
        expect!(Sets::own()?.are_void(), "before");
        let before = own_inode(Kind::User)?;
        expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWUTS)), EPERM, "another kind");
        let made = expect_ok!(Spawn::new(CLONE_NEWUSER).try_start(Peer::wait)?);
        expect_ne!(inode_of(made.pid(), Kind::User)?, before, "the child's");
        expect_eq!(own_inode(Kind::User)?, before, "the parent's");
        holds()
    })
}

/// unshare() of a user namespace moves the caller itself, at once; of a PID namespace it moves only later children.
#[claim(
    source = ["user_namespaces(7) Nested namespaces, namespace membership", "unshare(2) CLONE_NEWUSER"],
    needs = [UserNamespaces],
)]
fn unshare_makes_caller_member() -> Verdict {
    unprivileged(NONE, || {
        let before = own_inode(Kind::User)?;
        let caller = spawn(NONE, |outside| {
            expect_ok!(unshare(CLONE_NEWUSER | CLONE_NEWPID));
            outside.go()?;
            outside.wait()
        })?;
        caller.recv::<()>()?;
        let moved = caller.namespace(Kind::User)?;
        expect_ne!(moved.inode()?, before, "its user namespace");
        expect_eq!(expect_ok!(moved.parent()).inode()?, before, "the parent of its user namespace");
        expect_eq!(inode_of(caller.pid(), Kind::Pid)?, own_inode(Kind::Pid)?, "its PID namespace");
        holds()
    })
}

/// A process that is forked without CLONE_NEWUSER is in its parent's user namespace, and with the flag it is not.
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

/// Making a user namespace is EPERM while the caller's user or group has no ID in the user namespace that it is in.
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

/// It is the effective user ID that needs to be mapped for making a user namespace; the real and the saved one do not.
#[claim(source = ["clone(2) ERRORS", "unshare(2) CLONE_NEWUSER"], needs = [Root, UserNamespaces])]
fn creation_asks_for_the_effective_ids() -> Verdict {
    let group = IdMap { inside: 0, outside: NOBODY, count: 1 };
    for (effective, allowed) in [(NOBODY + 1, true), (NOBODY, false)] {
        let real = 2 * NOBODY + 1 - effective;
        let maps = Maps {
            uid: vec![IdMap { inside: 0, outside: NOBODY + 1, count: 1 }],
            gid: vec![IdMap { outside: real, ..group }],
            deny_setgroups: false,
        };
        let caller = spawn(NONE, |root| {
            Identity::user(real).ids(real, effective, real).assume()?;
            unshare(CLONE_NEWUSER)?;
            root.go()?;
            root.wait()?;
            if allowed {
                expect_ok!(unshare(CLONE_NEWUSER), "the effective user ID is mapped, no other one");
            } else {
                expect_errno!(unshare(CLONE_NEWUSER), EPERM, "the real and saved user IDs are mapped");
            }
            Ok(())
        })?;
        caller.recv::<()>()?;
        maps.write(&caller.pid().to_string())?;
        caller.go()?;
        caller.join()?;
    }
    holds()
}

/// A child in a new user namespace cannot share root and working directory with its parent: CLONE_FS makes it EINVAL.
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

/// CLONE_NEWUSER with CLONE_PARENT makes a process in a new user namespace that is the caller's sibling, not its child.
///
/// `CLONE_THREAD`, which the manual names in the same breath, is refused.
#[claim(
    source = "clone(2) CLONE_NEWUSER",
    needs = [UserNamespaces],
    erratum = "clone(2), CLONE_NEWUSER: this flag can't be specified in conjunction with CLONE_THREAD or CLONE_PARENT.",
)]
fn newuser_with_clone_parent_makes_a_sibling() -> Verdict {
    unprivileged(NONE, || {
        for (flags, is_ours) in [(CLONE_NEWUSER | CLONE_PARENT, true), (CLONE_NEWUSER, false)] {
            let caller = spawn(NONE, |parent| {
                expect_errno!(share_memory(CLONE_NEWUSER | CLONE_SIGHAND | CLONE_THREAD, 0), EINVAL);
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

/// With kernel.unprivileged_userns_clone=0, which Debian's kernels have, only CAP_SYS_ADMIN makes user namespaces: else EPERM.
#[claim(source = "Debian kernel/fork.c copy_process", needs = [Root, Disposable, Behaviour(DEBIANS_SWITCH)])]
fn debian_sysctl_blocks_creation() -> Verdict {
    let tries = || unprivileged(NONE, || Ok((try_clone3(&NEW_USER).portable(), unshare(CLONE_NEWUSER).portable())));
    let before: u32 = sysctl(SWITCH)?;
    let mut answers = Vec::new();
    for value in [1, 0] {
        set_sysctl(SWITCH, value).doing("write the sysctl")?;
        answers.push((tries(), child(NONE, || Ok(unshare(CLONE_NEWUSER).is_ok()))));
    }
    set_sysctl(SWITCH, before).doing("put the sysctl back")?;
    let mut answers = answers.into_iter();
    let (Some((allowed, root_when_allowed)), Some((refused, root_when_refused))) = (answers.next(), answers.next())
    else {
        return Err(Failure::broken("no answers"));
    };
    let (allowed, refused) = (allowed?, refused?);
    expect_ok!(allowed.0, "clone3 by an ordinary user, with 1");
    expect_ok!(allowed.1, "unshare by an ordinary user, with 1");
    expect_errno!(refused.0, EPERM, "clone3 by an ordinary user, with 0");
    expect_errno!(refused.1, EPERM, "unshare by an ordinary user, with 0");
    expect!(root_when_allowed? && root_when_refused?, "root, with 1 and with 0");
    holds()
}

/// A kernel without CONFIG_USER_NS answers CLONE_NEWUSER with EINVAL.
#[claim(
    source = ["clone(2) ERRORS", "unshare(2) ERRORS", "user_namespaces(7) Availability"],
    needs = [Root, InitialNamespaces, Behaviour(BUILT_WITHOUT)],
)]
fn user_ns_config_off_einval() -> Verdict {
    expect_errno!(try_clone3(&NEW_USER), EINVAL);
    expect_errno!(unshare(CLONE_NEWUSER), EINVAL);
    expect_ok!(unshare(CLONE_NEWNS), "the kind that every kernel has");
    holds()
}

const SWITCH: &str = "kernel/unprivileged_userns_clone";

const DEBIANS_SWITCH: &Behaviour = &Behaviour {
    what: "has Debian's sysctl kernel.unprivileged_userns_clone",
    probe: || Path::new("/proc/sys").join(SWITCH).exists(),
};

const BUILT_WITHOUT: &Behaviour =
    &Behaviour { what: "is built without CONFIG_USER_NS", probe: || !Path::new("/proc/self/ns/user").exists() };

/// Writes one of the caller's own map files.
fn write_own(file: &str, maps: &Maps) -> Outcome<()> {
    let lines = if file == "uid_map" { &maps.uid } else { &maps.gid };
    let text: String = lines.iter().map(|line| format!("{} {} {}\n", line.inside, line.outside, line.count)).collect();
    fs::write(format!("/proc/self/{file}"), text).doing(format!("write {file}"))
}
