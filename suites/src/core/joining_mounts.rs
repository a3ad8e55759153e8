//! Joining a mount namespace: when that is refused, and where it puts the caller. `setns(2)`, Details for specific namespace types.

use std::fs::{self, File};
use std::path::PathBuf;

use kit::Behaviour;
use kit::Links;
use kit::joining::Elsewhere;
use kit::mounts::{Propagation, tmpfs};
use kit::prelude::*;
use kit::prepared;
use kit::room::FOLDER;
use nix::sys::stat::stat;
use nix::unistd::{chdir, chroot, getcwd};
use serde::{Deserialize, Serialize};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_mnt_shared_fs_einval,
    setns_pidfd_mnt_and_more_drags_sharers_along,
    setns_pidfd_mnt_and_more_shared_fs_einval,
    setns_mnt_resets_root_cwd,
    setns_own_mnt_leaves_chroot,
    mntns_upward_and_downward,
];

/// Joining a mount namespace fails with EINVAL while the root and working directory are shared with a process or
/// another thread.
#[claim(
    source = ["setns(2) Details for specific namespace types", "fs/namespace.c mntns_install"],
    needs = [UserNamespaces],
)]
fn setns_mnt_shared_fs_einval() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let (mnt, again) = (other.namespace(Kind::Mnt)?, other.namespace(Kind::Mnt)?);
        let before = Links::own()?;
        let sharer = waiting(CLONE_FS)?;
        for flags in [CLONE_NEWNS, NONE] {
            expect_errno!(setns(&mnt, flags), EINVAL, "shared with a process, {flags:?}");
        }
        expect_errno!(setns(other.pidfd(), CLONE_NEWNS), EINVAL, "shared with a process, by pidfd");
        drop(sharer);
        other.expect_joined(&[Kind::Mnt], || setns(&mnt, CLONE_NEWNS)).doing("shared no more")?;
        let (in_thread, there) = (before.clone(), other.memberships().clone());
        let (_thread, ()) = Thread::start(move || {
            expect_errno!(setns(&mnt, CLONE_NEWNS), EINVAL, "shared with another thread");
            in_thread.expect_unmoved()?;
            unshare(CLONE_FS).doing("unshare(CLONE_FS)")?;
            expect_ok!(setns(&mnt, CLONE_NEWNS), "not shared with the other thread any more");
            in_thread.expect_moved(&[Kind::Mnt], &there)
        })?;
        before.expect_unmoved().doing("the other thread")?;
        expect_ok!(setns(&again, CLONE_NEWNS), "by the other thread, which now is alone too");
        before.expect_moved(&[Kind::Mnt], other.memberships())?;
        holds()
    })
}

/// setns(2) on a pidfd with CLONE_NEWNS and another flag also moves the root and working directory of processes that
/// share them.
///
/// Such a process stays in its mount namespace, but finds both moved to the root directory of the one that was joined.
/// With CLONE_NEWNS alone the call fails with EINVAL. Mended in 7.3, and in some older series later: 6.12.117 has the
/// new rule.
#[claim(
    source = ["kernel/nsproxy.c prepare_nsset", "kernel/nsproxy.c commit_nsset"],
    since = "5.8",
    until = "7.3",
    needs = [UserNamespaces, Behaviour(ONE_MORE_FLAG_HIDES_SHARING)],
    erratum = "setns(2), Details for specific namespace types: a process cannot join a new mount namespace if it is \
               sharing filesystem-related attributes with another process.",
    quote = "A process can't join a new mount namespace if it is sharing filesystem-related attributes",
)]
fn setns_pidfd_mnt_and_more_drags_sharers_along() -> Verdict {
    beside_a_sharer(|target, seen_by_sharer| {
        let before = own_inode(Kind::Mnt)?;
        expect_errno!(setns(target.pidfd(), CLONE_NEWNS), EINVAL, "the mount namespace alone");
        expect_eq!(Surroundings::own()?, Surroundings::of_old(before), "after the refusal");
        expect_ok!(setns(target.pidfd(), CLONE_NEWNS | CLONE_NEWUTS), "with a UTS namespace");
        let joined = inode_of(target.pid(), Kind::Mnt)?;
        expect_eq!(Surroundings::own()?, Surroundings { marked: true, directory: "/".into(), mnt: joined });
        let dragged = Surroundings { marked: true, directory: "/".into(), mnt: before };
        expect_eq!(seen_by_sharer()?, dragged, "what the other process sees, and where it is");
        holds()
    })
}

