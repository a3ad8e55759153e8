//! What a namespace's file is, and what it is not good for: `namespaces(7)`, `fs/nsfs.c`.

use std::fs::{self, File};
use std::os::fd::AsRawFd;

use kit::mounts::mount_kind;
use kit::namespace::Link;
use kit::namespace::directory::own;
use kit::prelude::*;
use kit::prepared;
use kit::sys::ns::get_nstype;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::MsFlags;
use nix::sys::stat::{Mode, fchmod, futimens};
use nix::sys::time::{TimeSpec, TimeValLike};
use nix::unistd::{fchown, getegid, geteuid, read};
use rustix::fs::{MemfdFlags, StatFs, fstat, fstatfs, memfd_create, statfs};
use rustix::mount::{FsOpenFlags, fsopen};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nsfile_not_writable_open,
    nsfile_attributes_stay,
    nsfs_magic,
    nsfs_not_mountable,
    nsfs_read_einval,
    nsfs_fd_link_text,
    nsfile_opened_as_a_path_is_not_read,
];

/// open(2) of a namespace's file for writing or with O_TRUNC fails with EPERM, for root, too.
#[claim(source = "kernel 7.3 fs/nsfs.c", needs = [Root, Config("TIME_NS")])]
fn nsfile_not_writable_open() -> Verdict {
    let tries = || {
        for link in Link::ALL {
            let opened = |flags| open(own(link).as_str(), flags, Mode::empty()).map(drop);
            expect_errno!(opened(OFlag::O_RDWR), EPERM, "{link} for reading and writing");
            expect_errno!(opened(OFlag::O_WRONLY), EPERM, "{link} for writing");
            expect_errno!(opened(OFlag::O_RDONLY | OFlag::O_TRUNC), EPERM, "{link} for cutting it short");
            expect_ok!(opened(OFlag::O_RDONLY), "{link} for reading");
        }
        Ok(())
    };
    child(NONE, tries).doing("as root")?;
    unprivileged(NONE, tries).doing("as an ordinary user")?;
    holds()
}

/// fchmod(2), fchown(2) and futimens(2) on a namespace's file fail with EPERM, even for root, its owner.
#[claim(source = "kernel 7.3 fs/nsfs.c", needs = [Root, Config("TIME_NS")])]
fn nsfile_attributes_stay() -> Verdict {
    let plain: File = memfd_create("plain", MemfdFlags::CLOEXEC)?.into();
    let changes = |file: &File| {
        let time = TimeSpec::seconds(1);
        [
            ("fchmod", fchmod(file, Mode::from_bits_truncate(0o444))),
            ("fchown", fchown(file, Some(geteuid()), Some(getegid()))),
            ("futimens", futimens(file, &time, &time)),
        ]
    };
    for (call, answer) in changes(&plain) {
        expect_ok!(answer, "{call} of a file of the caller's own");
    }
    for link in Link::ALL {
        let file = File::open(own(link))?;
        prepared(fstat(&file)?.st_uid == geteuid().as_raw(), "a file of the caller's own")?;
        for (call, answer) in changes(&file) {
            expect_errno!(answer, EPERM, "{call}, {link}");
        }
    }
    holds()
}

/// A namespace's file is in a file system of type 0x6e736673, «nsfs», and the link to it in one of type 0x9fa0, procfs.
#[claim(source = ["include/uapi/linux/magic.h", "statfs(2)"], needs = [Config("TIME_NS")])]
fn nsfs_magic() -> Verdict {
    const NSFS: u64 = u32::from_be_bytes(*b"nsfs") as u64;
    let kind = |system: StatFs| system.f_type as u64;
    for link in Link::ALL {
        expect_eq!(kind(expect_ok!(statfs(own(link)))), NSFS, "statfs of {link}");
        expect_eq!(kind(expect_ok!(fstatfs(File::open(own(link))?))), NSFS, "fstatfs of {link}");
    }
    expect_eq!(kind(statfs("/proc/thread-self/ns")?), 0x9fa0, "the directory with the links");
    holds()
}

