//! Which mount namespaces' files can be mounted where: such mounts must never form a loop. `fs/namespace.c`.

use kit::mounts::tmpfs;
use kit::namespace::Link;
use kit::namespace::directory::own;
use kit::prelude::*;
use kit::process::stay_on_one_processor;
use nix::mount::{MsFlags, mount};
use nix::unistd::{Pid, getpid};

use super::nsfs_mounts::{bind, new_file};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nsfs_bind_own_mnt_einval,
    nsfs_bind_older_mnt_einval,
    nsfs_mnt_bind_not_copied,
    nsfs_mnt_bind_copied_recursively
];

/// Bind-mounting the current mount namespace's own file in it fails with EINVAL; each of the nine other links can be
/// mounted.
#[claim(source = "Linux Namespaces", needs = [Root, Config("TIME_NS")])]
fn nsfs_bind_own_mnt_einval() -> Verdict {
    in_mount_namespace(|| {
        for link in Link::ALL {
            let answer = bind(own(link), &new_file(link.name())?);
            if link == Link::Mnt {
                expect_errno!(answer, EINVAL, "the current mount namespace");
            } else {
                expect_ok!(answer, "{link}");
            }
        }
        let newer = waiting(CLONE_NEWNS)?;
        expect_ok!(bind(mnt_of(newer.pid()), &new_file("newer")?), "another mount namespace");
        Ok(())
    })
}

/// A mount namespace's file can be mounted in an older mount namespace; in a newer one mount(2) fails with EINVAL.
///
/// On 6.18 the age is told by the ID, of which each processor has a batch of its own.
#[claim(source = ["kernel 7.3 fs/namespace.c mnt_ns_loop", "Linux Namespaces"], needs = [Root])]
fn nsfs_bind_older_mnt_einval() -> Verdict {
    in_mount_namespace(|| {
        let (place, first) = (new_file("place")?, getpid());
        let second = waiting(CLONE_NEWNS)?;
        child(CLONE_NEWNS, || {
            expect_errno!(bind(mnt_of(first), &place), EINVAL, "in the third: the first, its parent's");
            expect_errno!(bind(mnt_of(second.pid()), &place), EINVAL, "in the third: the second, a sibling's");
            let fourth = waiting(CLONE_NEWNS)?;
            expect_ok!(bind(mnt_of(fourth.pid()), &place), "in the third: the fourth");
            expect_eq!(inode_at(&place)?, inode_of(fourth.pid(), Kind::Mnt)?);
            Ok(())
        })?;
        expect_ok!(bind(mnt_of(second.pid()), &place), "in the first: the second");
        expect_eq!(inode_at(&place)?, inode_of(second.pid(), Kind::Mnt)?);
        Ok(())
    })
}

/// A new mount namespace has copies of all mounts of namespaces' files except those of mount namespaces.
#[claim(source = "kernel 7.3 fs/namespace.c copy_tree", needs = [Root, Config("TIME_NS")])]
fn nsfs_mnt_bind_not_copied() -> Verdict {
    in_mount_namespace(|| {
        let mut mounted = Vec::new();
        for kind in Kind::ALL {
            let (place, other) = (new_file(kind.name())?, waiting(kind.flag())?);
            let plain = inode_at(&place)?;
            let namespace = inode_of(other.pid(), kind)?;
            bind(format!("/proc/{}/ns/{kind}", other.pid()), &place).doing(format!("mount a {kind} namespace"))?;
            let in_copy = if kind == Kind::Mnt { plain } else { namespace };
            mounted.push((kind, place, namespace, in_copy));
        }
        let seen = || mounted.iter().map(|(_, place, ..)| inode_at(place)).collect::<Outcome<Vec<_>>>();
        let (in_copy, here) = (child(CLONE_NEWNS, seen)?, seen()?);
        for ((kind, _, namespace, expected), (copied, original)) in mounted.iter().zip(in_copy.iter().zip(&here)) {
            expect_eq!(copied, expected, "{kind}, in the copy");
            expect_eq!(original, namespace, "{kind}, in the original");
        }
        Ok(())
    })
}

/// A recursive bind mount also copies mounts of mount namespaces' files that are below it.
#[claim(source = "kernel 7.3 fs/namespace.c __do_loopback", needs = [Root])]
fn nsfs_mnt_bind_copied_recursively() -> Verdict {
    in_mount_namespace(|| {
        tmpfs("/mnt")?;
        let place = new_file("place")?;
        let plain = inode_at(&place)?;
        let newer = waiting(CLONE_NEWNS)?;
        bind(mnt_of(newer.pid()), &place)?;
        let namespace = inode_of(newer.pid(), Kind::Mnt)?;
        for (flags, expected) in [(MsFlags::MS_BIND, plain), (MsFlags::MS_BIND | MsFlags::MS_REC, namespace)] {
            mount(Some("/mnt"), "/home", None::<&str>, flags, None::<&str>).doing("mount /mnt on /home")?;
            expect_eq!(inode_at("/home/place")?, expected, "copied with {flags:?}");
        }
        Ok(())
    })
}

/// Runs `body` in a new mount namespace, which 6.18 too takes to be older than those that it makes: all are made on one
/// processor.
fn in_mount_namespace(body: impl FnOnce() -> Outcome<()>) -> Verdict {
    stay_on_one_processor()?;
    child(CLONE_NEWNS, body)?;
    holds()
}

fn mnt_of(process: Pid) -> String {
    format!("/proc/{process}/ns/mnt")
}
