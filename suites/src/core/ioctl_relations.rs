//! What a namespace's file tells of its kind and of its relatives: `ioctl_nsfs(2)`.

use std::fs::File;
use std::os::fd::AsFd;

use kit::namespace::Link;
use kit::prelude::*;
use kit::process::{NOBODY, as_user};
use kit::sys::ns::{get_nstype, get_owner_uid, get_parent, get_userns};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{FdFlags, fcntl_getfd};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    ioctl_nstype,
    ioctl_parent_nonhierarchical_einval,
    ioctl_fd_cloexec_rdonly,
    ioctl_needs_no_privilege,
    the_initial_user_namespace_owns_the_initial_namespaces,
];

/// NS_GET_NSTYPE returns the CLONE_NEW* flag of the kind of a namespace, through each of the ten links in /proc/PID/ns.
#[claim(source = "NS_GET_NSTYPE(2const)", needs = [Config("TIME_NS")])]
fn ioctl_nstype() -> Verdict {
    for (link, flag) in [
        (Link::Cgroup, 0x0200_0000),
        (Link::Ipc, 0x0800_0000),
        (Link::Mnt, 0x0002_0000),
        (Link::Net, 0x4000_0000),
        (Link::Pid, 0x2000_0000),
        (Link::PidForChildren, 0x2000_0000),
        (Link::Time, 0x0000_0080),
        (Link::TimeForChildren, 0x0000_0080),
        (Link::User, 0x1000_0000),
        (Link::Uts, 0x0400_0000),
    ] {
        let namespace = Namespace::at(format!("/proc/self/ns/{link}"))?;
        expect_eq!(expect_ok!(get_nstype(namespace), "{link}"), CloneFlags::from_bits_retain(flag), "{link}");
    }
    holds()
}

/// NS_GET_PARENT fails with EINVAL on a cgroup, IPC, mount, network, time or UTS namespace.
///
/// On a PID or user namespace it returns the parent.
#[claim(
    source = ["NS_GET_USERNS(2const) ERRORS", "Linux Namespaces"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn ioctl_parent_nonhierarchical_einval() -> Verdict {
    // Of a process whose namespaces were all made out of ours, so that nothing else than the kind is in the way.
    let every = Kind::flags(&Kind::ALL);
    let below = waiting(every)?;
    let directory = format!("/proc/{}/ns", below.pid());
    for link in Link::ALL {
        let parent = Namespace::at(format!("{directory}/{link}"))?.parent();
        match link.kind() {
            kind @ (Kind::Pid | Kind::User) => {
                expect_eq!(expect_ok!(parent, "{link}").inode()?, own_inode(kind)?, "{link}");
            }
            _ => expect_errno!(parent, EINVAL, "{link}"),
        }
    }
    holds()
}

/// The descriptors that NS_GET_USERNS and NS_GET_PARENT return are read-only and closed at execve(2).
#[claim(source = "NS_GET_USERNS(2const)", needs = [UserNamespaces])]
fn ioctl_fd_cloexec_rdonly() -> Verdict {
    let below = waiting(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWPID)?;
    let (user, uts, pid) = (below.namespace(Kind::User)?, below.namespace(Kind::Uts)?, below.namespace(Kind::Pid)?);
    for (what, answer) in [
        ("the owner of a UTS namespace", get_userns(uts)),
        ("the owner of a user namespace", get_userns(&user)),
        ("the parent of a user namespace", get_parent(&user)),
        ("the parent of a PID namespace", get_parent(pid)),
    ] {
        expect_eq!(modes(expect_ok!(answer, "{what}"))?, (true, OFlags::RDONLY), "{what}");
    }
    let plain = open("/dev/null", OFlag::O_RDWR, Mode::empty())?;
    expect_eq!(modes(plain)?, (false, OFlags::RDWR), "a file that was opened otherwise");
    holds()
}

/// NS_GET_NSTYPE, NS_GET_USERNS, NS_GET_PARENT and NS_GET_OWNER_UID require an open file of the namespace, and no
/// privilege.
///
/// They succeed for an ordinary user for whom setns(2) to the same namespaces of root's fails with EPERM.
#[claim(source = ["NS_GET_NSTYPE(2const)", "kernel 7.3 fs/nsfs.c ns_ioctl"], needs = [Root, UserNamespaces])]
fn ioctl_needs_no_privilege() -> Verdict {
    let roots = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
    let (user, uts) = (roots.namespace(Kind::User)?, roots.namespace(Kind::Uts)?);
    as_user(NOBODY, NONE, || {
        expect_errno!(setns(&user, CLONE_NEWUSER), EPERM);
        expect_errno!(setns(&uts, CLONE_NEWUTS), EPERM);
        expect_eq!(expect_ok!(get_nstype(&uts)), CLONE_NEWUTS);
        expect_eq!(expect_ok!(uts.owner()).inode()?, user.inode()?);
        expect_eq!(expect_ok!(user.parent()).inode()?, own_inode(Kind::User)?);
        expect_eq!(expect_ok!(get_owner_uid(&user)), 0);
        holds()
    })?;
    child(NONE, || {
        expect_ok!(setns(&uts, CLONE_NEWUTS), "by root");
        holds()
    })
}

/// The initial namespaces of the other kinds are owned by the initial user namespace, on which NS_GET_USERNS fails with
/// EPERM.
#[claim(source = "NS_GET_USERNS(2const)", needs = [Root, InitialNamespaces, Config("TIME_NS")])]
fn the_initial_user_namespace_owns_the_initial_namespaces() -> Verdict {
    let initial = inode_at("/proc/1/ns/user")?;
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::User) {
        let namespace = Namespace::at(format!("/proc/1/ns/{kind}"))?;
        expect_eq!(expect_ok!(namespace.owner(), "{kind}").inode()?, initial, "{kind}");
        let elsewhere = waiting(CLONE_NEWUSER | kind.flag())?;
        expect_ne!(elsewhere.namespace(kind)?.owner()?.inode()?, initial, "{kind}, made with a user namespace");
    }
    expect_errno!(get_userns(File::open("/proc/1/ns/user")?), EPERM);
    holds()
}

/// Whether a descriptor closes at execve(2), and what may be done with it.
fn modes(fd: impl AsFd) -> Outcome<(bool, OFlags)> {
    let closes = fcntl_getfd(&fd)?.contains(FdFlags::CLOEXEC);
    Ok((closes, fcntl_getfl(&fd)? & OFlags::RWMODE))
}
