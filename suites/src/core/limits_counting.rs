//! What counts for a limit on the number of namespaces, and for whom: `namespaces(7)`, The /proc/sys/user directory.

use kit::limits::{NO_LIMIT, limit, set_limit};
use kit::prelude::*;
use kit::process::{Identity, become_root_inside, nest, owned_by, try_clone3, user_namespace_with};
use kit::settle;
use nix::errno::Errno;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::creating_rights::OTHERS;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    limits_per_user,
    limits_count_the_effective_user,
    limits_hierarchical,
    limits_counted_to_creator_uid,
    limits_user_nested_count,
    limits_lowering_keeps_existing,
    limits_do_not_bind_setns,
    limits_freed_on_destroy,
];

/// Two users besides the root of a user namespace.
const ONE: u32 = 1001;
const OTHER: u32 = 1002;

/// Each user of a user namespace can have as many namespaces of a kind as the limit says, whatever the other users
/// have.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [Root, Config("TIME_NS")])]
fn limits_per_user() -> Verdict {
    with_users(|| {
        for kind in Kind::ALL {
            set_limit(kind, 2).doing("set the limit")?;
            let mut users = Vec::new();
            for user in [0, ONE, OTHER] {
                let process = spawn(NONE, |others| {
                    Identity::user(user).keeping_all().assume()?;
                    let _first = expect_ok!(member(kind)?, "{kind}: the first one of user {user}");
                    let _second = expect_ok!(member(kind)?, "{kind}: the second one of user {user}");
                    expect_errno!(member(kind)?, ENOSPC, "{kind}: the third one of user {user}");
                    others.go()?;
                    others.wait()
                })?;
                process.recv::<()>()?;
                users.push(process);
            }
        }
        holds()
    })
}

/// A namespace counts for the effective user of the process that makes it, not for the real one.
#[claim(source = "kernel 7.3 kernel/ucount.c inc_ucount", needs = [Root, Config("TIME_NS")])]
fn limits_count_the_effective_user() -> Verdict {
    with_users(|| {
        for kind in Kind::ALL {
            set_limit(kind, 1).doing("set the limit")?;
            let process = spawn(NONE, |others| {
                Identity::user(OTHER).ids(ONE, OTHER, OTHER).keeping_all().assume()?;
                let _only = member(kind)?.doing("make a namespace")?;
                others.go()?;
                others.wait()
            })?;
            process.recv::<()>()?;
            let as_user = |user| {
                child(NONE, || {
                    Identity::user(user).keeping_all().assume()?;
                    Ok(member(kind)?.map(drop).portable())
                })
            };
            expect_errno!(as_user(OTHER)?, ENOSPC, "{kind}: for the effective user");
            expect_ok!(as_user(ONE)?, "{kind}: for the real user");
        }
        holds()
    })
}

/// A namespace counts in each ancestor user namespace: where a descendant has no limit of its own, the ancestor's binds
/// it.
///
/// Neither a higher limit in the descendant nor another user namespace in between changes that.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces, Config("TIME_NS")])]
fn limits_hierarchical() -> Verdict {
    for kind in OTHERS {
        user_namespace(NONE, || {
            set_limit(kind, 1).doing("set the limit")?;
            let inside = user_namespace_with(&Maps::own_as_root(), NONE, |outside| {
                expect_eq!(limit(kind)?, NO_LIMIT);
                let _first = expect_ok!(member(kind)?, "{kind}: the first of one");
                expect_errno!(member(kind)?, ENOSPC, "{kind}: the second, with no limit inside");
                set_limit(kind, 100).doing("set the limit inside")?;
                expect_errno!(member(kind)?, ENOSPC, "{kind}: the second, with a higher limit inside");
                // Nor does another user namespace in between help.
                let in_one_more = CLONE_NEWUSER | kind.flag();
                let before = own_inode(Kind::User)?;
                expect_errno!(unshare(in_one_more), ENOSPC, "{kind}: with a user namespace by unshare");
                expect_eq!(own_inode(Kind::User)?, before, "{kind}: the user namespace after the refusal");
                expect_errno!(try_clone3(&CloneArgs::new(in_one_more)), ENOSPC, "{kind}: with one by clone3");
                outside.go()?;
                outside.wait()?;
                expect_ok!(member(kind)?, "{kind}: the second of two");
                Ok(())
            })?;
            inside.recv::<()>()?;
            expect_errno!(member(kind)?, ENOSPC, "{kind}: the second, made outside");
            set_limit(kind, 2).doing("raise the limit")?;
            inside.go()?;
            inside.join()
        })?;
    }
    holds()
}

