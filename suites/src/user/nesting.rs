//! How deep user namespaces nest: `user_namespaces(7)`, Nested namespaces, namespace membership.

use kit::limits::{NO_LIMIT, limit, set_limit};
use kit::prelude::*;
use kit::process::{nest, try_clone3};
use kit::{Behaviour, Links, NO_LINKS};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nesting_stops_at_depth_33,
    userns_nesting_overflow_enospc,
    nesting_stops_at_the_same_depth_for_root,
    depth_counts_levels_and_not_namespaces,
    depth_counts_from_the_initial_namespace,
    depth_and_number_are_limited_apart,
    only_user_namespaces_are_refused_at_the_deepest_level,
    parent_userns_is_creators,
];

/// How many levels there can be below the initial user namespace.
const DEEPEST: usize = 33;

/// Levels are counted from the initial user namespace, whose inode number is fixed.
pub(super) const AT_THE_TOP: &Behaviour = &Behaviour {
    what: "runs nsproof in its initial user namespace, not in a container with one of its own",
    probe: || own_inode(Kind::User).is_ok_and(|inode| inode == 0xEFFF_FFFD),
};

/// User namespaces nest to 33 levels below the initial one, each the child of the one before, and no deeper.
///
/// The kernel refuses when the parent's level is above 32, and the initial namespace has level 0.
#[claim(
    source = ["user_namespaces(7) Nested namespaces, namespace membership", "kernel/user_namespace.c create_user_ns"],
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
    erratum = "user_namespaces(7), Nested namespaces, namespace membership: there can be 32 levels of user namespaces, and \
               one more fails with EUSERS.",
    quote = "a limit of 32 nested levels of user namespaces",
)]
fn nesting_stops_at_depth_33() -> Verdict {
    unprivileged(NONE, || {
        let top = own_inode(Kind::User)?;
        let deepest = spawn(NONE, |outside| {
            outside.send(&nest(usize::MAX)?)?;
            outside.wait()
        })?;
        let levels: usize = deepest.recv()?;
        expect_eq!(levels, DEEPEST);
        let mut seen = deepest.namespace(Kind::User)?;
        for level in (1..=levels).rev() {
            expect_ne!(seen.inode()?, top, "level {level}");
            seen = expect_ok!(seen.parent(), "the parent of level {level}");
        }
        expect_eq!(seen.inode()?, top, "the parent of the first level");
        holds()
    })
}

/// Creating a user namespace below the deepest level fails with ENOSPC, with unshare() as with clone3().
#[claim(
    source = ["clone(2) ERRORS", "unshare(2) ERRORS", "kernel/user_namespace.c create_user_ns"],
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
    erratum = "user_namespaces(7), Nested namespaces, namespace membership, and clone(2), ERRORS: exceeding the nesting limit \
               of user namespaces fails with EUSERS.",
    quote = "fail with the error EUSERS",
)]
fn userns_nesting_overflow_enospc() -> Verdict {
    unprivileged(NONE, || {
        nest(DEEPEST - 1)?;
        let new_user = CloneArgs::new(CLONE_NEWUSER);
        expect_ok!(try_clone3(&new_user), "the deepest level, by clone3");
        expect_eq!(nest(1)?, 1, "the deepest level, by unshare");
        expect_errno!(try_clone3(&new_user), ENOSPC);
        expect_errno!(unshare(CLONE_NEWUSER), ENOSPC);
        holds()
    })
}

/// Root of the initial user namespace can nest user namespaces as deep as an ordinary user, and no deeper.
#[claim(source = "kernel/user_namespace.c create_user_ns", needs = [Root, Behaviour(AT_THE_TOP)])]
fn nesting_stops_at_the_same_depth_for_root() -> Verdict {
    let as_root = child(NONE, || nest(usize::MAX))?;
    let as_user = unprivileged(NONE, || nest(usize::MAX))?;
    expect_eq!((as_root, as_user), (DEEPEST, DEEPEST));
    holds()
}

/// The nesting limit counts levels, not namespaces: at the deepest level there can be more namespaces side by side than there
/// are levels.
#[claim(source = "user_namespaces(7) Nested namespaces, namespace membership", needs = [UserNamespaces, Behaviour(AT_THE_TOP)])]
fn depth_counts_levels_and_not_namespaces() -> Verdict {
    unprivileged(NONE, || {
        nest(DEEPEST - 1)?;
        let mut siblings = Vec::new();
        for number in 0..=DEEPEST {
            let sibling = Spawn::new(CLONE_NEWUSER).try_start(|parent| parent.wait())?;
            siblings.push(expect_ok!(sibling, "number {number} at the deepest level"));
        }
        expect_eq!(nest(usize::MAX)?, 1, "further levels");
        holds()
    })
}

