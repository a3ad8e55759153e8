//! Mount options of procfs, in `Documentation/filesystems/proc.rst`, as far as they are about PID namespaces.

use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;

use kit::prelude::*;
use kit::process::{mount_proc_at, pids_at};
use nix::unistd::getpid;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![proc_pidns_mount_option, proc_pidns_option_refuses_non_descendant, proc_subset_pid_hides_system_files];

/// The mount option pidns= makes a procfs show the PID namespace that it names instead of the mounter's own.
#[claim(source = "Documentation/filesystems/proc.rst 4.1 Mount options", since = "6.18", needs = [Root])]
fn proc_pidns_mount_option() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    expect_ok!(mount_proc_at("/mnt", Some(&format!("pidns=/proc/{}/ns/pid", init.pid()))));
    expect_eq!(pids_at("/mnt")?, [1]);
    expect_ok!(mount_proc_at("/tmp", None));
    expect_eq!(pids_at("/tmp")?, [1, getpid().as_raw(), init.pid().as_raw()], "without the option");
    holds()
}

/// Mounting a procfs with pidns= of an ancestor or a sibling of the mounter's PID namespace fails with EINVAL.
#[claim(source = "fs/proc/root.c proc_parse_pidns_param", since = "6.18", needs = [Root])]
fn proc_pidns_option_refuses_non_descendant() -> Verdict {
    let ancestor = Namespace::own(Kind::Pid)?;
    let other = waiting(CLONE_NEWPID)?;
    let sibling = other.namespace(Kind::Pid)?;
    child(CLONE_NEWPID, || {
        expect_errno!(mount_proc_of(&ancestor), EINVAL, "an ancestor");
        expect_errno!(mount_proc_of(&sibling), EINVAL, "a sibling");
        expect_ok!(mount_proc_of(Namespace::own(Kind::Pid)?), "the mounter's own");
        unshare(CLONE_NEWPID)?;
        let _init = waiting(NONE)?;
        expect_ok!(mount_proc_of(Namespace::at("/proc/self/ns/pid_for_children")?), "a descendant");
        expect_eq!(pids_at("/mnt")?, [1]);
        holds()
    })
}

/// A procfs that is mounted with subset=pid has only the processes' directories and the links self and thread-self.
#[claim(source = "Documentation/filesystems/proc.rst 4.1 Mount options", since = "5.8", needs = [Root])]
fn proc_subset_pid_hides_system_files() -> Verdict {
    mount_proc_at("/tmp", None)?;
    expect!(Path::new("/tmp/meminfo").exists(), "without the option");
    expect_ok!(mount_proc_at("/mnt", Some("subset=pid")));
    expect_eq!(pids_at("/mnt")?, pids_at("/tmp")?);
    expect!(Path::new("/mnt/self/status").exists());
    expect_errno!(Path::new("/mnt/meminfo").metadata(), ENOENT);
    let mut names: Vec<_> = std::fs::read_dir("/mnt")?.flatten().map(|entry| entry.file_name()).collect();
    names.retain(|name| name.to_string_lossy().parse::<i32>().is_err());
    names.sort();
    expect_eq!(names, ["self", "thread-self"], "beside the processes");
    holds()
}

/// Mounts a procfs with the option `pidns=` on `/mnt`.
fn mount_proc_of(namespace: impl AsFd) -> nix::Result<()> {
    mount_proc_at("/mnt", Some(&format!("pidns=/proc/self/fd/{}", namespace.as_fd().as_raw_fd())))
}
