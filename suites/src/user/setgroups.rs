//! The file that says whether `setgroups(2)` is allowed: `user_namespaces(7)`, The /proc/pid/setgroups file.

use std::fs::{self, File, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;

use kit::prelude::*;
use kit::process::{
    MapFile, NOBODY, Newborn, Writer, become_root_inside, map_self, user_namespace_with, with_only, without, write_once,
};
use nix::sys::uio::pwrite;
use nix::unistd::{Gid, Uid, chown, setgroups, setresgid, setresuid};
use rustix::thread::CapabilitySet;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setgroups_file_default_allow,
    setgroups_deny_is_permanent,
    setgroups_deny_refused_after_gid_map,
    setgroups_deny_refused_in_initial_userns,
    setgroups_syscall_needs_gid_map,
    setgroups_syscall_denied_when_deny,
    setgroups_inherited_by_child_userns,
    setgroups_file_needs_sys_admin,
    setgroups_file_bad_strings_einval,
    negative_group_permission_not_escapable,
];

/// The `setgroups` file reads `allow` in the initial user namespace and in a new one below it, until `deny` is written there.
#[claim(
    source = ["user_namespaces(7) The /proc/pid/setgroups file", "proc_pid_setgroups(5)"],
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn setgroups_file_default_allow() -> Verdict {
    expect_eq!(fs::read_to_string(MapFile::Setgroups.path("self"))?, "allow\n", "in the initial namespace");
    unprivileged(NONE, || {
        let (denied, other) = (Newborn::new()?, Newborn::new()?);
        expect_eq!(denied.read(MapFile::Setgroups)?, "allow", "in a new one");
        expect_ok!(denied.write(MapFile::Setgroups, "deny", Writer::Itself)?);
        expect_eq!(denied.read(MapFile::Setgroups)?, "deny", "in the new one, after deny");
        expect_eq!(other.read(MapFile::Setgroups)?, "allow", "in another one");
        expect_eq!(MapFile::Setgroups.read("self")?, "allow", "in the one around them");
        holds()
    })
}

/// Once `deny` was written to `setgroups`, writing `allow` fails with EPERM, while `deny` can be written again.
#[claim(
    source = "user_namespaces(7) The /proc/pid/setgroups file",
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn setgroups_deny_is_permanent() -> Verdict {
    unprivileged(NONE, || {
        for writer in [Writer::Itself, Writer::Caller] {
            let process = Newborn::new()?;
            let write = |text| process.write(MapFile::Setgroups, text, writer);
            expect_ok!(write("allow")?, "at first, by {writer:?}");
            expect_eq!(process.read(MapFile::Setgroups)?, "allow");
            expect_ok!(write("deny")?, "by {writer:?}");
            expect_errno!(write("allow")?, EPERM, "after deny, by {writer:?}");
            expect_ok!(write("deny")?, "again, by {writer:?}");
            expect_eq!(process.read(MapFile::Setgroups)?, "deny");
        }
        holds()
    })
}

/// Once `gid_map` was written, writing `deny` to `setgroups` fails with EPERM, even if the file reads `deny` already.
#[claim(
    source = "user_namespaces(7) The /proc/pid/setgroups file",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn setgroups_deny_refused_after_gid_map() -> Verdict {
    for writer in [Writer::Itself, Writer::Caller] {
        let (early, late) = (Newborn::new()?, Newborn::new()?);
        expect_ok!(early.write(MapFile::Setgroups, "deny", writer)?, "before the map, by {writer:?}");
        for process in [&early, &late] {
            process.write(MapFile::Gid, "0 4242 77", Writer::Caller)?.doing("write the map of groups")?;
        }
        expect_errno!(late.write(MapFile::Setgroups, "deny", writer)?, EPERM, "after the map, by {writer:?}");
        expect_ok!(late.write(MapFile::Setgroups, "allow", writer)?, "after the map, by {writer:?}");
        expect_eq!(late.read(MapFile::Setgroups)?, "allow");
        expect_errno!(early.write(MapFile::Setgroups, "deny", writer)?, EPERM, "denied already, by {writer:?}");
        expect_eq!(early.read(MapFile::Setgroups)?, "deny");
    }
    holds()
}