/// The nesting limit counts from the initial user namespace: a process that joins a namespace at level 20 can create 13 more
/// levels.
#[claim(source = "kernel/user_namespace.c create_user_ns", needs = [UserNamespaces, Behaviour(AT_THE_TOP)])]
fn depth_counts_from_the_initial_namespace() -> Verdict {
    unprivileged(NONE, || {
        let levels = 20;
        let deep = spawn(NONE, |outside| {
            nest(levels)?;
            outside.go()?;
            outside.wait()
        })?;
        deep.recv::<()>()?;
        let further = enter(deep.pid(), &[Kind::User], || nest(usize::MAX))?;
        expect_eq!(further, DEEPEST - levels, "levels made by a process that has joined level {levels}");
        expect_eq!(child(NONE, || nest(usize::MAX))?, DEEPEST, "levels made by its sibling that has not");
        holds()
    })
}

/// The limits of depth and number are independent: one level too many fails with ENOSPC even where 2147483647 user
/// namespaces are allowed.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces, Behaviour(AT_THE_TOP)])]
fn depth_and_number_are_limited_apart() -> Verdict {
    unprivileged(NONE, || {
        expect_eq!(nest(usize::MAX)?, DEEPEST);
        expect_eq!(limit(Kind::User)?, NO_LIMIT, "the number allowed at the deepest level");
        expect_errno!(unshare(CLONE_NEWUSER), ENOSPC);
        holds()
    })?;
    unprivileged(NONE, || {
        nest(DEEPEST - 2)?;
        set_limit(Kind::User, 1).doing("allow one user namespace")?;
        expect_eq!(nest(usize::MAX)?, 1, "levels where two are left and one namespace is allowed");
        holds()
    })
}

/// At the deepest level a process can still fork and create namespaces of every other kind, but none together with a user
/// namespace.
#[claim(
    source = "kernel/user_namespace.c create_user_ns",
    needs = [
        UserNamespaces,
        Behaviour(AT_THE_TOP),
        Config("CGROUPS"),
        Config("IPC_NS"),
        Config("NET_NS"),
        Config("PID_NS"),
        Config("TIME_NS"),
        Config("UTS_NS"),
    ],
)]
fn only_user_namespaces_are_refused_at_the_deepest_level() -> Verdict {
    unprivileged(NONE, || {
        nest(DEEPEST)?;
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::User) {
            child(NONE, || {
                let before = Links::own()?;
                expect_errno!(unshare(CLONE_NEWUSER | kind.flag()), ENOSPC, "with a {kind} namespace");
                expect_eq!(Links::own()?.changed_since(&before), NO_LINKS, "after the refusal of both");
                expect_ok!(unshare(kind.flag()), "a {kind} namespace alone");
                expect_eq!(Links::own()?.changed_since(&before), [kind.unshared_link()], "after it was made");
                Ok(())
            })?;
        }
        expect_ok!(try_fork());
        holds()
    })
}

/// The parent of a user namespace is the one that its creator was a member of, with unshare() as with clone3().
#[claim(source = "user_namespaces(7) Nested namespaces, namespace membership", needs = [UserNamespaces])]
fn parent_userns_is_creators() -> Verdict {
    unprivileged(NONE, || {
        let made = waiting(CLONE_NEWUSER)?;
        let own = own_inode(Kind::User)?;
        expect_eq!(expect_ok!(made.namespace(Kind::User)?.parent()).inode()?, own, "made by clone3");
        let moved = spawn(NONE, |outside| {
            nest(1)?;
            let grandchild = waiting(CLONE_NEWUSER)?;
            outside.send(&grandchild.pid().as_raw())?;
            outside.wait()
        })?;
        let grandchild = Namespace::of(nix::unistd::Pid::from_raw(moved.recv()?), Kind::User)?;
        let parent = expect_ok!(grandchild.parent(), "of the grandchild");
        expect_eq!(parent.inode()?, inode_of(moved.pid(), Kind::User)?, "of the grandchild");
        expect_ne!(parent.inode()?, own, "the grandchild skips no level");
        expect_eq!(expect_ok!(parent.parent()).inode()?, own, "made by unshare");
        holds()
    })
}
