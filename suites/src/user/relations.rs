//! What a user namespace's file tells of its parent and owner, and to which processes: `ioctl_nsfs(2)`; and which links in
//! `/proc/PID/ns` can be read.

use std::fs::{self, File};

use kit::prelude::*;
use kit::process::{NOBODY, as_user, user_namespace_with};
use kit::sys::ns::{get_owner_uid, get_parent, get_userns};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use rustix::thread::CapabilitySet;

use super::nesting::AT_THE_TOP;
use super::ownership::as_other_with;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    owner_of_a_userns_is_its_parent,
    owner_uid_on_other_type_einval,
    ns_get_parent_of_initial_userns_eperm,
    ns_get_userns_outside_scope_eperm,
    userns_kept_alive_by_child,
    zombie_user_link_readable,
    ns_links_need_ptrace_read,
    ns_links_without_ptrace_access_eacces,
];

/// For a user namespace, NS_GET_USERNS returns the same as NS_GET_PARENT: the user namespace in which it was created.
#[claim(
    source = [
        "ioctl_nsfs(2) NS_GET_PARENT",
        "ioctl_nsfs(2) NS_GET_USERNS",
        "NS_GET_USERNS(2const)",
        "user_namespaces(7)",
    ],
    needs = [UserNamespaces],
)]
fn owner_of_a_userns_is_its_parent() -> Verdict {
    unprivileged(NONE, || {
        let made = waiting(CLONE_NEWUSER)?;
        let namespace = made.namespace(Kind::User)?;
        let own = own_inode(Kind::User)?;
        expect_ne!(namespace.inode()?, own);
        expect_eq!(expect_ok!(namespace.owner()).inode()?, own, "NS_GET_USERNS");
        expect_eq!(expect_ok!(namespace.parent()).inode()?, own, "NS_GET_PARENT");
        holds()
    })
}

/// NS_GET_OWNER_UID fails with EINVAL on a namespace of any kind but user.
#[claim(
    source = [
        "ioctl_nsfs(2) NS_GET_OWNER_UID",
        "NS_GET_OWNER_UID(2const) ERRORS",
    ],
    needs = [Config("TIME_NS")],
)]
fn owner_uid_on_other_type_einval() -> Verdict {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::User) {
        expect_errno!(get_owner_uid(Namespace::own(kind)?), EINVAL, "a {kind} namespace");
    }
    expect_ok!(get_owner_uid(Namespace::own(Kind::User)?));
    holds()
}

/// NS_GET_PARENT and NS_GET_USERNS on the initial user namespace fail with EPERM, as it has no parent and no owner.
#[claim(
    source = [
        "ioctl_nsfs(2) NS_GET_PARENT",
        "ioctl_nsfs(2) ERRORS",
        "NS_GET_USERNS(2const) ERRORS",
    ],
    needs = [Root, Behaviour(AT_THE_TOP)],
)]
fn ns_get_parent_of_initial_userns_eperm() -> Verdict {
    let initial = Namespace::own(Kind::User)?;
    expect_errno!(initial.parent(), EPERM);
    expect_errno!(initial.owner(), EPERM);
    let made = waiting(CLONE_NEWUSER)?;
    for answer in [made.namespace(Kind::User)?.parent(), made.namespace(Kind::User)?.owner()] {
        expect_eq!(expect_ok!(answer, "of a child's").inode()?, initial.inode()?);
    }
    holds()
}

/// NS_GET_PARENT and NS_GET_USERNS fail with EPERM if the result is neither the caller's own user namespace nor one below it.
#[claim(
    source = [
        "ioctl_nsfs(2) NS_GET_USERNS",
        "ioctl_nsfs(2) ERRORS",
        "NS_GET_USERNS(2const) ERRORS",
    ],
    needs = [UserNamespaces],
)]
fn ns_get_userns_outside_scope_eperm() -> Verdict {
    unprivileged(NONE, || {
        let sibling = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
        let (beside, uts_beside) = (sibling.namespace(Kind::User)?, sibling.namespace(Kind::Uts)?);
        let outer_uts = Namespace::own(Kind::Uts)?;
        let expect_refused = || {
            expect_errno!(get_parent(&beside), EPERM, "the parent of a sibling");
            expect_errno!(get_userns(&beside), EPERM, "the owner of a sibling");
            expect_errno!(get_userns(&uts_beside), EPERM, "the owner of what a sibling owns");
            expect_errno!(get_userns(&outer_uts), EPERM, "the owner of what the parent owns");
            let own = Namespace::own(Kind::User)?;
            expect_errno!(get_parent(&own), EPERM, "its own parent");
            expect_errno!(get_userns(&own), EPERM, "its own owner");
            let below = waiting(CLONE_NEWUSER)?.namespace(Kind::User)?;
            expect_eq!(Namespace::from_fd(expect_ok!(get_parent(&below), "of a child")).inode()?, own.inode()?);
            Ok(())
        };
        user_namespace(NONE, expect_refused)?;
        for answer in [get_parent(&beside), get_userns(&beside)] {
            expect_eq!(Namespace::from_fd(expect_ok!(answer, "from the parent")).inode()?, own_inode(Kind::User)?);
        }
        let owner = Namespace::from_fd(expect_ok!(get_userns(&uts_beside), "of what a child owns"));
        expect_eq!(owner.inode()?, beside.inode()?);
        holds()
    })
}

