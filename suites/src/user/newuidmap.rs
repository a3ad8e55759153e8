//! Which maps `newuidmap(1)` and `newgidmap(1)` write: `subuid(5)`.
//!
//! They read the delegations in `/etc`, which a case covers with files of its own, on its stage. Each call is a program to
//! start, of which a guest without KVM manages two a second: hence the deadlines.

use std::fs;
use std::process::{Command, Stdio};

use kit::prelude::*;
use kit::process::{MapFile, NOBODY, Newborn, Writer, as_user};

use super::mounts::mount_kind_at;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    newuidmap_allows_delegated_range,
    newuidmap_rejects_outside_range,
    newuidmap_accepts_own_uid,
    newgidmap_accepts_own_gid,
    subuid_accepts_name_or_uid,
    newuidmap_root_needs_entry,
    newuidmap_refuses_foreign_process,
];

/// The user whose name `/etc/passwd` has, beside root, «caller» and «other».
const OTHER: u32 = NOBODY + 1;

/// newuidmap writes a map of IDs that `/etc/subuid` delegates to its caller, in one line there or several, and refuses one ID
/// more.
#[claim(
    source = ["subuid(5) LOCAL SUBORDINATE DELEGATION", "newuidmap(1)"],
    needs = [Root, UserNamespaces, Tool("newuidmap")], deadline = 30,
)]
fn newuidmap_allows_delegated_range() -> Verdict {
    delegate(&format!("{NOBODY}:300000:100\n{NOBODY}:400000:50\n"))?;
    for map in ["0 300000 100", "5 300010 20", "0 300000 100 100 400000 50", "0 400000 50 50 300000 1"] {
        expect_allowed(NOBODY, map)?;
    }
    for map in ["0 300000 101", "0 400000 51", "0 300000 100 100 400000 51"] {
        expect_refused(NOBODY, map)?;
    }
    holds()
}

/// newuidmap exits with status 1 and writes nothing when some or all of the IDs are not delegated to its caller.
#[claim(source = "newuidmap(1)", needs = [Root, UserNamespaces, Tool("newuidmap")], deadline = 30)]
fn newuidmap_rejects_outside_range() -> Verdict {
    delegate(&format!("{NOBODY}:300000:100\n"))?;
    for map in ["0 300000 101", "0 299999 2", "0 299999 1", "0 300100 1", "0 0 1"] {
        expect_refused(NOBODY, map)?;
    }
    expect_refused(OTHER, "0 300000 1").doing("a user without a line")?;
    expect_allowed(NOBODY, "0 300000 100")?;
    holds()
}

/// newuidmap lets its caller map its own user ID without a delegation.
#[claim(
    source = "newuidmap(1)",
    needs = [Root, UserNamespaces, Tool("newuidmap")], deadline = 30,
    erratum = "newuidmap(1), DESCRIPTION: the IDs have to be in the ranges that /etc/subuid allows the user.",
)]
fn newuidmap_accepts_own_uid() -> Verdict {
    delegate(&format!("{OTHER}:300000:100\n"))?;
    expect_allowed(NOBODY, &format!("0 {NOBODY} 1"))?;
    expect_refused(NOBODY, &format!("0 {NOBODY} 2"))?;
    expect_refused(NOBODY, "0 300000 1").doing("another user's range")?;
    expect_allowed(OTHER, &format!("0 {OTHER} 1 1 300000 100")).doing("beside a range")?;
    holds()
}

/// newgidmap lets its caller map its own group ID without a delegation, and no other one.
#[claim(source = "newgidmap(1)", needs = [Root, UserNamespaces, Tool("newgidmap")])]
fn newgidmap_accepts_own_gid() -> Verdict {
    delegate(&format!("{NOBODY}:300000:100\n"))?;
    for (map, is_allowed) in [
        (format!("0 {NOBODY} 1"), true),
        (format!("0 {NOBODY} 1 1 300000 100"), true),
        (format!("0 {OTHER} 1"), false),
        ("0 300000 101".to_owned(), false),
    ] {
        let target = Newborn::of_user(NOBODY)?;
        let ran = run("newgidmap", NOBODY, &target, &map)?;
        let expected = if is_allowed { (0, lines_of(&map)) } else { (1, String::new()) };
        expect_eq!((ran.status, target.read(MapFile::Gid)?), expected, "«{map}»: {}", ran.errors);
    }
    holds()
}

/// A line of `/etc/subuid` delegates to the user whose name or user ID it begins with.
#[claim(source = "subuid(5) LOCAL SUBORDINATE DELEGATION", needs = [Root, UserNamespaces, Tool("newuidmap")], deadline = 30)]
fn subuid_accepts_name_or_uid() -> Verdict {
    for (line, named) in [("caller:500000:10".to_owned(), NOBODY), (format!("{OTHER}:500000:10"), OTHER)] {
        delegate(&line)?;
        for user in [NOBODY, OTHER] {
            if user == named {
                expect_allowed(user, "0 500000 10").doing(&line)?;
            } else {
                expect_refused(user, "0 500000 10").doing(&line)?;
            }
        }
    }
    delegate("stranger:500000:10")?;
    expect_refused(NOBODY, "0 500000 10").doing("a name that no user has")?;
    holds()
}

