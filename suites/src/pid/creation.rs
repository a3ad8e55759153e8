//! How a PID namespace comes to be, who may make one, and whose it is: `pid_namespaces(7)`, `unshare(2)`, `clone(2)`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process;

use kit::Behaviour;
use kit::prelude::*;
use kit::process::{try_clone3, user_namespace_with, with_only, without};
use nix::unistd::gettid;
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    first_child_after_unshare_is_pid_1,
    clone_newpid_child_is_pid_1,
    second_process_gets_pid_2,
    two_namespaces_share_pid_numbers,
    ns_directory_has_both_pid_entries,
    unshare_leaves_caller_in_its_pid_namespace,
    setns_leaves_caller_in_its_pid_namespace,
    newpid_needs_cap_sys_admin,
    newuser_with_newpid_needs_no_privilege,
    pidns_made_with_userns_is_owned_by_it,
    unshare_refused_when_pidns_owner_not_ancestor,
    newpid_unsupported_without_config,
];

const NEW_PID: CloneArgs<'_> = CloneArgs::new(CLONE_NEWPID);

/// The first child that a process forks after unshare(CLONE_NEWPID) has PID 1.
#[claim(
    source = [
        "pid_namespaces(7)",
        "pid_namespaces(7) The namespace init process",
        "unshare(2) CLONE_NEWPID",
        "Linux_name_space",
    ],
    needs = [Root]
)]
fn first_child_after_unshare_is_pid_1() -> Verdict {
    expect_ne!(child(NONE, own_pid)?, 1, "before");
    expect_ok!(unshare(CLONE_NEWPID));
    expect_eq!(child(NONE, own_pid)?, 1);
    holds()
}

/// A child that clone(2) makes with CLONE_NEWPID has PID 1 in its own PID namespace and another PID in its parent's.
#[claim(source = ["pid_namespaces(7) The namespace init process", "clone(2) CLONE_NEWPID"], needs = [Root])]
fn clone_newpid_child_is_pid_1() -> Verdict {
    let says_its_pid = |parent: &Peer| parent.send(&process::id());
    let plain = spawn(NONE, says_its_pid)?;
    expect_eq!(plain.recv::<i32>()?, plain.pid().as_raw(), "without the flag");
    let init = spawn(CLONE_NEWPID, says_its_pid)?;
    expect_eq!(init.recv::<i32>()?, 1);
    expect!(init.pid().as_raw() > 1, "its parent knows it as {}", init.pid());
    holds()
}

/// PIDs in a new PID namespace start at 1: the process after its init has PID 2, and a thread takes a number too.
#[claim(source = "pid_namespaces(7)", needs = [Root])]
fn second_process_gets_pid_2() -> Verdict {
    let (inside, outside) = child(CLONE_NEWPID, || child(NONE, both_pids))?;
    expect_eq!(inside, 2);
    expect_ne!(outside, 2, "as the outer namespace numbers it");
    let thread_then_process = child(CLONE_NEWPID, || {
        let thread = std::thread::spawn(|| gettid().as_raw()).join();
        let thread = thread.map_err(|_| Failure::broken("a thread panicked"))?;
        Ok((thread, child(NONE, own_pid)?))
    })?;
    expect_eq!(thread_then_process, (2, 3));
    holds()
}

/// Two PID namespaces can each have a process 1 and a process 2 at the same time.
#[claim(
    source = ["pid_namespaces(7)", "Linux_name_space", "What's in a name(space)?"],
    needs = [Root]
)]
fn two_namespaces_share_pid_numbers() -> Verdict {
    let pair = |parent: &Peer| {
        let second = spawn(NONE, |init| {
            init.send(&both_pids()?)?;
            init.wait()
        })?;
        parent.send(&[both_pids()?, second.recv()?])?;
        parent.wait()
    };
    let (one, other) = (spawn(CLONE_NEWPID, pair)?, spawn(CLONE_NEWPID, pair)?);
    let pids: [[(u32, u32); 2]; 2] = [one.recv()?, other.recv()?];
    let inside = pids.map(|pair| pair.map(|(inside, _)| inside));
    expect_eq!(inside, [[1, 2], [1, 2]]);
    let outside: BTreeSet<_> = pids.iter().flatten().map(|(_, outside)| outside).collect();
    expect_eq!(outside.len(), 4, "different processes: {pids:?}");
    holds()
}

