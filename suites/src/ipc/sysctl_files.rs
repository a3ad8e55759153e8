//! The files of an IPC namespace's settings, and which namespace's settings an open one tells: `proc_sys_kernel(5)`,
//! `mq_overview(7)`.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;

use kit::eventually;
use kit::prelude::*;
use kit::sysctl::{set_sysctl, sysctl};

use super::objects::{KEY, Object};
use super::queues::names_in;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    ipc_sysctl_file_follows_its_reader,
    ipc_sysctl_file_stays_with_its_opener,
    ipc_sysctl_file_of_a_dead_ipc_is_enoent,
    ipc_sysctl_through_another_root_is_own,
    mqueue_sysctls_are_five,
    auto_msgmni_is_always_0,
    sysv_sysctl_bounds,
    mqueue_sysctl_bounds,
    queues_max_accepts_any_number,
    next_id_sets_one_identifier,
];

/// Settings of both sorts, whose files are alike.
const SETTINGS: [&str; 8] = [
    "kernel/msgmax",
    "kernel/msgmnb",
    "kernel/shmmax",
    "kernel/shmall",
    "kernel/shmmni",
    "fs/mqueue/msg_max",
    "fs/mqueue/msg_default",
    "fs/mqueue/queues_max",
];

/// An open file of IPC settings tells and sets those of the IPC namespace in which its reader or writer is, not its
/// opener.
#[claim(
    source = "kernel 5.10 ipc/ipc_sysctl.c get_ipc",
    needs = [Root, Config("SYSVIPC"), Config("POSIX_MQUEUE"), Config("IPC_NS")],
    until = "5.19",
)]
fn ipc_sysctl_file_follows_its_reader() -> Verdict {
    for name in SETTINGS {
        expect_eq!(read_and_written_elsewhere(name)?, ["22", "11", "33"], "{name}");
    }
    holds()
}

/// An open file of IPC settings tells and sets those of the IPC namespace in which it was opened, whichever its
/// reader is in.
#[claim(
    source = "ipc/ipc_sysctl.c setup_ipc_sysctls",
    needs = [Root, Config("SYSVIPC"), Config("POSIX_MQUEUE"), Config("IPC_NS")],
    since = "5.19",
    replaces = "ipc_sysctl_file_follows_its_reader",
)]
fn ipc_sysctl_file_stays_with_its_opener() -> Verdict {
    for name in SETTINGS {
        expect_eq!(read_and_written_elsewhere(name)?, ["11", "33", "22"], "{name}");
    }
    holds()
}

/// Reading an open file of IPC settings fails with ENOENT once the IPC namespace in which it was opened is gone.
#[claim(
    source = "fs/proc/proc_sysctl.c proc_sys_call_handler",
    needs = [Root, Config("SYSVIPC"), Config("POSIX_MQUEUE"), Config("IPC_NS")],
    since = "5.19",
)]
fn ipc_sysctl_file_of_a_dead_ipc_is_enoent() -> Verdict {
    for name in SETTINGS {
        let member = spawn(CLONE_NEWIPC, |case| {
            case.send_fd(File::open(path(name))?)?;
            case.wait()
        })?;
        let file = File::from(member.peer().recv_fd()?);
        expect_ok!(text(&file), "{name}, while the namespace lives");
        member.go()?;
        member.join()?;
        // The kernel frees the namespace in its own time.
        expect!(eventually(|| Ok(text(&file).is_err()))?, "{name} can be read after the last process's end");
        expect_errno!(text(&file), ENOENT, "{name}");
        expect_ok!(text(&File::open(path(name))?), "{name} of the own namespace");
    }
    holds()
}

/// An IPC setting read through /proc/PID/root of a process in another IPC namespace is the reader's own.
#[claim(
    source = "fs/proc/proc_sysctl.c proc_sys_lookup",
    needs = [Root, Config("SYSVIPC"), Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn ipc_sysctl_through_another_root_is_own() -> Verdict {
    for name in SETTINGS {
        set_sysctl(name, 11)?;
        let other = spawn(CLONE_NEWIPC | CLONE_NEWNS, |case| {
            set_sysctl(name, 22)?;
            case.go()?;
            case.wait()
        })?;
        other.recv::<()>()?;
        let through = format!("/proc/{}/root{}", other.pid(), path(name));
        expect_eq!(fs::read_to_string(&through)?.trim(), "11", "{name}");
        let joined = enter(other.pid(), &[Kind::Ipc], || Ok(fs::read_to_string(&through)?))?;
        expect_eq!(joined.trim(), "22", "{name}, by a process that has joined the other");
    }
    holds()
}

/// /proc/sys/fs/mqueue has the files msg_default, msg_max, msgsize_default, msgsize_max and queues_max, and no other.
#[claim(source = "mq_overview(7)", needs = [Root, Config("POSIX_MQUEUE")])]
fn mqueue_sysctls_are_five() -> Verdict {
    let names = || names_in("/proc/sys/fs/mqueue");
    let five = ["msg_default", "msg_max", "msgsize_default", "msgsize_max", "queues_max"];
    expect_eq!(names()?, five);
    expect_eq!(child(CLONE_NEWIPC, names)?, five, "in a new IPC namespace");
    holds()
}

/// /proc/sys/kernel/auto_msgmni is always 0: a 1 is accepted and changes nothing, other numbers fail with EINVAL.
#[claim(source = "ipc/ipc_sysctl.c proc_ipc_auto_msgmni", needs = [Root, Config("SYSVIPC")])]
fn auto_msgmni_is_always_0() -> Verdict {
    let name = "kernel/auto_msgmni";
    expect_eq!(sysctl::<i32>(name)?, 0);
    for accepted in [1, 0] {
        expect_ok!(set_sysctl(name, accepted), "{accepted}");
        expect_eq!(sysctl::<i32>(name)?, 0, "after {accepted} was written");
    }
    for refused in [-1, 2] {
        expect_errno!(set_sysctl(name, refused), EINVAL, "{refused}");
    }
    holds()
}

/// msgmni and shmmni accept 0 to 32768, msgmax and msgmnb 0 to 2147483647; other numbers fail with EINVAL.
///
/// The boot option ipcmni_extend makes 32768 a greater number.
#[claim(source = "ipc/ipc_sysctl.c ipc_sysctls", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn sysv_sysctl_bounds() -> Verdict {
    for name in ["kernel/msgmni", "kernel/shmmni"] {
        expect_bounds(name, 0, 32768)?;
    }
    for name in ["kernel/msgmax", "kernel/msgmnb"] {
        expect_bounds(name, 0, i32::MAX.into())?;
    }
    holds()
}

