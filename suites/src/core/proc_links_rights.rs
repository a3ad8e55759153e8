//! What it takes to list a process's directory `ns`, and to read and open what is in it: `namespaces(7)`, `ptrace(2)`
//! Ptrace access mode checking.

use std::fs;

use kit::namespace::Link;
use kit::namespace::directory::{expect_closed, expect_open, own, path_of};
use kit::prelude::*;
use kit::prepared;
use kit::process::{
    NOBODY, as_user, as_user_with, become_user, capabilities, every_capability, map_self, owned_by, with_only,
};
use nix::fcntl::{OFlag, open};
use nix::sys::prctl::set_dumpable;
use nix::sys::stat::{Mode, lstat, stat};
use nix::unistd::{Pid, getpid};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

use super::ns_directory::names_in;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    procns_readlink_needs_ptrace,
    procns_open_needs_ptrace,
    procns_closed_without_ptrace,
    procns_lstat_unrestricted,
    procns_cap_sys_ptrace,
    procns_nondumpable_closed,
    procns_fewer_caps_closed,
    procns_child_userns_cannot_read_parent,
    procns_parent_can_read_child_userns,
    procns_own_always_readable,
    procns_dir_mode,
];

/// A user beside [`NOBODY`].
const OTHER: u32 = NOBODY + 1;

/// readlink(2) of the ten links in /proc/PID/ns fails with EACCES if the caller has no ptrace access to the process.
///
/// Late updates of 5.10 (5.10.262 is one) lost that error, and answer with an empty text.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "ptrace(2) Ptrace access mode checking"],
    since = "5.11",
    replaces = "procns_closed_without_ptrace",
    needs = [Root, Config("TIME_NS")],
)]
fn procns_readlink_needs_ptrace() -> Verdict {
    let (roots, theirs) = (waiting(NONE)?, ordinary()?);
    as_user(NOBODY, NONE, || {
        for link in Link::ALL {
            expect_errno!(fs::read_link(path_of(link, roots.pid())), EACCES, "root's {link}");
            for process in [getpid(), theirs.pid()] {
                let text = expect_ok!(fs::read_link(path_of(link, process)), "the same user's {link}");
                expect_eq!(text, fs::read_link(own(link))?);
            }
        }
        Ok(())
    })?;
    holds()
}

/// open(2), also with O_PATH, and stat(2) of the links in /proc/PID/ns fail with EACCES without ptrace access to the
/// process.
///
/// Late updates of 5.10 (5.10.262 is one) lost that error, and take the link for the directory that it is in.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "Few notes about network namespaces in Linux"],
    since = "5.11",
    needs = [Root, Config("TIME_NS")],
    erratum = "Few notes about network namespaces in Linux: entering a process's network namespace by its file in \
               /proc always works.",
)]
fn procns_open_needs_ptrace() -> Verdict {
    let roots = waiting(NONE)?;
    let tries = |path: &str| {
        let opened = |flags| open(path, flags, Mode::empty()).map(drop);
        [("open", opened(OFlag::O_RDONLY)), ("open for O_PATH", opened(OFlag::O_PATH)), ("stat", stat(path).map(drop))]
    };
    as_user(NOBODY, NONE, || {
        for link in Link::ALL {
            for (call, answer) in tries(&path_of(link, roots.pid())) {
                expect_errno!(answer, EACCES, "{call}, {link}");
            }
        }
        Ok(())
    })?;
    as_user_with(NOBODY, CapabilitySet::SYS_PTRACE, || {
        for link in Link::ALL {
            for (call, answer) in tries(&path_of(link, roots.pid())) {
                expect_ok!(answer, "{call}, {link}, with CAP_SYS_PTRACE");
            }
        }
        Ok(())
    })?;
    holds()
}

/// Before 5.11, too, the links of a process to which the caller has no ptrace access give no text and no open file.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "ptrace(2) Ptrace access mode checking"],
    until = "5.11",
    needs = [Root, Config("TIME_NS")],
    erratum = "namespaces(7), The /proc/pid/ns/ directory: without ptrace access readlink(2) fails. (5.10.262 \
               answers with success and an empty text.)",
    quote = "Permission to dereference or read (readlink(2)) these symbolic links is governed by a ptrace access mode",
)]
fn procns_closed_without_ptrace() -> Verdict {
    let (roots, theirs) = (waiting(NONE)?, ordinary()?);
    as_user(NOBODY, NONE, || {
        expect_closed(roots.pid(), "root's process")?;
        expect_open(theirs.pid(), "the same user's process")
    })?;
    holds()
}

