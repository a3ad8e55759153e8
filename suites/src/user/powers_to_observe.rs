//! What a process can look at only with capabilities in the initial user namespace: other processes' files, events and
//! network packets. `user_namespaces(7)`, Effect of capabilities within a user namespace.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;

use kit::Behaviour;
use kit::mounts::tmpfs;
use kit::prelude::*;
use kit::process::{as_each_inner_root, container, user_namespace_with, with_only, without};
use kit::sys::file_handle::{FileHandle, Mount, handle_at, open_by_handle};
use kit::sys::observers::{count_on_first_processor, load_bpf_program};
use kit::sysctl::{open_sysctl, set_sysctl, sysctl};
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::fanotify::{EventFFlags, Fanotify, InitFlags};
use rustix::thread::CapabilitySet;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    init_userns_only_file_handles,
    file_handles_on_own_mounts_are_refused,
    file_handles_on_own_mounts_open_directories,
    init_userns_only_bpf_fanotify,
    init_userns_only_perf_cpuwide,
    identity_mapped_root_writes_global_sysctls,
    map_files_following_needs_init_capability,
    map_files_readlink_needs_no_init_capability,
];

/// open_by_handle_at() on a file system that was mounted outside fails with EPERM for root of a user namespace.
#[claim(
    source = ["user_namespaces(7) Effect of capabilities within a user namespace", "open_by_handle_at(2) ERRORS"],
    needs = [Root, UserNamespaces, Config("FHANDLE"), Capability("CAP_DAC_READ_SEARCH"), Behaviour(AT_THE_TOP)],
)]
fn init_userns_only_file_handles() -> Verdict {
    let handle = handle_at("/", AtFlags::empty()).doing("name_to_handle_at")?;
    let root = File::open("/").doing("open /")?;
    let each_flag = [OFlag::empty(), OFlag::O_DIRECTORY];
    as_each_inner_root(NONE, |whose| {
        for flag in each_flag {
            expect_errno!(open_by_handle(Mount::of(&root), &handle, flag), EPERM, "with {flag:?}, {whose}");
        }
        Ok(())
    })?;
    for flag in each_flag {
        expect_ok!(open_by_handle(Mount::of(&root), &handle, flag), "with {flag:?}, root outside");
    }
    holds()
}

/// open_by_handle_at() fails with EPERM for root of a user namespace even on a file system that it mounted.
///
/// Since 6.11 it can open directories there.
#[claim(
    source = "open_by_handle_at(2) ERRORS",
    until = "6.11",
    needs = [Root, UserNamespaces, Config("FHANDLE"), Config("TMPFS"), Capability("CAP_DAC_READ_SEARCH")],
)]
fn file_handles_on_own_mounts_are_refused() -> Verdict {
    on_own_mount(|mount, folder, file| {
        expect_errno!(open_by_handle(Mount::of(mount), folder, OFlag::O_DIRECTORY), EPERM, "a directory");
        expect_errno!(open_by_handle(Mount::of(mount), file, OFlag::empty()), EPERM, "a file");
        Ok(())
    })?;
    child(CLONE_NEWNS, || {
        let (mount, folder, file) = mount_with_handles()?;
        expect_ok!(open_by_handle(Mount::of(&mount), &folder, OFlag::O_DIRECTORY), "a directory, root outside");
        expect_ok!(open_by_handle(Mount::of(&mount), &file, OFlag::empty()), "a file, root outside");
        holds()
    })
}

/// CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH in the user namespace that mounted a file system are enough for open_by_handle_at()
/// with O_DIRECTORY.
///
/// Without one of them, without O_DIRECTORY, and for other files than directories the call fails with EPERM. Before 6.11 it
/// fails for directories, too.
#[claim(
    source = "fs/fhandle.c may_decode_fh",
    since = "6.11",
    replaces = "file_handles_on_own_mounts_are_refused",
    needs = [UserNamespaces, Config("FHANDLE"), Config("TMPFS")],
)]
fn file_handles_on_own_mounts_open_directories() -> Verdict {
    on_own_mount(|mount, folder, file| {
        let open = |handle, flag| open_by_handle(Mount::of(mount), handle, flag);
        let both = [CapabilitySet::SYS_ADMIN, CapabilitySet::DAC_READ_SEARCH];
        for missing in both {
            without(missing, NONE, || {
                expect_errno!(open(folder, OFlag::O_DIRECTORY), EPERM, "a directory, without {missing:?}");
                Ok(())
            })?;
        }
        with_only(both[0] | both[1], NONE, || {
            expect_ok!(open(folder, OFlag::O_DIRECTORY), "a directory, with these two alone");
            Ok(())
        })?;
        expect_errno!(open(folder, OFlag::empty()), EPERM, "a directory, without O_DIRECTORY");
        expect_errno!(open(file, OFlag::empty()), EPERM, "a file");
        Ok(())
    })?;
    holds()
}

/// BPF_PROG_LOAD of an XDP program, and fanotify_init() with FAN_CLASS_CONTENT or FAN_CLASS_PRE_CONTENT, fail with EPERM for
/// root of a user namespace.
#[claim(
    source = [
        "user_namespaces(7) Effect of capabilities within a user namespace",
        "bpf(2) ERRORS",
        "fanotify_init(2) ERRORS",
    ],
    needs = [
        Root,
        UserNamespaces,
        Config("BPF_SYSCALL"),
        Config("FANOTIFY"),
        Capability("CAP_BPF"),
        Behaviour(AT_THE_TOP),
    ],
)]
fn init_userns_only_bpf_fanotify() -> Verdict {
    let watch = |class| Fanotify::init(class | InitFlags::FAN_CLOEXEC, EventFFlags::O_RDONLY).map(drop);
    as_each_inner_root(NONE, |whose| {
        expect_errno!(load_bpf_program(), EPERM, "{whose}");
        expect_errno!(watch(InitFlags::FAN_CLASS_CONTENT), EPERM, "{whose}");
        expect_errno!(watch(InitFlags::FAN_CLASS_PRE_CONTENT), EPERM, "{whose}");
        Ok(())
    })?;
    expect_ok!(load_bpf_program(), "root outside");
    expect_ok!(watch(InitFlags::FAN_CLASS_CONTENT), "root outside");
    expect_ok!(watch(InitFlags::FAN_CLASS_PRE_CONTENT), "root outside");
    holds()
}

/// perf_event_open() for all processes on a processor fails with EACCES for root of a user namespace while
/// `kernel.perf_event_paranoid` is above 0.
#[claim(
    source = ["perf_event_open(2) ERRORS", "capabilities(7) CAP_PERFMON"],
    needs = [
        Root,
        UserNamespaces,
        Config("PERF_EVENTS"),
        Capability("CAP_PERFMON"),
        Behaviour(PARANOID),
        Behaviour(AT_THE_TOP),
    ],
)]
fn init_userns_only_perf_cpuwide() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        expect_errno!(count_on_first_processor(), EACCES, "{whose}");
        Ok(())
    })?;
    expect_ok!(count_on_first_processor(), "root outside");
    holds()
}

