//! How many user namespaces there may be: `namespaces(7)`, The /proc/sys/user directory.

use kit::limits::{NO_LIMIT, limit, open_limit, set_limit};
use kit::prelude::*;
use kit::process::{
    NOBODY, as_user, become_root_inside, become_user, try_clone3, user_namespace_with, with_only, without,
};
use kit::sysctl::sysctl;
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    max_user_namespaces_enospc,
    max_user_namespaces_out_of_range_einval,
    max_user_namespaces_stops_root_of_the_machine,
    max_user_namespaces_is_per_user,
    max_user_namespaces_binds_descendants,
    user_sysctls_are_per_namespace,
    user_sysctls_need_cap_sys_resource,
    max_user_namespaces_default,
];

const NEW_USER: CloneArgs<'_> = CloneArgs::new(CLONE_NEWUSER);

/// When a user namespace has as many as `user.max_user_namespaces` allows there, clone3() and unshare() of one more fail with
/// ENOSPC, for its root, too.
#[claim(source = ["namespaces(7) The /proc/sys/user directory", "clone(2) ERRORS"], needs = [UserNamespaces])]
fn max_user_namespaces_enospc() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            set_limit(Kind::User, 1).doing("set the limit")?;
            let only = expect_ok!(Spawn::new(CLONE_NEWUSER).try_start(Peer::wait)?, "the first, with 1 allowed");
            expect_errno!(try_clone3(&NEW_USER), ENOSPC, "the second, with 1 allowed");
            expect_errno!(unshare(CLONE_NEWUSER), ENOSPC, "the second, with 1 allowed");
            expect_ok!(unshare(CLONE_NEWNS), "another kind");
            set_limit(Kind::User, 2).doing("set the limit")?;
            expect_ok!(unshare(CLONE_NEWUSER), "the second, with 2 allowed");
            drop(only);
            Ok(())
        })?;
        user_namespace(NONE, || {
            set_limit(Kind::User, 0).doing("set the limit")?;
            expect_errno!(try_clone3(&NEW_USER), ENOSPC, "with 0 allowed");
            expect_errno!(unshare(CLONE_NEWUSER), ENOSPC, "with 0 allowed");
            holds()
        })
    })
}

/// Writing a negative number or one above 2147483647 to `user.max_user_namespaces` fails with EINVAL and changes nothing.
#[claim(source = "kernel/ucount.c", needs = [UserNamespaces])]
fn max_user_namespaces_out_of_range_einval() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            for (fits, is_refused) in [("0", "-1"), ("2147483647", "2147483648"), ("7", "9999999999")] {
                expect_ok!(set_limit(Kind::User, fits), "{fits}");
                expect_errno!(set_limit(Kind::User, is_refused), EINVAL, "{is_refused}");
                expect_eq!(limit(Kind::User)?.to_string(), fits, "after {is_refused}");
            }
            holds()
        })
    })
}

/// With `user.max_user_namespaces` at 0 in the initial user namespace, creating one fails with ENOSPC, for root as for ordinary
/// users.
#[claim(
    source = "namespaces(7) The /proc/sys/user directory",
    needs = [Root, UserNamespaces, Disposable, Capability("CAP_SYS_RESOURCE")],
)]
fn max_user_namespaces_stops_root_of_the_machine() -> Verdict {
    let allowed = || {
        expect_ok!(try_clone3(&NEW_USER), "clone3");
        expect_ok!(unshare(CLONE_NEWUSER), "unshare");
        Ok(())
    };
    let refused = || {
        expect_errno!(try_clone3(&NEW_USER), ENOSPC, "clone3");
        expect_errno!(unshare(CLONE_NEWUSER), ENOSPC, "unshare");
        Ok(())
    };
    let before = limit(Kind::User)?;
    child(NONE, allowed).doing("root, before")?;
    unprivileged(NONE, allowed).doing("an ordinary user, before")?;
    set_limit(Kind::User, 0).doing("set the limit")?;
    let by_root = child(NONE, refused).doing("root, with 0");
    let by_user = unprivileged(NONE, refused).doing("an ordinary user, with 0");
    set_limit(Kind::User, before).doing("put the limit back")?;
    by_root.and(by_user)?;
    holds()
}