/// lstat(2) of the links in /proc/PID/ns requires no ptrace access: it succeeds where they can be neither read nor
/// opened.
#[claim(source = "kernel 7.3 fs/proc/namespaces.c", needs = [Root, Config("TIME_NS")])]
fn procns_lstat_unrestricted() -> Verdict {
    let roots = waiting(NONE)?;
    as_user(NOBODY, NONE, || {
        for link in Link::ALL {
            expect_ok!(lstat(path_of(link, roots.pid()).as_str()), "root's {link}");
        }
        expect_errno!(lstat(format!("/proc/{}/ns/none", roots.pid()).as_str()), ENOENT);
        expect_closed(roots.pid(), "root's process")
    })?;
    holds()
}

/// CAP_SYS_PTRACE alone lets an ordinary user read and open the links of root's processes; all the others together do
/// not.
#[claim(source = "ptrace(2) Ptrace access mode checking", needs = [Root, Config("TIME_NS")])]
fn procns_cap_sys_ptrace() -> Verdict {
    let roots = waiting(NONE)?;
    as_user_with(NOBODY, CapabilitySet::SYS_PTRACE, || {
        expect_open(roots.pid(), "root's process, with CAP_SYS_PTRACE")
    })?;
    let others = capabilities()?.effective - CapabilitySet::SYS_PTRACE;
    as_user_with(NOBODY, others, || expect_closed(roots.pid(), "root's process, without CAP_SYS_PTRACE"))?;
    holds()
}

/// While a process is not dumpable, an unprivileged process of the same user can neither read nor open its links.
///
/// How the calls fail is the claim about readlink(2) and ptrace access in general.
#[claim(source = "ptrace(2) Ptrace access mode checking", needs = [Config("TIME_NS")])]
fn procns_nondumpable_closed() -> Verdict {
    unprivileged(NONE, || {
        let target = spawn(NONE, |reader| {
            for dumpable in [false, true] {
                reader.wait()?;
                set_dumpable(dumpable).doing("prctl(PR_SET_DUMPABLE)")?;
                reader.go()?;
            }
            reader.wait()
        })?;
        let changed = || target.go().and_then(|()| target.recv::<()>());
        expect_open(target.pid(), "a dumpable process")?;
        changed()?;
        expect_closed(target.pid(), "a process that is not dumpable")?;
        changed()?;
        expect_open(target.pid(), "a process that is dumpable again")
    })?;
    holds()
}

/// A process of user 0 without capabilities can neither read nor open the links of a process of user 0 that has some.
///
/// How the calls fail is the claim about readlink(2) and ptrace access in general.
#[claim(source = "ptrace(2) Ptrace access mode checking", needs = [Root, Config("TIME_NS")])]
fn procns_fewer_caps_closed() -> Verdict {
    let mighty = waiting(NONE)?;
    let meek = spawn(NONE, |case| {
        let none = CapabilitySet::empty();
        set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
        case.go()?;
        case.wait()
    })?;
    meek.recv::<()>()?;
    expect_open(mighty.pid(), "root's process, by root")?;
    with_only(CapabilitySet::empty(), NONE, || {
        expect_closed(mighty.pid(), "a process with capabilities, by one without")?;
        expect_open(meek.pid(), "a process without capabilities, by one without")
    })?;
    holds()
}

/// Capabilities in a child user namespace do not help to read or open the links of a process in the parent, even of the
/// same user.
#[claim(source = ["ptrace(2) Ptrace access mode checking", "user_namespaces(7)"], needs = [UserNamespaces, Config("TIME_NS")])]
fn procns_child_userns_cannot_read_parent() -> Verdict {
    let goes_down = || {
        let outside = waiting(NONE)?;
        expect_open(outside.pid(), "a process beside, before unshare")?;
        let maps = Maps::own_as_root();
        unshare(CLONE_NEWUSER)?;
        map_self(&maps)?;
        prepared(capabilities()?.effective == every_capability()?, "all capabilities in the child user namespace")?;
        expect_closed(outside.pid(), "the same process, after unshare")?;
        let inside = waiting(NONE)?;
        expect_open(inside.pid(), "a process beside in the new user namespace")
    };
    child(NONE, goes_down)?;
    unprivileged(NONE, goes_down)?;
    holds()
}