/// A process's ns directory in /proc has the links pid, for its own PID namespace, and pid_for_children, for its
/// children's.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "namespaces-fun"],
    since = "4.12"
)]
fn ns_directory_has_both_pid_entries() -> Verdict {
    let other = waiting(NONE)?;
    for process in ["self".to_owned(), other.pid().to_string()] {
        let directory = format!("/proc/{process}/ns");
        let names = std::fs::read_dir(&directory).doing(format!("list {directory}"))?;
        let names: Vec<_> = names.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        for name in ["pid", "pid_for_children"] {
            expect!(names.iter().any(|one| one == name), "{directory} has no {name} but {names:?}");
            let text = expect_ok!(std::fs::read_link(format!("{directory}/{name}")));
            expect!(text.to_string_lossy().starts_with("pid:["), "{directory}/{name} is {text:?}");
        }
    }
    holds()
}

/// unshare(CLONE_NEWPID) moves only later children: the caller keeps its PID and its PID namespace.
#[claim(
    source = [
        "pid_namespaces(7) setns(2) and unshare(2) semantics",
        "unshare(2) CLONE_NEWPID",
        "namespaces-fun",
        "What's in a name(space)?",
    ],
    needs = [Root]
)]
fn unshare_leaves_caller_in_its_pid_namespace() -> Verdict {
    let before = (process::id(), own_inode(Kind::Pid)?);
    expect_ok!(unshare(CLONE_NEWPID));
    expect_eq!((process::id(), own_inode(Kind::Pid)?), before);
    let first = waiting(NONE)?;
    expect_eq!((process::id(), own_inode(Kind::Pid)?), before, "after a fork");
    let for_children = inode_at("/proc/self/ns/pid_for_children")?;
    expect_ne!(for_children, before.1);
    expect_eq!(inode_of(first.pid(), Kind::Pid)?, for_children);
    holds()
}

/// Joining a descendant PID namespace with setns(2) moves only later children: the caller keeps its PID and its PID
/// namespace.
#[claim(
    source = ["pid_namespaces(7) setns(2) and unshare(2) semantics", "setns(2) Details for specific namespace types"],
    needs = [Root]
)]
fn setns_leaves_caller_in_its_pid_namespace() -> Verdict {
    let target = waiting(CLONE_NEWPID)?;
    let below = target.namespace(Kind::Pid)?;
    let before = (process::id(), own_inode(Kind::Pid)?);
    let (inside, outside) = child(NONE, both_pids)?;
    expect_eq!(inside, outside, "a child of before");
    expect_ok!(setns(&below, CLONE_NEWPID));
    expect_eq!((process::id(), own_inode(Kind::Pid)?), before);
    let joined = child(NONE, || Ok((own_pid()?, own_inode(Kind::Pid)?)))?;
    expect_eq!(joined, (2, below.inode()?));
    holds()
}

/// Making a PID namespace by clone3(2) or unshare(2) requires CAP_SYS_ADMIN; without it the call fails with EPERM.
#[claim(
    source = ["clone(2) CLONE_NEWPID", "unshare(2) CLONE_NEWPID", "Linux Namespaces"],
    needs = [Root]
)]
fn newpid_needs_cap_sys_admin() -> Verdict {
    without(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_errno!(try_clone3(&NEW_PID), EPERM);
        expect_errno!(unshare(CLONE_NEWPID), EPERM);
        Ok(())
    })?;
    with_only(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_ok!(try_clone3(&NEW_PID), "with no other capability");
        expect_ok!(unshare(CLONE_NEWPID), "with no other capability");
        Ok(())
    })?;
    holds()
}

