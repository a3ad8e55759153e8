//! System V objects as `/proc/sysvipc` lists them: `proc_sysvipc(5)`, `ipc_namespaces(7)` DESCRIPTION.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use kit::lifetime::{close, end, file_from_inside, goes_in_spite_of, lives_by};
use kit::prelude::*;

use super::objects::{KEY, Object};
use super::queues::names_in;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    proc_sysvipc_lists_the_openers_ipc,
    proc_sysvipc_file_stays_with_its_opener,
    proc_sysvipc_after_joining_is_of_the_new_ipc,
    proc_sysvipc_has_three_tables,
    ipc_lives_by_an_open_proc_sysvipc,
    ipc_goes_though_its_sysctls_are_open,
];

/// The tables of `/proc/sysvipc`, with the objects that they list.
const TABLES: [(Object, &str); 3] =
    [(Object::Segment, "/proc/sysvipc/shm"), (Object::Queue, "/proc/sysvipc/msg"), (Object::Set, "/proc/sysvipc/sem")];

/// /proc/sysvipc/shm, msg and sem list the objects of the IPC namespace in which they are opened, and no other.
#[claim(
    source = ["proc_sysvipc(5)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn proc_sysvipc_lists_the_openers_ipc() -> Verdict {
    for (object, table) in TABLES {
        object.make(KEY)?;
        expect_eq!(keys(&open(table)?)?, [KEY], "{table}");
        child(CLONE_NEWIPC, || {
            expect!(keys(&open(table)?)?.is_empty(), "{table} in a new namespace");
            object.make(KEY + 1)?;
            expect_eq!(keys(&open(table)?)?, [KEY + 1], "{table} in a new namespace");
            Ok(())
        })?;
        expect_eq!(child(NONE, || keys(&open(table)?))?, [KEY], "{table}, by a child");
    }
    holds()
}

/// An open file of /proc/sysvipc goes on listing the IPC namespace in which it was opened, when its reader is in
/// another.
#[claim(source = "ipc/util.c sysvipc_proc_open", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn proc_sysvipc_file_stays_with_its_opener() -> Verdict {
    for (object, table) in TABLES {
        object.make(KEY)?;
        child(NONE, || {
            let opened = open(table)?;
            unshare(CLONE_NEWIPC)?;
            object.make(KEY + 1)?;
            expect_eq!(keys(&opened)?, [KEY], "{table}, opened before unshare(CLONE_NEWIPC)");
            expect_eq!(keys(&open(table)?)?, [KEY + 1], "{table}, opened after it");
            Ok(())
        })?;
    }
    holds()
}

/// After setns() a table of /proc/sysvipc lists the joined IPC namespace's objects, although it was opened before it
/// under that path.
#[claim(source = ["proc_sysvipc(5)", "setns(2) DESCRIPTION"], needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn proc_sysvipc_after_joining_is_of_the_new_ipc() -> Verdict {
    let other = spawn(CLONE_NEWIPC, |case| {
        for object in Object::ALL {
            object.make(KEY + 1)?;
        }
        case.go()?;
        case.wait()
    })?;
    other.recv::<()>()?;
    for (object, table) in TABLES {
        object.make(KEY)?;
        child(NONE, || {
            expect_eq!(keys(&open(table)?)?, [KEY], "{table} before");
            setns(other.namespace(Kind::Ipc)?, CLONE_NEWIPC)?;
            expect_eq!(keys(&open(table)?)?, [KEY + 1], "{table} after setns(2)");
            Ok(())
        })?;
        expect_eq!(keys(&open(table)?)?, [KEY], "{table} where nothing was joined");
    }
    holds()
}

/// /proc/sysvipc has the files msg, sem and shm, each with a line of headings, and no other.
#[claim(source = "proc_sysvipc(5)", needs = [Root, Config("SYSVIPC")])]
fn proc_sysvipc_has_three_tables() -> Verdict {
    expect_eq!(names_in("/proc/sysvipc")?, ["msg", "sem", "shm"]);
    for (name, first, second) in [("msg", "key", "msqid"), ("sem", "key", "semid"), ("shm", "key", "shmid")] {
        let text = fs::read_to_string(format!("/proc/sysvipc/{name}"))?;
        expect_eq!(text.lines().count(), 1, "lines of {name} without objects");
        let headings: Vec<_> = text.split_whitespace().take(3).collect();
        expect_eq!(headings, [first, second, "perms"], "{name}");
    }
    holds()
}

/// An IPC namespace without processes lives as long as a table of /proc/sysvipc that was opened there stays open.
#[claim(
    source = "ipc/util.c sysvipc_proc_open",
    needs = [Root, UserNamespaces, Config("SYSVIPC"), Config("IPC_NS")],
    erratum = "namespaces(7), Namespace lifetime: an open file of /proc/sysvipc is not among what keeps a namespace.",
)]
fn ipc_lives_by_an_open_proc_sysvipc() -> Verdict {
    for (_, table) in TABLES {
        lives_by(
            Kind::Ipc,
            1,
            |_| {
                let (member, file) = file_from_inside(CLONE_NEWIPC, || Ok(open(table)?.into()))?;
                end(member)?;
                Ok(file)
            },
            close,
        )?;
    }
    holds()
}

/// Open files of an IPC namespace's settings do not keep it: it goes with its last process.
#[claim(
    source = "fs/proc/proc_sysctl.c proc_sys_open",
    needs = [Root, UserNamespaces, Config("SYSVIPC"), Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn ipc_goes_though_its_sysctls_are_open() -> Verdict {
    for path in ["/proc/sys/kernel/msgmax", "/proc/sys/kernel/shmmax", "/proc/sys/fs/mqueue/msg_max"] {
        goes_in_spite_of(Kind::Ipc, |_| file_from_inside(CLONE_NEWIPC, || Ok(open(path)?.into())))?;
    }
    holds()
}

fn open(path: &str) -> Outcome<File> {
    File::open(path).doing(format!("open {path}"))
}

/// The keys of the objects that a table lists.
fn keys(table: &File) -> Outcome<Vec<i32>> {
    let mut buffer = [0; 4096];
    let length = table.read_at(&mut buffer, 0)?;
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    let first = |line: &str| line.split_whitespace().next().unwrap_or_default().parse().doing("read a key");
    text.lines().skip(1).map(first).collect()
}