/// A user namespace without processes can be found by NS_GET_PARENT on one that was created in it, and can be joined.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [Root, UserNamespaces])]
fn userns_kept_alive_by_child() -> Verdict {
    let left = user_namespace_with(&Maps::range(0, 10), NONE, |outside| {
        let (pid, pidfd) = waiting(CLONE_NEWUSER)?.forget();
        outside.send(&pid.as_raw())?;
        outside.send_fd(&pidfd)?;
        outside.wait()
    })?;
    let inode = inode_of(left.pid(), Kind::User)?;
    let below = Namespace::of(Pid::from_raw(left.recv()?), Kind::User)?;
    let _pidfd = left.peer().recv_fd()?;
    expect_ne!(below.inode()?, inode);
    left.go()?;
    left.wait()?;
    let parent = expect_ok!(below.parent());
    expect_eq!(parent.inode()?, inode);
    expect_ok!(setns(&parent, CLONE_NEWUSER));
    expect_eq!(own_inode(Kind::User)?, inode);
    holds()
}

/// The `ns/user` link of a process that has ended can be read and opened until its parent waits for it.
///
/// Its `ns/uts` link leads nowhere then: reading it fails with ENOENT.
#[claim(source = "namespaces(7) The /proc/pid/ns/ directory", needs = [UserNamespaces])]
fn zombie_user_link_readable() -> Verdict {
    unprivileged(NONE, || {
        let made = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
        let link = format!("/proc/{}/ns/user", made.pid());
        let alive = expect_ok!(fs::read_link(&link), "alive");
        made.go()?;
        waitid(Id::PIDFd(made.pidfd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).doing("waitid")?;
        expect_eq!(expect_ok!(fs::read_link(&link), "a zombie"), alive);
        expect_ok!(File::open(&link), "a zombie");
        let uts = format!("/proc/{}/ns/uts", made.pid());
        expect_errno!(fs::read_link(uts), ENOENT, "another kind of the zombie's");
        made.wait()?;
        expect_errno!(fs::read_link(&link), ENOENT, "reaped");
        holds()
    })
}

/// Without ptrace access to a process, neither reading nor opening a link in its `ns` directory leads to the namespace.
///
/// Listing the directory depends on its mode alone, and so CAP_DAC_READ_SEARCH is enough for that.
#[claim(source = "namespaces(7) The /proc/pid/ns/ directory", needs = [Root, UserNamespaces])]
fn ns_links_need_ptrace_read() -> Verdict {
    let roots = waiting(NONE)?;
    let directory = format!("/proc/{}/ns", roots.pid());
    let list = || fs::read_dir(&directory).map(Iterator::count);
    as_user(NOBODY, NONE, || {
        expect_eq!(found_by_link(roots.pid()), (None, None), "root's, by another user");
        expect_errno!(list(), EACCES, "by another user");
        let own = Some(own_inode(Kind::User)?);
        for process in [Pid::this(), waiting(NONE)?.pid()] {
            expect_eq!(found_by_link(process), (own, own), "the same user's");
        }
        Ok(())
    })?;
    as_other_with(CapabilitySet::DAC_READ_SEARCH, || {
        expect_eq!(found_by_link(roots.pid()), (None, None), "root's, with CAP_DAC_READ_SEARCH");
        expect_ok!(list(), "with CAP_DAC_READ_SEARCH");
        Ok(())
    })?;
    as_other_with(CapabilitySet::SYS_PTRACE, || {
        let own = Some(own_inode(Kind::User)?);
        expect_eq!(found_by_link(roots.pid()), (own, own), "root's, with CAP_SYS_PTRACE alone");
        Ok(())
    })?;
    holds()
}

/// readlink() and open() of a link in the `ns` directory of a process to which the caller has no ptrace access fail with EACCES.
///
/// In late updates of 5.10 (5.10.0-46 of Debian is one) readlink() returns an empty text, and open() opens the directory.
#[claim(source = "namespaces(7) The /proc/pid/ns/ directory", since = "5.11", needs = [Root, UserNamespaces])]
fn ns_links_without_ptrace_access_eacces() -> Verdict {
    let roots = waiting(NONE)?;
    let link = link_of(roots.pid());
    let refused = || {
        expect_errno!(fs::read_link(&link), EACCES);
        expect_errno!(File::open(&link), EACCES);
        Ok(())
    };
    as_user(NOBODY, NONE, refused)?;
    as_other_with(CapabilitySet::DAC_READ_SEARCH, refused)?;
    as_other_with(CapabilitySet::SYS_PTRACE, || {
        expect_ok!(fs::read_link(&link), "with CAP_SYS_PTRACE");
        expect_ok!(File::open(&link), "with CAP_SYS_PTRACE");
        Ok(())
    })?;
    holds()
}

fn link_of(process: Pid) -> String {
    format!("/proc/{process}/ns/user")
}

/// The user namespace of a process as reading the link tells it, and as opening the link gives it.
fn found_by_link(process: Pid) -> (Option<Inode>, Option<Inode>) {
    let read = link_text(link_of(process)).ok();
    let number = read.and_then(|text| text.strip_prefix("user:[")?.strip_suffix(']')?.parse().ok());
    let opened = Namespace::at(link_of(process)).ok().filter(|file| get_owner_uid(file).is_ok());
    (number, opened.and_then(|namespace| namespace.inode().ok()))
}
