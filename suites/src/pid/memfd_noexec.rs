//! The sysctl vm.memfd_noexec, which each PID namespace has for itself: `Documentation/userspace-api/mfd_noexec.rst`.

use std::io::{self, Write};

use kit::prelude::*;
use kit::sysctl::{open_sysctl, set_sysctl, sysctl};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_get_seals, fstat, memfd_create};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    memfd_noexec_is_per_pidns,
    memfd_noexec_inherited_by_nested_pidns,
    memfd_noexec_stays_when_the_parent_lowers_its_own,
    memfd_noexec_stays_when_the_grandparent_lowers_its_own,
    memfd_noexec_cannot_go_below_parent,
    memfd_noexec_1_defaults_to_sealed,
    memfd_noexec_2_defaults_to_sealed,
    memfd_noexec_2_rejects_exec,
    memfd_noexec_not_writable_by_container_root,
];

const SYSCTL: &str = "vm/memfd_noexec";

/// A write to vm.memfd_noexec changes it for the PID namespace of the writer, not for the opener's, the parent or a
/// sibling.
#[claim(
    source = "Documentation/userspace-api/mfd_noexec.rst",
    needs = [Root, Config("MEMFD_CREATE")],
    since = "6.3"
)]
fn memfd_noexec_is_per_pidns() -> Verdict {
    starts_unrestricted()?;
    let sibling = spawn(CLONE_NEWPID, |parent| {
        parent.wait()?;
        level()
    })?;
    let mut opened_outside = open_sysctl(SYSCTL).doing("open vm.memfd_noexec")?;
    let inner = spawn(CLONE_NEWPID, |parent| {
        expect_ok!(set(1));
        expect_eq!(level()?, 1, "where it was set");
        expect_eq!(child(NONE, level)?, 1, "in another process of the namespace");
        expect_ok!(opened_outside.write_all(b"2"));
        expect_eq!(level()?, 2, "where it was set through a file that was opened outside");
        parent.go()?;
        parent.wait()
    })?;
    inner.recv::<()>()?;
    expect_eq!(level()?, 0, "in the parent namespace, which is the opener's, too");
    sibling.go()?;
    expect_eq!(sibling.join()?, 0, "in a sibling");
    holds()
}

/// A new PID namespace starts with the vm.memfd_noexec of its parent.
#[claim(
    source = "Documentation/userspace-api/mfd_noexec.rst",
    needs = [Root, Config("MEMFD_CREATE")],
    since = "6.3"
)]
fn memfd_noexec_inherited_by_nested_pidns() -> Verdict {
    starts_unrestricted()?;
    for wanted in [0, 1, 2] {
        child(CLONE_NEWPID, || {
            set(wanted).doing(format!("set it to {wanted}"))?;
            expect_eq!(child(CLONE_NEWPID, level)?, wanted);
            holds()
        })?;
    }
    holds()
}

/// A PID namespace keeps the vm.memfd_noexec that its parent had when it was made, also when the parent lowers its own.
#[claim(
    source = "Documentation/userspace-api/mfd_noexec.rst",
    needs = [Root, Config("MEMFD_CREATE")],
    since = "6.6"
)]
fn memfd_noexec_stays_when_the_parent_lowers_its_own() -> Verdict {
    starts_unrestricted()?;
    child(CLONE_NEWPID, || {
        for before in [1, 2] {
            set(before).doing(format!("set it to {before}"))?;
            let made_before = spawn(CLONE_NEWPID, |parent| {
                parent.wait()?;
                level()
            })?;
            set(0).doing("lower it to 0")?;
            expect_eq!(child(CLONE_NEWPID, level)?, 0, "made after it was lowered from {before}");
            made_before.go()?;
            expect_eq!(made_before.join()?, before, "made before it was lowered from {before}");
        }
        holds()
    })
}

/// A new PID namespace keeps the vm.memfd_noexec that its grandparent has meant for it, if that one lowers its own after that.
#[claim(
    source = "Documentation/userspace-api/mfd_noexec.rst",
    needs = [Root, Config("MEMFD_CREATE")],
    since = "6.6"
)]
fn memfd_noexec_stays_when_the_grandparent_lowers_its_own() -> Verdict {
    starts_unrestricted()?;
    child(CLONE_NEWPID, || {
        for before in [1, 2] {
            // The parent is there already when its parent sets it.
            let parent = spawn(CLONE_NEWPID, |outside| {
                outside.wait()?;
                let made_before = spawn(CLONE_NEWPID, |parent| {
                    parent.wait()?;
                    level()
                })?;
                outside.go()?;
                outside.wait()?;
                made_before.go()?;
                Ok([level()?, made_before.join()?])
            })?;
            set(before).doing(format!("set it to {before}"))?;
            parent.go()?;
            parent.recv::<()>()?;
            set(0).doing("lower it to 0")?;
            parent.go()?;
            expect_eq!(parent.join()?, [0, before], "parent and child, after the grandparent lowered it from {before}");
        }
        holds()
    })
}

