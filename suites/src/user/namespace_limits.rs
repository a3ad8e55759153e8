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

/// With user.max_user_namespaces namespaces made there, one more is ENOSPC, from clone3() and unshare(), for root inside too.
#[claim(source = ["namespaces(7) The /proc/sys/user directory", "clone(2) ERRORS"], needs = [UserNamespaces])]
fn max_user_namespaces_enospc() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            set_limit(Kind::User, 1).doing("set the limit")?;
            let only = expect_ok!(Spawn::new(CLONE_NEWUSER).try_start(Peer::wait)?, "the first, with 1 allowed");
            expect_errno!(try_clone3(&NEW_USER), ENOSPC, "the second, with 1 allowed");
            expect_errno!(unshare(CLONE_NEWUSER), ENOSPC, "the second, with 1 allowed");
            expect_ok!(unshare(CLONE_NEWUTS), "another kind");
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

/// What is negative or above 2147483647 cannot be written to user.max_user_namespaces: EINVAL, and it stays as it was.
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

/// With user.max_user_namespaces at 0 in the initial user namespace, nobody makes one, root neither: ENOSPC.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [Root, UserNamespaces, Disposable, Capability("CAP_SYS_RESOURCE")])]
fn max_user_namespaces_stops_root_of_the_machine() -> Verdict {
    let before = limit(Kind::User)?;
    expect_ok!(try_clone3(&NEW_USER), "by root, with {before} allowed");
    set_limit(Kind::User, 0).doing("set the limit")?;
    let roots = (try_clone3(&NEW_USER), child(NONE, || Ok(unshare(CLONE_NEWUSER).portable())));
    let anybodys = unprivileged(NONE, || Ok(try_clone3(&NEW_USER).portable()));
    set_limit(Kind::User, before).doing("put the limit back")?;
    expect_errno!(roots.0, ENOSPC, "clone3 by root");
    expect_errno!(roots.1?, ENOSPC, "unshare by root");
    expect_errno!(anybodys?, ENOSPC, "clone3 by an ordinary user");
    holds()
}

/// The number of user namespaces is limited for each user: when one has as many as is allowed, another can have his first.
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

/// What a user namespace allows counts those made further down too, where 2147483647 are allowed: one too many is ENOSPC.
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

/// Each user namespace has its own values in /proc/sys/user: 2147483647 at first, and what is written there stays there.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn user_sysctls_are_per_namespace() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            set_limit(Kind::Uts, 5).doing("set the outer limit")?;
            user_namespace(NONE, || {
                expect_eq!(limit(Kind::Uts)?, NO_LIMIT, "inside, at first");
                set_limit(Kind::Uts, 3).doing("set the inner limit")?;
                expect_eq!(limit(Kind::Uts)?, 3, "inside");
                expect_eq!(child(CLONE_NEWUTS, || limit(Kind::Uts))?, 3, "in another process inside");
                Ok(())
            })?;
            expect_eq!(limit(Kind::Uts)?, 5, "outside, after that");
            expect_eq!(user_namespace(NONE, || limit(Kind::Uts))?, NO_LIMIT, "in a second one");
            holds()
        })
    })
}

/// Without CAP_SYS_RESOURCE in the user namespace, a file in /proc/sys/user cannot be opened for writing: EACCES.
#[claim(source = "kernel/ucount.c set_permissions", needs = [UserNamespaces])]
fn user_sysctls_need_cap_sys_resource() -> Verdict {
    unprivileged(NONE, || {
        expect_errno!(open_limit(Kind::User), EACCES, "by an ordinary user, outside");
        user_namespace(NONE, || {
            let opened = |expected: bool| {
                let answer = open_limit(Kind::User);
                if expected {
                    expect_ok!(answer, "with CAP_SYS_RESOURCE");
                } else {
                    expect_errno!(answer, EACCES, "without CAP_SYS_RESOURCE");
                }
                Ok(())
            };
            opened(true)?;
            with_only(CapabilitySet::SYS_RESOURCE, NONE, || opened(true))?;
            without(CapabilitySet::SYS_RESOURCE, NONE, || opened(false))?;
            holds()
        })
    })
}

/// The initial user namespace allows half of kernel.threads-max user namespaces, and every other one 2147483647 at first.
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
