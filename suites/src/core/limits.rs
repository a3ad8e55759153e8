//! The limits on the number of namespaces, as files: `namespaces(7)`, The /proc/sys/user directory.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};

use kit::limits::{NO_LIMIT, limit, limit_path, set_limit};
use kit::prelude::*;
use kit::process::user_namespace_with;
use kit::sysctl::{set_sysctl, sysctl};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    limits_eight_files,
    limits_default_init,
    limits_default_child,
    limits_of_openers_userns,
    limits_write_child_userns,
    limits_range,
];

/// For each of the eight kinds, and no other, there is a file max_*_namespaces with mode 0644 in /proc/sys/user.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [])]
fn limits_eight_files() -> Verdict {
    for kind in Kind::ALL {
        let path = limit_path(kind);
        let file = expect_ok!(fs::metadata(&path), "{path}");
        expect_eq!(format!("{:o}", file.mode()), "100644", "type and permissions of {path}");
        expect_ok!(fs::read_to_string(&path), "{path}");
    }
    expect_errno!(fs::metadata("/proc/sys/user/max_foo_namespaces"), ENOENT);
    let listed = fs::read_dir("/proc/sys/user").doing("list /proc/sys/user")?.flatten();
    let mut kinds: Vec<_> = listed.filter_map(|file| kind_named(file.file_name().to_str()?)).collect();
    kinds.sort();
    expect_eq!(kinds, Kind::ALL.map(Kind::name));
    holds()
}

/// In the initial user namespace each limit is half of kernel.threads-max at boot, and does not follow later changes of
/// that.
#[claim(
    source = "namespaces(7) The /proc/sys/user directory",
    needs = [Root, InitialNamespaces, Disposable],
)]
fn limits_default_init() -> Verdict {
    let threads: u32 = sysctl("kernel/threads-max")?;
    let expect_half = |when: &str| {
        for kind in Kind::ALL {
            expect_eq!(limit(kind)?, threads / 2, "{kind} namespaces, {when}");
        }
        Ok(())
    };
    expect_half("from the start")?;
    set_sysctl("kernel/threads-max", threads / 3).doing("change threads-max")?;
    let after = expect_half("after a change of threads-max");
    set_sysctl("kernel/threads-max", threads).doing("change threads-max back")?;
    after?;
    holds()
}

/// In a new user namespace each limit is 2147483647, whatever the limits in its parent are.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn limits_default_child() -> Verdict {
    user_namespace(NONE, || {
        for kind in Kind::ALL {
            set_limit(kind, 5).doing("set a limit")?;
        }
        user_namespace(NONE, || {
            for kind in Kind::ALL {
                expect_eq!(limit(kind)?, 2_147_483_647, "{kind} namespaces");
            }
            Ok(())
        })?;
        for kind in Kind::ALL {
            expect_eq!(limit(kind)?, 5, "{kind} namespaces, outside");
        }
        holds()
    })
}

/// An open limit file shows the limit of the user namespace in which it was opened, to readers in any user namespace.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn limits_of_openers_userns() -> Verdict {
    user_namespace(NONE, || {
        for (kind, value) in Kind::ALL.into_iter().zip(1001..) {
            set_limit(kind, value).doing("set a limit")?;
            let outer = open(kind)?;
            let inside = user_namespace_with(&Maps::own_as_root(), NONE, |outside| {
                expect_eq!(told_by(&outer)?, value.to_string(), "{kind} namespaces, by a file from outside");
                let inner = open(kind)?;
                expect_eq!(told_by(&inner)?, NO_LIMIT.to_string(), "{kind} namespaces, by a file from inside");
                set_limit(kind, 7).doing("set a limit inside")?;
                outside.send_fd(&inner)?;
                outside.wait()
            })?;
            let inner = File::from(inside.peer().recv_fd()?);
            expect_eq!(told_by(&inner)?, "7", "{kind} namespaces, outside by a file from inside");
            expect_eq!(told_by(&open(kind)?)?, value.to_string(), "{kind} namespaces, outside by a file of there");
            inside.go()?;
            inside.join()?;
        }
        holds()
    })
}

/// Root of a user namespace can set each limit there, which changes no other limit of it and none of any other user
/// namespace.
///
/// Looked at: the limits of the parent and of a child.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn limits_write_child_userns() -> Verdict {
    let limits = || Kind::ALL.into_iter().map(limit).collect::<Outcome<Vec<u32>>>();
    let outside = limits()?;
    user_namespace(NONE, || {
        let sibling = user_namespace_with(&Maps::own_as_root(), NONE, |parent| {
            parent.wait()?;
            limits()
        })?;
        let mut expected = [NO_LIMIT; Kind::ALL.len()];
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            expected[place] = 11 + place as u32;
            expect_ok!(set_limit(kind, expected[place]), "{kind} namespaces");
            expect_eq!(limits()?, expected, "after that for {kind} namespaces was written");
        }
        sibling.go()?;
        expect_eq!(sibling.join()?, [NO_LIMIT; Kind::ALL.len()], "in one below");
        holds()
    })?;
    expect_eq!(limits()?, outside, "in the one around");
    holds()
}

/// A limit can be set to anything from 0 to 2147483647; for other numbers and for text write(2) fails with EINVAL.
#[claim(source = "kernel 7.3 kernel/ucount.c user_table", needs = [UserNamespaces])]
fn limits_range() -> Verdict {
    user_namespace(NONE, || {
        for kind in Kind::ALL {
            for fits in [0, 1, NO_LIMIT, 12] {
                expect_ok!(set_limit(kind, fits), "{fits} {kind} namespaces");
                expect_eq!(limit(kind)?, fits, "{kind} namespaces");
            }
            for unfit in ["-1", "2147483648", "4294967296", "text"] {
                expect_errno!(set_limit(kind, unfit), EINVAL, "{unfit} {kind} namespaces");
                expect_eq!(limit(kind)?, 12, "{kind} namespaces, after «{unfit}»");
            }
        }
        holds()
    })
}

fn open(kind: Kind) -> Outcome<File> {
    File::open(limit_path(kind)).doing(format!("open {}", limit_path(kind)))
}

/// Read from the beginning, for a file that several processes share.
fn told_by(file: &File) -> Outcome<String> {
    let mut bytes = [0; 32];
    let length = file.read_at(&mut bytes, 0).doing("read a limit")?;
    Ok(String::from_utf8_lossy(&bytes[..length]).trim_end().to_owned())
}

/// The kind in the name of a limit's file.
fn kind_named(file: &str) -> Option<String> {
    Some(file.strip_prefix("max_")?.strip_suffix("_namespaces")?.to_owned())
}
