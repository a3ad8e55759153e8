//! A namespace lives as long as its file is mounted somewhere: `namespaces(7)`, Namespace lifetime.

use std::fs::{self, File};
use std::path::PathBuf;

use kit::Room;
use kit::lifetime::{end, goes_in_spite_of, holder, lives_by};
use kit::mounts::mount_kind;
use kit::prelude::*;
use kit::process::stay_on_one_processor;
use kit::room::FOLDER;
use nix::mount::{MntFlags, MsFlags, umount2};
use nix::unistd::{Pid, mkdtemp};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    cgroup_lives_by_a_bind_mount,
    ipc_lives_by_a_bind_mount,
    mnt_lives_by_a_bind_mount,
    net_lives_by_a_bind_mount,
    pid_lives_by_a_bind_mount,
    time_lives_by_a_bind_mount,
    user_lives_by_a_bind_mount,
    uts_lives_by_a_bind_mount,
    life_lazy_umount,
    life_bind_in_dead_mntns,
    life_proc_mount_pins_pid,
    ipc_goes_though_its_mqueue_is_mounted,
    life_mqueue_mount_outlives_ipc,
];

/// A cgroup namespace without processes exists as long as its file is bind-mounted somewhere.
#[claim(source = ["namespaces(7) Namespace lifetime", "Linux Namespaces"], needs = [UserNamespaces])]
fn cgroup_lives_by_a_bind_mount() -> Verdict {
    by_a_bind_mount(Kind::Cgroup, MntFlags::empty())
}

/// An IPC namespace without processes exists as long as its file is bind-mounted somewhere.
#[claim(source = ["namespaces(7) Namespace lifetime", "Linux Namespaces"], needs = [UserNamespaces])]
fn ipc_lives_by_a_bind_mount() -> Verdict {
    by_a_bind_mount(Kind::Ipc, MntFlags::empty())
}

/// A mount namespace without processes exists as long as its file is bind-mounted somewhere.
#[claim(source = ["namespaces(7) Namespace lifetime", "unshare(1)", "Linux Namespaces"], needs = [UserNamespaces])]
fn mnt_lives_by_a_bind_mount() -> Verdict {
    // A mount namespace's file can be mounted only in one with a lower number: the room's must come first.
    stay_on_one_processor()?;
    by_a_bind_mount(Kind::Mnt, MntFlags::empty())
}

/// A network namespace without processes exists as long as its file is bind-mounted somewhere.
#[claim(source = ["namespaces(7) Namespace lifetime", "Few notes about network namespaces in Linux", "Linux Namespaces"], needs = [UserNamespaces])]
fn net_lives_by_a_bind_mount() -> Verdict {
    by_a_bind_mount(Kind::Net, MntFlags::empty())
}

/// A PID namespace without processes exists as long as its file is bind-mounted somewhere.
#[claim(source = ["namespaces(7) Namespace lifetime", "unshare(1)", "Linux Namespaces"], needs = [UserNamespaces])]
fn pid_lives_by_a_bind_mount() -> Verdict {
    by_a_bind_mount(Kind::Pid, MntFlags::empty())
}

/// A time namespace without processes exists as long as its file is bind-mounted somewhere.
#[claim(source = ["namespaces(7) Namespace lifetime", "Linux Namespaces"], needs = [UserNamespaces, Config("TIME_NS")])]
fn time_lives_by_a_bind_mount() -> Verdict {
    by_a_bind_mount(Kind::Time, MntFlags::empty())
}

/// A user namespace without processes exists as long as its file is bind-mounted somewhere.
#[claim(source = ["namespaces(7) Namespace lifetime", "Linux Namespaces"], needs = [UserNamespaces])]
fn user_lives_by_a_bind_mount() -> Verdict {
    by_a_bind_mount(Kind::User, MntFlags::empty())
}

/// A UTS namespace without processes exists as long as its file is bind-mounted somewhere.
#[claim(source = ["namespaces(7) Namespace lifetime", "unshare(1)", "Linux Namespaces"], needs = [UserNamespaces])]
fn uts_lives_by_a_bind_mount() -> Verdict {
    by_a_bind_mount(Kind::Uts, MntFlags::empty())
}

/// A lazy unmount (MNT_DETACH) of its file ends a namespace without processes as a plain one does.
#[claim(source = "umount(2) MNT_DETACH", needs = [UserNamespaces, Config("TIME_NS")])]
fn life_lazy_umount() -> Verdict {
    // As for mounting a mount namespace's file at all.
    stay_on_one_processor()?;
    for kind in Kind::ALL {
        by_a_bind_mount(kind, MntFlags::MNT_DETACH).doing(format!("{kind} namespace"))?;
    }
    holds()
}