/// In the initial user namespace, which always has a `gid_map`, writing `deny` to `setgroups` fails with EPERM, even for root.
///
/// In another one with the same `gid_map` it fails as well, and without one it succeeds.
#[claim(
    source = "user_namespaces(7) The /proc/pid/setgroups file",
    needs = [Root, Disposable, Behaviour(AT_THE_TOP)],
)]
fn setgroups_deny_refused_in_initial_userns() -> Verdict {
    expect_errno!(MapFile::Setgroups.write("self", "deny"), EPERM, "in the initial user namespace");
    expect_ok!(MapFile::Setgroups.write("self", "allow"), "in the initial user namespace");
    expect_eq!(MapFile::Setgroups.read("self")?, "allow");
    for has_map in [true, false] {
        let process = Newborn::new()?;
        if has_map {
            let map = MapFile::Gid.read("self")?;
            process.write(MapFile::Gid, &map, Writer::Caller)?.doing("write the same map of groups")?;
        }
        let answer = process.write(MapFile::Setgroups, "deny", Writer::Itself)?;
        if has_map {
            expect_errno!(answer, EPERM, "in another one with the same map of groups");
        } else {
            expect_ok!(answer, "in another one without a map of groups");
        }
    }
    holds()
}

/// Before `gid_map` is written, setgroups() fails with EPERM although the `setgroups` file reads `allow`; afterwards it
/// succeeds.
#[claim(
    source = [
        "user_namespaces(7) The /proc/pid/setgroups file",
        "user_namespaces(7) Interaction with system calls that change process UIDs or GIDs",
    ],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn setgroups_syscall_needs_gid_map() -> Verdict {
    calls_setgroups("allow", |before, after| {
        expect_errno!(before, EPERM, "before the map");
        expect_ok!(after, "after the map");
        holds()
    })
}

/// While the `setgroups` file reads `deny`, setgroups() fails with EPERM, even after root outside has written `gid_map`.
#[claim(
    source = ["user_namespaces(7) The /proc/pid/setgroups file", "getgroups(2) ERRORS"],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn setgroups_syscall_denied_when_deny() -> Verdict {
    calls_setgroups("deny", |before, after| {
        expect_errno!(before, EPERM, "before the map");
        expect_errno!(after, EPERM, "after the map");
        holds()
    })?;
    calls_setgroups("allow", |_, after| {
        expect_ok!(after, "after the map, where it is not denied");
        holds()
    })
}

/// A new user namespace starts with its parent's `setgroups` value; if that is `deny`, writing `allow` to the new one's file
/// fails with EPERM.
#[claim(
    source = "user_namespaces(7) The /proc/pid/setgroups file",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn setgroups_inherited_by_child_userns() -> Verdict {
    for (denied, expected) in [(true, "deny"), (false, "allow")] {
        let maps = Maps { deny_setgroups: denied, ..Maps::range(100_000, 10) };
        let parent = user_namespace_with(&maps, NONE, |_| {
            become_root_inside()?;
            let process = Newborn::new()?;
            expect_eq!(process.read(MapFile::Setgroups)?, expected, "at first");
            let allowing = process.write(MapFile::Setgroups, "allow", Writer::Itself)?;
            if denied {
                expect_errno!(allowing, EPERM, "below deny");
            } else {
                expect_ok!(allowing, "below allow");
            }
            expect_ok!(process.write(MapFile::Setgroups, "deny", Writer::Itself)?, "below {expected}");
            expect_eq!(process.read(MapFile::Setgroups)?, "deny", "denied below {expected}");
            expect_eq!(MapFile::Setgroups.read("self")?, expected, "the parent's own, afterwards");
            holds()
        })?;
        parent.join()?;
    }
    holds()
}

/// Opening `setgroups` for writing requires CAP_SYS_ADMIN in its user namespace; without it open() fails with EACCES.
///
/// That capability alone is enough, and opening the file for reading takes none.
#[claim(source = "user_namespaces(7) The /proc/pid/setgroups file", needs = [UserNamespaces])]
fn setgroups_file_needs_sys_admin() -> Verdict {
    unprivileged(NONE, || {
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        without(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_errno!(MapFile::Setgroups.open("self"), EACCES, "without CAP_SYS_ADMIN");
            expect_ok!(MapFile::Uid.open("self"), "the map of users without CAP_SYS_ADMIN");
            expect_ok!(File::open(MapFile::Setgroups.path("self")), "to read, without CAP_SYS_ADMIN");
            Ok(())
        })?;
        with_only(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_ok!(MapFile::Setgroups.open("self"), "with CAP_SYS_ADMIN alone");
            Ok(())
        })?;
        holds()
    })
}

