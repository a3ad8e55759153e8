//! Network namespaces do not nest: `network_namespaces(7)`; `NS_GET_PARENT(2const)`.

use std::os::fd::AsFd;

use kit::Room;
use kit::prelude::*;
use kit::sys::ns::get_nstype;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    net_no_parent,
    a_namespace_made_inside_another_does_not_keep_it,
    a_namespace_made_inside_another_is_not_ended_with_it,
    made_inside_each_other_beyond_depth_32,
    any_namespace_can_be_joined_from_any,
];

/// NS_GET_PARENT on a network namespace fails with EINVAL, even if it was made by a process in another new network
/// namespace.
#[claim(source = ["NS_GET_PARENT(2const)", "Linux Namespaces"], needs = [UserNamespaces])]
fn net_no_parent() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let inner = waiting(CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUSER)?;
        let net = inner.namespace(Kind::Net)?;
        expect_errno!(net.parent(), EINVAL);
        for kind in [Kind::Pid, Kind::User] {
            let parent = expect_ok!(inner.namespace(kind)?.parent(), "the {kind} namespace of the same process");
            expect_eq!(parent.inode()?, own_inode(kind)?);
        }
        expect_eq!(get_nstype(&net), Ok(CLONE_NEWNET));
        holds()
    })
}

/// A network namespace ends with its last process, although one that was made by a process in it still exists.
#[claim(source = ["Linux Namespaces", "namespaces(7) Namespace lifetime"], needs = [UserNamespaces])]
fn a_namespace_made_inside_another_does_not_keep_it() -> Verdict {
    Room::with(Kind::Net, 2, |room| {
        let outer = Spawn::new(CLONE_NEWNET).without_files().start(|case| {
            let inner = waiting(CLONE_NEWNET)?;
            case.send(&inner.pid().as_raw())?;
            case.wait()
        })?;
        let inner = Namespace::of(Pid::from_raw(outer.recv()?), Kind::Net)?;
        expect_errno!(room.member()?, ENOSPC, "the outer and the inner one are there");
        drop(outer);
        let _in_its_place = expect_ok!(room.member_when_free()?, "the outer one's only process has ended");
        room.let_the_kernel_catch_up()?;
        expect_errno!(room.member()?, ENOSPC, "the inner one is still there");
        expect_ok!(setns(&inner, CLONE_NEWNET), "the inner one");
        holds()
    })
}

/// The end of a network namespace's first process does not end a process in a network namespace that was made inside
/// it.
#[claim(source = "Linux Namespaces", needs = [UserNamespaces])]
fn a_namespace_made_inside_another_is_not_ended_with_it() -> Verdict {
    user_namespace(NONE, || {
        expect!(survives_the_outer_one(Kind::Net)?, "the process in the inner network namespace has ended");
        expect!(!survives_the_outer_one(Kind::Pid)?, "the process in the inner PID namespace has survived");
        holds()
    })
}

/// Network namespaces can be made one inside the other more often than the 32 levels that PID and user namespaces may
/// have.
#[claim(source = "Linux Namespaces", needs = [UserNamespaces])]
fn made_inside_each_other_beyond_depth_32() -> Verdict {
    user_namespace(NONE, || {
        let mut all = vec![own_inode(Kind::Net)?];
        let mut kept = Vec::new();
        for level in 1..=40 {
            expect_ok!(unshare(CLONE_NEWNET), "made inside the one before, number {level}");
            kept.push(Namespace::own(Kind::Net)?);
            all.push(own_inode(Kind::Net)?);
        }
        all.sort_unstable();
        all.dedup();
        expect_eq!(all.len(), 41, "different network namespaces at the same time");
        holds()
    })
}

/// A network namespace can be joined from the one that it was made in, from one that was made in it, and from a
/// sibling.
#[claim(source = ["setns(2) Details for specific namespace types", "Linux Namespaces"], needs = [UserNamespaces])]
fn any_namespace_can_be_joined_from_any() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let outer = Namespace::own(Kind::Net)?;
        let processes = [waiting(CLONE_NEWNET)?, waiting(CLONE_NEWNET)?];
        let [inner, sibling] = processes.each_ref().map(|process| process.namespace(Kind::Net));
        let all = [("outer", outer), ("inner", inner?), ("sibling", sibling?)];
        for (from, here) in &all {
            for (to, there) in &all {
                setns(here, CLONE_NEWNET).doing("go to the start")?;
                expect_ok!(setns(there, CLONE_NEWNET), "from the {from} one to the {to} one");
                expect_eq!(own_inode(Kind::Net)?, there.inode()?, "from the {from} one to the {to} one");
            }
        }
        let upwards = child(CLONE_NEWPID, || {
            let outer = Namespace::own(Kind::Pid)?;
            child(CLONE_NEWPID, || Ok(setns(&outer, CLONE_NEWPID).portable()))
        })?;
        expect_errno!(upwards, EINVAL, "the answer where namespaces do nest, from an inner PID namespace");
        holds()
    })
}

/// Whether a process in a namespace of this kind is there after the first process of the one has ended in which that
/// was made.
fn survives_the_outer_one(kind: Kind) -> Outcome<bool> {
    let (ours, theirs) = Peer::pair()?;
    let outer = spawn(kind.flag(), |case| {
        let inner = spawn(kind.flag(), |_| {
            theirs.wait()?;
            theirs.go()
        })?;
        case.send_fd(inner.pidfd())?;
        case.wait()
    })?;
    let inner = outer.peer().recv_fd()?;
    drop(outer);
    let mut dead = [PollFd::new(inner.as_fd(), PollFlags::POLLIN)];
    if poll(&mut dead, PollTimeout::ZERO)? > 0 {
        return Ok(false);
    }
    ours.go()?;
    ours.wait()?;
    Ok(true)
}
