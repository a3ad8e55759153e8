//! Namespaces that outlive the program: the options of `unshare(1)` that take a file.

use std::fs;

use kit::eventually;
use kit::mounts::{Propagation, tmpfs};
use kit::prelude::*;
use kit::process::{Container, expect_failure, expect_success, stay_on_one_processor};
use kit::sys::ns::get_nstype;
use kit::uts::{hostname, sethostname};
use nix::mount::{MntFlags, umount2};
use nix::sys::statfs::{FsType, statfs};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    cli_persistent_uts,
    cli_persistent_pid_needs_fork,
    persistent_pid_namespace_can_begin_empty,
    cli_persistent_pid_dead_init,
    cli_persistent_mnt_needs_private,
];

/// An empty file in an empty place.
const FILE: &str = "/tmp/namespace";

/// `linux/magic.h`.
const NSFS_MAGIC: FsType = FsType(0x6e73_6673);

/// «unshare --uts=FILE» mounts the new UTS namespace on the file; «nsenter --uts=FILE» joins it until that is
/// unmounted.
#[claim(
    source = ["unshare(1) EXAMPLES", "Linux Namespaces"],
    needs = [Root, Tool("unshare"), Tool("nsenter"), Tool("sh"), Tool("uname")],
)]
fn cli_persistent_uts() -> Verdict {
    sethostname("outside")?;
    make_file()?;
    let by_file = format!("--uts={FILE}");
    expect_success(&["unshare", &by_file, "sh", "-c", "echo inside > /proc/sys/kernel/hostname"])?;
    expect_eq!(statfs(FILE)?.filesystem_type(), NSFS_MAGIC, "what is mounted on the file");
    for _ in 0..2 {
        expect_eq!(expect_success(&["nsenter", &by_file, "uname", "-n"])?, "inside\n");
    }
    expect_eq!(hostname()?, "outside");
    umount2(FILE, MntFlags::empty()).doing("unmount the file")?;
    expect_failure(&["nsenter", &by_file, "uname", "-n"], "Invalid argument")?;
    expect_ne!(statfs(FILE)?.filesystem_type(), NSFS_MAGIC, "what is left");
    holds()
}

/// «unshare --pid=FILE» fails without --fork: a PID namespace that has not had a process yet has no file to mount.
#[claim(source = "unshare(1)", needs = [Root, Tool("unshare"), Tool("true")], until = "7.1")]
fn cli_persistent_pid_needs_fork() -> Verdict {
    make_file()?;
    let by_file = format!("--pid={FILE}");
    expect_failure(&["unshare", &by_file, "true"], "No such file or directory")?;
    expect_ne!(statfs(FILE)?.filesystem_type(), NSFS_MAGIC, "what is mounted on the file");
    expect_success(&["unshare", &by_file, "--fork", "true"])?;
    expect_pid_namespace()
}

/// «unshare --pid=FILE» works without --fork: the namespace has a file before its first process, which nsenter can
/// start.
#[claim(
    source = "unshare(1)",
    needs = [Root, Tool("unshare"), Tool("nsenter"), Tool("sh"), Tool("true")],
    since = "7.1",
    replaces = "cli_persistent_pid_needs_fork",
    erratum = "unshare(1): creating a persistent PID namespace fails if --fork is not given, too.",
)]
fn persistent_pid_namespace_can_begin_empty() -> Verdict {
    make_file()?;
    let by_file = format!("--pid={FILE}");
    expect_success(&["unshare", &by_file, "true"])?;
    expect_pid_namespace()?;
    expect_eq!(expect_success(&["nsenter", &by_file, "sh", "-c", "echo $$"])?, "1\n", "the first process in it");
    expect_failure(&["nsenter", &by_file, "true"], "fork failed: Cannot allocate memory")?;
    holds()
}

/// In a PID namespace that unshare(1) keeps on a file, nsenter can start programs until its init ends; then fork fails.
#[claim(
    source = "unshare(1) DESCRIPTION",
    needs = [Root, Tool("unshare"), Tool("nsenter"), Tool("sh"), Tool("cat")],
)]
fn cli_persistent_pid_dead_init() -> Verdict {
    make_file()?;
    let by_file = format!("--pid={FILE}");
    let enter = ["nsenter", &by_file, "sh", "-c", "echo $$"];
    let container = Container::start_by(&["unshare", &by_file, "--fork"])?;
    // Whether it mounts the file before or after it starts the program is up to its version.
    if !eventually(|| Ok(statfs(FILE)?.filesystem_type() == NSFS_MAGIC))? {
        return Err(Failure::broken("unshare does not mount the file"));
    }
    expect_eq!(expect_success(&enter)?, "2\n", "while the init lives");
    drop(container);
    expect_pid_namespace()?;
    expect_failure(&enter, "fork failed: Cannot allocate memory")?;
    holds()
}

/// «unshare --mount=FILE» fails with EINVAL if the file lies on a shared mount, and works if that mount is private.
#[claim(source = "unshare(1)", needs = [Root, Tool("unshare"), Tool("true")])]
fn cli_persistent_mnt_needs_private() -> Verdict {
    // A mount namespace's file can be mounted only in one with a lower number: the one around must come first.
    stay_on_one_processor()?;
    child(CLONE_NEWNS, || {
        tmpfs("/mnt")?;
        let file = "/mnt/namespace";
        fs::write(file, "").doing("create a file")?;
        let line = ["unshare", &format!("--mount={file}"), "true"];
        Propagation::Shared.make("/mnt")?;
        expect_failure(&line, "Invalid argument")?;
        expect_ne!(statfs(file)?.filesystem_type(), NSFS_MAGIC, "what is mounted on the file");
        Propagation::Private.make("/mnt")?;
        expect_success(&line)?;
        expect_eq!(get_nstype(Namespace::at(file)?)?, CLONE_NEWNS, "the kind of what is mounted on the file");
        holds()
    })
}

fn make_file() -> Outcome<()> {
    fs::write(FILE, "").doing(format!("create {FILE}"))
}

fn expect_pid_namespace() -> Verdict {
    expect_eq!(get_nstype(Namespace::at(FILE)?)?, CLONE_NEWPID, "the kind of what is mounted on the file");
    holds()
}
