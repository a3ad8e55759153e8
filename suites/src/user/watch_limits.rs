//! How many watches of files a user may have, in each user namespace and in those around it: the counters of inotify(7) and
//! fanotify(7) in `/proc/sys/user`.

use std::os::fd::OwnedFd;

use kit::prelude::*;
use kit::process::{become_user, container};
use kit::sysctl::{set_sysctl, sysctl};
use nix::sys::fanotify::{EventFFlags, Fanotify, InitFlags, MarkFlags, MaskFlags};
use rustix::fs::inotify;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    inotify_instances_are_limited_inside,
    inotify_watches_are_limited_inside,
    fanotify_groups_are_limited_inside,
    fanotify_marks_are_limited_inside,
    watch_limits_bind_descendants,
    watch_limits_are_per_user,
    watch_limits_are_per_namespace,
];

/// `user.max_inotify_instances` limits how many a user has in a user namespace: inotify_init1() of one more fails with EMFILE.
#[claim(source = ["inotify(7)", "fs/notify/inotify/inotify_user.c"], needs = [UserNamespaces, Config("INOTIFY_USER")])]
fn inotify_instances_are_limited_inside() -> Verdict {
    user_namespace(NONE, || {
        for most in [0, 1, 3] {
            set_limit("inotify_instances", most)?;
            let taken = (0..most).map(|_| instance()).collect::<Result<Vec<_>, _>>();
            let taken = expect_ok!(taken, "{most}");
            expect_errno!(instance(), EMFILE, "one more than {most}");
            drop(taken);
        }
        holds()
    })
}

/// `user.max_inotify_watches` limits how many a user has in a user namespace: inotify_add_watch() of one more fails with ENOSPC.
#[claim(source = ["inotify(7)", "fs/notify/inotify/inotify_user.c"], needs = [UserNamespaces, Config("INOTIFY_USER")])]
fn inotify_watches_are_limited_inside() -> Verdict {
    user_namespace(NONE, || {
        let (one, other) = (instance()?, instance()?);
        for most in [0, 1, 2] {
            set_limit("inotify_watches", most)?;
            let watches = [watch(&one, "/proc"), watch(&other, "/"), watch(&other, "/mnt")];
            for (place, answer) in watches.into_iter().enumerate() {
                match place < most as usize {
                    true => drop(expect_ok!(answer, "watch {place} of {most}")),
                    false => expect_errno!(answer, ENOSPC, "watch {place} of {most}"),
                }
            }
        }
        holds()
    })
}

/// `user.max_fanotify_groups` limits how many a user has in a user namespace: fanotify_init() of one more fails with EMFILE.
#[claim(
    source = ["fanotify(7)", "fs/notify/fanotify/fanotify_user.c"],
    since = "5.13",
    needs = [UserNamespaces, Config("FANOTIFY")],
)]
fn fanotify_groups_are_limited_inside() -> Verdict {
    user_namespace(NONE, || {
        for most in [0, 1, 3] {
            set_limit("fanotify_groups", most)?;
            let taken = (0..most).map(|_| group()).collect::<Result<Vec<_>, _>>();
            let taken = expect_ok!(taken, "{most}");
            expect_errno!(group(), EMFILE, "one more than {most}");
            drop(taken);
        }
        holds()
    })
}

/// `user.max_fanotify_marks` limits how many a user has in a user namespace: fanotify_mark() of one more fails with ENOSPC.
#[claim(
    source = ["fanotify(7)", "fs/notify/fanotify/fanotify_user.c"],
    since = "5.13",
    needs = [UserNamespaces, Config("FANOTIFY")],
)]
fn fanotify_marks_are_limited_inside() -> Verdict {
    user_namespace(CLONE_NEWNS, || {
        kit::mounts::tmpfs("/mnt")?;
        for name in ["/mnt/one", "/mnt/two", "/mnt/three"] {
            std::fs::create_dir(name).doing("make a directory")?;
        }
        for most in [0, 1, 2] {
            let group = group()?;
            set_limit("fanotify_marks", most)?;
            for (place, name) in ["/mnt/one", "/mnt/two", "/mnt/three"].into_iter().enumerate() {
                let answer =
                    group.mark(MarkFlags::FAN_MARK_ADD, MaskFlags::FAN_CREATE, nix::fcntl::AT_FDCWD, Some(name));
                match place < most as usize {
                    true => expect_ok!(answer, "mark {place} of {most}"),
                    false => expect_errno!(answer, ENOSPC, "mark {place} of {most}"),
                }
            }
        }
        holds()
    })
}

