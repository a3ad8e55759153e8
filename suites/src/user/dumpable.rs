//! Dumpability and user namespaces: `PR_SET_DUMPABLE(2const)`, `proc_pid(5)`.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::process::{Child as Process, Stdio};

use kit::Behaviour;
use kit::Program;
use kit::prelude::*;
use kit::process::{MapFile, NOBODY, as_user, become_root_inside, become_user, owned_by, program_command};
use kit::sysctl::sysctl;
use nix::sys::prctl::{get_dumpable, get_pdeathsig, set_dumpable, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, Uid, setresuid};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    id_change_blocks_parent_mapping,
    nondumpable_proc_files_owned_by_root,
    nondumpable_proc_files_owned_by_ns_root,
    set_dumpable_2_einval,
    creating_userns_keeps_dumpable,
];

/// The programs of this file.
pub(super) const PROGRAMS: &[Program] = &[Program { name: "nondumpable", main: |_| nondumpable() }];

/// A change of user makes a process non-dumpable unless an administrator wants it otherwise: `fs.suid_dumpable` is 1 then.
pub(super) const SUID_DUMPABLE_OFF: &Behaviour = &Behaviour {
    what: "makes processes non-dumpable when they change their user (fs.suid_dumpable is not 1)",
    probe: || sysctl::<u32>("fs/suid_dumpable").is_ok_and(|value| value != 1),
};

/// After a change of user ID has made a process non-dumpable, opening `uid_map` of its child in a new user namespace for
/// writing fails with EACCES.
///
/// The child inherits the attribute, and its file belongs to root. If the process is made dumpable before it creates the
/// child, the file belongs to its user.
#[claim(
    source = [
        "user_namespaces(7) Nested namespaces, namespace membership", "PR_SET_DUMPABLE(2const)", "proc_pid(5)",
    ],
    needs = [Root, UserNamespaces, Behaviour(SUID_DUMPABLE_OFF)],
)]
fn id_change_blocks_parent_mapping() -> Verdict {
    child(NONE, || {
        let user = Uid::from_raw(NOBODY);
        setresuid(user, user, user).doing("setresuid")?;
        let made = waiting(CLONE_NEWUSER)?;
        expect_eq!(owner_of(&MapFile::Uid.path(made.pid()))?, 0, "the file's owner");
        expect_errno!(MapFile::Uid.open(made.pid()), EACCES);

        set_dumpable(true).doing("prctl(PR_SET_DUMPABLE)")?;
        let made = waiting(CLONE_NEWUSER)?;
        expect_eq!(owner_of(&MapFile::Uid.path(made.pid()))?, NOBODY, "its owner when the parent was dumpable");
        expect_ok!(MapFile::Uid.write(made.pid(), &format!("0 {NOBODY} 1")), "when it was dumpable");
        holds()
    })
}

/// All entries of `/proc/PID` of a non-dumpable process belong to root, except directories with mode 0555, which belong to
/// the process's user.
///
/// The directory itself, and all entries of that of a dumpable process, belong to the process's user.
#[claim(source = "proc_pid(5)", needs = [Root])]
fn nondumpable_proc_files_owned_by_root() -> Verdict {
    for dumpable in [true, false] {
        let process = spawn(NONE, |parent| {
            become_user(NOBODY)?;
            set_dumpable(dumpable).doing("prctl(PR_SET_DUMPABLE)")?;
            parent.go()?;
            parent.wait()
        })?;
        process.recv::<()>()?;
        let expected = Owners { user: NOBODY, rest: if dumpable { NOBODY } else { 0 } };
        expect_owners(process.pid(), expected).doing(format!("dumpable: {dumpable}"))?;
        expect_eq!(owner_of(&format!("/proc/{}", process.pid()))?, NOBODY, "the directory, dumpable: {dumpable}");
    }
    holds()
}

/// The files in `/proc/PID` of a non-dumpable process belong to root of the user namespace in which it called execve().
///
/// Those of a process that was only forked there belong to root of the one in which its program was executed. The user that
/// the process runs as makes no difference.
#[claim(source = "proc_pid(5)", since = "4.11", needs = [Root, UserNamespaces])]
fn nondumpable_proc_files_owned_by_ns_root() -> Verdict {
    let (first, inside) = (100_000, 5);
    let container = owned_by(NOBODY, Some(&Maps::range(first, 10)), NONE, |outside| {
        become_root_inside()?;
        become_user(inside)?;
        let execd = Execd::nondumpable()?;
        let forked = spawn(NONE, |parent| {
            set_dumpable(false).doing("prctl(PR_SET_DUMPABLE)")?;
            parent.go()?;
            parent.wait()
        })?;
        forked.recv::<()>()?;
        expect_owners(execd.pid(), Owners { user: inside, rest: 0 }).doing("executed inside, as seen there")?;
        outside.send(&(execd.pid().as_raw(), forked.pid().as_raw()))?;
        outside.wait()
    })?;
    let (execd, forked): (i32, i32) = container.recv()?;
    let user = first + inside;
    expect_owners(Pid::from_raw(execd), Owners { user, rest: first }).doing("executed inside")?;
    expect_owners(Pid::from_raw(forked), Owners { user, rest: 0 }).doing("executed outside")?;
    holds()
}

