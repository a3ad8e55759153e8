//! What unshare() makes and whom it moves there: `namespaces(7)`, The namespaces API; `unshare(2)`.

use std::collections::BTreeSet;

use kit::prelude::*;
use kit::sys::ns::get_nstype;
use kit::{Links, NO_LINKS};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    create_eight_types,
    unshare_moves_caller_cgroup,
    unshare_moves_caller_ipc,
    unshare_moves_caller_mnt,
    unshare_moves_caller_net,
    unshare_moves_caller_user,
    unshare_moves_caller_uts,
    unshare_time_not_caller,
    create_puts_self_or_children,
    unshare_leaves_others_alone,
    unshare_several_at_once,
    unshare_time_again_but_not_pid,
];

/// Root can create namespaces of each of the eight kinds with unshare(); every call makes another one.
#[claim(
    source = [
        "namespaces(7) Namespace types",
        "unshare(2) DESCRIPTION",
        "Linux Namespaces",
        "namespaces-fun",
        "Linux_name_space",
    ],
    needs = [Root, UserNamespaces, Config("TIME_NS")],
)]
fn create_eight_types() -> Verdict {
    for kind in Kind::ALL {
        let mut all = BTreeSet::from([own_inode(kind)?]);
        let mut makers = Vec::new();
        for _ in 0..2 {
            let maker = spawn(NONE, |case| {
                expect_ok!(unshare(kind.flag()), "a {kind} namespace");
                let made = waiting(NONE)?.namespace(kind)?;
                expect_eq!(get_nstype(&made).doing("ask for the kind of a namespace")?, kind.flag());
                case.send(&made.inode()?)?;
                case.wait()
            })?;
            expect!(all.insert(maker.recv()?), "two {kind} namespaces are the same: {all:?}");
            // As long as it lives, no other namespace can get the number of its own.
            makers.push(maker);
        }
    }
    holds()
}

/// unshare(CLONE_NEWCGROUP) moves the caller to a new cgroup namespace, where its next children are born, too.
///
/// It is in no new namespace of another kind.
#[claim(source = ["namespaces(7) The namespaces API", "unshare(2) DESCRIPTION"], needs = [Root])]
fn unshare_moves_caller_cgroup() -> Verdict {
    moves_the_caller(Kind::Cgroup)
}

/// unshare(CLONE_NEWIPC) moves the caller to a new IPC namespace, where its next children are born, too.
///
/// It is in no new namespace of another kind.
#[claim(
    source = ["namespaces(7) The namespaces API", "unshare(2) DESCRIPTION", "namespaces-fun"],
    needs = [Root],
)]
fn unshare_moves_caller_ipc() -> Verdict {
    moves_the_caller(Kind::Ipc)
}

/// unshare(CLONE_NEWNS) moves the caller to a new mount namespace, where its next children are born, too.
///
/// It is in no new namespace of another kind.
#[claim(
    source = ["namespaces(7) The namespaces API", "unshare(2) DESCRIPTION", "namespaces-fun"],
    needs = [Root],
)]
fn unshare_moves_caller_mnt() -> Verdict {
    moves_the_caller(Kind::Mnt)
}

/// unshare(CLONE_NEWNET) moves the caller to a new network namespace, where its next children are born, too.
///
/// It is in no new namespace of another kind.
#[claim(
    source = [
        "namespaces(7) The namespaces API",
        "unshare(2) DESCRIPTION",
        "namespaces-fun",
        "Few notes about network namespaces in Linux",
    ],
    needs = [Root],
)]
fn unshare_moves_caller_net() -> Verdict {
    moves_the_caller(Kind::Net)
}

/// unshare(CLONE_NEWUSER) moves the caller to a new user namespace, where its next children are born, too.
///
/// It is in no new namespace of another kind.
#[claim(
    source = ["namespaces(7) The namespaces API", "unshare(2) DESCRIPTION", "What's in a name(space)?"],
    needs = [Root, UserNamespaces],
)]
fn unshare_moves_caller_user() -> Verdict {
    moves_the_caller(Kind::User)
}

/// unshare(CLONE_NEWUTS) moves the caller to a new UTS namespace, where its next children are born, too.
///
/// It is in no new namespace of another kind.
#[claim(
    source = ["namespaces(7) The namespaces API", "unshare(2) DESCRIPTION", "namespaces-fun"],
    needs = [Root],
)]
fn unshare_moves_caller_uts() -> Verdict {
    moves_the_caller(Kind::Uts)
}

/// unshare(CLONE_NEWTIME) leaves the caller in its time namespace; its next children are born in the new one.
#[claim(source = ["unshare(2) CLONE_NEWTIME", "What's in a name(space)?"], needs = [Root, Config("TIME_NS")])]
fn unshare_time_not_caller() -> Verdict {
    let before = Links::own()?;
    expect_eq!(before.get("time_for_children")?, before.get("time")?, "before");
    expect_eq!(child(NONE, Links::own)?.changed_since(&before), NO_LINKS, "a child's, before");
    expect_ok!(unshare(CLONE_NEWTIME));
    let after = Links::own()?;
    expect_eq!(after.changed_since(&before), ["time_for_children"]);
    let childs = child(NONE, Links::own)?;
    expect_eq!(childs.changed_since(&before), ["time", "time_for_children"]);
    expect_eq!(childs.get("time")?, after.get("time_for_children")?);
    expect_eq!(Links::own()?.changed_since(&after), NO_LINKS, "after a fork");
    holds()
}

