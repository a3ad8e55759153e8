//! `ptrace(2)` across user namespaces: Ptrace access mode checking.

use std::fs;
use std::io;
use std::path::PathBuf;

use kit::prelude::*;
use kit::process::{NOBODY, as_user, become_root_inside, become_user, owned_by};
use kit::sys::raw::kill;
use nix::sys::prctl::{get_dumpable, set_dumpable};
use nix::sys::ptrace;
use nix::unistd::{Gid, Pid, Uid, setresgid, setresuid};
use rustix::process::{PTracer, set_ptracer};

use super::dumpable::{Execd, SUID_DUMPABLE_OFF};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    ptrace_upward_refused,
    ptrace_between_sibling_userns_refused,
    ptrace_downward_by_owner,
    ptrace_of_nondumpable_uses_exec_userns,
    nondumpable_execd_inside_is_traced_from_above,
];

/// The first ID outside that the user namespaces of these cases have.
const FIRST: u32 = 100_000;

/// For root of a user namespace, ptrace() of its own user's process in the namespace above fails with EPERM, and the process's
/// links in `/proc` lead nowhere.
#[claim(source = "ptrace(2) Ptrace access mode checking", needs = [UserNamespaces])]
fn ptrace_upward_refused() -> Verdict {
    unprivileged(NONE, || {
        let target = traceable(NONE)?;
        let expected = links(target.pid()).map(|link| fs::read_link(link).ok());
        expect!(expected.iter().all(Option::is_some), "from the same user namespace: {expected:?}");
        expect_ok!(trace(target.pid())?, "from the same user namespace");
        user_namespace(NONE, || {
            expect_errno!(trace(target.pid())?, EPERM, "from a user namespace below");
            expect_no_links(target.pid(), &expected)
        })?;
        holds()
    })
}

/// ptrace() of a process of the same user in a sibling user namespace fails with EPERM, although kill() of it succeeds.
///
/// The process's links in `/proc` lead nowhere.
#[claim(source = "ptrace(2) Ptrace access mode checking", needs = [UserNamespaces])]
fn ptrace_between_sibling_userns_refused() -> Verdict {
    unprivileged(NONE, || {
        let target = traceable(CLONE_NEWUSER)?;
        let expected = links(target.pid()).map(|link| fs::read_link(link).ok());
        expect!(expected.iter().all(Option::is_some), "from the namespace above: {expected:?}");
        expect_ok!(trace(target.pid())?, "from the namespace above");
        user_namespace(NONE, || {
            expect_errno!(trace(target.pid())?, EPERM, "from a namespace beside it");
            expect_no_links(target.pid(), &expected)?;
            expect_ok!(kill(target.pid(), 0), "a signal from a namespace beside it");
            let own = traceable(CLONE_NEWUSER)?;
            expect_ok!(trace(own.pid())?, "a process in a namespace below");
            holds()
        })
    })
}

/// The owner of a user namespace can trace and signal another user's process in it; for that user outside, ptrace() fails with
/// EPERM.
///
/// That user can signal it. For a third user both calls fail with EPERM.
#[claim(source = ["user_namespaces(7) Capabilities", "ptrace(2) Ptrace access mode checking"], needs = [Root, UserNamespaces])]
fn ptrace_downward_by_owner() -> Verdict {
    let inside = owned_by(NOBODY, Some(&Maps::range(FIRST, 10)), NONE, |outside| {
        become_user(5)?;
        outside.go()?;
        outside.wait()
    })?;
    inside.recv::<()>()?;
    as_user(NOBODY, NONE, || {
        expect_ok!(kill(inside.pid(), 0), "the owner");
        expect_ok!(trace(inside.pid())?, "the owner");
        Ok(())
    })?;
    as_user(FIRST + 5, NONE, || {
        expect_ok!(kill(inside.pid(), 0), "the user that it is outside");
        expect_errno!(trace(inside.pid())?, EPERM, "the user that it is outside");
        Ok(())
    })?;
    as_user(NOBODY + 1, NONE, || {
        expect_errno!(kill(inside.pid(), 0), EPERM, "a third user");
        expect_errno!(trace(inside.pid())?, EPERM, "a third user");
        holds()
    })
}