/// An ordinary user may make a user namespace and a PID namespace in one call; the PID namespace alone fails with
/// EPERM.
#[claim(
    source = [
        "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
        "unshare(2) NOTES",
        "namespaces-fun",
    ],
    needs = [UserNamespaces]
)]
fn newuser_with_newpid_needs_no_privilege() -> Verdict {
    unprivileged(NONE, || {
        expect_errno!(unshare(CLONE_NEWPID), EPERM);
        expect_errno!(try_clone3(&NEW_PID), EPERM);
        expect_ok!(try_clone3(&CloneArgs::new(CLONE_NEWUSER | CLONE_NEWPID)));
        expect_ok!(unshare(CLONE_NEWUSER | CLONE_NEWPID));
        expect_eq!(child(NONE, own_pid)?, 1);
        Ok(())
    })?;
    holds()
}

/// A PID namespace made in the same call as a user namespace is owned by that one, otherwise by its creator's user
/// namespace.
#[claim(
    source = [
        "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
        "ioctl_nsfs(2) NS_GET_USERNS",
    ],
    needs = [UserNamespaces]
)]
fn pidns_made_with_userns_is_owned_by_it() -> Verdict {
    user_namespace(NONE, || {
        let creators = own_inode(Kind::User)?;
        for (flags, in_creators) in [(CLONE_NEWPID, true), (CLONE_NEWUSER | CLONE_NEWPID, false)] {
            let init = waiting(flags)?;
            let owner = expect_ok!(init.namespace(Kind::Pid)?.owner()).inode()?;
            expect_eq!(owner, inode_of(init.pid(), Kind::User)?);
            expect_eq!(owner == creators, in_creators, "made with {flags:?}");
        }
        Ok(())
    })?;
    holds()
}

/// unshare(CLONE_NEWPID) fails with EINVAL unless the caller's user namespace is, or descends from, the owner of its
/// PID namespace.
///
/// No manual page says so. It is why unshare(1) fails in a PID namespace that `nsenter -p` alone has entered.
#[claim(source = "kernel/pid_namespace.c create_pid_namespace", needs = [Root, UserNamespaces])]
fn unshare_refused_when_pidns_owner_not_ancestor() -> Verdict {
    let init = user_namespace_with(&Maps::own_as_root(), CLONE_NEWPID, Peer::wait)?;
    enter(init.pid(), &[Kind::Pid], || {
        expect_errno!(unshare(CLONE_NEWPID), EINVAL);
        expect_errno!(unshare(CLONE_NEWUSER | CLONE_NEWPID), EINVAL);
        Ok(())
    })?;
    for (target, kinds) in [(&init, &[Kind::User, Kind::Pid][..]), (&waiting(CLONE_NEWPID)?, &[Kind::Pid])] {
        for flags in [CLONE_NEWPID, CLONE_NEWUSER | CLONE_NEWPID] {
            enter(target.pid(), kinds, || {
                expect_ok!(unshare(flags), "{flags:?} after joining {kinds:?}");
                Ok(())
            })?;
        }
    }
    holds()
}

/// On a kernel built without CONFIG_PID_NS, clone3(2) and unshare(2) with CLONE_NEWPID fail with EINVAL.
#[claim(
    source = ["pid_namespaces(7)", "unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [Root, InitialNamespaces, Behaviour(BUILT_WITHOUT)]
)]
fn newpid_unsupported_without_config() -> Verdict {
    expect_errno!(try_clone3(&NEW_PID), EINVAL);
    expect_errno!(unshare(CLONE_NEWPID), EINVAL);
    expect_ok!(try_clone3(&CloneArgs::new(CLONE_NEWNS)), "a kind of namespace that every kernel has");
    expect_ok!(unshare(CLONE_NEWNS), "a kind of namespace that every kernel has");
    holds()
}

const BUILT_WITHOUT: &Behaviour =
    &Behaviour { what: "is built without CONFIG_PID_NS", probe: || !Path::new("/proc/self/ns/pid").exists() };

fn own_pid() -> Outcome<u32> {
    Ok(process::id())
}

/// The caller's PID in its own namespace, and in the one whose `/proc` is mounted.
fn both_pids() -> Outcome<(u32, u32)> {
    let outside = std::fs::read_link("/proc/self").doing("readlink /proc/self")?;
    Ok((process::id(), outside.to_string_lossy().parse()?))
}
