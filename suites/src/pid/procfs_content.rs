//! Files of procfs that say other things in another PID namespace.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use kit::prelude::*;
use kit::prepared;
use kit::process::{mount_proc, ns_pids};
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::uio::pread;
use nix::unistd::getpid;
use rustix::fs::{Mode, OFlags, openat};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    an_open_proc_directory_is_of_one_process,
    proc_locks_hides_outer_locks,
    proc_children_file_uses_procfs_numbers
];

/// An open directory /proc/PID of a process that was reaped does not lead to a later process with the same PID.
///
/// open(2) in it and read(2) of a file that was opened there fail with ESRCH.
#[claim(source = "proc_pid(5) /proc/pid", since = "5.5", needs = [Root])]
fn an_open_proc_directory_is_of_one_process() -> Verdict {
    child(CLONE_NEWPID | CLONE_NEWNS, || {
        mount_proc()?;
        let first = waiting(NONE)?;
        let pid = first.pid().as_raw();
        let path = format!("/proc/{pid}");
        let (directory, file) = (File::open(&path)?, File::open(format!("{path}/stat"))?);
        let by_directory = || openat(&directory, "stat", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        let read = || pread(&file, &mut [0; 64], 0);
        expect_ok!(by_directory(), "while it lives");
        expect_ok!(read(), "while it lives");
        first.kill(libc::SIGKILL)?;
        first.wait()?;
        let later = Spawn::new(NONE).set_tid(&[pid]).start(Peer::wait)?;
        prepared(later.pid().as_raw() == pid, "a process with the PID of one that is gone")?;
        expect_ok!(File::open(format!("{path}/stat")), "the later process, by its path");
        expect_errno!(by_directory(), ESRCH, "by the old directory");
        expect_errno!(read(), ESRCH, "by the old file");
        holds()
    })
}

/// /proc/locks shows the holders' PIDs in the procfs's PID namespace, and omits the locks of processes outside it.
#[claim(source = "proc_locks(5)", needs = [Root, Config("FILE_LOCKING")])]
fn proc_locks_hides_outer_locks() -> Verdict {
    let outer = locked("/tmp/outer")?;
    let init = spawn(CLONE_NEWPID | CLONE_NEWNS, |outside| {
        let inner = locked("/tmp/inner")?;
        let look = || -> Outcome<_> { Ok([holders(&outer)?, holders(&inner)?]) };
        let inherited = look()?;
        mount_proc()?;
        outside.send(&[inherited, look()?])?;
        outside.wait()
    })?;
    let [inherited, fresh] = init.recv::<[[Vec<i32>; 2]; 2]>()?;
    expect_eq!(inherited, [[getpid().as_raw()], [init.pid().as_raw()]], "in the procfs mounted outside");
    expect_eq!(fresh, [vec![], vec![1]]);
    holds()
}

/// /proc/PID/task/TID/children lists PIDs of the PID namespace that the procfs belongs to, not of the reader's.
#[claim(source = "proc_tid_children(5)", needs = [Root, Config("PROC_CHILDREN")])]
fn proc_children_file_uses_procfs_numbers() -> Verdict {
    let init = spawn(CLONE_NEWPID | CLONE_NEWNS, |outside| {
        let _children = [waiting(NONE)?, waiting(NONE)?];
        let number: i32 = outside.recv()?;
        let inherited = children("/proc", number)?;
        mount_proc()?;
        outside.send(&[inherited, children("/proc", 1)?])?;
        outside.wait()
    })?;
    let number = init.pid().as_raw();
    init.send(&number)?;
    let [inside_outer, inside_inner]: [Vec<i32>; 2] = init.recv()?;
    let outer = children("/proc", number)?;
    expect_eq!(outer.len(), 2);
    for (pid, inner) in outer.iter().zip([2, 3]) {
        expect_eq!(ns_pids(pid)?, [*pid, inner], "outer procfs, read outside");
    }
    expect_eq!(inside_outer, outer, "outer procfs, read inside");
    expect_eq!(inside_inner, [2, 3], "inner procfs, read inside");
    expect_eq!(children(&format!("/proc/{number}/root/proc"), 1)?, [2, 3], "inner procfs, read outside");
    holds()
}

/// A new file with a POSIX lock of the caller's.
fn locked(path: &str) -> Outcome<File> {
    let file = File::create(path).doing(format!("create {path}"))?;
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_SETLK(&whole)).doing(format!("lock {path}"))?;
    Ok(file)
}

/// Who holds a lock on this file, as `/proc/locks` says.
fn holders(file: &File) -> Outcome<Vec<i32>> {
    let inode = format!(":{}", file.metadata()?.ino());
    let locks = fs::read_to_string("/proc/locks").doing("read /proc/locks")?;
    let lines = locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter(|words| words.get(5).is_some_and(|file| file.ends_with(&inode)))
        .map(|words| Ok(words[4].parse()?))
        .collect()
}

/// The children of a process that has one thread, as a procfs has them.
fn children(procfs: &str, pid: i32) -> Outcome<Vec<i32>> {
    let path = format!("{procfs}/{pid}/task/{pid}/children");
    let text = fs::read_to_string(&path).doing(format!("read {path}"))?;
    text.split_whitespace().map(|child| Ok(child.parse()?)).collect()
}
