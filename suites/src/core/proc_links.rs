//! The links in `/proc/PID/ns`: which there are, and what they say: `namespaces(7)`, The /proc/pid/ns/ directory.

use std::collections::HashSet;

use kit::namespace::Link;
use kit::namespace::directory::{own, path_of};
use kit::prelude::*;
use kit::prepared;
use kit::process::listed_pids;
use nix::unistd::{Pid, getpid, gettid};
use rustix::fs::{lstat, readlink, stat};

use super::ns_directory::{identity, names_in};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    procns_ten_entries,
    procns_symlinks,
    procns_readlink_format,
    procns_for_children_prefix,
    procns_for_children_default_equal,
    procns_same_ns_same_dev_ino,
    procns_stat_needs_dereference,
    procns_same_device_all_kinds,
    procns_per_thread,
    procns_pid_link_constant,
    procns_compare_finds_isolated,
];

/// Where children go, and where the process itself is.
const FOR_CHILDREN: [(Link, Link); 2] = [(Link::PidForChildren, Link::Pid), (Link::TimeForChildren, Link::Time)];

/// The directory ns of a process holds ten links: one for each of the eight kinds, pid_for_children and
/// time_for_children.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "namespaces-fun"],
    needs = [
        Config("CGROUPS"), Config("IPC_NS"), Config("NET_NS"), Config("PID_NS"), Config("TIME_NS"), Config("USER_NS"),
        Config("UTS_NS"),
    ],
    erratum = "namespaces-fun: a process has eight namespace links in its ns directory. (Its listing has ten.)",
)]
fn procns_ten_entries() -> Verdict {
    let other = waiting(NONE)?;
    let expected = Link::ALL.map(Link::name);
    for process in ["self".to_owned(), "thread-self".to_owned(), other.pid().to_string()] {
        let directory = format!("/proc/{process}/ns");
        expect_eq!(expect_ok!(names_in(&directory)), expected, "{directory}");
    }
    holds()
}

/// Each entry of a process's directory ns is a symbolic link of mode 0777; the file behind it is a regular one of mode
/// 0444.
#[claim(source = "namespaces(7) The /proc/pid/ns/ directory", needs = [Config("TIME_NS")])]
fn procns_symlinks() -> Verdict {
    for link in Link::ALL {
        expect_eq!(format!("{:o}", expect_ok!(lstat(own(link))).st_mode), "120777", "{link} itself");
        expect_eq!(format!("{:o}", expect_ok!(stat(own(link))).st_mode), "100444", "the file behind {link}");
    }
    holds()
}

/// The text of a link in /proc/PID/ns is the kind of namespace and, in brackets after a colon, the inode number from
/// stat(2).
#[claim(
    source = [
        "namespaces(7) The /proc/pid/ns/ directory", "Linux Namespaces", "namespaces-fun",
        "Linux_name_space",
    ],
    needs = [Root, Config("TIME_NS")],
)]
fn procns_readlink_format() -> Verdict {
    for link in Link::ALL {
        let elsewhere = waiting(link.kind().flag())?;
        let texts = [own(link), path_of(link, elsewhere.pid())].map(|path| {
            let text = text(&path)?;
            expect_eq!(text, format!("{}:[{}]", link.kind(), inode_at(&path)?), "{path}");
            Ok(text)
        });
        let [ours, theirs] = texts;
        expect_ne!(theirs?, ours?, "{link} of a process in a {} namespace of its own", link.kind());
    }
    holds()
}

/// The links pid_for_children and time_for_children read pid:[…] and time:[…], with the inode numbers of the children's
/// namespaces.
#[claim(
    source = "namespaces(7) The /proc/pid/ns/ directory",
    needs = [Root, Config("TIME_NS")],
    erratum = "namespaces(7), The /proc/pid/ns/ directory: in the example pid_for_children reads pid:[4026531834], \
               which is the inode number of the initial time namespace.",
    quote = "pid_for_children -> pid:[4026531834]",
)]
fn procns_for_children_prefix() -> Verdict {
    unshare(CLONE_NEWPID | CLONE_NEWTIME)?;
    let first = waiting(NONE)?;
    for (link, of_itself) in FOR_CHILDREN {
        let expected = format!("{}:[{}]", link.kind(), inode_of(first.pid(), link.kind())?);
        expect_eq!(text(&own(link))?, expected, "{link}");
        expect_ne!(text(&own(of_itself))?, expected, "{of_itself}");
    }
    holds()
}