/// A namespace made in a user namespace counts in the parent for the creator of the user namespace, whichever user
/// makes it.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [Root, Config("TIME_NS")])]
fn limits_counted_to_creator_uid() -> Verdict {
    with_users(|| {
        for kind in OTHERS {
            counted_to_creator(kind).doing(format!("{kind} namespaces"))?;
        }
        holds()
    })
}

/// Nested user namespaces count in each ancestor: where max_user_namespaces is 2, the third level fails with ENOSPC.
///
/// They count for the creator of the outermost one.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn limits_user_nested_count() -> Verdict {
    user_namespace(NONE, || {
        set_limit(Kind::User, 2).doing("set the limit")?;
        let nested = spawn(NONE, |outside| {
            expect_eq!(nest(usize::MAX)?, 2, "levels where two are allowed");
            expect_eq!(limit(Kind::User)?, NO_LIMIT, "the limit of the deepest itself");
            expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWUSER)), ENOSPC, "the third level by clone3");
            outside.go()?;
            outside.wait()?;
            expect_eq!(nest(usize::MAX)?, 1, "further levels where one more is allowed");
            Ok(())
        })?;
        nested.recv::<()>()?;
        expect_errno!(member(Kind::User)?, ENOSPC, "beside the two levels");
        set_limit(Kind::User, 3).doing("raise the limit")?;
        nested.go()?;
        nested.join()?;
        holds()
    })
}

/// A limit that is lowered below the number of namespaces ends none of them: only new ones fail with ENOSPC.
#[claim(source = "kernel 7.3 kernel/ucount.c inc_ucount", needs = [UserNamespaces, Config("TIME_NS")])]
fn limits_lowering_keeps_existing() -> Verdict {
    for kind in Kind::ALL {
        user_namespace(NONE, || {
            let existing = spawn(kind.flag(), |outside| {
                outside.wait()?;
                expect_ok!(try_fork(), "{kind}: in the namespace");
                Ok(())
            })?;
            let before = inode_of(existing.pid(), kind)?;
            set_limit(kind, 0).doing("lower the limit")?;
            expect_errno!(member(kind)?, ENOSPC, "{kind}: a new one");
            expect_eq!(inode_of(existing.pid(), kind)?, before, "{kind}: that of the process in it");
            expect_eq!(
                enter(existing.pid(), &[kind], || own_inode(kind))?,
                before,
                "{kind}: that of a process that joins it"
            );
            existing.go()?;
            existing.join()?;
            set_limit(kind, 2).doing("raise the limit")?;
            expect_ok!(member(kind)?, "{kind}: a new one, with the limit raised");
            Ok(())
        })?;
    }
    holds()
}

/// The limits do not concern setns(2): it joins where no namespace is allowed, and processes that have joined do not
/// count.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces, Config("TIME_NS")])]
fn limits_do_not_bind_setns() -> Verdict {
    for kind in Kind::ALL {
        user_namespace(NONE, || {
            let namespace = member(kind)?.doing("make a namespace")?.namespace(kind)?;
            set_limit(kind, 0).doing("lower the limit")?;
            let join = || {
                spawn(NONE, |outside| {
                    expect_ok!(setns(&namespace, kind.flag()), "{kind}: where none is allowed");
                    outside.go()?;
                    outside.wait()
                })
            };
            let joined = [join()?, join()?, join()?];
            for process in &joined {
                process.recv::<()>()?;
            }
            set_limit(kind, 2).doing("raise the limit")?;
            let _second =
                expect_ok!(member(kind)?, "{kind}: the second of two, with three processes that joined the first");
            expect_errno!(member(kind)?, ENOSPC, "{kind}: the third of two");
            Ok(())
        })?;
    }
    holds()
}

