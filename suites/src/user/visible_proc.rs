//! What has to be visible already for root of a user namespace to mount proc or sysfs: `mount_too_revealing` in
//! `fs/namespace.c`.

use kit::Answer;
use kit::mounts::{bind, bind_remount, detach};
use kit::prelude::*;
use nix::mount::MsFlags;

use super::mounts::{PLACE, mount_kind, mount_kind_at};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    proc_mount_needs_fully_visible_proc,
    one_visible_proc_suffices,
    covered_mount_point_in_proc_hides_nothing,
    proc_mount_keeps_readonly_lock,
    sysfs_mount_needs_fully_visible_sysfs,
    sysfs_mount_keeps_readonly_lock,
    subset_pid_proc_exempt_from_visibility,
    subset_pid_proc_needs_fully_visible_proc,
];

/// Root of a user namespace can mount proc only while it sees one with nothing mounted over its files and directories; otherwise
/// mount() fails with EPERM.
#[claim(source = "fs/namespace.c mnt_already_visible", needs = [Root, UserNamespaces])]
fn proc_mount_needs_fully_visible_proc() -> Verdict {
    expect_ok!(mounts_after("proc", None, || Ok(()))?, "with nothing covered");
    expect_errno!(mounts_after("proc", None, || cover_file("/proc/meminfo"))?, EPERM, "with a file covered");
    expect_errno!(mounts_after("proc", None, || cover_folder("/proc/irq"))?, EPERM, "with a directory covered");
    expect_errno!(mounts_after("proc", None, || unmount("/proc"))?, EPERM, "with no proc at all");
    holds()
}

/// One visible proc with nothing covered is enough for mounting proc in a user namespace, even if files of another one are
/// covered.
#[claim(source = "fs/namespace.c mnt_already_visible", needs = [Root, UserNamespaces])]
fn one_visible_proc_suffices() -> Verdict {
    for second_too in [false, true] {
        let answer = mounts_after("proc", None, || {
            mount_kind_at("proc", "/home", None).doing("mount a second proc")?;
            cover_file("/proc/meminfo")?;
            if second_too { cover_file("/home/meminfo") } else { Ok(()) }
        })?;
        if second_too {
            expect_errno!(answer, EPERM, "with a file covered in both");
        } else {
            expect_ok!(answer, "with a file covered in one of two");
        }
    }
    holds()
}

/// A mount over a permanently empty directory of the visible proc, such as `sys/fs/binfmt_misc`, does not keep proc from being
/// mounted in a user namespace.
#[claim(source = "fs/namespace.c mnt_already_visible", needs = [Root, Module("binfmt_misc")])]
fn covered_mount_point_in_proc_hides_nothing() -> Verdict {
    expect_ok!(mounts_after("proc", None, || cover_folder("/proc/sys/fs/binfmt_misc"))?, "with a mount point covered");
    expect_errno!(
        mounts_after("proc", None, || cover_folder("/proc/sys/fs"))?,
        EPERM,
        "with the directory above covered"
    );
    holds()
}

/// If the visible proc is mounted read-only, root of a user namespace can mount proc only read-only; otherwise mount() fails with
/// EPERM.
#[claim(source = "fs/namespace.c mnt_already_visible", needs = [Root, UserNamespaces])]
fn proc_mount_keeps_readonly_lock() -> Verdict {
    expect_read_only_is_kept("proc", "/proc")
}

/// Root of a user namespace can mount sysfs only while it sees one with nothing mounted over its directories; otherwise mount()
/// fails with EPERM.
///
/// A permanently empty directory, such as `/sys/fs/cgroup`, may be covered.
#[claim(source = "fs/namespace.c mnt_already_visible", needs = [Root, UserNamespaces, Config("NET_NS"), Config("CGROUPS")])]
fn sysfs_mount_needs_fully_visible_sysfs() -> Verdict {
    expect_ok!(mounts_after("sysfs", None, || Ok(()))?, "with nothing covered");
    expect_ok!(mounts_after("sysfs", None, || cover_folder("/sys/fs/cgroup"))?, "with a mount point covered");
    expect_errno!(mounts_after("sysfs", None, || cover_folder("/sys/kernel"))?, EPERM, "with a directory covered");
    expect_errno!(mounts_after("sysfs", None, || unmount("/sys"))?, EPERM, "with no sysfs at all");
    holds()
}