/// A bind mount of a UTS namespace's file that only one mount namespace has keeps it no longer than that mount
/// namespace exists.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn life_bind_in_dead_mntns() -> Verdict {
    lives_by(
        Kind::Uts,
        1,
        |room| {
            let process = room.member()?.doing("make a namespace")?;
            let pid = process.pid();
            let take = || {
                unshare(CLONE_NEWNS).doing("unshare")?;
                bind(pid, Kind::Uts)
            };
            let apart = holder(take, |_| Ok(()))?;
            end(process)?;
            Ok(apart)
        },
        end,
    )
}

/// A PID namespace without processes exists as long as a proc file system that one of its processes mounted is mounted.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [Root, UserNamespaces])]
fn life_proc_mount_pins_pid() -> Verdict {
    lives_by(
        Kind::Pid,
        1,
        |_| {
            let (process, place) = mounter(CLONE_NEWPID, "proc")?;
            end(process)?;
            Ok(place)
        },
        |place| umount2(&place, MntFlags::empty()).doing("umount"),
    )
}

/// An IPC namespace ends with its last process although the mqueue file system that this process mounted stays mounted.
#[claim(
    source = "kernel 7.3 ipc/namespace.c put_ipc_ns",
    needs = [Root, Config("POSIX_MQUEUE")],
    erratum = "namespaces(7), Namespace lifetime: a mounted mqueue file system keeps its IPC namespace in existence.",
    quote = "a corresponding mount of an mqueue filesystem refers to this namespace",
)]
fn ipc_goes_though_its_mqueue_is_mounted() -> Verdict {
    goes_in_spite_of(Kind::Ipc, |_| mounter(CLONE_NEWIPC, "mqueue"))
}

/// A mounted mqueue file system whose IPC namespace has ended still shows its queues; creating one fails with EACCES.
#[claim(source = "kernel 7.3 ipc/mqueue.c mqueue_create_attr", needs = [Root, Config("POSIX_MQUEUE")])]
fn life_mqueue_mount_outlives_ipc() -> Verdict {
    Room::with(Kind::Ipc, 1, |_| {
        let (process, place) = mounter(CLONE_NEWIPC, "mqueue")?;
        let namespace = process.namespace(Kind::Ipc)?;
        end(process)?;
        expect_ok!(File::create_new(place.join("before")), "while a file keeps the namespace");
        drop(namespace);
        expect_errno!(File::create_new(place.join("after")), EACCES, "when the namespace has gone");
        let left: Vec<_> = fs::read_dir(&place)?.flatten().map(|entry| entry.file_name()).collect();
        expect_eq!(left, ["before"], "the queues that are shown");
        holds()
    })
}

/// The reference is a mount of the namespace's file.
fn by_a_bind_mount(kind: Kind, unmount: MntFlags) -> Verdict {
    lives_by(
        kind,
        1,
        |room| {
            let process = room.member()?.doing("make a namespace")?;
            let place = bind(process.pid(), kind)?;
            end(process)?;
            Ok(place)
        },
        |place| umount2(&place, unmount).doing("umount"),
    )
}

/// A new directory to mount on.
fn new_directory() -> Outcome<PathBuf> {
    let template = format!("{FOLDER}/XXXXXX");
    mkdtemp(template.as_str()).doing(format!("make a directory {template}"))
}

/// Mounts the file of a process's namespace on a new file, and returns where.
fn bind(process: Pid, kind: Kind) -> Outcome<PathBuf> {
    let place = new_directory()?.join(kind.name());
    fs::write(&place, "").doing(format!("create {}", place.display()))?;
    let file = format!("/proc/{process}/ns/{kind}");
    kit::mounts::bind(file, &place)?;
    Ok(place)
}

/// A process in new namespaces that has mounted a file system of theirs in the mount namespace of the room, and where.
fn mounter(flags: CloneFlags, file_system: &str) -> Outcome<(Child<()>, PathBuf)> {
    let place = new_directory()?;
    let process = Spawn::new(flags).without_files().start(|case| {
        mount_kind(file_system, &place, MsFlags::empty(), None)?;
        case.go()?;
        case.wait()
    })?;
    process.recv::<()>()?;
    Ok((process, place))
}