/// mount(2) and fsopen(2) of the type nsfs fail with ENODEV, even for root, and /proc/filesystems does not list it.
///
/// For root of a user namespace they do so, too.
#[claim(source = ["kernel 7.3 fs/nsfs.c", "Linux Namespaces"], needs = [Root, UserNamespaces])]
fn nsfs_not_mountable() -> Verdict {
    let tries = || {
        let mounts = |kind: &str| mount_kind(kind, "/mnt", MsFlags::empty(), None);
        expect_errno!(mounts("nsfs"), ENODEV);
        expect_ok!(mounts("tmpfs"));
        expect_errno!(fsopen("nsfs", FsOpenFlags::FSOPEN_CLOEXEC), ENODEV);
        expect_ok!(fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC));
        Ok(())
    };
    child(CLONE_NEWNS, tries).doing("as root")?;
    user_namespace(CLONE_NEWNS, tries).doing("as root of a user namespace")?;
    let listed = fs::read_to_string("/proc/filesystems")?;
    let lists = |kind: &str| listed.lines().any(|line| line.split('\t').next_back() == Some(kind));
    expect!(lists("tmpfs") && lists("proc") && !lists("nsfs"), "in /proc/filesystems: {listed}");
    holds()
}

/// read(2) of a namespace's file fails with EINVAL, though the file is open for reading.
#[claim(source = "kernel 7.3 fs/nsfs.c", needs = [Config("TIME_NS")])]
fn nsfs_read_einval() -> Verdict {
    let mut byte = [0_u8];
    for link in Link::ALL {
        let file = File::open(own(link))?;
        expect_errno!(read(&file, &mut byte), EINVAL, "{link}");
        expect_eq!(get_nstype(&file), Ok::<_, Errno>(link.kind().flag()), "what the file of {link} is good for");
    }
    expect_eq!(read(File::open("/proc/self/comm")?, &mut byte), Ok::<_, Errno>(1), "a file that can be read");
    holds()
}

/// read(2) of a namespace's file that was opened with O_PATH fails with EBADF; without that flag it fails with EINVAL.
#[claim(source = "open(2)", needs = [Config("TIME_NS")])]
fn nsfile_opened_as_a_path_is_not_read() -> Verdict {
    let mut byte = [0_u8];
    for link in Link::ALL {
        let opened =
            |flags| open(own(link).as_str(), flags | OFlag::O_CLOEXEC, Mode::empty()).doing(format!("open {link}"));
        expect_errno!(read(opened(OFlag::O_PATH)?, &mut byte), EBADF, "{link}, opened with O_PATH");
        expect_errno!(read(opened(OFlag::O_RDONLY)?, &mut byte), EINVAL, "{link}, opened for reading");
    }
    holds()
}

/// The link in /proc/PID/fd of a namespace's open file reads like the one by which it was opened, and opens the file
/// again.
///
/// One that was opened by `pid_for_children` reads `pid:[…]`. Links of other files are paths.
#[claim(source = "namespaces(7)", needs = [Config("TIME_NS")])]
fn nsfs_fd_link_text() -> Verdict {
    let of = |file: &File| format!("/proc/self/fd/{}", file.as_raw_fd());
    for link in Link::ALL {
        let file = File::open(own(link))?;
        let text = expect_ok!(fs::read_link(of(&file)), "{link}");
        expect_eq!(text.to_string_lossy(), link_text(own(link))?, "{link}");
        let again = Namespace::from_fd(expect_ok!(File::open(of(&file)), "{link}").into());
        expect_eq!(again.inode()?, inode_at(own(link))?, "{link}");
    }
    let directory = File::open("/proc")?;
    expect_eq!(expect_ok!(fs::read_link(of(&directory))).to_string_lossy(), "/proc");
    holds()
}
