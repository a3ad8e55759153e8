//! What else than namespaces unshare() makes a process's own: root and working directory, umask, and the changes of
//! semaphores that are taken back at its end. `unshare(2)`, DESCRIPTION.

use std::fs;
use std::os::unix::fs::MetadataExt;

use kit::prelude::*;
use kit::sys::sem_undo::{sem_take_with_undo, sem_value};
use kit::sys::sysv::{sem_create, sem_set};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{chdir, chroot};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unshare_fs_reverses_clone_fs,
    unshare_newns_implies_fs,
    unshare_newuser_implies_fs,
    unshare_sysvsem_applies_semadj,
    unshare_sysvsem_leaves_shared_semadj,
    unshare_newipc_applies_semadj,
];

/// unshare(CLONE_FS) gives a process that was created with CLONE_FS a root, working directory and umask of its own
/// again.
#[claim(
    source = ["unshare(2) CLONE_FS", "Documentation/userspace-api/unshare.rst 5) Functional Specification"],
    needs = [UserNamespaces],
)]
fn unshare_fs_reverses_clone_fs() -> Verdict {
    expect_eq!(shared_after(CLONE_FS)?, NOTHING);
    for other in [NONE, CLONE_FILES] {
        expect_eq!(shared_after(other)?, EVERYTHING, "with {other:?} instead");
    }
    holds()
}

/// unshare(CLONE_NEWNS), too, ends the sharing of root, working directory and umask.
#[claim(
    source = ["unshare(2) CLONE_NEWNS", "Documentation/userspace-api/unshare.rst 7.2) unshare() system call service function"],
    needs = [UserNamespaces],
)]
fn unshare_newns_implies_fs() -> Verdict {
    expect_eq!(shared_after(CLONE_NEWNS)?, NOTHING);
    expect_eq!(shared_after(CLONE_NEWUTS)?, EVERYTHING, "with another kind instead");
    holds()
}

/// unshare(CLONE_NEWUSER), too, ends the sharing of root, working directory and umask.
#[claim(source = "unshare(2) CLONE_NEWUSER", needs = [UserNamespaces])]
fn unshare_newuser_implies_fs() -> Verdict {
    expect_eq!(shared_after(CLONE_NEWUSER)?, NOTHING);
    expect_eq!(shared_after(CLONE_NEWPID)?, EVERYTHING, "with another kind instead");
    holds()
}

/// unshare(CLONE_SYSVSEM) applies the process's semaphore adjustments (SEM_UNDO) at once; its end does not apply them
/// again.
#[claim(
    source = "unshare(2) CLONE_SYSVSEM",
    needs = [UserNamespaces, Config("SYSVIPC")],
    erratum = "Documentation/userspace-api/unshare.rst, 7.3: unshare(CLONE_SYSVSEM) returns -EINVAL because it is \
               not implemented yet.",
)]
fn unshare_sysvsem_applies_semadj() -> Verdict {
    expect_eq!(semaphore_after(CLONE_SYSVSEM)?, TAKEN_BACK_AT_ONCE);
    expect_eq!(semaphore_after(CLONE_FS)?, TAKEN_BACK_AT_THE_END, "with another flag instead");
    holds()
}

/// If semaphore adjustments are shared, unshare(CLONE_SYSVSEM) by one process does not apply them; by the last one it
/// does.
#[claim(source = "unshare(2) CLONE_SYSVSEM", needs = [UserNamespaces, Config("SYSVIPC")])]
fn unshare_sysvsem_leaves_shared_semadj() -> Verdict {
    for (flags, after_one) in [(CLONE_SYSVSEM, LEFT), (NONE, LEFT + TAKEN)] {
        user_namespace(CLONE_NEWIPC, || {
            let set = semaphore()?;
            let other = spawn(flags, |case| {
                sem_take_with_undo(set, TAKEN as i16).doing("semop")?;
                case.go()?;
                case.wait()?;
                expect_ok!(unshare(CLONE_SYSVSEM), "in the second process");
                case.go()?;
                case.wait()
            })?;
            other.recv::<()>()?;
            expect_eq!(sem_value(set).doing("semctl")?, LEFT, "before");
            other.go()?;
            other.recv::<()>()?;
            expect_eq!(sem_value(set).doing("semctl")?, after_one, "made with {flags:?}, after its unshare");
            expect_ok!(unshare(CLONE_SYSVSEM), "in the first process");
            expect_eq!(sem_value(set).doing("semctl")?, LEFT + TAKEN, "made with {flags:?}, after both");
            Ok(())
        })?;
    }
    holds()
}

