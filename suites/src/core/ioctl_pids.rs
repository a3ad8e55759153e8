//! PIDs translated by a PID namespace's file, where they cannot be: `linux/nsfs.h`. What they are translated to where
//! they can be is in the suite `pid`.

use kit::prelude::*;
use kit::sys::ns_pids::{pid_from, pid_in, tgid_from, tgid_in};
use nix::unistd::getpid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![ioctl_pid_translate_invisible_esrch, ioctl_pid_translate_einval];

/// NS_GET_PID_FROM_PIDNS and NS_GET_TGID_FROM_PIDNS fail with ESRCH for a process without a PID in the caller's PID
/// namespace.
///
/// The process is alive, and the PID that is given is its own in the namespace of the descriptor.
#[claim(source = "kernel 7.3 fs/nsfs.c ns_ioctl", since = "6.11", needs = [Root])]
fn ioctl_pid_translate_invisible_esrch() -> Verdict {
    let outer = Namespace::own(Kind::Pid)?;
    let outsider = waiting(NONE)?;
    let number = outsider.pid().as_raw();
    expect_eq!(expect_ok!(pid_from(&outer, number)), number, "asked outside");
    expect_eq!(expect_ok!(tgid_from(&outer, number)), number, "asked outside");
    let insider = spawn(CLONE_NEWPID, |outside| {
        let own: i32 = outside.recv()?;
        expect_errno!(pid_from(&outer, number), ESRCH, "a process outside, asked inside");
        expect_errno!(tgid_from(&outer, number), ESRCH, "a process outside, asked inside");
        expect_eq!(expect_ok!(pid_from(&outer, own)), 1, "the caller itself, by its number outside");
        expect_eq!(expect_ok!(tgid_from(&outer, own)), 1, "the caller itself, by its number outside");
        Ok(())
    })?;
    insider.send(&insider.pid().as_raw())?;
    insider.join()?;
    expect_eq!(expect_ok!(pid_from(&outer, number)), number, "it was alive all the time");
    holds()
}

/// The four operations that translate PIDs fail with EINVAL on a namespace of any other kind than PID.
///
/// They are NS_GET_PID_FROM_PIDNS, NS_GET_TGID_FROM_PIDNS, NS_GET_PID_IN_PIDNS and NS_GET_TGID_IN_PIDNS.
#[claim(source = "kernel 7.3 fs/nsfs.c ns_ioctl", since = "6.11", needs = [Config("TIME_NS")])]
fn ioctl_pid_translate_einval() -> Verdict {
    let own = getpid().as_raw();
    for kind in Kind::ALL {
        let namespace = Namespace::own(kind)?;
        for (operation, answer) in [
            ("NS_GET_PID_FROM_PIDNS", pid_from(&namespace, own)),
            ("NS_GET_TGID_FROM_PIDNS", tgid_from(&namespace, own)),
            ("NS_GET_PID_IN_PIDNS", pid_in(&namespace, own)),
            ("NS_GET_TGID_IN_PIDNS", tgid_in(&namespace, own)),
        ] {
            match kind {
                Kind::Pid => expect_eq!(expect_ok!(answer, "{operation}"), own, "{operation}"),
                _ => expect_errno!(answer, EINVAL, "{operation}, {kind}"),
            }
        }
    }
    holds()
}