/// vm.memfd_noexec can be lowered to the value that the parent PID namespace has; a lower value fails with EINVAL.
#[claim(
    source = "Documentation/userspace-api/mfd_noexec.rst",
    needs = [Root, Config("MEMFD_CREATE")],
    since = "6.6"
)]
fn memfd_noexec_cannot_go_below_parent() -> Verdict {
    starts_unrestricted()?;
    child(CLONE_NEWPID, || {
        for down in [2, 1, 0] {
            expect_ok!(set(down), "to {down} below 0");
            expect_eq!(level()?, down);
        }
        set(1).doing("set it to 1")?;
        child(CLONE_NEWPID, || {
            expect_ok!(set(2), "to 2 below 1");
            expect_errno!(set(0), EINVAL, "to 0 below 1");
            expect_eq!(level()?, 2, "after the refusal");
            expect_ok!(set(1), "to 1 below 1");
            expect_eq!(level()?, 1);
            holds()
        })
    })
}

/// With vm.memfd_noexec=1, memfd_create(2) without flags makes a file of mode 0666 with F_SEAL_EXEC; with MFD_EXEC, of
/// mode 0777.
#[claim(
    source = "Documentation/userspace-api/mfd_noexec.rst",
    needs = [Root, Config("MEMFD_CREATE")],
    since = "6.3"
)]
fn memfd_noexec_1_defaults_to_sealed() -> Verdict {
    starts_unrestricted()?;
    expect_eq!(expect_ok!(made(MemfdFlags::empty())), EXECUTABLE, "at 0");
    child(CLONE_NEWPID, || {
        set(1).doing("set it to 1")?;
        expect_eq!(expect_ok!(made(MemfdFlags::empty())), SEALED, "at 1");
        expect_eq!(expect_ok!(made(MemfdFlags::EXEC)), EXECUTABLE, "at 1 with MFD_EXEC");
        holds()
    })
}

/// With vm.memfd_noexec=2, memfd_create(2) without flags succeeds and makes a file of mode 0666 with F_SEAL_EXEC.
#[claim(
    source = "Documentation/userspace-api/mfd_noexec.rst",
    needs = [Root, Config("MEMFD_CREATE")],
    since = "6.6"
)]
fn memfd_noexec_2_defaults_to_sealed() -> Verdict {
    starts_unrestricted()?;
    expect_eq!(expect_ok!(made(MemfdFlags::empty())), EXECUTABLE, "at 0");
    child(CLONE_NEWPID, || {
        set(2).doing("set it to 2")?;
        expect_eq!(expect_ok!(made(MemfdFlags::empty())), SEALED, "at 2");
        holds()
    })
}

/// With vm.memfd_noexec=2, memfd_create(2) with MFD_EXEC fails with EACCES.
#[claim(
    source = "Documentation/userspace-api/mfd_noexec.rst",
    needs = [Root, Config("MEMFD_CREATE")],
    since = "6.3"
)]
fn memfd_noexec_2_rejects_exec() -> Verdict {
    starts_unrestricted()?;
    child(CLONE_NEWPID, || {
        set(1).doing("set it to 1")?;
        expect_eq!(expect_ok!(made(MemfdFlags::EXEC)), EXECUTABLE, "at 1");
        set(2).doing("set it to 2")?;
        expect_errno!(made(MemfdFlags::EXEC), EACCES, "at 2");
        expect_eq!(expect_ok!(made(MemfdFlags::NOEXEC_SEAL)), SEALED, "at 2 with MFD_NOEXEC_SEAL");
        holds()
    })
}

/// Opening vm.memfd_noexec for writing as root of an ordinary user's user namespace fails with EACCES, even in a PID
/// namespace that it owns.
#[claim(source = "kernel/pid_sysctl.h", needs = [Root, UserNamespaces, Config("MEMFD_CREATE")], since = "6.3")]
fn memfd_noexec_not_writable_by_container_root() -> Verdict {
    starts_unrestricted()?;
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWPID, || {
            expect_errno!(open_sysctl(SYSCTL), EACCES, "an ordinary user, root inside");
            holds()
        })
    })?;
    user_namespace(CLONE_NEWPID, || {
        expect_ok!(set(1), "root outside, root inside");
        expect_eq!(level()?, 1);
        holds()
    })?;
    expect_eq!(level()?, 0, "above");
    holds()
}

/// The mode of a memory file, and whether F_SEAL_EXEC keeps it so.
type Made = (u32, bool);

const EXECUTABLE: Made = (0o777, false);
const SEALED: Made = (0o666, true);

/// Makes a memory file with these flags.
fn made(flags: MemfdFlags) -> rustix::io::Result<Made> {
    let file = memfd_create("file", flags | MemfdFlags::CLOEXEC)?;
    Ok((fstat(&file)?.st_mode & 0o777, fcntl_get_seals(&file)?.contains(SealFlags::EXEC)))
}

/// Writes vm.memfd_noexec of the caller's PID namespace.
fn set(level: u8) -> io::Result<()> {
    set_sysctl(SYSCTL, level)
}

/// Reads vm.memfd_noexec of the caller's PID namespace.
fn level() -> Outcome<u8> {
    sysctl(SYSCTL)
}

/// A machine that has already forbidden something leaves nothing to be seen below.
fn starts_unrestricted() -> Outcome<()> {
    match level()? {
        0 => Ok(()),
        level => Err(Failure::unmet(format!("needs sysctl vm.memfd_noexec=0 on this machine, where it is {level}"))),
    }
}
