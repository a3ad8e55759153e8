//! What pivot_root(2) does: its page, DESCRIPTION and NOTES.

use std::env::current_dir;
use std::fs;
use std::path::Path;

use kit::mounts::{Mounts, detach};
use kit::prelude::*;
use nix::sys::stat::stat;
use nix::unistd::{chdir, chroot};

use super::pivoting::{pivot, with_new_root};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    pivot_root_exchanges_the_root_mount,
    pivot_root_moves_other_processes_at_the_former_root,
    pivot_root_moves_a_caller_at_the_former_root,
    pivot_root_changes_one_mount_namespace,
    pivot_root_onto_itself_stacks_the_former_root,
];

/// pivot_root(2) makes new_root the root mount of the mount namespace, and mounts the former root mount at put_old.
#[claim(source = "pivot_root(2) DESCRIPTION", needs = [Root])]
fn pivot_root_exchanges_the_root_mount() -> Verdict {
    with_new_root(|tree| {
        tree.tmpfs("beside")?;
        let before = Mounts::own()?;
        let (former, next) = (before.at("/")?.id, before.at(tree.path("new"))?.id);
        expect_ne!(former, next);
        expect_ok!(pivot(tree.path("new"), tree.path("new/old")));
        let after = Mounts::own()?;
        expect_eq!(after.find("/").map(|mount| mount.id), Some(next), "the root mount");
        expect_eq!(after.find("/old").map(|mount| (mount.id, mount.parent)), Some((former, next)), "at put_old");
        expect!(fs::exists("/here")?, "a file of new_root shows in the root directory");
        let moved = after.find("/old/mnt/beside").map(|mount| mount.id);
        expect_eq!(moved, Some(before.at(tree.path("beside"))?.id), "what was mounted below the former root");
        expect!(after.find("/old/mnt/new").is_none(), "new_root where it was: {after:?}");
        holds()
    })
}

/// pivot_root(2) moves other processes with the former root as root or working directory to the new one, and no others.
///
/// Processes whose root directory is another one keep it, and a working directory that is below the former root stays where
/// it is: below put_old.
#[claim(source = "pivot_root(2) DESCRIPTION", needs = [Root])]
fn pivot_root_moves_other_processes_at_the_former_root() -> Verdict {
    with_new_root(|tree| {
        tree.dir("jail")?.dir("work")?;
        let (jail, work) = (tree.path("jail"), tree.path("work"));
        let at_root = spawn(NONE, |case| after_the_pivot(case, || chdir("/").doing("chdir")))?;
        let at_work = spawn(NONE, |case| after_the_pivot(case, || chdir(&work).doing("chdir")))?;
        let in_jail = spawn(NONE, |case| {
            after_the_pivot(case, || chroot(&jail).doing("chroot").and_then(|()| chdir("/").doing("chdir")))
        })?;
        let processes = [at_root, at_work, in_jail];
        for process in &processes {
            process.recv::<()>()?;
        }
        let (new, work, jail) = (directory(tree.path("new"))?, directory(&work)?, directory(&jail)?);
        expect_ok!(pivot(tree.path("new"), tree.path("new/old")));
        let names = ["at the root directory", "below it", "with another root directory"];
        for (process, (name, expected)) in
            processes.into_iter().zip(names.into_iter().zip([(new, new), (new, work), (jail, jail)]))
        {
            process.go()?;
            expect_eq!(process.join()?, expected, "root and working directory of a process {name}");
        }
        holds()
    })
}

/// pivot_root(2) changes the caller's working directory if that was the former root, and leaves it otherwise.
#[claim(source = ["pivot_root(2) DESCRIPTION", "pivot_root(2) NOTES"], needs = [Root])]
fn pivot_root_moves_a_caller_at_the_former_root() -> Verdict {
    for (from, to) in [("/", "/"), ("/mnt/work", "/old/mnt/work"), ("/mnt/new", "/")] {
        with_new_root(|tree| {
            tree.dir("work")?;
            let new = directory(tree.path("new"))?;
            chdir(from).doing(format!("change to {from}"))?;
            let before = directory(".")?;
            expect_ok!(pivot("/mnt/new", "/mnt/new/old"));
            expect_eq!(current_dir()?.to_str(), Some(to), "from {from}");
            expect_eq!(directory(".")?, if from == "/" { new } else { before }, "from {from}");
            expect_eq!(directory("/")?, new, "the caller's root directory");
            Ok(())
        })?;
    }
    holds()
}

/// pivot_root(2) in one mount namespace changes neither mounts nor root directories in another.
#[claim(source = ["pivot_root(2) NOTES", "What's in a name(space)?"], needs = [Root])]
fn pivot_root_changes_one_mount_namespace() -> Verdict {
    let other = waiting(CLONE_NEWNS)?;
    let its_root = format!("/proc/{}/root", other.pid());
    let seen = || Ok::<_, Failure>((Mounts::own()?, Mounts::of(other.pid())?, directory("/")?, directory(&its_root)?));
    let before = seen()?;
    let (former, next) = with_new_root(|tree| {
        let former = directory("/")?;
        expect_ok!(pivot(tree.path("new"), tree.path("new/old")));
        Ok((former, directory("/")?))
    })?;
    expect_ne!(former, next, "root directory of the caller before and after");
    expect_eq!(seen()?, before, "mounts and root directories outside");
    holds()
}

/// pivot_root(".", ".") mounts the former root on top of the new one, from where umount2(".", MNT_DETACH) takes it away.
#[claim(source = "pivot_root(2)", needs = [Root])]
fn pivot_root_onto_itself_stacks_the_former_root() -> Verdict {
    with_new_root(|tree| {
        let before = Mounts::own()?;
        let (former, next) = (before.at("/")?.id, before.at(tree.path("new"))?.id);
        chdir(&tree.path("new")).doing("change to the new root")?;
        expect_ok!(pivot(".", "."));
        let ids = || Ok::<_, Failure>(Mounts::own()?.stack("/").iter().map(|mount| mount.id).collect::<Vec<_>>());
        expect_eq!(ids()?, [next, former], "stacked at the root directory");
        expect!(fs::exists("/here")?, "the caller's root directory is that of the new root");
        expect_ok!(detach("."));
        expect_eq!(ids()?, [next], "after unmounting");
        expect!(fs::exists("/here")?, "the caller's root directory is that of the new root");
        holds()
    })
}

/// What a process does that is to be moved, or not: goes where it is to be, and tells of its root and working directory
/// when it is asked.
fn after_the_pivot(case: &Peer, before: impl FnOnce() -> Outcome<()>) -> Outcome<(Directory, Directory)> {
    before()?;
    case.go()?;
    case.wait()?;
    Ok((directory("/")?, directory(".")?))
}

/// A directory's file system and inode.
type Directory = (u64, u64);

fn directory(path: impl AsRef<Path>) -> Outcome<Directory> {
    let path = path.as_ref();
    let found = stat(path).doing(format!("stat {}", path.display()))?;
    Ok((found.st_dev, found.st_ino))
}