/// `user.max_user_namespaces` limits each user separately: when one has as many as allowed, another one can still create its
/// first.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [Root, UserNamespaces])]
fn max_user_namespaces_is_per_user() -> Verdict {
    let inside = user_namespace_with(&Maps::range(100_000, 10), NONE, |_| {
        become_root_inside()?;
        set_limit(Kind::User, 1).doing("set the limit")?;
        let roots = expect_ok!(Spawn::new(CLONE_NEWUSER).try_start(Peer::wait)?, "user 0's first");
        for (user, has_one) in [(0, true), (7, false), (8, false)] {
            child(NONE, || {
                become_user(user)?;
                if has_one {
                    expect_errno!(try_clone3(&NEW_USER), ENOSPC, "user {user}'s second");
                } else {
                    let own = expect_ok!(Spawn::new(CLONE_NEWUSER).try_start(Peer::wait)?, "user {user}'s first");
                    expect_errno!(try_clone3(&NEW_USER), ENOSPC, "user {user}'s second");
                    drop(own);
                }
                Ok(())
            })?;
        }
        drop(roots);
        holds()
    })?;
    inside.join()
}

/// A user namespace's limit counts the namespaces made in its descendants, too: one too many fails with ENOSPC, although their
/// own limit is 2147483647.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn max_user_namespaces_binds_descendants() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            set_limit(Kind::User, 2).doing("set the limit")?;
            let below = user_namespace_with(&Maps::own_as_root(), NONE, |above| {
                expect_eq!(limit(Kind::User)?, NO_LIMIT, "what is allowed further down");
                let first = expect_ok!(Spawn::new(CLONE_NEWUSER).try_start(Peer::wait)?, "the second of all");
                expect_errno!(try_clone3(&NEW_USER), ENOSPC, "the third of all");
                above.go()?;
                above.wait()?;
                expect_ok!(try_clone3(&NEW_USER), "the third of all, when that many are allowed");
                drop(first);
                Ok(())
            })?;
            below.recv::<()>()?;
            expect_errno!(try_clone3(&NEW_USER), ENOSPC, "the third of all, from above");
            set_limit(Kind::User, 3).doing("raise the limit")?;
            below.go()?;
            below.join()?;
            holds()
        })
    })
}

/// Each user namespace has limits of its own in `/proc/sys/user`, each 2147483647 at first; writing them changes those of no
/// other user namespace.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn user_sysctls_are_per_namespace() -> Verdict {
    let limits = || Kind::ALL.into_iter().map(limit).collect::<Outcome<Vec<_>>>();
    let set_all =
        |value: u32| Kind::ALL.into_iter().try_for_each(|kind| set_limit(kind, value)).doing("set the limits");
    let all = |value: u32| vec![value; Kind::ALL.len()];
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            set_all(500)?;
            user_namespace(NONE, || {
                expect_eq!(limits()?, all(NO_LIMIT), "inside, at first");
                set_all(300)?;
                expect_eq!(limits()?, all(300), "inside");
                expect_eq!(child(NONE, limits)?, all(300), "in another process inside");
                Ok(())
            })?;
            expect_eq!(limits()?, all(500), "outside, after that");
            expect_eq!(user_namespace(NONE, limits)?, all(NO_LIMIT), "in a second one");
            holds()
        })
    })
}

/// Opening a file in `/proc/sys/user` for writing requires CAP_SYS_RESOURCE in the user namespace; without it open() fails
/// with EACCES.
#[claim(source = "kernel/ucount.c set_permissions", needs = [UserNamespaces])]
fn user_sysctls_need_cap_sys_resource() -> Verdict {
    unprivileged(NONE, || {
        let refused = |whose: &str| {
            for kind in Kind::ALL {
                expect_errno!(open_limit(kind), EACCES, "the limit of {kind} namespaces, {whose}");
            }
            Ok(())
        };
        refused("by an ordinary user, outside")?;
        user_namespace(NONE, || {
            let needed = CapabilitySet::SYS_RESOURCE;
            without(needed, NONE, || refused("without CAP_SYS_RESOURCE"))?;
            with_only(needed, NONE, || {
                for kind in Kind::ALL {
                    expect_ok!(open_limit(kind), "the limit of {kind} namespaces, with CAP_SYS_RESOURCE alone");
                }
                holds()
            })
        })
    })
}

/// In the initial user namespace, `user.max_user_namespaces` is half of `kernel.threads-max` at first; in others it is
/// 2147483647.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [Root, UserNamespaces, Disposable])]
fn max_user_namespaces_default() -> Verdict {
    let threads: u32 = sysctl("kernel/threads-max")?;
    expect_eq!(limit(Kind::User)?, threads / 2, "in the initial one; threads-max is {threads}");
    expect_eq!(user_namespace(NONE, || limit(Kind::User))?, NO_LIMIT, "in another");
    as_user(NOBODY, NONE, || {
        expect_eq!(user_namespace(NONE, || limit(Kind::User))?, NO_LIMIT, "in another user's");
        holds()
    })
}