/// A process that is user 0 outside can write sysctls that only their files' modes guard, from a user namespace and without
/// capabilities.
///
/// For root of a user namespace that is another user outside, open() fails with EACCES.
#[claim(
    source = "fs/proc/proc_sysctl.c test_perm",
    needs = [Root, Disposable, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn identity_mapped_root_writes_global_sysctls() -> Verdict {
    let name = "vm/swappiness";
    set_sysctl(name, 20).doing("set the sysctl")?;
    container(100_000, NONE, || {
        expect_errno!(open_sysctl(name), EACCES, "root that is user 100000 outside, with all capabilities");
        Ok(())
    })?;
    let same = user_namespace_with(&Maps::range(0, 65_536), NONE, |_| {
        with_only(CapabilitySet::empty(), NONE, || {
            expect_ok!(set_sysctl(name, 30), "root that is root outside, without capabilities");
            Ok(())
        })
    })?;
    same.join()?;
    expect_eq!(sysctl::<u32>(name)?, 30, "seen outside");
    holds()
}

/// Opening a file through `/proc/PID/map_files` requires CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE in the initial user
/// namespace; without it open() fails with EPERM.
#[claim(
    source = "proc_pid_map_files(5)",
    since = "5.9",
    needs = [Root, UserNamespaces, Capability("CAP_CHECKPOINT_RESTORE"), Behaviour(AT_THE_TOP)],
)]
fn map_files_following_needs_init_capability() -> Verdict {
    let link = mapped_file()?;
    let open = || OpenOptions::new().read(true).open(&link);
    let enough = [CapabilitySet::SYS_ADMIN, CapabilitySet::CHECKPOINT_RESTORE];
    as_each_inner_root(NONE, |whose| {
        expect_errno!(open(), EPERM, "{whose}");
        Ok(())
    })?;
    without(enough[0] | enough[1], NONE, || {
        expect_errno!(open(), EPERM, "root outside, without either");
        Ok(())
    })?;
    for one in enough {
        with_only(one, NONE, || {
            expect_ok!(open(), "root outside, with {one:?} alone");
            Ok(())
        })?;
    }
    holds()
}

/// The links in `/proc/PID/map_files` can be read without any capability in the initial user namespace; opening them fails with
/// EPERM.
#[claim(
    source = "proc_pid_map_files(5)",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
    erratum = "proc_pid_map_files(5): reading the contents of these links requires CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE \
               in the initial user namespace.",
    quote = "Capabilities are required to read the contents of the symbolic links",
)]
fn map_files_readlink_needs_no_init_capability() -> Verdict {
    let link = mapped_file()?;
    let expected = fs::read_link("/proc/self/exe").doing("read /proc/self/exe")?;
    as_each_inner_root(NONE, |whose| {
        expect_eq!(expect_ok!(fs::read_link(&link), "{whose}"), expected);
        expect_errno!(File::open(&link), EPERM, "to open it, {whose}");
        Ok(())
    })?;
    with_only(CapabilitySet::empty(), NONE, || {
        expect_eq!(expect_ok!(fs::read_link(&link), "root outside, without capabilities"), expected);
        holds()
    })
}

const PARANOID: &Behaviour = &Behaviour {
    what: "has the sysctl kernel.perf_event_paranoid above 0",
    probe: || sysctl::<i32>("kernel/perf_event_paranoid").is_ok_and(|value| value > 0),
};

/// The link to this executable, which is mapped at the same place in all children.
fn mapped_file() -> Outcome<PathBuf> {
    let executable = fs::read_link("/proc/self/exe").doing("read /proc/self/exe")?;
    for entry in fs::read_dir("/proc/self/map_files").doing("list /proc/self/map_files")? {
        let path = entry.doing("list /proc/self/map_files")?.path();
        if fs::read_link(&path).is_ok_and(|target| target == executable) {
            return Ok(path);
        }
    }
    Err(Failure::broken("this executable is not in /proc/self/map_files"))
}

/// Runs `body` as root of an ordinary user's user and mount namespace, with what [`mount_with_handles`] makes there.
fn on_own_mount(body: impl FnOnce(&File, &FileHandle, &FileHandle) -> Outcome<()>) -> Outcome<()> {
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWNS, || {
            let (root, folder, file) = mount_with_handles()?;
            body(&root, &folder, &file)
        })
    })
}

/// Mounts a tmpfs; returns its root directory, and the handles of a directory and of a file on it.
fn mount_with_handles() -> Outcome<(File, FileHandle, FileHandle)> {
    tmpfs("/mnt")?;
    fs::create_dir("/mnt/folder").doing("create a directory")?;
    File::create("/mnt/file").doing("create a file")?;
    let handle = |path| handle_at(path, AtFlags::empty()).doing("name_to_handle_at");
    Ok((File::open("/mnt").doing("open /mnt")?, handle("/mnt/folder")?, handle("/mnt/file")?))
}
