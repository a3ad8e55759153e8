//! The stage's root directory: a tmpfs, with the programs of the system outside read-only in it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use kit::mounts::{Mounts, Propagation, bind, bind_remount, detach, make_read_only, move_to, rbind};
use kit::{Doing, Outcome};
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::unistd::{chdir, chroot, pivot_root};

/// Where the new root is put together: a directory that every system has, and that is covered anyway.
const SCAFFOLD: &str = "/tmp";

/// What cases may use of the system outside: programs and their libraries. No one's data.
const SYSTEM: &[&str] = &["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "nix", "gnu"];

/// Directories that begin empty.
const EMPTY: &[(&str, u32)] =
    &[("tmp", 0o1777), ("run", 0o755), ("mnt", 0o755), ("root", 0o700), ("var", 0o755), ("home", 0o755)];

/// Devices without a state that could be changed.
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom", "tty"];

const NONE: Option<&str> = None;

/// Makes the root directory, and moves the caller, the first process of its mount and PID namespace, into it.
pub(super) fn make() -> Outcome<()> {
    Propagation::Private.make_all("/")?;
    let new = Path::new(SCAFFOLD);
    mount(Some("stage"), new, Some("tmpfs"), MsFlags::empty(), Some("mode=755,size=64m")).doing("mount a tmpfs")?;
    for name in SYSTEM {
        borrow(name, new)?;
    }
    for (name, mode) in EMPTY {
        fs::create_dir(new.join(name)).doing(format!("create /{name}"))?;
        fs::set_permissions(new.join(name), fs::Permissions::from_mode(*mode)).doing(format!("chmod /{name}"))?;
    }
    make_dev(&new.join("dev"))?;
    let no_exec = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    for (name, kind) in [("proc", "proc"), ("sys", "sysfs")] {
        fs::create_dir(new.join(name)).doing(format!("create /{name}"))?;
        mount(Some(kind), &new.join(name), Some(kind), no_exec, NONE).doing(format!("mount {kind}"))?;
    }
    mount_cgroup2(&new.join("sys/fs/cgroup"));
    enter(new)
}

/// Shows a directory of the system outside in the new root.
fn borrow(name: &str, new: &Path) -> Outcome<()> {
    let outside = Path::new("/").join(name);
    let inside = new.join(name);
    let Ok(kind) = fs::symlink_metadata(&outside) else {
        return Ok(());
    };
    if kind.is_symlink() {
        let target = fs::read_link(&outside).doing(format!("readlink {}", outside.display()))?;
        return symlink(target, &inside).doing(format!("link /{name}"));
    }
    fs::create_dir(&inside).doing(format!("create /{name}"))?;
    rbind(&outside, &inside)?;
    match make_read_only(&inside) {
        // Before 5.12 one mount at a time.
        Err(refusal) if refusal.errno() == Errno::ENOSYS => Ok(bind_remount(&inside, MsFlags::MS_RDONLY)?),
        answer => Ok(answer?),
    }
}

fn make_dev(dev: &Path) -> Outcome<()> {
    fs::create_dir(dev).doing("create /dev")?;
    for name in DEVICES {
        let (outside, inside) = (Path::new("/dev").join(name), dev.join(name));
        if outside.exists() {
            fs::write(&inside, "").doing(format!("create /dev/{name}"))?;
            bind(&outside, &inside)?;
        }
    }
    mount_devpts(&dev.join("pts"))?;
    let shm = dev.join("shm");
    fs::create_dir(&shm).doing("create /dev/shm")?;
    mount(Some("tmpfs"), &shm, Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=1777,size=16m"))
        .doing("mount /dev/shm")?;
    for (name, target) in [("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0")] {
        symlink(target, dev.join(name)).doing(format!("link /dev/{name}"))?;
    }
    Ok(())
}

/// Pseudoterminals. A kernel can be without them (CONFIG_UNIX98_PTYS).
fn mount_devpts(at: &Path) -> Outcome<()> {
    fs::create_dir(at).doing("create /dev/pts")?;
    let data = Some("newinstance,ptmxmode=0666,mode=0620");
    match mount(Some("devpts"), at, Some("devpts"), MsFlags::MS_NOSUID, data) {
        Err(Errno::ENODEV) => Ok(()),
        answer => answer.doing("mount /dev/pts"),
    }
}

/// The cgroup hierarchy, to look at: read-only, since below it lies the one of the machine. Some machines have none.
fn mount_cgroup2(at: &Path) {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_RDONLY;
    let _ = mount(Some("cgroup2"), at, Some("cgroup2"), flags, NONE);
}

fn enter(new: &Path) -> Outcome<()> {
    chdir(new).doing("enter the new root")?;
    match pivot_root(".", ".") {
        Ok(()) => detach(".")?,
        // A guest's root is the initramfs, which cannot be pivoted before 7.0: it is covered instead.
        Err(Errno::EINVAL) => {
            let_go_of_old_mounts()?;
            move_to(".", "/")?;
            chroot(".").doing("chroot to the new root")?;
        }
        Err(errno) => return Err(errno).doing("pivot_root to the new root"),
    }
    chdir("/").doing("chdir to /")
}

/// What is mounted below a root that is only covered stays in the mount namespace, and counts: a procfs there is one that
/// is visible to the kernel (`fs/namespace.c`), whatever a case does to the stage's own.
fn let_go_of_old_mounts() -> Outcome<()> {
    for old in Mounts::own()?.into_iter().map(|mount| mount.point) {
        if old == Path::new("/") || old.starts_with(SCAFFOLD) {
            continue;
        }
        match detach(&old) {
            // It has gone with the one that it was in.
            Err(refusal) if matches!(refusal.errno(), Errno::EINVAL | Errno::ENOENT) => {}
            answer => answer?,
        }
    }
    Ok(())
}
