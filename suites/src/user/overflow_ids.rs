//! What IDs that are not mapped look like: `user_namespaces(7)`, Unmapped user and group IDs.

use std::fs::File;
use std::os::fd::OwnedFd;

use kit::prelude::*;
use kit::process::{MapFile, NOBODY, map_self, status};
use kit::sysctl::{open_sysctl, set_sysctl, sysctl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::{fstat, stat};
use nix::unistd::{
    Gid, Uid, getegid, geteuid, getgid, getgroups, getresgid, getresuid, getuid, setgroups, setresgid, setresuid,
};

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unmapped_ids_show_overflow,
    stat_shows_overflow_for_unmapped_owner,
    overflow_id_is_configurable,
    overflow_files_in_fs_are_independent,
    overflowuid_not_writable_inside,
];

/// A process sees the overflow ID for each of its IDs that is not mapped: in getuid() and its like, getgroups() and
/// `/proc/self/status`.
#[claim(
    source = ["user_namespaces(7) Unmapped user and group IDs", "proc_sys_kernel(5)"],
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn unmapped_ids_show_overflow() -> Verdict {
    let (user, group): (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    let process = spawn(NONE, |root| {
        setgroups(&[0, 7, 9000].map(Gid::from_raw)).doing("setgroups")?;
        let (own_user, own_group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
        setresgid(own_group, own_group, own_group).doing("setresgid")?;
        setresuid(own_user, own_user, own_user).doing("setresuid")?;
        nix::sys::prctl::set_dumpable(true).doing("prctl(PR_SET_DUMPABLE)")?;
        told(NOBODY, NOBODY, &[0, 7, 9000]).doing("outside")?;
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        told(user, group, &[group; 3]).doing("before the maps")?;
        root.go()?;
        root.wait()?;
        told(5, 100, &[0, 7, group]).doing("after the maps")?;
        holds()
    })?;
    process.recv::<()>()?;
    MapFile::Uid.write(process.pid(), &format!("5 {NOBODY} 1")).doing("write the map of users")?;
    MapFile::Gid.write(process.pid(), &format!("0 0 8\n100 {NOBODY} 1")).doing("write the map of groups")?;
    process.go()?;
    process.join()
}

/// stat() shows the overflow IDs for a file whose owner is not mapped in the caller's user namespace, and the mapped IDs for
/// other files.
#[claim(
    source = [
        "user_namespaces(7) Unmapped user and group IDs",
        "user_namespaces(7) User and group ID mappings: uid_map and gid_map",
    ],
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn stat_shows_overflow_for_unmapped_owner() -> Verdict {
    let overflow: (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    unprivileged(NONE, || {
        let own = memfd()?;
        expect_eq!(owner_of(&own)?, (geteuid().as_raw(), getegid().as_raw()), "the caller's own file, seen outside");
        expect_eq!(owner_of_root_directory()?, (0, 0), "root's, seen outside");
        let maps = Maps::own_as(7);
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        expect_eq!(owner_of(&own)?, overflow, "the caller's own file, before the maps");
        map_self(&maps)?;
        expect_eq!(owner_of(&own)?, (7, 7), "the caller's own file, after the maps");
        expect_eq!(owner_of_root_directory()?, overflow, "root's, after the maps");
        holds()
    })
}

/// The overflow IDs are 65534 at first, and those that are written to `/proc/sys/kernel/overflowuid` and `overflowgid` from
/// then on.
#[claim(
    source = "user_namespaces(7) Unmapped user and group IDs",
    needs = [Root, Disposable, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn overflow_id_is_configurable() -> Verdict {
    let file = memfd()?;
    let seen = || child(CLONE_NEWUSER, || Ok(((getuid().as_raw(), getgid().as_raw()), owner_of(&file)?)));
    putting_back(|| {
        expect_eq!(seen()?, ((65_534, 65_534), (65_534, 65_534)), "own IDs and a file's, at first");
        set_sysctl("kernel/overflowuid", 12_345).doing("set overflowuid")?;
        expect_eq!(seen()?, ((12_345, 65_534), (12_345, 65_534)), "after overflowuid was set");
        set_sysctl("kernel/overflowgid", 23_456).doing("set overflowgid")?;
        expect_eq!(seen()?, ((12_345, 23_456), (12_345, 23_456)), "after overflowgid was set, too");
        expect_eq!((getuid().as_raw(), owner_of(&file)?), (0, (0, 0)), "where the IDs are mapped");
        holds()
    })
}

/// `overflowuid` and `overflowgid` in `/proc/sys/fs` are other settings than those in `/proc/sys/kernel`, and have no effect in
/// user namespaces.
#[claim(
    source = ["proc_sys_kernel(5)", "kernel/sys.c fs_overflowuid"],
    needs = [Root, Disposable, Config("USER_NS"), Behaviour(AT_THE_TOP)],
    erratum = "proc_sys_kernel(5), overflowgid: overflowgid and overflowuid duplicate the files of these names in \
               /proc/sys/fs.",
    quote = "These files duplicate the files /proc/sys/fs/overflowgid and /proc/sys/fs/overflowuid.",
)]
fn overflow_files_in_fs_are_independent() -> Verdict {
    let seen = || child(CLONE_NEWUSER, || Ok((getuid().as_raw(), getgid().as_raw())));
    putting_back(|| {
        for (number, name) in [(12_345, "overflowuid"), (23_456, "overflowgid")] {
            let (fs, kernel) = (format!("fs/{name}"), format!("kernel/{name}"));
            let both = || -> Outcome<(u32, u32)> { Ok((sysctl(&fs)?, sysctl(&kernel)?)) };
            set_sysctl(&fs, 4321).doing("set the one of fs")?;
            expect_eq!(both()?, (4321, 65_534), "fs and kernel {name}, after that of fs was set");
            expect_eq!(seen()?, if name == "overflowuid" { (65_534, 65_534) } else { (12_345, 65_534) });
            set_sysctl(&kernel, number).doing("set the one of kernel")?;
            expect_eq!(both()?, (4321, number), "fs and kernel {name}, after that of kernel was set");
        }
        expect_eq!(seen()?, (12_345, 23_456), "in a user namespace");
        holds()
    })
}

/// Root of a user namespace can open the overflow ID settings for writing only if it is user 0 outside; otherwise open() fails
/// with EACCES.
#[claim(source = "fs/proc/proc_sysctl.c test_perm", needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)])]
fn overflowuid_not_writable_inside() -> Verdict {
    for name in SETTINGS {
        unprivileged(NONE, || {
            user_namespace(NONE, || {
                expect_errno!(open_sysctl(name), EACCES, "{name}, where root is user {NOBODY} outside");
                expect_ok!(File::open(format!("/proc/sys/{name}")), "{name}, to read");
                Ok(())
            })
        })?;
        user_namespace(NONE, || {
            expect_ok!(open_sysctl(name), "{name}, where root is root outside");
            Ok(())
        })?;
        expect_ok!(open_sysctl(name), "{name}, by root outside");
    }
    holds()
}

/// The four settings.
const SETTINGS: [&str; 4] = ["kernel/overflowuid", "kernel/overflowgid", "fs/overflowuid", "fs/overflowgid"];

/// Carries `body` out, and then puts the settings back for the cases that follow in the same kernel.
fn putting_back(body: impl FnOnce() -> Verdict) -> Verdict {
    let before = SETTINGS.map(sysctl::<u32>);
    let verdict = body();
    for (name, value) in SETTINGS.into_iter().zip(before) {
        set_sysctl(name, value?).doing(format!("put {name} back"))?;
    }
    verdict
}

/// The claim says that the caller sees these IDs: the real, the effective and the saved one alike.
fn told(user: u32, group: u32, groups: &[u32]) -> Outcome<()> {
    expect_eq!((getuid().as_raw(), geteuid().as_raw()), (user, user), "getuid, geteuid");
    expect_eq!((getgid().as_raw(), getegid().as_raw()), (group, group), "getgid, getegid");
    let (users, groups_of) = (getresuid().doing("getresuid")?, getresgid().doing("getresgid")?);
    expect_eq!([users.real, users.effective, users.saved].map(Uid::as_raw), [user; 3], "getresuid");
    expect_eq!([groups_of.real, groups_of.effective, groups_of.saved].map(Gid::as_raw), [group; 3], "getresgid");
    let mut listed: Vec<u32> = getgroups().doing("getgroups")?.into_iter().map(Gid::as_raw).collect();
    listed.sort_unstable();
    expect_eq!(listed, groups, "getgroups");
    let status = status("self")?;
    expect_eq!((status.ruid, status.euid, status.suid, status.fuid), (user, user, user, user), "Uid in /proc");
    expect_eq!((status.rgid, status.egid, status.sgid, status.fgid), (group, group, group, group), "Gid in /proc");
    let mut listed: Vec<u32> = status.groups;
    listed.sort_unstable();
    expect_eq!(listed, groups, "Groups in /proc");
    Ok(())
}

/// A file that belongs to the caller.
fn memfd() -> Outcome<OwnedFd> {
    memfd_create("owned", MFdFlags::MFD_CLOEXEC).doing("memfd_create")
}

/// The user and the group that own a file, as the caller sees them.
fn owner_of(file: &OwnedFd) -> Outcome<(u32, u32)> {
    let seen = fstat(file).doing("fstat")?;
    Ok((seen.st_uid, seen.st_gid))
}

fn owner_of_root_directory() -> Outcome<(u32, u32)> {
    let seen = stat("/").doing("stat /")?;
    Ok((seen.st_uid, seen.st_gid))
}