/// msg_max and msg_default accept 1 to 65536, msgsize_max and msgsize_default 128 to 16777216; other numbers fail with
/// EINVAL.
#[claim(source = "mq_overview(7)", needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")])]
fn mqueue_sysctl_bounds() -> Verdict {
    for name in ["fs/mqueue/msg_max", "fs/mqueue/msg_default"] {
        expect_bounds(name, 1, 65536)?;
    }
    for name in ["fs/mqueue/msgsize_max", "fs/mqueue/msgsize_default"] {
        expect_bounds(name, 128, 16_777_216)?;
    }
    holds()
}

/// queues_max accepts each number that fits into an int, even -1.
#[claim(
    source = ["mq_overview(7)", "ipc/mq_sysctl.c mq_sysctls"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn queues_max_accepts_any_number() -> Verdict {
    let name = "fs/mqueue/queues_max";
    for accepted in [i32::MIN, -1, 0, 1, i32::MAX] {
        expect_ok!(set_sysctl(name, accepted), "{accepted}");
        expect_eq!(sysctl::<i32>(name)?, accepted);
    }
    expect_errno!(set_sysctl(name, i64::from(i32::MAX) + 1), EINVAL);
    holds()
}

/// A number written to shm_next_id, msg_next_id or sem_next_id becomes the identifier of the next object; the file then
/// is -1.
#[claim(
    source = "ipc/util.c ipc_idr_alloc",
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS"), Config("CHECKPOINT_RESTORE")],
)]
fn next_id_sets_one_identifier() -> Verdict {
    let names = ["shm_next_id", "msg_next_id", "sem_next_id"].map(|name| format!("kernel/{name}"));
    for (object, name) in Object::ALL.into_iter().zip(names) {
        for id in [5, 9] {
            set_sysctl(&name, id).doing(format!("write {name}"))?;
            let elsewhere = child(CLONE_NEWIPC, || object.make(KEY))?;
            expect_eq!(elsewhere, 0, "{object:?} in another namespace");
            expect_eq!(object.make(KEY + id)?, id, "{object:?}");
            expect_eq!(sysctl::<i32>(&name)?, -1, "{name} after its use");
        }
        expect_errno!(set_sysctl(&name, -1), EINVAL, "{name}");
    }
    holds()
}

/// The lowest and the highest number are accepted, and the ones beside them are not.
fn expect_bounds(name: &str, lowest: i64, highest: i64) -> Outcome<()> {
    for accepted in [lowest, highest] {
        expect_ok!(set_sysctl(name, accepted), "{accepted} for {name}");
        expect_eq!(sysctl::<i64>(name)?, accepted, "{name}");
        for refused in [lowest - 1, highest + 1] {
            expect_errno!(set_sysctl(name, refused), EINVAL, "{refused} for {name}");
            expect_eq!(sysctl::<i64>(name)?, accepted, "{name} after {refused} was refused");
        }
    }
    Ok(())
}

/// A process opens a setting that is 11, goes where it is 22, reads and writes 33 there: what it reads, and what the
/// setting is afterwards where the file was opened and where the process is.
fn read_and_written_elsewhere(name: &str) -> Outcome<[String; 3]> {
    set_sysctl(name, 11)?;
    let (read, there) = child(NONE, || {
        let file = OpenOptions::new().read(true).write(true).open(path(name))?;
        unshare(CLONE_NEWIPC)?;
        set_sysctl(name, 22)?;
        let read = text(&file)?;
        file.write_at(b"33", 0).doing("write to the open file")?;
        Ok((read, sysctl::<String>(name)?))
    })?;
    Ok([read, sysctl(name)?, there])
}

fn path(name: &str) -> String {
    format!("/proc/sys/{name}")
}

/// What an open file tells from its beginning on.
fn text(file: &File) -> std::io::Result<String> {
    let mut buffer = [0; 128];
    let length = file.read_at(&mut buffer, 0)?;
    Ok(String::from_utf8_lossy(&buffer[..length]).trim().to_owned())
}