/// A namespace that ends is counted out in its user namespace and in the parent of that, so that either can have
/// another one.
#[claim(source = "kernel 7.3 kernel/ucount.c dec_ucount", needs = [UserNamespaces, Config("TIME_NS")])]
fn limits_freed_on_destroy() -> Verdict {
    for kind in Kind::ALL {
        user_namespace(NONE, || {
            // The user namespace below is one itself.
            set_limit(kind, 1 + u32::from(kind == Kind::User)).doing("set the limit")?;
            let inside = user_namespace_with(&Maps::own_as_root(), NONE, |outside| {
                set_limit(kind, 1).doing("set the limit inside")?;
                let only = member(kind)?.doing("make a namespace inside")?;
                outside.go()?;
                outside.wait()?;
                drop(only);
                outside.go()?;
                outside.wait()?;
                expect_ok!(member_when_free(kind)?, "{kind}: inside, after the other one outside");
                Ok(())
            })?;
            inside.recv::<()>()?;
            expect_errno!(member(kind)?, ENOSPC, "{kind}: outside, while there is one inside");
            inside.go()?;
            inside.recv::<()>()?;
            let outer = expect_ok!(member_when_free(kind)?, "{kind}: outside, when that one has gone");
            drop(outer);
            inside.go()?;
            inside.join()
        })?;
    }
    holds()
}

/// One namespace of this kind is allowed each user: root has its own, and another one the user [`ONE`], whose user namespace
/// [`OTHER`] has made it in.
fn counted_to_creator(kind: Kind) -> Outcome<()> {
    set_limit(kind, 1).doing("set the limit")?;
    let _of_root = member(kind)?.doing("make the namespace that root may have")?;
    expect_errno!(member(kind)?, ENOSPC, "root's second");
    user_namespace(NONE, || {
        expect_errno!(member(kind)?, ENOSPC, "in a user namespace made by root");
        Ok(())
    })?;
    let line = |inside, outside| IdMap { inside, outside, count: 1 };
    let lines = vec![line(0, ONE), line(7, OTHER)];
    let maps = Maps { uid: lines.clone(), gid: lines, deny_setgroups: false };
    let of_one = owned_by(ONE, Some(&maps), NONE, |outside| {
        let inside = spawn(NONE, |root| {
            Identity::user(7).keeping_all().assume()?;
            let _of_other = expect_ok!(member(kind)?, "in one made by {ONE}, as the user {OTHER}");
            root.go()?;
            root.wait()
        })?;
        inside.recv::<()>()?;
        expect_errno!(member(kind)?, ENOSPC, "in one made by {ONE}, as that user");
        outside.go()?;
        outside.wait()
    })?;
    of_one.recv::<()>()?;
    as_capable(ONE, || {
        expect_errno!(member(kind)?, ENOSPC, "around it, as {ONE}");
        Ok(())
    })?;
    as_capable(OTHER, || {
        expect_ok!(member(kind)?, "around it, as {OTHER}");
        Ok(())
    })
}

/// Runs `body` as root of a user namespace with a thousand users and more.
fn with_users<T>(body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    let maps = Maps::range(100_000, 2000);
    let root = user_namespace_with(&maps, NONE, |_| {
        become_root_inside()?;
        body()
    })?;
    root.join()
}

/// Runs `body` in a child that is this user, with the caller's capabilities.
fn as_capable(user: u32, body: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    child(NONE, || {
        Identity::user(user).keeping_all().assume()?;
        body()
    })
}

/// A process that waits in a new namespace, or the refusal to make one.
fn member(kind: Kind) -> Outcome<nix::Result<Child<()>>> {
    Spawn::new(kind.flag()).try_start(Peer::wait)
}

/// The same as soon as it is not refused any more.
fn member_when_free(kind: Kind) -> Outcome<nix::Result<Child<()>>> {
    settle(|answer| !matches!(answer, Err(Errno::ENOSPC)), || member(kind))
}