/// The owner of a user namespace can read and open the links of any process in it from the parent, and from no other
/// child of that.
///
/// The user that the process runs as cannot, unless it is the owner.
#[claim(
    source = ["ptrace(2) Ptrace access mode checking", "user_namespaces(7) Capabilities"],
    needs = [Root, UserNamespaces, Config("TIME_NS")],
)]
fn procns_parent_can_read_child_userns() -> Verdict {
    let line = |inside, outside| IdMap { inside, outside, count: 1 };
    let lines = vec![line(0, NOBODY), line(1, OTHER)];
    let maps = Maps { uid: lines.clone(), gid: lines, deny_setgroups: false };
    let owners = owned_by(NOBODY, Some(&maps), NONE, |case| {
        case.go()?;
        case.wait()
    })?;
    let others = owned_by(NOBODY, Some(&maps), NONE, |case| {
        become_user(1)?;
        case.go()?;
        case.wait()
    })?;
    for process in [&owners, &others] {
        process.recv::<()>()?;
    }
    as_user(NOBODY, NONE, || {
        expect_open(owners.pid(), "the owner's process, by the owner")?;
        expect_open(others.pid(), "another user's process, by the owner")?;
        unshare(CLONE_NEWUSER)?;
        expect_closed(owners.pid(), "the owner's process, by the owner from another user namespace")
    })?;
    as_user(OTHER, NONE, || {
        expect_closed(owners.pid(), "the owner's process, by another user")?;
        expect_closed(others.pid(), "another user's process, by that user")
    })?;
    holds()
}

/// A process can read and open its own links even while it is not dumpable and other processes of the same user cannot.
#[claim(source = "ptrace(2) Ptrace access mode checking", needs = [Config("TIME_NS")])]
fn procns_own_always_readable() -> Verdict {
    unprivileged(NONE, || {
        let target = spawn(NONE, |reader| {
            set_dumpable(false).doing("prctl(PR_SET_DUMPABLE)")?;
            reader.go()?;
            reader.wait()?;
            expect_open("self", "the process itself, by itself")?;
            expect_open(getpid(), "the process itself, by its PID")
        })?;
        target.recv::<()>()?;
        expect_closed(target.pid(), "the process, by its parent")?;
        target.go()?;
        target.join()
    })?;
    holds()
}

/// The directory ns of a process has mode 0511: its user and CAP_DAC_READ_SEARCH can list it; other users can look
/// names up.
#[claim(source = "kernel 7.3 fs/proc/base.c", needs = [Root])]
fn procns_dir_mode() -> Verdict {
    let (roots, theirs) = (waiting(NONE)?, ordinary()?);
    let directory = |process: Pid| format!("/proc/{process}/ns");
    let seen = expect_ok!(stat(directory(theirs.pid()).as_str()));
    expect_eq!((seen.st_mode, seen.st_uid, seen.st_gid), (0o40_511, NOBODY, NOBODY));
    let lists = |process: Pid| names_in(&directory(process));
    let names = lists(roots.pid())?;
    as_user(NOBODY, NONE, || {
        expect_errno!(lists(roots.pid()), EACCES, "root's, by another user");
        expect_ok!(lstat(format!("/proc/{}/ns/uts", roots.pid()).as_str()), "a name in root's, by another user");
        expect_eq!(expect_ok!(lists(theirs.pid()), "the same user's"), names);
        Ok(())
    })?;
    as_user_with(NOBODY, CapabilitySet::DAC_READ_SEARCH, || {
        expect_eq!(expect_ok!(lists(roots.pid()), "root's, with CAP_DAC_READ_SEARCH"), names);
        Ok(())
    })?;
    holds()
}

/// A live process of [`NOBODY`]'s.
fn ordinary() -> Outcome<Child<()>> {
    let ordinary = spawn(NONE, |case| {
        become_user(NOBODY)?;
        case.go()?;
        case.wait()
    })?;
    ordinary.recv::<()>()?;
    Ok(ordinary)
}
