//! POSIX message queues as files: the mqueue file system of `mq_overview(7)`, Mounting the message queue filesystem.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use kit::prelude::*;
use kit::process::NOBODY;
use kit::process::as_user;
use kit::sys::mqueue::notify_by_signal;
use nix::mount::umount;
use nix::sys::signal::Signal;

use super::queues::{create, mount_queues, mount_queues_at, names_in, open, receive, send};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    mqueue_mount_shows_its_mounters_ipc,
    mqueue_mount_does_not_follow_its_mounter,
    mqueue_mounts_of_one_ipc_are_one_file_system,
    mqueue_files_are_queues_of_the_mounts_ipc,
    mqueue_survives_unmounting,
    mqueue_mount_needs_power_over_the_ipc,
    mqueue_root_is_sticky_and_flat,
    mqueue_file_tells_bytes,
    mqueue_file_tells_notification,
    mqueue_of_a_dead_ipc_keeps_its_queues,
];

/// An mqueue mount shows the queues of the IPC namespace in which it was mounted, whatever IPC namespace its reader is
/// in.
#[claim(
    source = ["mq_overview(7)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn mqueue_mount_shows_its_mounters_ipc() -> Verdict {
    mount_queues("/tmp/ours")?;
    create("/one").doing("mq_open")?;
    fs::create_dir("/tmp/theirs")?;
    let other = spawn(CLONE_NEWIPC, |case| {
        mount_queues_at("/tmp/theirs").doing("mount mqueue")?;
        create("/two").doing("mq_open")?;
        case.go()?;
        case.wait()?;
        expect_eq!([names_in("/tmp/ours")?, names_in("/tmp/theirs")?], [["one"], ["two"]], "by a process in the other");
        Ok(())
    })?;
    other.recv::<()>()?;
    expect_eq!([names_in("/tmp/ours")?, names_in("/tmp/theirs")?], [["one"], ["two"]]);
    expect_ne!(device("/tmp/ours")?, device("/tmp/theirs")?);
    other.go()?;
    other.join()?;
    holds()
}

/// An mqueue mount still shows the same IPC namespace's queues after its mounter has unshared CLONE_NEWIPC.
#[claim(source = "ipc_namespaces(7) DESCRIPTION", needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")])]
fn mqueue_mount_does_not_follow_its_mounter() -> Verdict {
    child(NONE, || {
        mount_queues("/tmp/before")?;
        create("/one").doing("mq_open")?;
        unshare(CLONE_NEWIPC)?;
        create("/two").doing("mq_open")?;
        expect_eq!(names_in("/tmp/before")?, ["one"]);
        mount_queues("/tmp/after")?;
        expect_eq!(names_in("/tmp/after")?, ["two"], "mounted after the unshare");
        Ok(())
    })?;
    holds()
}

/// The mqueue mounts of one IPC namespace are one file system: a queue made in one is in the other.
#[claim(source = "ipc/mqueue.c mqueue_get_tree", needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")])]
fn mqueue_mounts_of_one_ipc_are_one_file_system() -> Verdict {
    mount_queues("/tmp/first")?;
    child(NONE, || mount_queues("/tmp/second"))?;
    expect_eq!(device("/tmp/first")?, device("/tmp/second")?);
    File::create("/tmp/first/queue").doing("make a queue's file")?;
    expect_eq!(names_in("/tmp/second")?, ["queue"]);
    child(CLONE_NEWIPC, || {
        mount_queues("/tmp/third")?;
        expect_ne!(device("/tmp/third")?, device("/tmp/first")?);
        expect!(names_in("/tmp/third")?.is_empty(), "the other namespace's queue is there");
        Ok(())
    })?;
    holds()
}

/// A file made or removed in an mqueue mount is a queue made or removed in the mount's IPC namespace, also by a process of another.
#[claim(source = "mq_overview(7)", needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")])]
fn mqueue_files_are_queues_of_the_mounts_ipc() -> Verdict {
    mount_queues("/tmp/queues")?;
    for flags in [NONE, CLONE_NEWIPC] {
        let other = spawn(flags, |case| {
            File::create("/tmp/queues/queue").doing("make a queue's file")?;
            case.send(&open("/queue").is_ok())?;
            case.wait()?;
            expect_ok!(fs::remove_file("/tmp/queues/queue"), "{flags:?}");
            case.go()?;
            case.wait()
        })?;
        expect_eq!(other.recv::<bool>()?, flags == NONE, "whether it is a queue where its maker is: {flags:?}");
        expect_ok!(open("/queue"), "made as a file by a child with {flags:?}");
        other.go()?;
        other.recv::<()>()?;
        expect_errno!(open("/queue"), ENOENT, "removed as a file by a child with {flags:?}");
    }
    holds()
}

/// A queue and its messages, made by mq_open() or as a file, are still there after mqueue was unmounted and mounted
/// again.
#[claim(source = "mq_overview(7)", needs = [Root, Config("POSIX_MQUEUE")])]
fn mqueue_survives_unmounting() -> Verdict {
    mount_queues("/tmp/queues")?;
    send(&create("/called").doing("mq_open")?, "kept").doing("mq_send")?;
    File::create("/tmp/queues/filed").doing("make a queue's file")?;
    umount("/tmp/queues").doing("umount")?;
    expect!(names_in("/tmp/queues")?.is_empty(), "there is something in the directory itself");
    mount_queues_at("/tmp/queues").doing("mount mqueue again")?;
    expect_eq!(names_in("/tmp/queues")?, ["called", "filed"]);
    expect_ok!(open("/filed"));
    expect_eq!(expect_ok!(receive(&expect_ok!(open("/called")))), "kept");
    holds()
}

