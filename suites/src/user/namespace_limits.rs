//! How many user namespaces there may be: `namespaces(7)`, The /proc/sys/user directory.

use kit::prelude::*;
use kit::process::{
    NOBODY, as_user, become_ids, become_root_inside, try_clone3, user_namespace_with, with_only, without,
};
use kit::sysctl::{open_sysctl, set_sysctl, sysctl};
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

const LIMIT: &str = "user/max_user_namespaces";

/// What a new user namespace allows.
const BOUNDLESS: u32 = i32::MAX as u32;

const NEW_USER: CloneArgs<'_> = CloneArgs::new(CLONE_NEWUSER);

/// With user.max_user_namespaces namespaces made there, one more is ENOSPC, from clone3() and unshare(), for root inside too.
#[claim(source = ["namespaces(7) The /proc/sys/user directory", "clone(2) ERRORS"], needs = [UserNamespaces])]
fn max_user_namespaces_enospc() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            set_sysctl(LIMIT, 1).doing("set the limit")?;
            let only = expect_ok!(Spawn::new(CLONE_NEWUSER).try_start(Peer::wait)?, "the first, with 1 allowed");
            expect_errno!(try_clone3(&NEW_USER), ENOSPC, "the second, with 1 allowed");
            expect_errno!(unshare(CLONE_NEWUSER), ENOSPC, "the second, with 1 allowed");
            expect_ok!(unshare(CLONE_NEWUTS), "another kind");
            set_sysctl(LIMIT, 2).doing("set the limit")?;
            expect_ok!(unshare(CLONE_NEWUSER), "the second, with 2 allowed");
            drop(only);
            Ok(())
        })?;
        user_namespace(NONE, || {
            set_sysctl(LIMIT, 0).doing("set the limit")?;
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
                expect_ok!(set_sysctl(LIMIT, fits), "{fits}");
                expect_errno!(set_sysctl(LIMIT, is_refused), EINVAL, "{is_refused}");
                expect_eq!(sysctl::<String>(LIMIT)?, fits, "after {is_refused}");
            }
            holds()
        })
    })
}

/// With user.max_user_namespaces at 0 in the initial user namespace, nobody makes one, root neither: ENOSPC.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [Root, UserNamespaces, Disposable, Capability("CAP_SYS_RESOURCE")])]
fn max_user_namespaces_stops_root_of_the_machine() -> Verdict {
    let before: u32 = sysctl(LIMIT)?;
    expect_ok!(try_clone3(&NEW_USER), "by root, with {before} allowed");
    set_sysctl(LIMIT, 0).doing("set the limit")?;
    let roots = (try_clone3(&NEW_USER), child(NONE, || Ok(unshare(CLONE_NEWUSER).err().map(|errno| errno as i32))));
    let anybodys = unprivileged(NONE, || Ok(try_clone3(&NEW_USER).err().map(|errno| errno as i32)));
    set_sysctl(LIMIT, before).doing("put the limit back")?;
    expect_errno!(roots.0, ENOSPC, "clone3 by root");
    expect_eq!(roots.1?, Some(libc::ENOSPC), "unshare by root");
    expect_eq!(anybodys?, Some(libc::ENOSPC), "clone3 by an ordinary user");
    holds()
}

/// The number of user namespaces is limited for each user: when one has as many as is allowed, another can have his first.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [Root, UserNamespaces])]
fn max_user_namespaces_is_per_user() -> Verdict {
    let inside = user_namespace_with(&Maps::range(100_000, 10), NONE, |_| {
        become_root_inside()?;
        set_sysctl(LIMIT, 1).doing("set the limit")?;
        let roots = expect_ok!(Spawn::new(CLONE_NEWUSER).try_start(Peer::wait)?, "user 0's first");
        for (user, has_one) in [(0, true), (7, false), (8, false)] {
            child(NONE, || {
                become_ids(user, user, user)?;
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
            set_sysctl(LIMIT, 2).doing("set the limit")?;
            let below = user_namespace_with(&Maps::own_as_root(), NONE, |above| {
                expect_eq!(sysctl::<u32>(LIMIT)?, BOUNDLESS, "what is allowed further down");
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
            set_sysctl(LIMIT, 3).doing("raise the limit")?;
            below.go()?;
            below.join()?;
            holds()
        })
    })
}

/// Each user namespace has its own values in /proc/sys/user: 2147483647 at first, and what is written there stays there.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn user_sysctls_are_per_namespace() -> Verdict {
    const OTHER: &str = "user/max_uts_namespaces";
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            set_sysctl(OTHER, 5).doing("set the outer limit")?;
            user_namespace(NONE, || {
                expect_eq!(sysctl::<u32>(OTHER)?, BOUNDLESS, "inside, at first");
                set_sysctl(OTHER, 3).doing("set the inner limit")?;
                expect_eq!(sysctl::<u32>(OTHER)?, 3, "inside");
                expect_eq!(child(CLONE_NEWUTS, || sysctl::<u32>(OTHER))?, 3, "in another process inside");
                Ok(())
            })?;
            expect_eq!(sysctl::<u32>(OTHER)?, 5, "outside, after that");
            expect_eq!(user_namespace(NONE, || sysctl::<u32>(OTHER))?, BOUNDLESS, "in a second one");
            holds()
        })
    })
}

/// Without CAP_SYS_RESOURCE in the user namespace, a file in /proc/sys/user cannot be opened for writing: EACCES.
#[claim(source = "kernel/ucount.c set_permissions", needs = [UserNamespaces])]
fn user_sysctls_need_cap_sys_resource() -> Verdict {
    unprivileged(NONE, || {
        expect_errno!(open_sysctl(LIMIT), EACCES, "by an ordinary user, outside");
        user_namespace(NONE, || {
            let opened = |expected: bool| {
                let answer = open_sysctl(LIMIT);
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
    expect_eq!(sysctl::<u32>(LIMIT)?, threads / 2, "in the initial one; threads-max is {threads}");
    expect_eq!(user_namespace(NONE, || sysctl::<u32>(LIMIT))?, BOUNDLESS, "in another");
    as_user(NOBODY, NONE, || {
        expect_eq!(user_namespace(NONE, || sysctl::<u32>(LIMIT))?, BOUNDLESS, "in another user's");
        holds()
    })
}