/// pid_for_children and time_for_children lead to the process's own namespaces until it calls unshare(2) or setns(2).
///
/// In a child that is born in the new namespaces they do so again.
#[claim(source = "namespaces(7) The /proc/pid/ns/ directory", needs = [Root, Config("TIME_NS")])]
fn procns_for_children_default_equal() -> Verdict {
    let own_and_for_children = |process: Pid| {
        let pairs = FOR_CHILDREN
            .map(|(link, of_itself)| Ok((identity(&path_of(of_itself, process))?, identity(&path_of(link, process))?)));
        pairs.into_iter().collect::<Outcome<Vec<_>>>()
    };
    let before = own_and_for_children(getpid())?;
    let plain = own_and_for_children(waiting(NONE)?.pid())?;
    for (own, for_children) in before.iter().chain(&plain) {
        expect_eq!(for_children, own, "in a process that has not called unshare, and in its child");
    }
    unshare(CLONE_NEWPID | CLONE_NEWTIME)?;
    let first = waiting(NONE)?;
    let after = own_and_for_children(getpid())?;
    let inside = own_and_for_children(first.pid())?;
    for ((old, after), inside) in before.iter().zip(&after).zip(&inside) {
        expect_eq!(after.0, old.0, "its own namespace after unshare");
        expect_ne!(after.1, old.1, "its children's namespace after unshare");
        expect_eq!(*inside, (after.1, after.1), "the namespace of the child, and of the child's children");
    }
    holds()
}

/// Two processes are in the same namespace exactly when the files behind their links have the same device and inode
/// number.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "namespaces-fun", "Linux_name_space"],
    needs = [Root, Config("TIME_NS")],
)]
fn procns_same_ns_same_dev_ino() -> Verdict {
    for made in Kind::ALL {
        let other = waiting(made.flag())?;
        for kind in Kind::ALL {
            let ours = identity(&format!("/proc/self/ns/{kind}"))?;
            let theirs = identity(&format!("/proc/{}/ns/{kind}", other.pid()))?;
            expect_eq!(theirs == ours, kind != made, "{kind} of a process with nothing but a new {made} namespace");
        }
    }
    holds()
}

/// lstat(2) of a link in /proc/PID/ns returns an inode of procfs, another for each process; stat(2) returns the
/// namespace's.
#[claim(source = "Linux Namespaces", needs = [Config("TIME_NS")])]
fn procns_stat_needs_dereference() -> Verdict {
    let procfs = stat("/proc")?.st_dev;
    let other = waiting(NONE)?;
    for link in Link::ALL {
        let paths = [own(link), path_of(link, other.pid())];
        let [ours, theirs] = [expect_ok!(lstat(&paths[0])), expect_ok!(lstat(&paths[1]))];
        let [behind, behind_theirs] = [expect_ok!(stat(&paths[0])), expect_ok!(stat(&paths[1]))];
        expect_eq!((ours.st_dev, theirs.st_dev), (procfs, procfs), "the devices of the {link} links themselves");
        expect_ne!(ours.st_ino, theirs.st_ino, "the {link} links of two processes in one namespace");
        expect_eq!(behind.st_ino, behind_theirs.st_ino, "the files behind these {link} links");
        expect_ne!(ours.st_ino, behind.st_ino, "{link} itself and the file behind it");
    }
    holds()
}

/// The files of namespaces of all kinds are on one device, which is not that of procfs.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "NS_GET_USERNS(2const)"],
    needs = [Root, Config("TIME_NS")],
)]
fn procns_same_device_all_kinds() -> Verdict {
    let mut processes = vec![waiting(NONE)?];
    for kind in Kind::ALL {
        processes.push(waiting(kind.flag())?);
    }
    let (mut behind, mut themselves) = (HashSet::new(), HashSet::new());
    for process in processes {
        for link in Link::ALL {
            behind.insert(identity(&path_of(link, process.pid()))?.0);
            themselves.insert(expect_ok!(lstat(path_of(link, process.pid()))).st_dev);
        }
    }
    let procfs = stat("/proc")?.st_dev;
    expect_eq!(themselves, HashSet::from([procfs]), "the devices of the links themselves");
    expect_eq!(behind.len(), 1, "the devices of the files behind them: {behind:?}");
    expect!(!behind.contains(&procfs), "the files behind them are on procfs");
    holds()
}