/// The limits of watches of a user namespace bind those below it, whose own are 2147483647: one too many fails with EMFILE.
///
/// By inotify instances and, three levels down, by the limit in the middle.
#[claim(source = ["namespaces(7) The /proc/sys/user directory", "kernel/ucount.c inc_ucount"], needs = [UserNamespaces, Config("INOTIFY_USER")])]
fn watch_limits_bind_descendants() -> Verdict {
    user_namespace(NONE, || {
        set_limit("inotify_instances", 3)?;
        let _above = instance()?;
        user_namespace(NONE, || {
            expect_eq!(limit("inotify_instances")?, i32::MAX as u32, "at first");
            set_limit("inotify_instances", 1)?;
            user_namespace(NONE, || {
                expect_eq!(limit("inotify_instances")?, i32::MAX as u32, "at the bottom");
                let taken = expect_ok!(instance(), "the first at the bottom");
                expect_errno!(instance(), EMFILE, "the second, by the limit in the middle");
                drop(taken);
                Ok(())
            })?;
            set_limit("inotify_instances", 100)?;
            user_namespace(NONE, || {
                let taken = [expect_ok!(instance(), "the second of all"), expect_ok!(instance(), "the third of all")];
                expect_errno!(instance(), EMFILE, "the fourth of all, by the limit at the top");
                drop(taken);
                Ok(())
            })
        })?;
        holds()
    })
}

/// The limits of watches are each user's: when one has as many as allowed, another user of the namespace can have its own.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [Root, UserNamespaces, Config("INOTIFY_USER")])]
fn watch_limits_are_per_user() -> Verdict {
    container(100_000, NONE, || {
        set_limit("inotify_instances", 1)?;
        let _own = expect_ok!(instance(), "root's first");
        for user in [0, 7, 8] {
            child(NONE, || {
                become_user(user)?;
                if user != 0 {
                    let taken = expect_ok!(instance(), "user {user}'s first");
                    expect_errno!(instance(), EMFILE, "user {user}'s second");
                    drop(taken);
                } else {
                    expect_errno!(instance(), EMFILE, "root's second, by another process");
                }
                Ok(())
            })?;
        }
        holds()
    })
}

/// The limits of watches are one user namespace's: each can be set there alone, and two siblings have theirs.
#[claim(source = "namespaces(7) The /proc/sys/user directory", since = "5.13", needs = [UserNamespaces, Config("INOTIFY_USER"), Config("FANOTIFY")])]
fn watch_limits_are_per_namespace() -> Verdict {
    const ALL: [&str; 4] = ["inotify_instances", "inotify_watches", "fanotify_groups", "fanotify_marks"];
    user_namespace(NONE, || {
        for (place, name) in ALL.into_iter().enumerate() {
            set_limit(name, 100 + place as u32)?;
        }
        let below = || {
            for name in ALL {
                expect_eq!(limit(name)?, i32::MAX as u32, "{name}, at first");
                set_limit(name, 7)?;
                expect_eq!(limit(name)?, 7, "{name}");
            }
            Ok(())
        };
        user_namespace(NONE, below)?;
        user_namespace(NONE, below)?;
        for (place, name) in ALL.into_iter().enumerate() {
            expect_eq!(limit(name)?, 100 + place as u32, "{name}, above");
        }
        holds()
    })
}

fn set_limit(name: &str, most: u32) -> Outcome<()> {
    set_sysctl(&format!("user/max_{name}"), most).doing(format!("allow {most} {name}"))
}

fn limit(name: &str) -> Outcome<u32> {
    sysctl(&format!("user/max_{name}"))
}

fn instance() -> rustix::io::Result<OwnedFd> {
    inotify::init(inotify::CreateFlags::CLOEXEC)
}

fn watch(instance: &OwnedFd, path: &str) -> rustix::io::Result<i32> {
    inotify::add_watch(instance, path, inotify::WatchFlags::CREATE)
}

/// `linux/fanotify.h`.
const FAN_REPORT_FID: u32 = 0x200;

/// A group such as an ordinary user may have.
fn group() -> nix::Result<Fanotify> {
    Fanotify::init(
        InitFlags::FAN_CLASS_NOTIF | InitFlags::FAN_CLOEXEC | InitFlags::from_bits_retain(FAN_REPORT_FID),
        EventFFlags::O_RDONLY,
    )
}
