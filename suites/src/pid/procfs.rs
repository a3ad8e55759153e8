//! Which processes a procfs shows, and to which reader: `pid_namespaces(7)`, «/proc and PID namespaces».

use std::fs::read_link;
use std::io;
use std::path::Path;

use kit::prelude::*;
use kit::process::{listed_pids, mount_proc, mount_proc_at, pids_at};
use nix::unistd::getpid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    procfs_shows_mounters_namespace,
    procfs_view_independent_of_viewer,
    proc_self_names_pid_in_procfs_namespace,
    proc_self_enoent_in_foreign_procfs,
    new_mntns_allows_proc_over_proc,
    proc_mount_ignores_pid_for_children,
    proc_mount_empties_when_init_dies,
    proc_mount_needs_owner_of_pidns,
];

/// A procfs lists the processes of the PID namespace in which it was mounted, and none from outside it.
#[claim(
    source = [
        "pid_namespaces(7) /proc and PID namespaces", "Linux_name_space", "What's in a name(space)?",
    ],
    needs = [Root],
)]
fn procfs_shows_mounters_namespace() -> Verdict {
    let outside = getpid().as_raw();
    child(CLONE_NEWPID | CLONE_NEWNS, || {
        expect!(listed_pids()?.contains(&outside), "in the procfs that was mounted outside");
        mount_proc()?;
        expect_eq!(listed_pids()?, [1]);
        let _second = waiting(NONE)?;
        let _nested = waiting(CLONE_NEWPID)?;
        expect_eq!(listed_pids()?, [1, 2, 3]);
        holds()
    })
}

/// A procfs lists the processes of its own PID namespace even to a reader in an outer one, which does not find itself
/// there.
#[claim(source = "pid_namespaces(7) /proc and PID namespaces", needs = [Root])]
fn procfs_view_independent_of_viewer() -> Verdict {
    let container = container()?;
    let own = format!("/proc/{}", getpid());
    expect!(Path::new(&own).exists(), "in the procfs of its own namespace");
    enter(container.pid(), &[Kind::Mnt], || {
        expect_eq!(listed_pids()?, [1]);
        expect_errno!(Path::new(&own).metadata(), ENOENT);
        expect_errno!(Path::new(&format!("/proc/{}", getpid())).metadata(), ENOENT);
        holds()
    })
}

/// /proc/self shows the reader's PID in the PID namespace that the procfs belongs to.
#[claim(source = ["pid_namespaces(7) /proc and PID namespaces", "proc_self(5)"], needs = [Root])]
fn proc_self_names_pid_in_procfs_namespace() -> Verdict {
    let init = spawn(CLONE_NEWPID | CLONE_NEWNS, |outside| {
        let inherited = proc_self()?;
        mount_proc()?;
        outside.send(&(inherited, proc_self()?, getpid().as_raw()))
    })?;
    let (inherited, fresh, own): (String, String, i32) = init.recv()?;
    expect_eq!(own, 1);
    expect_eq!(inherited, init.pid().to_string(), "in the procfs that was mounted outside");
    expect_eq!(fresh, "1");
    holds()
}

/// readlink(2) of /proc/self and /proc/thread-self fails with ENOENT in a process without a PID in the procfs's PID
/// namespace.
#[claim(source = "pid_namespaces(7) /proc and PID namespaces", needs = [Root])]
fn proc_self_enoent_in_foreign_procfs() -> Verdict {
    let container = container()?;
    let read = || -> [io::Result<_>; 2] { ["/proc/self", "/proc/thread-self"].map(read_link) };
    enter(container.pid(), &[Kind::Mnt], || {
        for answer in read() {
            expect_errno!(answer, ENOENT);
        }
        let names: Vec<_> = std::fs::read_dir("/proc")?.flatten().map(|entry| entry.file_name()).collect();
        expect!(names.iter().any(|name| name == "self") && names.iter().any(|name| name == "thread-self"));
        holds()
    })?;
    enter(container.pid(), &[Kind::Mnt, Kind::Pid], || {
        let own = getpid();
        let [whole, thread] = read();
        expect_eq!(expect_ok!(whole), Path::new(&format!("{own}")));
        expect_eq!(expect_ok!(thread), Path::new(&format!("{own}/task/{own}")));
        holds()
    })
}