/// ptrace() of a non-dumpable process that has not called execve() in its user namespace fails with EPERM for that namespace's
/// owner and root.
///
/// CAP_SYS_PTRACE is required in the user namespace in which the program was executed. Changing its user ID has made the
/// process non-dumpable; once it is dumpable again, both can trace it.
#[claim(
    source = ["ptrace(2) Ptrace access mode checking", "kernel/ptrace.c __ptrace_may_access"],
    needs = [Root, UserNamespaces, Behaviour(SUID_DUMPABLE_OFF)],
)]
fn ptrace_of_nondumpable_uses_exec_userns() -> Verdict {
    let container = owned_by(NOBODY, Some(&Maps::range(FIRST, 10)), NONE, |outside| {
        become_root_inside()?;
        let target = spawn(NONE, |root| {
            let (user, group) = (Uid::from_raw(5), Gid::from_raw(5));
            setresgid(group, group, group).doing("become group 5")?;
            setresuid(user, user, user).doing("become user 5")?;
            root.send(&get_dumpable()?)?;
            root.wait()?;
            set_dumpable(true).doing("prctl(PR_SET_DUMPABLE)")?;
            root.go()?;
            root.wait()
        })?;
        let dumpable: bool = target.recv()?;
        expect!(!dumpable, "after a change of user");
        expect_errno!(trace(target.pid())?, EPERM, "non-dumpable, by root inside");
        outside.send(&target.pid().as_raw())?;
        outside.wait()?;
        target.go()?;
        target.recv::<()>()?;
        expect_ok!(trace(target.pid())?, "dumpable, by root inside");
        outside.go()?;
        outside.wait()
    })?;
    let target = Pid::from_raw(container.recv()?);
    as_user(NOBODY, NONE, || {
        expect_errno!(trace(target)?, EPERM, "non-dumpable, by the owner");
        Ok(())
    })?;
    expect_ok!(trace(target)?, "non-dumpable, by root outside");
    container.go()?;
    container.recv::<()>()?;
    as_user(NOBODY, NONE, || {
        expect_ok!(trace(target)?, "dumpable, by the owner");
        Ok(())
    })?;
    container.go()?;
    container.join()?;
    holds()
}

/// A non-dumpable process that has called execve() in its user namespace can be traced by that namespace's owner and root.
#[claim(
    source = ["ptrace(2) Ptrace access mode checking", "kernel/ptrace.c __ptrace_may_access"],
    needs = [Root, UserNamespaces],
)]
fn nondumpable_execd_inside_is_traced_from_above() -> Verdict {
    let container = owned_by(NOBODY, Some(&Maps::range(FIRST, 10)), NONE, |outside| {
        become_root_inside()?;
        let target = Execd::nondumpable()?;
        expect_ok!(trace(target.pid())?, "by root inside");
        outside.send(&target.pid().as_raw())?;
        outside.wait()
    })?;
    let target = Pid::from_raw(container.recv()?);
    as_user(NOBODY, NONE, || {
        expect_ok!(trace(target)?, "by the owner");
        Ok(())
    })?;
    as_user(FIRST, NONE, || {
        expect_errno!(trace(target)?, EPERM, "by the user that it is outside");
        holds()
    })
}

/// A process that allows every process to trace it as far as Yama is concerned, which otherwise would refuse more than the
/// namespaces do.
fn traceable(flags: CloneFlags) -> Outcome<Child<()>> {
    let target = spawn(flags, |parent| {
        // EINVAL where there is no Yama.
        let _ = set_ptracer(PTracer::Any);
        parent.go()?;
        parent.wait()
    })?;
    target.recv::<()>()?;
    Ok(target)
}

/// What ptrace() of this process answers. It is let go at once.
fn trace(process: Pid) -> Outcome<Result<(), Refusal>> {
    child(NONE, || Ok(ptrace::seize(process, ptrace::Options::empty()).portable()))
}

/// Links of a process that only processes that may trace it can follow.
fn links(process: Pid) -> [PathBuf; 2] {
    ["root", "ns/user"].map(|name| format!("/proc/{process}/{name}").into())
}

/// The claim says that the links cannot be read. Late updates of 5.10 answer with an empty text for one of them.
fn expect_no_links(process: Pid, expected: &[Option<PathBuf>; 2]) -> Outcome<()> {
    for (link, target) in links(process).iter().zip(expected) {
        let read: io::Result<PathBuf> = fs::read_link(link);
        expect_ne!(read.ok(), *target, "read through {}", link.display());
    }
    expect_errno!(fs::read_link(&links(process)[0]), EACCES, "the link to its root directory");
    Ok(())
}
