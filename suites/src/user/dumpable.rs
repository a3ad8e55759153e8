//! Dumpability and user namespaces: `PR_SET_DUMPABLE(2const)`, `proc_pid(5)`.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::process::{Child as Process, Stdio};

use kit::Behaviour;
use kit::Program;
use kit::prelude::*;
use kit::process::{MapFile, NOBODY, become_root_inside, become_user, owned_by, program_command, user_namespace_with};
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

/// A process that has changed its user and is not dumpable cannot open uid_map of a child in a new user namespace: EACCES.
///
/// The file is root's then. When the process is made dumpable before it makes the child, the file is its user's.
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
        expect_eq!(owner_of(&MapFile::Uid.path(made.pid()))?, 0, "whose the file is");
        expect_errno!(MapFile::Uid.open(made.pid()), EACCES);

        set_dumpable(true).doing("prctl(PR_SET_DUMPABLE)")?;
        let made = waiting(CLONE_NEWUSER)?;
        expect_eq!(owner_of(&MapFile::Uid.path(made.pid()))?, NOBODY, "whose it is when its parent was dumpable");
        expect_ok!(MapFile::Uid.write(made.pid(), &format!("0 {NOBODY} 1")), "when it was dumpable");
        holds()
    })
}

/// The files in /proc/PID of a non-dumpable process are root's; the directory itself and those of others are their user's.
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
        let expected = if dumpable { NOBODY } else { 0 };
        for name in ["/status", "/fd", "/uid_map"] {
            let path = format!("/proc/{}{name}", process.pid());
            expect_eq!(owner_of(&path)?, expected, "{name}, dumpable: {dumpable}");
        }
        expect_eq!(owner_of(&format!("/proc/{}", process.pid()))?, NOBODY, "the directory, dumpable: {dumpable}");
    }
    holds()
}

/// The files in /proc/PID of a non-dumpable process are those of root of the user namespace in which it was exec'ed.
///
/// What was exec'ed outside and is only forked inside has files that belong to root outside.
#[claim(source = "proc_pid(5)", since = "4.11", needs = [Root, UserNamespaces])]
fn nondumpable_proc_files_owned_by_ns_root() -> Verdict {
    let first = 100_000;
    let container = owned_by(NOBODY, Some(&Maps::range(first, 10)), NONE, |outside| {
        become_root_inside()?;
        let execd = Execd::nondumpable()?;
        let forked = spawn(NONE, |parent| {
            set_dumpable(false).doing("prctl(PR_SET_DUMPABLE)")?;
            parent.go()?;
            parent.wait()
        })?;
        forked.recv::<()>()?;
        let inside = owner_of(&format!("/proc/{}/status", execd.pid()))?;
        outside.send(&(execd.pid().as_raw(), forked.pid().as_raw(), inside))?;
        outside.wait()
    })?;
    let (execd, forked, inside): (i32, i32, u32) = container.recv()?;
    expect_eq!(inside, 0, "exec'ed inside, as seen there");
    expect_eq!(owner_of(&format!("/proc/{execd}/status"))?, first, "exec'ed inside, as seen outside");
    expect_eq!(owner_of(&format!("/proc/{forked}/status"))?, 0, "exec'ed outside, as seen there");
    holds()
}

/// prctl(PR_SET_DUMPABLE, 2) is EINVAL: that value cannot be set, while 0 and 1 can.
#[claim(source = "PR_SET_DUMPABLE(2const)")]
fn set_dumpable_2_einval() -> Verdict {
    for allowed in [DumpableBehavior::NotDumpable, DumpableBehavior::Dumpable] {
        expect_ok!(set_dumpable_behavior(allowed), "{allowed:?}");
        expect_errno!(set_dumpable_behavior(DumpableBehavior::DumpableReadableOnlyByRoot), EINVAL);
        expect_eq!(get_dumpable()?, allowed == DumpableBehavior::Dumpable, "what it is then");
    }
    holds()
}

/// Making or joining a user namespace leaves dumpability and the parent-death signal; changing the user clears both.
#[claim(source = "kernel/cred.c commit_creds", needs = [Root, UserNamespaces, Behaviour(SUID_DUMPABLE_OFF)])]
fn creating_userns_keeps_dumpable() -> Verdict {
    let set = (true, Some(Signal::SIGUSR1 as i32));
    let prepared = || -> Outcome<()> {
        set_pdeathsig(Signal::SIGUSR1).doing("prctl(PR_SET_PDEATHSIG)")?;
        set_dumpable(true).doing("prctl(PR_SET_DUMPABLE)")
    };
    let found = || -> Outcome<_> { Ok((get_dumpable()?, get_pdeathsig()?.map(|signal| signal as i32))) };
    let target = user_namespace_with(&Maps::range(100_000, 10), NONE, Peer::wait)?;
    let namespace = target.namespace(Kind::User)?;
    child(NONE, || {
        prepared()?;
        expect_eq!(found()?, set, "before");
        setns(&namespace, CLONE_NEWUSER).doing("setns")?;
        expect_eq!(found()?, set, "after setns by root");
        Ok(())
    })?;
    child(NONE, || {
        become_user(NOBODY)?;
        prepared()?;
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        expect_eq!(found()?, set, "after unshare by an ordinary user");
        Ok(())
    })?;
    child(NONE, || {
        prepared()?;
        let user = Uid::from_raw(NOBODY);
        setresuid(user, user, user).doing("setresuid")?;
        expect_eq!(found()?, (false, None), "after a change of user");
        holds()
    })
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
