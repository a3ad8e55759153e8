//! Files of procfs that say other things in another PID namespace.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use kit::prelude::*;
use kit::process::{mount_proc, ns_pids};
use nix::fcntl::{FcntlArg, fcntl};
use nix::unistd::getpid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![proc_locks_hides_outer_locks, proc_children_file_uses_procfs_numbers];

/// The file locks of a PID namespace's procfs leaves out the locks of processes outside, and names holders by their
/// PIDs inside.
#[claim(source = "proc_locks(5)", needs = [Root])]
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

/// The list of children in /proc/PID/task/TID/children has the PIDs of the namespace that the procfs belongs to.
#[claim(source = "proc_tid_children(5)", needs = [Root, Config("PROC_CHILDREN")])]
fn proc_children_file_uses_procfs_numbers() -> Verdict {
    let init = spawn(CLONE_NEWPID | CLONE_NEWNS, |outside| {
        mount_proc()?;
        let _children = [waiting(NONE)?, waiting(NONE)?];
        outside.send(&children(1)?)?;
        outside.wait()
    })?;
    expect_eq!(init.recv::<Vec<i32>>()?, [2, 3]);
    let outer = children(init.pid().as_raw())?;
    expect_eq!(outer.len(), 2);
    for (pid, inner) in outer.iter().zip([2, 3]) {
        expect_eq!(ns_pids(pid)?, [*pid, inner]);
    }
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

/// The children of a process that has one thread.
fn children(pid: i32) -> Outcome<Vec<i32>> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = fs::read_to_string(&path).doing(format!("read {path}"))?;
    text.split_whitespace().map(|child| Ok(child.parse()?)).collect()
}
