//! Joining a UTS namespace, and what keeps one alive: `setns(2)`, `namespaces(7)` Namespace lifetime.

use std::fs::File;
use std::path::Path;

use kit::mounts::bind;
use kit::prelude::*;
use kit::uts::{Names, Onlooker, hostname, sethostname};
use nix::mount::umount;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![setns_joins, setns_wrong_type_einval, kept_by_open_fd, kept_by_bind_mount];

/// After setns(2) to another process's UTS namespace the caller reads and sets the hostname and domain name of that
/// namespace.
#[claim(source = ["setns(2) DESCRIPTION", "gethostname(2) DESCRIPTION"], needs = [Root])]
fn setns_joins() -> Verdict {
    let (ours, theirs) = (Names::new("ours", "ours.example"), Names::new("theirs", "theirs.example"));
    let joined = Names::new("joined", "joined.example");
    ours.set()?;
    let other = Onlooker::prepared(CLONE_NEWUTS, || theirs.set())?;
    let handle = other.process().namespace(Kind::Uts)?;
    child(NONE, || {
        expect_eq!(Names::own()?, ours);
        expect_ok!(setns(&handle, CLONE_NEWUTS));
        expect_eq!(Names::own()?, theirs);
        expect_eq!(own_inode(Kind::Uts)?, handle.inode()?);
        joined.set()
    })?;
    expect_eq!(other.names()?, joined);
    expect_eq!(Names::own()?, ours);
    holds()
}

/// setns(2) fails with EINVAL on a UTS namespace with another kind's flag, and on another kind of namespace with
/// CLONE_NEWUTS.
#[claim(source = "setns(2) ERRORS", needs = [Root])]
fn setns_wrong_type_einval() -> Verdict {
    let other = waiting(CLONE_NEWUTS)?;
    let handle = other.namespace(Kind::Uts)?;
    let other_kinds = || Kind::ALL.into_iter().filter(|kind| *kind != Kind::Uts);
    for kind in other_kinds() {
        expect_errno!(setns(&handle, kind.flag()), EINVAL, "a UTS handle as a {kind} namespace");
    }
    // Those that this kernel has: all but mount namespaces can be configured out.
    for kind in other_kinds().filter(|kind| Path::new(&format!("/proc/self/ns/{kind}")).exists()) {
        let of_kind = other.namespace(kind)?;
        expect_errno!(setns(&of_kind, CLONE_NEWUTS), EINVAL, "a {kind} handle as a UTS namespace");
        // A process cannot join the user namespace it is in: that is EINVAL, too, whatever the flag.
        if kind != Kind::User {
            child(NONE, || {
                expect_ok!(setns(&of_kind, kind.flag()), "a {kind} handle with its own flag");
                Ok(())
            })?;
        }
    }
    // The UTS handle with the right flag, and with the one that means any kind.
    for flags in [CLONE_NEWUTS, NONE] {
        child(NONE, || {
            expect_ok!(setns(&handle, flags));
            expect_eq!(own_inode(Kind::Uts)?, handle.inode()?);
            Ok(())
        })?;
    }
    holds()
}

/// An open file that refers to a UTS namespace keeps it and its hostname after its last process has ended.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "namespaces(7) The /proc/pid/ns/ directory"],
    needs = [Root],
)]
fn kept_by_open_fd() -> Verdict {
    let member = Onlooker::prepared(CLONE_NEWUTS, || Ok(sethostname("kept")?))?;
    let link = format!("/proc/{}/ns/uts", member.process().pid());
    let handle = Namespace::at(&link)?;
    member.end()?;
    expect_errno!(File::open(&link), ENOENT, "the way by which it could be opened before");
    expect_kept(&handle)?;
    holds()
}

/// A bind mount of a UTS namespace's file keeps the namespace and its hostname after its last process has ended.
#[claim(source = ["namespaces(7) Namespace lifetime", "Linux Namespaces"], needs = [Root])]
fn kept_by_bind_mount() -> Verdict {
    let member = Onlooker::prepared(CLONE_NEWUTS, || Ok(sethostname("kept")?))?;
    let link = format!("/proc/{}/ns/uts", member.process().pid());
    let file = "/tmp/uts";
    File::create(file)?;
    bind(link, file)?;
    member.end()?;
    expect_kept(&Namespace::from_fd(expect_ok!(File::open(file)).into()))?;
    umount(file)?;
    expect_errno!(setns(File::open(file)?, CLONE_NEWUTS), EINVAL, "the file below the mount");
    holds()
}

/// A namespace without a member that was called «kept» is still there, and can be used.
fn expect_kept(handle: &Namespace) -> Outcome<()> {
    // One that had been freed would lose its place in memory to a later one.
    let later = || Onlooker::prepared(CLONE_NEWUTS, || Ok(sethostname("later")?));
    let _later = [later()?, later()?, later()?];
    child(NONE, || {
        expect_ok!(setns(handle, CLONE_NEWUTS));
        expect_eq!(hostname()?, "kept");
        Ok(sethostname("renamed by a visitor")?)
    })?;
    let seen_by_the_next = child(NONE, || {
        setns(handle, CLONE_NEWUTS)?;
        hostname()
    })?;
    expect_eq!(seen_by_the_next, "renamed by a visitor");
    Ok(())
}