/// unshare(CLONE_NEWIPC) applies the process's semaphore adjustments (SEM_UNDO) in the old IPC namespace at once.
#[claim(source = "unshare(2) CLONE_NEWIPC", needs = [UserNamespaces, Config("SYSVIPC"), Config("IPC_NS")])]
fn unshare_newipc_applies_semadj() -> Verdict {
    expect_eq!(semaphore_after(CLONE_NEWIPC)?, TAKEN_BACK_AT_ONCE);
    expect_eq!(semaphore_after(CLONE_NEWUTS)?, TAKEN_BACK_AT_THE_END, "with another kind instead");
    holds()
}

/// Whether root directory, working directory and umask are shared.
type Shared = [bool; 3];

const EVERYTHING: Shared = [true; 3];
const NOTHING: Shared = [false; 3];

/// What a process changes for its parent too, having been made with `CLONE_FS` and then unshared `flags`.
fn shared_after(flags: CloneFlags) -> Outcome<Shared> {
    user_namespace(NONE, || {
        chdir("/").doing("chdir")?;
        umask(Mode::from_bits_truncate(0o022));
        let before = [place("/")?, place(".")?];
        let sharer = spawn(CLONE_FS, |case| {
            expect_ok!(unshare(flags));
            chdir("/usr").doing("chdir")?;
            chroot("/tmp").doing("chroot")?;
            umask(Mode::from_bits_truncate(0o077));
            case.go()?;
            case.wait()
        })?;
        sharer.recv::<()>()?;
        let is_new_mask = umask(Mode::empty()).bits() == 0o077;
        Ok([place("/")? != before[0], place(".")? != before[1], is_new_mask])
    })
}

/// The device and inode number of a directory.
fn place(path: &str) -> Outcome<(u64, u64)> {
    let place = fs::metadata(path).doing(format!("stat {path}"))?;
    Ok((place.dev(), place.ino()))
}

/// How many a process takes from a semaphore, and how many it leaves there.
const TAKEN: i32 = 2;
const LEFT: i32 = 3;

/// The value of that semaphore before the process unshares something, after that, and after its end.
type Values = [i32; 3];

const TAKEN_BACK_AT_ONCE: Values = [LEFT, LEFT + TAKEN, LEFT + TAKEN];
const TAKEN_BACK_AT_THE_END: Values = [LEFT, LEFT, LEFT + TAKEN];

/// What becomes of a semaphore from which a process takes with `SEM_UNDO` before it unshares `flags`.
fn semaphore_after(flags: CloneFlags) -> Outcome<Values> {
    user_namespace(CLONE_NEWIPC, || {
        let set = semaphore()?;
        let taker = spawn(NONE, |case| {
            sem_take_with_undo(set, TAKEN as i16).doing("semop")?;
            case.go()?;
            case.wait()?;
            expect_ok!(unshare(flags));
            case.go()?;
            case.wait()
        })?;
        taker.recv::<()>()?;
        let before = sem_value(set).doing("semctl")?;
        taker.go()?;
        taker.recv::<()>()?;
        let after = sem_value(set).doing("semctl")?;
        taker.go()?;
        taker.join()?;
        Ok([before, after, sem_value(set).doing("semctl")?])
    })
}

/// A semaphore of the caller's IPC namespace, from which nothing is taken yet.
fn semaphore() -> Outcome<i32> {
    let set = sem_create().doing("semget")?;
    sem_set(set, LEFT + TAKEN).doing("semctl")?;
    Ok(set)
}
