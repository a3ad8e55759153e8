//! The links in `/proc/PID/ns` of zombies, and of kernel threads, which never ran a program.

use std::fs::{self, File};

use kit::eventually;
use kit::lifetime::make_zombie;
use kit::namespace::Link;
use kit::namespace::directory::{expect_closed, expect_open, leads_to, path_of};
use kit::prelude::*;
use kit::prepared;
use kit::process::{NOBODY, as_user, listed_pids};
use kit::sys::ends::exit_thread;
use nix::unistd::{Pid, gettid};
use procfs::process::{ProcState, Process};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    procns_zombie_nsproxy_gone,
    procns_of_a_leader_that_has_ended,
    procns_kernel_threads_readable,
    procns_kdevtmpfs_has_its_own_mnt
];

/// For a zombie, readlink(2) and open(2) of its links in /proc/PID/ns fail with ENOENT, except for user and pid.
///
/// These two still lead to its namespaces. All ten are there until it is waited for.
#[claim(source = "kernel 7.3 fs/proc/namespaces.c", needs = [Root, Config("TIME_NS")])]
fn procns_zombie_nsproxy_gone() -> Verdict {
    let process = waiting(CLONE_NEWPID | CLONE_NEWUSER)?;
    let pid = process.pid();
    expect_open(pid, "a living process")?;
    let alive = KEPT.map(|link| leads_to(link, pid));
    let zombie = make_zombie(process)?;
    expect_links_of_a_zombie(pid, alive)?;
    zombie.wait()?;
    for link in Link::ALL {
        expect_errno!(fs::symlink_metadata(path_of(link, pid)), ENOENT, "{link}, when it has been waited for");
    }
    holds()
}

/// When a process's first thread has ended, its links in /proc/PID/ns are a zombie's, though its other threads go on.
///
/// Those of the other threads, below task, lead where they did.
#[claim(source = "kernel 7.3 fs/proc/namespaces.c", needs = [Config("TIME_NS")])]
fn procns_of_a_leader_that_has_ended() -> Verdict {
    let process = spawn(NONE, |case| {
        let (_other, tid) = Thread::start(|| Ok(gettid().as_raw()))?;
        case.send(&tid)?;
        case.wait()?;
        exit_thread()
    })?;
    let process: &Child<()> = &process;
    let other: i32 = process.recv()?;
    let task = format!("{}/task/{other}", process.pid());
    expect_open(process.pid(), "the process, while its first thread lives")?;
    expect_open(&task, "the other thread, while the first one lives")?;
    let alive = KEPT.map(|link| leads_to(link, process.pid()));
    process.go()?;
    let ended = || Ok(Process::new(process.pid().as_raw())?.stat()?.state()? == ProcState::Zombie);
    if !eventually(ended)? {
        return Err(Failure::broken("the first thread does not end"));
    }
    expect_links_of_a_zombie(process.pid(), alive)?;
    expect_open(&task, "the other thread, when the first one has ended")?;
    holds()
}

/// Root can read and open the links of kernel threads, which lead to the initial namespaces; an ordinary user cannot.
#[claim(source = "Linux_name_space", needs = [Root, InitialNamespaces, Config("TIME_NS")])]
fn procns_kernel_threads_readable() -> Verdict {
    let threads = [kernel_thread("kthreadd")?, kernel_thread("ksoftirqd/0")?];
    for thread in threads {
        for link in Link::ALL {
            let initial = leads_to(link, 1);
            prepared(initial.0.is_some() && initial.0 == initial.1, format!("{link} of PID 1 to compare with"))?;
            expect_eq!(leads_to(link, thread), initial, "{link} of kernel thread {thread}");
        }
    }
    as_user(NOBODY, NONE, || {
        for thread in threads {
            expect_closed(thread, "a kernel thread, by an ordinary user")?;
        }
        holds()
    })
}

/// The kernel thread kdevtmpfs has a mount namespace of its own; its other namespaces are the initial ones.
#[claim(source = "kernel 7.3 drivers/base/devtmpfs.c", needs = [Root, InitialNamespaces, Config("DEVTMPFS"), Config("TIME_NS")])]
fn procns_kdevtmpfs_has_its_own_mnt() -> Verdict {
    let kdevtmpfs = kernel_thread("kdevtmpfs")?;
    for kind in Kind::ALL {
        let same = inode_of(kdevtmpfs, kind)? == inode_of(Pid::from_raw(1), kind)?;
        expect_eq!(same, kind != Kind::Mnt, "whether the {kind} namespace is the initial one");
    }
    holds()
}

/// Those of a zombie's links that still lead somewhere.
const KEPT: [Link; 2] = [Link::User, Link::Pid];

/// The claim says that these two lead where they did in life, and the others nowhere.
fn expect_links_of_a_zombie(pid: Pid, alive: [(Option<Inode>, Option<Inode>); 2]) -> Outcome<()> {
    for link in Link::ALL.into_iter().filter(|link| !KEPT.contains(link)) {
        expect_errno!(fs::read_link(path_of(link, pid)), ENOENT, "{link}");
        expect_errno!(File::open(path_of(link, pid)), ENOENT, "{link}");
        expect_ok!(fs::symlink_metadata(path_of(link, pid)), "{link} itself is there");
    }
    expect_eq!(KEPT.map(|link| leads_to(link, pid)), alive, "user and pid, by their texts and by opening them");
    Ok(())
}

/// The kernel thread of this name.
fn kernel_thread(name: &str) -> Outcome<Pid> {
    let named = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name);
    match listed_pids()?.into_iter().find(named) {
        Some(pid) => Ok(Pid::from_raw(pid)),
        None => Err(Failure::broken(format!("there is no kernel thread {name}"))),
    }
}