/// A process in new mount and PID namespaces can mount a procfs over /proc without changing /proc outside.
///
/// Without a new mount namespace it covers `/proc` for the processes outside, too.
#[claim(
    source = [
        "pid_namespaces(7) /proc and PID namespaces", "Linux Namespaces", "namespaces-fun",
        "Linux_name_space",
    ],
    needs = [Root],
)]
fn new_mntns_allows_proc_over_proc() -> Verdict {
    for (flags, affected) in [(CLONE_NEWPID | CLONE_NEWNS, false), (CLONE_NEWPID, true)] {
        // In a mount namespace that is lost afterwards, since without CLONE_NEWNS its /proc is covered for good.
        child(CLONE_NEWNS, || {
            let own = proc_self()?;
            let init = spawn(flags, |outside| {
                expect_ok!(mount_proc_at("/proc", None));
                expect_eq!(proc_self()?, "1");
                outside.go()?;
                outside.wait()
            })?;
            init.recv::<()>()?;
            if affected {
                expect_errno!(read_link("/proc/self"), ENOENT, "after a mount in the same namespace");
            } else {
                expect_eq!(proc_self()?, own);
                expect!(listed_pids()?.contains(&init.pid().as_raw()));
            }
            holds()
        })?;
    }
    holds()
}

/// A procfs that is mounted after unshare(CLONE_NEWPID) belongs to the mounter's own PID namespace, not to its
/// children's.
#[claim(source = "pid_namespaces(7) /proc and PID namespaces", needs = [Root])]
fn proc_mount_ignores_pid_for_children() -> Verdict {
    unshare(CLONE_NEWPID)?;
    let init = spawn(NONE, |outside| {
        mount_proc_at("/tmp", None)?;
        outside.go()?;
        outside.wait()
    })?;
    init.recv::<()>()?;
    expect_ok!(mount_proc_at("/mnt", None));
    let own = getpid();
    expect_eq!(expect_ok!(read_link("/mnt/self")), Path::new(&own.to_string()));
    expect_eq!(pids_at("/mnt")?, [1, own.as_raw(), init.pid().as_raw()]);
    expect_eq!(pids_at("/tmp")?, [1], "mounted by the child");
    holds()
}

/// When the init of its PID namespace has ended, a procfs stays mounted and readable, but shows no processes.
#[claim(source = ["namespaces(7) Namespace lifetime", "pid_namespaces(7) /proc and PID namespaces"], needs = [Root])]
fn proc_mount_empties_when_init_dies() -> Verdict {
    let init = spawn(CLONE_NEWPID, |outside| {
        mount_proc_at("/mnt", None)?;
        let _other = waiting(NONE)?;
        outside.go()?;
        outside.wait()
    })?;
    init.recv::<()>()?;
    expect_eq!(pids_at("/mnt")?, [1, 2]);
    let version = std::fs::read("/mnt/version")?;
    init.kill(libc::SIGKILL)?;
    init.wait()?;
    expect_eq!(pids_at("/mnt")?, Vec::<i32>::new());
    expect_errno!(Path::new("/mnt/1").metadata(), ENOENT);
    expect_eq!(expect_ok!(std::fs::read("/mnt/version")), version);
    holds()
}

/// Mounting a procfs requires CAP_SYS_ADMIN in the user namespace that owns the PID namespace; otherwise mount(2) fails
/// with EPERM.
#[claim(source = "user_namespaces(7) Effect of capabilities within a user namespace", needs = [UserNamespaces])]
fn proc_mount_needs_owner_of_pidns() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWNS, || {
            expect_errno!(mount_proc_at("/proc", None), EPERM);
            holds()
        })?;
        user_namespace(CLONE_NEWNS | CLONE_NEWPID, || {
            expect_ok!(mount_proc_at("/proc", None), "in a PID namespace of its own");
            holds()
        })
    })
}

/// The init of a PID namespace, with a procfs of that namespace on the `/proc` of its own mount namespace.
fn container() -> Outcome<Child<()>> {
    let init = spawn(CLONE_NEWPID | CLONE_NEWNS, |outside| {
        mount_proc()?;
        outside.go()?;
        outside.wait()
    })?;
    init.recv::<()>()?;
    Ok(init)
}

/// What `/proc/self` says to the caller.
fn proc_self() -> Outcome<String> {
    Ok(expect_ok!(read_link("/proc/self")).to_string_lossy().into_owned())
}