/// If the visible sysfs is mounted read-only, root of a user namespace can mount sysfs only read-only; otherwise mount() fails
/// with EPERM.
#[claim(source = "fs/namespace.c mnt_already_visible", needs = [Root, UserNamespaces, Config("NET_NS")])]
fn sysfs_mount_keeps_readonly_lock() -> Verdict {
    expect_read_only_is_kept("sysfs", "/sys")
}

/// A proc with subset=pid can be mounted in a user namespace although a file of the visible proc is covered.
#[claim(
    source = "fs/namespace.c mount_too_revealing",
    since = "7.2",
    replaces = "subset_pid_proc_needs_fully_visible_proc",
    needs = [Root],
)]
fn subset_pid_proc_exempt_from_visibility() -> Verdict {
    expect_ok!(mounts_after("proc", Some("subset=pid"), || cover_file("/proc/meminfo"))?, "with subset=pid");
    expect_errno!(mounts_after("proc", None, || cover_file("/proc/meminfo"))?, EPERM, "without");
    holds()
}

/// A proc with subset=pid, too, can be mounted in a user namespace only while nothing is covered in the visible one; otherwise
/// mount() fails with EPERM.
#[claim(source = "fs/namespace.c mount_too_revealing", since = "5.8", until = "7.2", needs = [Root, UserNamespaces])]
fn subset_pid_proc_needs_fully_visible_proc() -> Verdict {
    expect_ok!(mounts_after("proc", Some("subset=pid"), || Ok(()))?, "with nothing covered");
    expect_errno!(
        mounts_after("proc", Some("subset=pid"), || cover_file("/proc/meminfo"))?,
        EPERM,
        "with a file covered"
    );
    holds()
}

fn expect_read_only_is_kept(kind: &'static str, place: &str) -> Verdict {
    let read_only = || {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_RDONLY;
        bind_remount(place, flags).doing(format!("make {place} read-only"))
    };
    expect_errno!(mounts_after(kind, None, read_only)?, EPERM, "read and write, where it is read-only");
    let mount_read_only = || kit::mounts::mount_kind(kind, PLACE, MsFlags::MS_RDONLY, None);
    expect_ok!(mounts_by(mount_read_only, read_only)?, "read-only, where it is read-only");
    expect_ok!(mounts_after(kind, None, || Ok(()))?, "read and write, where it is that");
    holds()
}

/// What the kernel says when root of a new user namespace, with PID and network namespaces of its own, mounts this kind,
/// after root outside has done something to the mounts that will be inherited.
fn mounts_after(kind: &str, options: Option<&str>, before: impl FnOnce() -> Outcome<()>) -> Outcome<Answer> {
    mounts_by(|| mount_kind(kind, options), before)
}

fn mounts_by(try_it: impl FnOnce() -> Answer, before: impl FnOnce() -> Outcome<()>) -> Outcome<Answer> {
    // The maps are written from here, where there still is a procfs.
    let inside = spawn(CLONE_NEWNS, |outside| {
        before()?;
        unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET).doing("unshare a user namespace")?;
        outside.go()?;
        outside.wait()?;
        // The first member of the PID namespace.
        child(NONE, || Ok(try_it()))
    })?;
    inside.recv::<()>()?;
    Maps::range(0, 10).write(&inside.pid().to_string())?;
    inside.go()?;
    inside.join()
}

fn cover_file(path: &str) -> Outcome<()> {
    bind("/dev/null", path).doing(format!("cover {path}"))
}

fn cover_folder(path: &str) -> Outcome<()> {
    mount_kind_at("tmpfs", path, None).doing(format!("cover {path}"))
}

fn unmount(path: &str) -> Outcome<()> {
    Ok(detach(path)?)
}