/// Mounting mqueue requires CAP_SYS_ADMIN in the user namespace that owns the IPC namespace; without it, it fails with
/// EPERM.
#[claim(
    source = "ipc/mqueue.c mqueue_init_fs_context",
    needs = [Root, UserNamespaces, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn mqueue_mount_needs_power_over_the_ipc() -> Verdict {
    for flags in [NONE, CLONE_NEWIPC] {
        as_user(NOBODY, NONE, || {
            user_namespace(CLONE_NEWNS | flags, || {
                if flags == NONE {
                    expect_errno!(mount_queues_at("/mnt"), EPERM, "owned by the initial user namespace");
                } else {
                    expect_ok!(mount_queues_at("/mnt"), "owned by its own user namespace");
                }
                Ok(())
            })
        })?;
    }
    holds()
}

/// The root directory of an mqueue mount has mode 1777; mkdir() in it fails with EPERM.
#[claim(source = "mq_overview(7)", needs = [Root, Config("POSIX_MQUEUE")])]
fn mqueue_root_is_sticky_and_flat() -> Verdict {
    mount_queues("/tmp/queues")?;
    expect_eq!(fs::metadata("/tmp/queues")?.mode(), 0o41777);
    expect_errno!(fs::create_dir("/tmp/queues/folder"), EPERM);
    expect_ok!(File::create("/tmp/queues/file"));
    holds()
}

/// A queue's file is one line that tells the bytes of all its messages together: QSIZE.
#[claim(source = "mq_overview(7)", needs = [Root, Config("POSIX_MQUEUE")])]
fn mqueue_file_tells_bytes() -> Verdict {
    mount_queues("/tmp/queues")?;
    let queue = create("/queue").doing("mq_open")?;
    for (message, together) in [("", 0), ("five!", 5), ("seven!!", 12)] {
        send(&queue, message).doing("mq_send")?;
        let line = format!("QSIZE:{together:<10} NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n");
        expect_eq!(fs::read_to_string("/tmp/queues/queue")?, line);
    }
    for left in [12, 7] {
        receive(&queue).doing("mq_receive")?;
        expect_eq!(field("QSIZE")?, left, "after a message was received");
    }
    holds()
}

/// After mq_notify() for a signal, a queue's file tells its number and the process: SIGNO and NOTIFY_PID.
#[claim(source = ["mq_overview(7)", "mq_notify(3)"], needs = [Root, Config("POSIX_MQUEUE")])]
fn mqueue_file_tells_notification() -> Verdict {
    mount_queues("/tmp/queues")?;
    let queue = create("/queue").doing("mq_open")?;
    expect_eq!([field("SIGNO")?, field("NOTIFY_PID")?], [0, 0], "before");
    for signal in [Signal::SIGUSR1, Signal::SIGUSR2] {
        let told = spawn(NONE, |case| {
            notify_by_signal(&queue, signal).doing("mq_notify")?;
            case.go()?;
            case.wait()
        })?;
        told.recv::<()>()?;
        // Not asked by the process itself: to close the file would end its registration.
        let seen = [field("NOTIFY")?, field("SIGNO")?, field("NOTIFY_PID")?];
        expect_eq!(seen, [libc::SIGEV_SIGNAL, signal as i32, told.pid().as_raw()]);
        told.go()?;
        told.join()?;
        expect_eq!([field("SIGNO")?, field("NOTIFY_PID")?], [0, 0], "after the end of the process");
    }
    holds()
}

/// An mqueue mount whose IPC namespace is gone keeps its queues, to be opened as files and removed; making one fails
/// with EACCES.
#[claim(
    source = ["ipc/mqueue.c mqueue_create_attr", "namespaces(7) Namespace lifetime"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn mqueue_of_a_dead_ipc_keeps_its_queues() -> Verdict {
    fs::create_dir("/tmp/queues")?;
    let member = spawn(CLONE_NEWIPC, |case| {
        mount_queues_at("/tmp/queues").doing("mount mqueue")?;
        send(&create("/queue").doing("mq_open")?, "kept").doing("mq_send")?;
        case.go()?;
        case.wait()
    })?;
    member.recv::<()>()?;
    expect_ok!(File::create("/tmp/queues/another"), "while the namespace lives");
    member.go()?;
    member.join()?;
    // The kernel frees the namespace in its own time.
    let refuses = || {
        let made = File::create_new("/tmp/queues/new").is_ok();
        if made {
            fs::remove_file("/tmp/queues/new")?;
        }
        Ok(!made)
    };
    expect!(kit::eventually(refuses)?, "a queue can still be made");
    expect_errno!(File::create_new("/tmp/queues/new"), EACCES);
    expect!(names_in("/tmp/queues")?.contains(&"another".to_owned()));
    expect_eq!(field("QSIZE")?, 4, "of the queue that has a message");
    expect_ok!(fs::remove_file("/tmp/queues/queue"));
    expect!(!names_in("/tmp/queues")?.contains(&"queue".to_owned()), "a removed queue is listed");
    holds()
}

/// The number of a file system.
fn device(path: &str) -> Outcome<u64> {
    Ok(fs::metadata(path).doing(format!("stat {path}"))?.dev())
}

/// A number that the queue's file tells.
fn field(name: &str) -> Outcome<i32> {
    let text = fs::read_to_string("/tmp/queues/queue").doing("read the queue's file")?;
    let value = text.split_whitespace().find_map(|word| word.strip_prefix(&format!("{name}:")));
    Ok(value.ok_or_else(|| Failure::broken(format!("no {name} in «{text}»")))?.parse()?)
}