/// setns(2) on a pidfd with CLONE_NEWNS and another flag fails with EINVAL if the root and working directory are
/// shared.
///
/// Before 7.3 the second flag hides the sharing from the kernel.
#[claim(
    source = ["setns(2) Details for specific namespace types", "setns(2) fd is a PID file descriptor"],
    since = "7.3",
    replaces = "setns_pidfd_mnt_and_more_drags_sharers_along",
    needs = [UserNamespaces],
)]
fn setns_pidfd_mnt_and_more_shared_fs_einval() -> Verdict {
    beside_a_sharer(|target, seen_by_sharer| {
        let (both, before) = (CLONE_NEWNS | CLONE_NEWUTS, own_inode(Kind::Mnt)?);
        for flags in [CLONE_NEWNS, both] {
            expect_errno!(setns(target.pidfd(), flags), EINVAL, "{flags:?}");
            expect_eq!(Surroundings::own()?, Surroundings::of_old(before), "after the refusal of {flags:?}");
        }
        unshare(CLONE_FS).doing("unshare(CLONE_FS)")?;
        expect_ok!(setns(target.pidfd(), both), "when it shares no more");
        let joined = inode_of(target.pid(), Kind::Mnt)?;
        expect_eq!(Surroundings::own()?, Surroundings { marked: true, directory: "/".into(), mnt: joined });
        expect_eq!(seen_by_sharer()?, Surroundings::of_old(before), "what the other process sees, and where it is");
        holds()
    })
}

/// Joining a mount namespace makes its root directory the caller's root and working directory.
///
/// Wherever the caller was, and wherever the processes in that mount namespace have their root directory.
#[claim(
    source = ["kernel 7.3 fs/namespace.c mntns_install", "setns(2) Details for specific namespace types"],
    needs = [UserNamespaces],
)]
fn setns_mnt_resets_root_cwd() -> Verdict {
    user_namespace(CLONE_NEWNS, || {
        let target = marked(CLONE_NEWUTS)?;
        let (mnt, uts) = (target.namespace(Kind::Mnt)?, target.namespace(Kind::Uts)?);
        enter_cell()?;
        expect_ok!(setns(&uts, CLONE_NEWUTS));
        expect_eq!((getcwd()?, entries("/")?), ("/deep".into(), vec!["deep".into()]), "with a UTS namespace");
        expect_ok!(setns(&mnt, CLONE_NEWNS));
        expect!(is_marked(), "by a path from the root directory");
        expect_eq!(getcwd()?.to_string_lossy(), "/");
        expect_eq!(entries(".")?, entries("/")?, "the working directory");
        holds()
    })
}

/// A process that joins its own mount namespace leaves a chroot: its root directory is the mount namespace's again.
#[claim(source = "kernel 7.3 fs/namespace.c mntns_install", needs = [UserNamespaces])]
fn setns_own_mnt_leaves_chroot() -> Verdict {
    user_namespace(CLONE_NEWNS | CLONE_NEWUTS, || {
        let (own, uts) = (Namespace::own(Kind::Mnt)?, Namespace::own(Kind::Uts)?);
        enter_cell()?;
        expect_errno!(stat("/proc/self"), ENOENT, "in the chroot");
        expect_ok!(setns(&uts, CLONE_NEWUTS));
        expect_errno!(stat("/proc/self"), ENOENT, "after it has joined its own UTS namespace");
        expect_ok!(setns(&own, CLONE_NEWNS));
        expect_ok!(stat("/proc/self"));
        expect_eq!(getcwd()?.to_string_lossy(), "/");
        expect_eq!(own_inode(Kind::Mnt)?, own.inode()?);
        holds()
    })
}