/// Each thread has a directory ns of its own, below task; the one of the process shows its first thread's namespaces.
#[claim(source = ["proc_pid_ns(5)", "kernel 7.3 fs/proc/namespaces.c"], needs = [Root])]
fn procns_per_thread() -> Verdict {
    let shared = own_inode(Kind::Uts)?;
    let (_idle, of_idle) = Thread::start(|| Ok(gettid()))?;
    let (_moved, (of_moved, theirs, of_the_process)) = Thread::start(|| {
        unshare(CLONE_NEWUTS)?;
        Ok((gettid(), own_inode(Kind::Uts)?, inode_at("/proc/self/ns/uts")?))
    })?;
    prepared(theirs != shared, "a thread in another UTS namespace")?;
    expect_eq!(of_the_process, shared, "the process's, looked at by the thread that has moved");
    let shown = |threads: [Pid; 3]| -> Outcome<Vec<Inode>> {
        let mut shown = vec![inode_at("/proc/self/ns/uts")?, inode_of(getpid(), Kind::Uts)?];
        for thread in threads {
            shown.push(inode_at(format!("/proc/self/task/{thread}/ns/uts"))?);
            shown.push(inode_of(thread, Kind::Uts)?);
        }
        Ok(shown)
    };
    let threads = [gettid(), of_idle, of_moved];
    expect_eq!(
        shown(threads)?,
        [shared, shared, shared, shared, shared, shared, theirs, theirs],
        "one thread has moved"
    );
    unshare(CLONE_NEWUTS)?;
    let first = own_inode(Kind::Uts)?;
    prepared(first != shared && first != theirs, "a first thread in a third UTS namespace")?;
    expect_eq!(
        shown(threads)?,
        [first, first, first, first, shared, shared, theirs, theirs],
        "the first has moved too"
    );
    holds()
}

/// A process's link ns/pid stays the same whatever it unshares and joins: only pid_for_children changes.
#[claim(source = "namespaces(7) The /proc/pid/ns/ directory", needs = [Root])]
fn procns_pid_link_constant() -> Verdict {
    const FOR_CHILDREN: &str = "/proc/self/ns/pid_for_children";
    let own = Namespace::own(Kind::Pid)?;
    let before = text("/proc/self/ns/pid")?;
    unshare(CLONE_NEWPID)?;
    expect_eq!(text("/proc/self/ns/pid")?, before, "after unshare");
    let first = waiting(NONE)?;
    expect_eq!(text("/proc/self/ns/pid")?, before, "after the first fork");
    let new = first.namespace(Kind::Pid)?;
    prepared(new.inode()? != own.inode()?, "a child in another PID namespace")?;
    for (which, target) in [("its own namespace", &own), ("its child's namespace", &new)] {
        setns(target, CLONE_NEWPID)?;
        expect_eq!(text("/proc/self/ns/pid")?, before, "after setns to {which}");
        expect_eq!(inode_at(FOR_CHILDREN)?, target.inode()?, "pid_for_children after setns to {which}");
    }
    holds()
}

/// The processes whose ns/pid link reads otherwise than that of PID 1 are those in other PID namespaces, and no others.
///
/// A process that has called unshare(CLONE_NEWPID) is not among them, but its children are. The reader must have ptrace
/// access to all processes: root has.
#[claim(source = "namespaces-fun", needs = [Root])]
fn procns_compare_finds_isolated() -> Verdict {
    let _plain = waiting(NONE)?;
    expect_eq!(found_isolated()?, Vec::<i32>::new(), "before");
    let parent = spawn(NONE, |case| {
        unshare(CLONE_NEWPID)?;
        let (inside, _pidfd) = waiting(NONE)?.forget();
        case.send(&inside.as_raw())?;
        case.wait()
    })?;
    let inside: i32 = parent.recv()?;
    let cloned = waiting(CLONE_NEWPID)?;
    let mut isolated = [inside, cloned.pid().as_raw()];
    isolated.sort_unstable();
    expect_eq!(found_isolated()?, isolated);
    holds()
}

/// The PIDs of the processes whose ns/pid link reads otherwise than that of PID 1.
fn found_isolated() -> Outcome<Vec<i32>> {
    let of_init = text("/proc/1/ns/pid")?;
    let mut found = Vec::new();
    for pid in listed_pids()? {
        if text(&format!("/proc/{pid}/ns/pid"))? != of_init {
            found.push(pid);
        }
    }
    Ok(found)
}

/// The text of a link, which the claim says can be read.
fn text(path: &str) -> Outcome<String> {
    Ok(expect_ok!(readlink(path, Vec::new()), "{path}").to_string_lossy().into_owned())
}
