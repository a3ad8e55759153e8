//! A container from scratch, by `unshare(1)`, `mount(8)` and `pivot_root(8)` at the prompt.

use std::fs;
use std::path::Path;

use kit::mounts::Mounts;
use kit::prelude::*;
use kit::process::{Container, Shell, ns_pids, prompt};
use kit::uts::hostname;

use super::reading::{numbers, own_kinds};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    container_from_scratch_is_pid_1_with_a_hostname_of_its_own,
    container_from_scratch_cannot_reach_the_old_root,
    container_from_scratch_has_six_namespaces_of_its_own,
];

/// A container from scratch runs its program as PID 1, lists its own processes alone, and has a hostname of its own.
#[claim(
    source = ["pivot_root(8)", "pivot_root(2) DESCRIPTION", "unshare(1)", "namespaces-fun"],
    needs = [
        Root, Tool("unshare"), Tool("pivot_root"), Tool("mount"), Tool("umount"), Tool("hostname"), Tool("mkdir"), Tool("ln"),
        Tool("ls"), Tool("sh"),
    ],
    deadline = 60,
)]
fn container_from_scratch_is_pid_1_with_a_hostname_of_its_own() -> Verdict {
    prompt("hostname outside")?;
    let shell = rootfs()?;
    let inside = shell.prompt(
        "unshare --mount --uts --ipc --net --pid --cgroup --fork sh -e -c '\n\
         mount --make-rprivate /\n\
         mount --rbind $ROOTFS $ROOTFS\n\
         cd $ROOTFS\n\
         pivot_root . old\n\
         cd /\n\
         mount -t proc proc /proc\n\
         umount -l /old\n\
         hostname box\n\
         echo $$\n\
         hostname\n\
         ls /proc\n\
         :'",
    )?;
    let mut lines = inside.lines();
    expect_eq!((lines.next(), lines.next()), (Some("1"), Some("box")), "its number and its hostname");
    let listed = numbers(&lines.collect::<Vec<_>>().join("\n"));
    expect!(listed.len() == 2 && listed[0] == 1, "the shell and ls are all that is listed: {listed:?}");
    expect_eq!((prompt("hostname")?.trim(), hostname()?.as_str()), ("outside", "outside"), "the name outside");
    holds()
}

/// After pivot_root and «umount -l» of the old root a container from scratch has its own root alone: nothing else is reachable.
#[claim(
    source = ["pivot_root(8)", "pivot_root(2) NOTES", "findmnt(8)", "namespaces-fun"],
    needs = [
        Root, Tool("unshare"), Tool("pivot_root"), Tool("mount"), Tool("umount"), Tool("nsenter"), Tool("mkdir"), Tool("ln"),
        Tool("ls"), Tool("cat"), Tool("sh"),
    ],
    deadline = 60,
)]
fn container_from_scratch_cannot_reach_the_old_root() -> Verdict {
    fs::write("/tmp/secret", "").doing("create a file")?;
    let (shell, container) = start()?;
    let pid = container.init()?;
    expect_eq!(shell.prompt("nsenter -t $PID --mount ls /old")?, "", "what is below the old root's place");
    expect!(shell.try_prompt("nsenter -t $PID --mount ls /tmp/secret")?.status != Some(0), "a file of outside");
    // Its root's own dot-dot leads nowhere else either.
    let above = shell.prompt("nsenter -t $PID --mount ls /..")?;
    expect_eq!(above.lines().collect::<Vec<_>>(), shell.prompt("ls $ROOTFS")?.lines().collect::<Vec<_>>());
    let text = fs::read_to_string(format!("/proc/{pid}/mountinfo")).doing("read its mountinfo")?;
    let points: Vec<_> = text.lines().filter_map(|line| line.split(' ').nth(4)).collect();
    expect!(points.iter().all(|point| ["/", "/proc", "/usr"].contains(point)), "its mounts: {points:?}");
    expect!(Path::new("/tmp/secret").exists() && Mounts::own()?.into_iter().count() > points.len(), "outside");
    holds()
}

/// A container from scratch has six namespaces of its own, and shares those of user and time with what is outside.
#[claim(
    source = ["unshare(1)", "namespaces(7) Namespace types", "namespaces-fun"],
    needs = [
        Root, Tool("unshare"), Tool("pivot_root"), Tool("mount"), Tool("umount"), Tool("mkdir"), Tool("ln"), Tool("cat"),
        Tool("sh"),
    ],
    deadline = 60,
)]
fn container_from_scratch_has_six_namespaces_of_its_own() -> Verdict {
    let (_, container) = start()?;
    let pid = container.init()?;
    expect_eq!(ns_pids(pid)?, [pid.as_raw(), 1], "its numbers outside and inside");
    let kinds = [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Pid, Kind::Uts];
    expect_eq!(own_kinds(pid)?, kinds);
    holds()
}

/// A directory with the system's programs, for a root.
fn rootfs() -> Outcome<Shell> {
    let shell = Shell::with("ROOTFS", "/tmp/rootfs");
    shell.prompt("mkdir -p $ROOTFS/proc $ROOTFS/old $ROOTFS/usr; mount --rbind /usr $ROOTFS/usr")?;
    shell.prompt("for name in bin lib lib64 sbin; do ln -s usr/$name $ROOTFS/$name; done")?;
    Ok(shell)
}

/// Such a container with a program that waits, and a shell that knows its number.
fn start() -> Outcome<(Shell, Container)> {
    let shell = rootfs()?;
    let container = shell.prompt_cat(
        "unshare --mount --uts --ipc --net --pid --cgroup --fork sh -e -c '\n\
         mount --make-rprivate /\n\
         mount --rbind $ROOTFS $ROOTFS\n\
         cd $ROOTFS\n\
         pivot_root . old\n\
         cd /\n\
         mount -t proc proc /proc\n\
         umount -l /old\n\
         exec \"$0\"'",
    )?;
    let shell = shell.and("PID", container.init()?);
    Ok((shell, container))
}