/// `setgroups` takes `allow` or `deny` with white space after it, fewer than 8 bytes, at file offset 0; any other write()
/// fails with EINVAL.
///
/// A pwrite() fails with ESPIPE, even at offset 0.
#[claim(source = "kernel/user_namespace.c proc_setgroups_write", needs = [UserNamespaces, Behaviour(AT_THE_TOP)])]
fn setgroups_file_bad_strings_einval() -> Verdict {
    unprivileged(NONE, || {
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        for text in ["", "\n", "bogus", "denyx", "allowx", " deny", "Deny", "den", "denydeny", "allow   x", "deny    "]
        {
            expect_errno!(MapFile::Setgroups.write("self", text), EINVAL, "«{}»", text.escape_default());
        }
        expect_eq!(MapFile::Setgroups.read("self")?, "allow", "after nothing but refusals");
        for text in ["allow", "allow\n", "allow \t", "deny", "deny\n", "deny  \n"] {
            let file = MapFile::Setgroups.open("self").doing("open the file")?;
            for offset in [0, 1] {
                expect_errno!(pwrite(file.as_fd(), text.as_bytes(), offset), ESPIPE, "pwrite at {offset}");
            }
            expect_ok!(write_once(&file, text), "«{}»", text.escape_default());
            expect_errno!(write_once(&file, text), EINVAL, "«{}» again, not at the start", text.escape_default());
        }
        expect_eq!(MapFile::Setgroups.read("self")?, "deny");
        holds()
    })
}

/// A process that a file's mode denies access because of its group does not get it in a user namespace: setgroups() fails with
/// EPERM there.
#[claim(
    source = "user_namespaces(7) The /proc/pid/setgroups file",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn negative_group_permission_not_escapable() -> Verdict {
    let (path, group) = ("/tmp/all-but-the-group", Gid::from_raw(NOBODY + 5));
    fs::write(path, "").doing("create a file")?;
    chown(path, None, Some(group)).doing("chown")?;
    fs::set_permissions(path, Permissions::from_mode(0o707)).doing("chmod")?;
    for (groups, shut_out) in [(&[group][..], true), (&[], false)] {
        let tried = |place: &str| -> Outcome<()> {
            if shut_out {
                expect_errno!(File::open(path), EACCES, "{place}, in the group");
            } else {
                expect_ok!(File::open(path), "{place}, not in the group");
            }
            Ok(())
        };
        child(NONE, || {
            become_member(groups)?;
            tried("outside")?;
            let maps = Maps::own_as_root();
            unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
            expect_errno!(setgroups(&[]), EPERM, "before the maps");
            map_self(&maps)?;
            expect_errno!(setgroups(&[]), EPERM, "after the maps");
            tried("inside")
        })?;
    }
    holds()
}

/// What setgroups() answers to a process with all capabilities in a new user namespace, whose setgroups file says
/// `word`, before and after root outside writes the map of groups.
fn calls_setgroups(word: &str, judge: impl FnOnce(nix::Result<()>, nix::Result<()>) -> Verdict) -> Verdict {
    let process = spawn(CLONE_NEWUSER, |outside| {
        MapFile::Setgroups.write("self", word).doing("write the setgroups file")?;
        let before = setgroups(&[]);
        outside.go()?;
        outside.wait()?;
        judge(before, setgroups(&[]))
    })?;
    process.recv::<()>()?;
    MapFile::Gid.write(process.pid(), "0 4242 77").doing("write the map of groups")?;
    process.go()?;
    process.join()
}

/// Makes the caller user and group [`NOBODY`] with these groups beside, and its files in `/proc` that user's.
fn become_member(groups: &[Gid]) -> Outcome<()> {
    let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setgroups(groups).doing("setgroups")?;
    setresgid(gid, gid, gid).doing("setresgid")?;
    setresuid(uid, uid, uid).doing("setresuid")?;
    nix::sys::prctl::set_dumpable(true).doing("prctl(PR_SET_DUMPABLE)")
}