/// setns(2) joins mount namespaces in any direction: that in which the caller's own was made, and those made in its
/// own.
///
/// For PID namespaces, the first fails with EINVAL.
#[claim(
    source = ["Linux Namespaces", "setns(2) Details for specific namespace types"],
    needs = [UserNamespaces],
    erratum = "Linux Namespaces: processes can be moved between mount namespaces only downward in a hierarchy. \
               (That is so for PID and user namespaces.)",
)]
fn mntns_upward_and_downward() -> Verdict {
    user_namespace(CLONE_NEWNS | CLONE_NEWPID, || {
        let (outer, outer_pids) = (Namespace::own(Kind::Mnt)?, Namespace::own(Kind::Pid)?);
        child(CLONE_NEWNS | CLONE_NEWPID, || {
            let inner = Namespace::own(Kind::Mnt)?;
            let deeper = waiting(CLONE_NEWNS)?;
            let innermost = deeper.namespace(Kind::Mnt)?;
            let steps = [("up", &outer), ("down", &inner), ("further down", &innermost), ("up twice", &outer)];
            for (way, namespace) in steps {
                prepared(own_inode(Kind::Mnt)? != namespace.inode()?, format!("another one to go {way} to"))?;
                expect_ok!(setns(namespace, CLONE_NEWNS), "{way}");
                expect_eq!(own_inode(Kind::Mnt)?, namespace.inode()?, "{way}");
            }
            expect_errno!(setns(&outer_pids, CLONE_NEWPID), EINVAL, "a PID namespace, up");
            Ok(())
        })?;
        holds()
    })
}

/// What [`setns_pidfd_mnt_and_more_drags_sharers_along`] is about.
const ONE_MORE_FLAG_HIDES_SHARING: &Behaviour = &Behaviour {
    what: "lets a process that shares its working directory join a mount and another namespace by pidfd",
    probe: || {
        let tried = beside_a_sharer(|target, _| {
            setns(target.pidfd(), CLONE_NEWNS | CLONE_NEWUTS)?;
            holds()
        });
        tried.is_ok()
    },
};

/// What a process sees around itself.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Surroundings {
    /// Whether its root directory is one that [`marked`] has marked.
    marked: bool,
    directory: PathBuf,
    mnt: Inode,
}

impl Surroundings {
    fn own() -> Outcome<Self> {
        Ok(Self { marked: is_marked(), directory: getcwd()?, mnt: own_inode(Kind::Mnt)? })
    }

    /// Those with which the cases of [`beside_a_sharer`] begin.
    fn of_old(mnt: Inode) -> Self {
        Self { marked: false, directory: "/usr".into(), mnt }
    }
}

/// Runs `body` in a process that shares its root and working directory, `/usr`, with another one. It gets a process in
/// other mount and UTS namespaces, and a way to ask once what the sharing process sees.
fn beside_a_sharer(body: impl FnOnce(&Child<()>, &dyn Fn() -> Outcome<Surroundings>) -> Verdict) -> Verdict {
    user_namespace(CLONE_NEWNS, || {
        let target = marked(CLONE_NEWUTS)?;
        chdir("/usr").doing("chdir")?;
        let sharer = spawn(CLONE_FS, |joiner| {
            joiner.wait()?;
            joiner.send(&Surroundings::own()?)
        })?;
        body(&target, &|| sharer.go().and_then(|()| sharer.recv()))
    })
}

/// The mark that [`marked`] leaves.
const MARK: &str = "/mnt/mark";

/// A process in a mount namespace of its own that is marked, with more namespaces by `flags`. Its root directory is not
/// that of its mount namespace.
fn marked(flags: CloneFlags) -> Outcome<Child<()>> {
    let process = spawn(CLONE_NEWNS | flags, |outside| {
        cover_folder()?;
        File::create(MARK)?;
        chroot(FOLDER).doing("chroot")?;
        outside.go()?;
        outside.wait()
    })?;
    process.recv::<()>()?;
    Ok(process)
}

fn is_marked() -> bool {
    fs::exists(MARK).is_ok_and(|there| there)
}

/// Locks the caller into a root directory that holds nothing but `deep`, the working directory then.
fn enter_cell() -> Outcome<()> {
    cover_folder()?;
    fs::create_dir(format!("{FOLDER}/deep")).doing("mkdir")?;
    chroot(FOLDER).doing("chroot")?;
    chdir("/deep").doing("chdir")
}

/// Puts something empty on [`FOLDER`] in the caller's mount namespace.
fn cover_folder() -> Outcome<()> {
    // What is mounted here is to be seen here alone.
    Propagation::Private.make_all("/")?;
    tmpfs(FOLDER).doing("mount a tmpfs")
}

/// The names in a directory, sorted.
fn entries(directory: &str) -> Outcome<Vec<String>> {
    let listed = fs::read_dir(directory).doing(format!("list {directory}"))?;
    let mut names: Vec<_> = listed.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}