/// newuidmap refuses root IDs that `/etc/subuid` does not delegate to root, although root itself can write the same map.
#[claim(source = "newuidmap(1)", needs = [Root, UserNamespaces, Tool("newuidmap")])]
fn newuidmap_root_needs_entry() -> Verdict {
    let map = "0 300000 5";
    delegate(&format!("{NOBODY}:300000:100\n"))?;
    let target = Newborn::new()?;
    let refused = run("newuidmap", 0, &target, map)?;
    expect_eq!((refused.status, target.read(MapFile::Uid)?), (1, String::new()), "{}", refused.errors);
    target.write(MapFile::Uid, map, Writer::Caller)?.doing("write the map as root")?;

    delegate("root:300000:100\n")?;
    let target = Newborn::new()?;
    let allowed = run("newuidmap", 0, &target, map)?;
    expect_eq!((allowed.status, target.read(MapFile::Uid)?), (0, map.to_owned()), "{}", allowed.errors);
    holds()
}

/// newuidmap exits with status 1 and writes nothing for another user's process, even if the range is delegated to its caller.
#[claim(source = "newuidmap(1)", needs = [Root, UserNamespaces, Tool("newuidmap")])]
fn newuidmap_refuses_foreign_process() -> Verdict {
    delegate(&format!("{NOBODY}:300000:100\n{OTHER}:300000:100\n"))?;
    for owner in [OTHER, NOBODY] {
        let target = Newborn::of_user(owner)?;
        let ran = run("newuidmap", NOBODY, &target, "0 300000 100")?;
        let map = target.read(MapFile::Uid)?;
        if owner == NOBODY {
            expect_eq!((ran.status, map.as_str()), (0, "0 300000 100"), "its own process: {}", ran.errors);
        } else {
            expect_eq!((ran.status, map.as_str()), (1, ""), "{owner}'s process: {}", ran.errors);
            expect!(ran.errors.contains("owned by a different user"), "{}", ran.errors);
        }
    }
    holds()
}

/// The claim says that the tool, called by this user, writes this map for a process of the same user.
fn expect_allowed(user: u32, map: &str) -> Outcome<()> {
    let target = Newborn::of_user(user)?;
    let ran = run("newuidmap", user, &target, map)?;
    expect_eq!((ran.status, target.read(MapFile::Uid)?), (0, lines_of(map)), "«{map}»: {}", ran.errors);
    Ok(())
}

/// The claim says that the tool, called by this user, refuses this map for a process of the same user, and writes none.
fn expect_refused(user: u32, map: &str) -> Outcome<()> {
    let target = Newborn::of_user(user)?;
    let ran = run("newuidmap", user, &target, map)?;
    expect_eq!((ran.status, target.read(MapFile::Uid)?), (1, String::new()), "«{map}»: {}", ran.errors);
    expect!(ran.errors.contains("not allowed"), "{}", ran.errors);
    Ok(())
}

/// A tool that has run.
struct Ran {
    status: i32,
    errors: String,
}

/// Has a user call one of the two tools for a process, with the numbers of this map.
fn run(tool: &str, user: u32, target: &Newborn, map: &str) -> Outcome<Ran> {
    let call = || {
        let mut command = Command::new(tool);
        command.arg(target.pid().to_string()).args(map.split(' ')).env("LC_ALL", "C").stdin(Stdio::null());
        let output = command.output().doing(format!("run {command:?}"))?;
        Ok((output.status.code(), String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    };
    let (status, errors) = if user == 0 { child(NONE, call)? } else { as_user(user, NONE, call)? };
    Ok(Ran { status: status.ok_or_else(|| Failure::broken(format!("a signal killed {tool}")))?, errors })
}

/// The map as its file shows it.
fn lines_of(map: &str) -> String {
    let numbers: Vec<_> = map.split(' ').collect();
    numbers.chunks(3).map(|line| line.join(" ")).collect::<Vec<_>>().join("\n")
}

/// Covers the stage's `/etc` with a folder in which these lines delegate user and group IDs.
fn delegate(lines: &str) -> Outcome<()> {
    let linker_cache = fs::read("/etc/ld.so.cache");
    mount_kind_at("tmpfs", "/etc", Some("mode=755")).doing("cover /etc")?;
    let users =
        format!("root:x:0:0::/:/bin/sh\ncaller:x:{NOBODY}:{NOBODY}::/:/bin/sh\nother:x:{OTHER}:{OTHER}::/:/bin/sh\n");
    let groups = format!("root:x:0:\ncaller:x:{NOBODY}:\nother:x:{OTHER}:\n");
    for (name, text) in [("passwd", users.as_str()), ("group", groups.as_str()), ("subuid", lines), ("subgid", lines)] {
        fs::write(format!("/etc/{name}"), text).doing(format!("write /etc/{name}"))?;
    }
    match linker_cache {
        Ok(cache) => fs::write("/etc/ld.so.cache", cache).doing("write /etc/ld.so.cache"),
        // Programs find their libraries in the usual places without it.
        Err(_) => Ok(()),
    }
}