/// prctl(PR_SET_DUMPABLE, 2) fails with EINVAL and changes nothing, while the values 0 and 1 can be set.
#[claim(source = "PR_SET_DUMPABLE(2const)")]
fn set_dumpable_2_einval() -> Verdict {
    for allowed in [DumpableBehavior::NotDumpable, DumpableBehavior::Dumpable] {
        expect_ok!(set_dumpable_behavior(allowed), "{allowed:?}");
        expect_errno!(set_dumpable_behavior(DumpableBehavior::DumpableReadableOnlyByRoot), EINVAL);
        expect_eq!(get_dumpable()?, allowed == DumpableBehavior::Dumpable, "what it is then");
    }
    holds()
}

/// Creating a user namespace, or joining one as its owner, keeps dumpability and the parent-death signal; joining another
/// user's clears both.
#[claim(
    source = ["kernel/cred.c commit_creds", "kernel/cred.c cred_cap_issubset"],
    needs = [Root, UserNamespaces, Behaviour(SUID_DUMPABLE_OFF)],
)]
fn creating_userns_keeps_dumpable() -> Verdict {
    let set = (true, Some(Signal::SIGUSR1 as i32));
    let found_after = |enter: &dyn Fn() -> nix::Result<()>| -> Outcome<_> {
        set_pdeathsig(Signal::SIGUSR1).doing("prctl(PR_SET_PDEATHSIG)")?;
        set_dumpable(true).doing("prctl(PR_SET_DUMPABLE)")?;
        enter().doing("enter a user namespace")?;
        Ok((get_dumpable()?, get_pdeathsig()?.map(|signal| signal as i32)))
    };
    let made = as_user(NOBODY, NONE, || found_after(&|| unshare(CLONE_NEWUSER)))?;
    expect_eq!(made, set, "after unshare by an ordinary user");
    for (owner, expected) in [(0, set), (NOBODY, (false, None))] {
        let target = owned_by(owner, None, NONE, Peer::wait)?;
        let namespace = target.namespace(Kind::User)?;
        let joined = child(NONE, || found_after(&|| setns(&namespace, CLONE_NEWUSER)))?;
        expect_eq!(joined, expected, "after setns by root to a user namespace of user {owner}");
    }
    holds()
}

/// To whom the entries of a process's directory in `/proc` belong.
#[derive(Debug, Clone, Copy)]
struct Owners {
    /// Directories with mode 0555.
    user: u32,
    /// All the rest.
    rest: u32,
}

/// The claim says that the entries of `/proc/PID` belong to these.
fn expect_owners(pid: Pid, expected: Owners) -> Outcome<()> {
    let directory = format!("/proc/{pid}");
    for entry in fs::read_dir(&directory).doing(format!("list {directory}"))? {
        let path = entry.doing(format!("list {directory}"))?.path();
        let seen = fs::symlink_metadata(&path).doing(format!("stat {}", path.display()))?;
        let is_open_to_all = seen.is_dir() && seen.mode() & 0o7777 == 0o555;
        let owner = if is_open_to_all { expected.user } else { expected.rest };
        expect_eq!(seen.uid(), owner, "{}", path.display());
    }
    Ok(())
}

/// A process in the caller's namespaces that was exec'ed there and has made itself non-dumpable. Dropping it ends it.
pub(super) struct Execd(Process);

impl Execd {
    pub(super) fn nondumpable() -> Outcome<Self> {
        let mut command = program_command("nondumpable");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().doing("exec our program")?;
        let mut word = [0];
        match process.stdout.as_mut().map(|output| output.read_exact(&mut word)) {
            Some(Ok(())) => Ok(Self(process)),
            _ => Err(Failure::broken("our program did not start")),
        }
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id() as i32)
    }
}

impl Drop for Execd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program: says a word when it is not dumpable any more, and ends with its input.
fn nondumpable() -> i32 {
    if set_dumpable(false).is_err() || std::io::stdout().write_all(b"!").is_err() || std::io::stdout().flush().is_err()
    {
        return 1;
    }
    let _ = std::io::stdin().read(&mut [0]);
    0
}

fn owner_of(path: &str) -> Outcome<u32> {
    Ok(fs::metadata(path).doing(format!("stat {path}"))?.uid())
}
