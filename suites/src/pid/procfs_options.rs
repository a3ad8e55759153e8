//! Mount options of procfs, in `Documentation/filesystems/proc.rst`, as far as they are about PID namespaces.

use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;

use kit::mounts::{Detached, remount, umount};
use kit::prelude::*;
use kit::process::{mount_proc_at, pids_at};
use nix::mount::MsFlags;
use nix::unistd::getpid;
use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, FsPickFlags, MountAttrFlags, fsconfig_create, fsconfig_reconfigure, fsconfig_set_fd,
    fsconfig_set_string, fsmount, fsopen, fspick,
};

/// What a procfs lists whose PID namespace has no process.
const NO_PIDS: [i32; 0] = [];

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    proc_pidns_mount_option,
    proc_pidns_by_fsconfig,
    proc_pidns_is_not_changed,
    proc_pidns_option_refuses_non_descendant,
    proc_subset_pid_hides_system_files,
];

/// The mount option pidns= makes a procfs show the PID namespace that it names instead of the mounter's own.
#[claim(source = "Documentation/filesystems/proc.rst 4.1 Mount options", since = "6.18", needs = [Root])]
fn proc_pidns_mount_option() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    expect_ok!(mount_proc_at("/mnt", Some(&format!("pidns=/proc/{}/ns/pid", init.pid()))));
    expect_eq!(pids_at("/mnt")?, [1]);
    expect_errno!(fs::read_link("/mnt/self"), ENOENT, "of a reader that is not there");
    let all = [1, getpid().as_raw(), init.pid().as_raw()];
    for (place, option) in [("/tmp", None), ("/run", Some("pidns=/proc/self/ns/pid"))] {
        expect_ok!(mount_proc_at(place, option));
        expect_eq!(pids_at(place)?, all, "with {option:?}");
        expect_ok!(fs::read_link(Path::new(place).join("self")), "with {option:?}");
    }
    init.kill(libc::SIGKILL)?;
    init.wait()?;
    expect_eq!(pids_at("/mnt")?, NO_PIDS, "when the init has ended");
    holds()
}

/// fsconfig(2) takes pidns as a string with a path, and as a descriptor of a PID namespace.
#[claim(source = "Documentation/filesystems/proc.rst 4.1 Mount options", since = "6.18", needs = [Root])]
fn proc_pidns_by_fsconfig() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let namespace = init.namespace(Kind::Pid)?;
    let path = format!("/proc/{}/ns/pid", init.pid());
    for is_path in [true, false] {
        let context = fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC).doing("fsopen proc")?;
        if is_path {
            expect_ok!(fsconfig_set_string(&context, "pidns", path.as_str()));
        } else {
            expect_ok!(fsconfig_set_fd(&context, "pidns", namespace.fd()));
        }
        expect_ok!(fsconfig_create(&context), "by a path: {is_path}");
        let mount = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty()).doing("fsmount")?;
        Detached::from_fd(mount).attach("/mnt")?;
        expect_eq!(pids_at("/mnt")?, [1], "by a path: {is_path}");
        expect_errno!(fs::read_link("/mnt/self"), ENOENT, "of a reader that is not there");
        umount("/mnt")?;
    }
    holds()
}

/// Changing the option pidns= of a mounted procfs fails with EBUSY, by a remount as by fsconfig(2), and leaves it as it is.
#[claim(source = "fs/proc/root.c proc_parse_pidns_param", since = "6.18", needs = [Root])]
fn proc_pidns_is_not_changed() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let namespace = init.namespace(Kind::Pid)?;
    mount_proc_at("/mnt", None).doing("mount proc")?;
    let before = pids_at("/mnt")?;
    let option = format!("pidns=/proc/{}/ns/pid", init.pid());
    expect_errno!(remount("/mnt", MsFlags::empty(), Some(&option)), EBUSY, "by a remount");
    expect_ok!(remount("/mnt", MsFlags::empty(), Some("gid=7")), "another option");
    let picked = || fspick(CWD, "/mnt", FsPickFlags::FSPICK_CLOEXEC).doing("fspick");
    expect_errno!(fsconfig_set_fd(&picked()?, "pidns", namespace.fd()), EBUSY, "by a descriptor");
    let path = option.trim_start_matches("pidns=");
    expect_errno!(fsconfig_set_string(&picked()?, "pidns", path), EBUSY, "by a path");
    let context = picked()?;
    expect_ok!(fsconfig_set_string(&context, "gid", "8"), "another option");
    expect_ok!(fsconfig_reconfigure(&context), "another option");
    expect_eq!(pids_at("/mnt")?, before);
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
    let mut names: Vec<_> = fs::read_dir("/mnt")?.flatten().map(|entry| entry.file_name()).collect();
    names.retain(|name| name.to_string_lossy().parse::<i32>().is_err());
    names.sort();
    expect_eq!(names, ["self", "thread-self"], "beside the processes");
    holds()
}

/// Mounts a procfs with the option `pidns=` on `/mnt`.
fn mount_proc_of(namespace: impl AsFd) -> nix::Result<()> {
    mount_proc_at("/mnt", Some(&format!("pidns=/proc/self/fd/{}", namespace.as_fd().as_raw_fd())))
}
