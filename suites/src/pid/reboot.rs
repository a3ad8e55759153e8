//! reboot(2) inside a PID namespace ends the namespace: `reboot(2)` Behavior inside PID namespaces.

use std::ffi::CStr;

use kit::prelude::*;
use kit::process::{member, with_only, without};
use kit::sys::raw::pidfd_send_signal;
use kit::sys::reboot::reboot;
use libc::{
    LINUX_REBOOT_CMD_CAD_OFF as CAD_OFF, LINUX_REBOOT_CMD_CAD_ON as CAD_ON, LINUX_REBOOT_CMD_HALT as HALT,
    LINUX_REBOOT_CMD_KEXEC as KEXEC, LINUX_REBOOT_CMD_POWER_OFF as POWER_OFF, LINUX_REBOOT_CMD_RESTART as RESTART,
    LINUX_REBOOT_CMD_RESTART2 as RESTART2, LINUX_REBOOT_CMD_SW_SUSPEND as SW_SUSPEND, LINUX_REBOOT_MAGIC2 as MAGIC,
};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    reboot_restart_shows_sighup,
    reboot_restart2_shows_sighup,
    reboot_poweroff_shows_sigint,
    reboot_halt_shows_sigint,
    reboot_other_commands_einval,
    reboot_bad_magic_einval,
    reboot_works_from_any_member,
    reboot_needs_cap_sys_boot,
    reboot_checks_owner_of_pidns,
    unprivileged_owner_can_reboot_own_pidns,
];

/// reboot(2) with LINUX_REBOOT_CMD_RESTART in a PID namespace ends the namespace, and wait(2) shows its init as killed
/// by SIGHUP.
#[claim(
    source = [
        "reboot(2) Behavior inside PID namespaces",
        "pid_namespaces(7) The namespace init process",
    ],
    needs = [Root, Capability("CAP_SYS_BOOT")]
)]
fn reboot_restart_shows_sighup() -> Verdict {
    ends_init_as_if_by(RESTART, None, libc::SIGHUP)
}

/// reboot(2) with LINUX_REBOOT_CMD_RESTART2 in a PID namespace ends the namespace, and wait(2) shows its init as killed
/// by SIGHUP.
#[claim(source = "reboot(2) Behavior inside PID namespaces", needs = [Root, Capability("CAP_SYS_BOOT")])]
fn reboot_restart2_shows_sighup() -> Verdict {
    ends_init_as_if_by(RESTART2, Some(c"anything"), libc::SIGHUP)
}

/// reboot(2) with LINUX_REBOOT_CMD_POWER_OFF in a PID namespace ends the namespace, and wait(2) shows its init as
/// killed by SIGINT.
#[claim(source = "reboot(2) Behavior inside PID namespaces", needs = [Root, Capability("CAP_SYS_BOOT")])]
fn reboot_poweroff_shows_sigint() -> Verdict {
    ends_init_as_if_by(POWER_OFF, None, libc::SIGINT)
}

/// reboot(2) with LINUX_REBOOT_CMD_HALT in a PID namespace ends the namespace, and wait(2) shows its init as killed by
/// SIGINT.
#[claim(source = "reboot(2) Behavior inside PID namespaces", needs = [Root, Capability("CAP_SYS_BOOT")])]
fn reboot_halt_shows_sigint() -> Verdict {
    ends_init_as_if_by(HALT, None, libc::SIGINT)
}

/// In a PID namespace, reboot(2) with the commands for Ctrl-Alt-Del, suspend or kexec fails with EINVAL, and init lives
/// on.
#[claim(source = "reboot(2) Behavior inside PID namespaces", needs = [Root, Capability("CAP_SYS_BOOT")])]
fn reboot_other_commands_einval() -> Verdict {
    let init = spawn(CLONE_NEWPID, |_| {
        for command in [CAD_ON, CAD_OFF, SW_SUSPEND, KEXEC] {
            expect_errno!(reboot(MAGIC, command, None), EINVAL, "command {command:#x}");
        }
        Ok(())
    })?;
    init.survive()?;
    ends_init_as_if_by(RESTART, None, libc::SIGHUP)
}

/// reboot(2) with a wrong magic number fails with EINVAL, or with EPERM if the caller lacks CAP_SYS_BOOT.
#[claim(source = "reboot(2) ERRORS", needs = [Root, Capability("CAP_SYS_BOOT")])]
fn reboot_bad_magic_einval() -> Verdict {
    let init = spawn(CLONE_NEWPID, |_| {
        expect_errno!(reboot(0x999, RESTART, None), EINVAL);
        without(CapabilitySet::SYS_BOOT, NONE, || {
            expect_errno!(reboot(0x999, RESTART, None), EPERM, "without CAP_SYS_BOOT");
            Ok(())
        })?;
        expect_ok!(reboot(MAGIC, RESTART, None), "with the right one");
        Ok(())
    })?;
    expect_eq!(init.end()?.0, Ended::Signaled(libc::SIGHUP));
    holds()
}