/// unshare() moves the caller to the new namespace, except for the PID and time kinds: only its next children are in
/// those.
#[claim(
    source = "What's in a name(space)?",
    needs = [Root, UserNamespaces, Config("TIME_NS")],
    erratum = "What's in a name(space)?, summary: unshare() moves the calling process into the new namespaces.",
)]
fn create_puts_self_or_children() -> Verdict {
    for kind in Kind::ALL {
        child(NONE, || {
            let before = own_inode(kind)?;
            expect_ok!(unshare(kind.flag()), "a {kind} namespace");
            let new = child(NONE, || own_inode(kind))?;
            expect_ne!(new, before, "the {kind} namespace of the caller's child");
            let callers = if matches!(kind, Kind::Pid | Kind::Time) { before } else { new };
            expect_eq!(own_inode(kind)?, callers, "the caller's {kind} namespace, where its child's is {new}");
            Ok(())
        })?;
    }
    holds()
}

/// unshare() by one process moves no other: its parent, its sibling and a child that it already had stay where they
/// were.
#[claim(
    source = ["namespaces(7) The namespaces API", "Few notes about network namespaces in Linux"],
    needs = [Root, UserNamespaces, Config("TIME_NS")],
)]
fn unshare_leaves_others_alone() -> Verdict {
    let sibling = waiting(NONE)?;
    let before = Links::own()?;
    for kind in Kind::ALL {
        let caller = spawn(NONE, |case| {
            let child_of_before = waiting(NONE)?;
            case.send(&child_of_before.pid().as_raw())?;
            case.wait()?;
            expect_ok!(unshare(kind.flag()), "a {kind} namespace");
            case.go()?;
            case.wait()
        })?;
        let its_child = nix::unistd::Pid::from_raw(caller.recv()?);
        expect_eq!(Links::of(caller.pid())?.changed_since(&before), NO_LINKS, "the caller's, before");
        caller.go()?;
        caller.recv::<()>()?;
        expect_eq!(Links::of(caller.pid())?.changed_since(&before), [kind.unshared_link()], "the caller's");
        for (whose, links) in
            [("parent", Links::own()?), ("sibling", Links::of(sibling.pid())?), ("child", Links::of(its_child)?)]
        {
            expect_eq!(
                links.changed_since(&before),
                NO_LINKS,
                "its {whose}'s, after it has unshared a {kind} namespace"
            );
        }
    }
    holds()
}

/// One unshare() with several flags makes one namespace of each kind that is named, and none of another kind.
#[claim(
    source = ["namespaces(7) The namespaces API", "unshare(2) DESCRIPTION", "namespaces-fun"],
    needs = [Root, UserNamespaces, Config("TIME_NS")],
)]
fn unshare_several_at_once() -> Verdict {
    let before = Links::own()?;
    for left_out in [None].into_iter().chain(Kind::ALL.map(Some)) {
        let kinds: Vec<_> = Kind::ALL.into_iter().filter(|kind| Some(*kind) != left_out).collect();
        child(NONE, || {
            expect_ok!(unshare(Kind::flags(&kinds)), "{kinds:?}");
            let links: Vec<_> = kinds.iter().map(|kind| kind.unshared_link()).collect();
            expect_eq!(Links::own()?.changed_since(&before), links);
            Ok(())
        })?;
    }
    holds()
}

/// A second unshare(CLONE_NEWTIME) makes another time namespace; a second unshare(CLONE_NEWPID) fails with EINVAL.
///
/// The latter stays so when the first PID namespace's init is dead, until setns(2) points the children back.
#[claim(
    source = ["unshare(2) ERRORS", "pid_namespaces(7) setns(2) and unshare(2) semantics"],
    needs = [Root, Config("TIME_NS")],
)]
fn unshare_time_again_but_not_pid() -> Verdict {
    let mut before = Links::own()?;
    let own = Namespace::own(Kind::Pid)?;
    for turn in ["first", "second"] {
        expect_ok!(unshare(CLONE_NEWTIME), "a {turn} time");
        let after = Links::own()?;
        expect_eq!(after.changed_since(&before), ["time_for_children"], "a {turn} time");
        before = after;
    }
    expect_ok!(unshare(CLONE_NEWPID));
    expect_errno!(unshare(CLONE_NEWPID), EINVAL, "before the first fork");
    let init = waiting(NONE)?;
    expect_errno!(unshare(CLONE_NEWPID), EINVAL, "with a living init");
    drop(init);
    expect_errno!(unshare(CLONE_NEWPID), EINVAL, "with a dead init");
    setns(&own, CLONE_NEWPID).doing("point the children back")?;
    expect_ok!(unshare(CLONE_NEWPID), "after a return");
    holds()
}

fn moves_the_caller(kind: Kind) -> Verdict {
    let before = Links::own()?;
    expect_ok!(unshare(kind.flag()));
    let after = Links::own()?;
    expect_eq!(after.changed_since(&before), [kind.name()]);
    expect_eq!(child(NONE, Links::own)?.changed_since(&after), NO_LINKS, "a child's");
    holds()
}