/// A member of a PID namespace that is not its init can reboot it, be it a child of init or forked from outside after
/// setns(2).
#[claim(source = "reboot(2) Behavior inside PID namespaces", needs = [Root, Capability("CAP_SYS_BOOT")])]
fn reboot_works_from_any_member() -> Verdict {
    let init = spawn(CLONE_NEWPID, |outside| {
        // A second process that only exits ends no other.
        child(NONE, || Ok(()))?;
        outside.go()?;
        child(NONE, || {
            expect_ok!(reboot(MAGIC, RESTART, None));
            Ok(())
        })
    })?;
    init.recv::<()>()?;
    expect_eq!(init.end()?.0, Ended::Signaled(libc::SIGHUP), "by a child of init");

    let init = waiting(CLONE_NEWPID)?;
    let joined = member(&init.namespace(Kind::Pid)?, |_| {
        expect_ok!(reboot(MAGIC, RESTART, None));
        Ok(())
    })?;
    joined.end()?;
    expect_eq!(init.wait()?, Ended::Signaled(libc::SIGHUP), "by a process from outside");
    holds()
}

/// Rebooting a PID namespace requires CAP_SYS_BOOT; without it reboot(2) fails with EPERM.
#[claim(source = "reboot(2) ERRORS", needs = [Root, Capability("CAP_SYS_BOOT")])]
fn reboot_needs_cap_sys_boot() -> Verdict {
    let init = spawn(CLONE_NEWPID, |_| {
        without(CapabilitySet::SYS_BOOT, NONE, || {
            expect_errno!(reboot(MAGIC, RESTART, None), EPERM);
            Ok(())
        })?;
        with_only(CapabilitySet::SYS_BOOT, NONE, || {
            expect_ok!(reboot(MAGIC, RESTART, None), "with no other capability");
            Ok(())
        })
    })?;
    expect_eq!(init.end()?.0, Ended::Signaled(libc::SIGHUP));
    holds()
}

/// reboot(2) in a PID namespace requires CAP_SYS_BOOT in the user namespace that owns it, not in the caller's own.
#[claim(
    source = "reboot(2) ERRORS",
    needs = [Root, UserNamespaces],
    erratum = "reboot(2), ERRORS: the caller needs CAP_SYS_BOOT in its own user namespace.",
    quote = "the caller must have the CAP_SYS_BOOT inside its user namespace",
)]
fn reboot_checks_owner_of_pidns() -> Verdict {
    let roots = spawn(CLONE_NEWPID, |_| {
        unshare(CLONE_NEWUSER)?;
        expect_errno!(reboot(MAGIC, RESTART, None), EPERM, "in a user namespace below the owner");
        Ok(())
    })?;
    roots.survive()?;
    let own = spawn(CLONE_NEWPID | CLONE_NEWUSER, |_| {
        expect_ok!(reboot(MAGIC, RESTART, None), "in the owner");
        Ok(())
    })?;
    expect_eq!(own.end()?.0, Ended::Signaled(libc::SIGHUP));
    holds()
}

/// An ordinary user who is root of the user namespace that owns a PID namespace can reboot the PID namespace.
#[claim(source = "reboot(2) Behavior inside PID namespaces", needs = [UserNamespaces])]
fn unprivileged_owner_can_reboot_own_pidns() -> Verdict {
    let own_namespaces = || {
        let init = spawn(CLONE_NEWPID, |_| {
            child(CLONE_NEWUSER, || {
                expect_errno!(reboot(MAGIC, RESTART, None), EPERM, "in a user namespace below the owner");
                Ok(())
            })?;
            expect_ok!(reboot(MAGIC, RESTART, None));
            Ok(())
        })?;
        expect_eq!(init.end()?.0, Ended::Signaled(libc::SIGHUP));
        Ok(())
    };
    unprivileged(NONE, || user_namespace(NONE, own_namespaces))?;
    holds()
}

/// The init of a new PID namespace calls reboot(2): its parent sees this signal as the cause of its end, and a member
/// that ran beside it is gone too.
fn ends_init_as_if_by(command: i32, text: Option<&CStr>, signal: i32) -> Verdict {
    let init = spawn(CLONE_NEWPID, |outside| {
        let member = waiting(NONE)?;
        outside.send_fd(member.pidfd())?;
        expect_ok!(reboot(MAGIC, command, text));
        Ok(())
    })?;
    let member = init.peer().recv_fd()?;
    expect_eq!(init.end()?.0, Ended::Signaled(signal));
    expect_errno!(pidfd_send_signal(&member, 0), ESRCH, "a member");
    holds()
}
