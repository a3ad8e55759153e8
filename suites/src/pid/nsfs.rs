//! PID namespaces as files: `ioctl_nsfs(2)`, inode numbers and link texts (`namespaces(7)` The /proc/pid/ns/
//! directory).

use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use kit::eventually;
use kit::prelude::*;
use kit::process::{NOBODY, as_user, become_user};
use kit::sys::ns::{get_nstype, get_owner_uid, get_parent};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, geteuid};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{FdFlags, fcntl_getfd};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    ns_get_parent_on_nonhierarchical_is_einval,
    ns_get_owner_uid_on_pidns_is_einval,
    ns_get_nstype_of_pidns,
    related_namespace_fd_is_cloexec_readonly,
    initial_pidns_inode_number,
    pidns_inode_numbers_are_recycled,
    ns_link_needs_stat_l,
    ns_link_comparison_detects_foreign_pidns,
    ns_link_of_another_users_process_is_eacces,
    ns_link_of_another_users_process_tells_nothing,
];

/// The link to the reader's own PID namespace.
const OWN: &str = "/proc/self/ns/pid";

/// NS_GET_PARENT fails with EINVAL on a namespace of a kind that does not nest, and with ENOTTY on a file that is not a
/// namespace.
#[claim(source = ["ioctl_nsfs(2) NS_GET_PARENT", "ioctl_nsfs(2) ERRORS"], needs = [UserNamespaces])]
fn ns_get_parent_on_nonhierarchical_is_einval() -> Verdict {
    // Those that this kernel has: time namespaces came with 5.6, and all but mount namespaces can be configured out.
    let there = |kind: &Kind| Path::new(&format!("/proc/self/ns/{kind}")).exists();
    for kind in Kind::ALL.into_iter().filter(|kind| ![Kind::Pid, Kind::User].contains(kind)).filter(there) {
        let namespace = Namespace::own(kind)?;
        expect_eq!(expect_ok!(get_nstype(&namespace)), kind.flag(), "the file is the {kind} namespace");
        expect_errno!(namespace.parent(), EINVAL, "{kind}");
    }
    expect_errno!(get_parent(File::open("/dev/null")?), ENOTTY);
    let below = waiting(CLONE_NEWUSER)?;
    expect_ok!(below.namespace(Kind::User)?.parent(), "of a user namespace");
    holds()
}

/// NS_GET_OWNER_UID on a PID namespace fails with EINVAL; on a user namespace it succeeds.
#[claim(source = "ioctl_nsfs(2) NS_GET_OWNER_UID", needs = [UserNamespaces])]
fn ns_get_owner_uid_on_pidns_is_einval() -> Verdict {
    unprivileged(NONE, || {
        let init = waiting(CLONE_NEWUSER | CLONE_NEWPID)?;
        expect_errno!(get_owner_uid(init.namespace(Kind::Pid)?), EINVAL);
        expect_eq!(expect_ok!(get_owner_uid(init.namespace(Kind::User)?)), geteuid().as_raw());
        Ok(())
    })?;
    holds()
}

/// NS_GET_NSTYPE on the file of a PID namespace returns CLONE_NEWPID.
#[claim(source = "ioctl_nsfs(2) NS_GET_NSTYPE")]
fn ns_get_nstype_of_pidns() -> Verdict {
    expect_eq!(expect_ok!(get_nstype(Namespace::own(Kind::Pid)?)), CloneFlags::from_bits_retain(0x2000_0000));
    expect_eq!(
        expect_ok!(get_nstype(Namespace::own(Kind::Mnt)?)),
        CloneFlags::from_bits_retain(0x0002_0000),
        "a mount namespace"
    );
    holds()
}

/// The descriptors that NS_GET_PARENT and NS_GET_USERNS return are open for reading only and have the close-on-exec
/// flag.
#[claim(source = ["ioctl_nsfs(2) NS_GET_PARENT", "ioctl_nsfs(2) NS_GET_USERNS"], needs = [Root, Config("USER_NS")])]
fn related_namespace_fd_is_cloexec_readonly() -> Verdict {
    let nested = waiting(CLONE_NEWPID)?.namespace(Kind::Pid)?;
    for (operation, related) in [("NS_GET_PARENT", nested.parent()), ("NS_GET_USERNS", nested.owner())] {
        let related = expect_ok!(related, "{operation}");
        expect_eq!(fcntl_getfd(&related)? & FdFlags::CLOEXEC, FdFlags::CLOEXEC, "{operation}");
        expect_eq!(fcntl_getfl(&related)? & OFlags::ACCMODE, OFlags::RDONLY, "{operation}");
    }
    // The same two questions about a file that has neither.
    let plain = open("/dev/null", OFlag::O_WRONLY, Mode::empty())?;
    expect_eq!(fcntl_getfd(&plain)? & FdFlags::CLOEXEC, FdFlags::empty());
    expect_eq!(fcntl_getfl(&plain)? & OFlags::ACCMODE, OFlags::WRONLY);
    holds()
}

/// The inode number of the initial PID namespace is 4026531836.
#[claim(
    source = ["Linux Namespaces", "namespaces-fun", "Linux_name_space"],
    needs = [Root, InitialNamespaces, Config("PID_NS")]
)]
fn initial_pidns_inode_number() -> Verdict {
    expect_eq!(inode_at("/proc/1/ns/pid")?, 4_026_531_836);
    expect_eq!(link_text("/proc/1/ns/pid")?, "pid:[4026531836]");
    expect_ne!(inode_of(waiting(CLONE_NEWPID)?.pid(), Kind::Pid)?, 4_026_531_836, "a new one");
    holds()
}

/// A new PID namespace can get the inode number of one that is gone, but not that of one that still exists.
#[claim(source = "Linux Namespaces", needs = [Root])]
fn pidns_inode_numbers_are_recycled() -> Verdict {
    const COUNT: usize = 60;
    let one_more = || waiting(CLONE_NEWPID)?.namespace(Kind::Pid);
    let mut numbers = HashSet::new();
    // A number is free again only when the kernel has got round to freeing its namespace.
    let recurs = || Ok(!numbers.insert(one_more()?.inode()?));
    expect!(eventually(recurs)?, "{} one after the other, all with numbers of their own", numbers.len());
    let kept: Vec<Namespace> = (0..COUNT).map(|_| one_more()).collect::<Outcome<_>>()?;
    let distinct: HashSet<Inode> = kept.iter().map(Namespace::inode).collect::<Outcome<_>>()?;
    expect_eq!(distinct.len(), COUNT, "of those that are held");
    holds()
}

/// The number in the text of the link /proc/PID/ns/pid is the inode number that stat(2) returns, not that of lstat(2).
#[claim(source = "Linux Namespaces")]
fn ns_link_needs_stat_l() -> Verdict {
    let behind = fs::metadata(OWN)?.ino();
    let of_the_link = fs::symlink_metadata(OWN)?.ino();
    expect_eq!(link_text(OWN)?, format!("pid:[{behind}]"));
    expect_ne!(of_the_link, behind);
    let other = waiting(NONE)?;
    expect_eq!(inode_of(other.pid(), Kind::Pid)?, behind, "another process in the namespace");
    holds()
}

/// The text of a process's ns/pid link equals that of process 1 if both are in the same PID namespace, and differs if
/// not.
#[claim(source = "namespaces-fun", needs = [Root])]
fn ns_link_comparison_detects_foreign_pidns() -> Verdict {
    let (plain, foreign) = (waiting(NONE)?, waiting(CLONE_NEWPID)?);
    let of_init = link_text("/proc/1/ns/pid")?;
    expect_eq!(link_text(link(plain.pid()))?, of_init);
    expect_ne!(link_text(link(foreign.pid()))?, of_init);
    holds()
}

/// readlink(2) and stat(2) on the ns/pid link of a process that the caller may not trace, such as another user's, fail
/// with EACCES.
///
/// Stable kernels of the 5.10 series lost that error (seen on 5.10.262). There readlink(2) succeeds with an empty text, and
/// stat(2) with the directory that the link is in; neither tells the namespace.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "namespaces-fun"],
    needs = [Root],
    since = "5.11", replaces = "ns_link_of_another_users_process_tells_nothing"
)]
fn ns_link_of_another_users_process_is_eacces() -> Verdict {
    let (roots, theirs) = (waiting(NONE)?, spawn(NONE, becomes_ordinary)?);
    theirs.recv::<()>()?;
    as_user(NOBODY, NONE, || {
        expect_errno!(fs::read_link(link(roots.pid())), EACCES);
        expect_errno!(fs::metadata(link(roots.pid())), EACCES);
        expect_eq!(expect_ok!(fs::read_link(link(theirs.pid())), "the same user's"), fs::read_link(OWN)?);
        expect_ok!(fs::metadata(link(theirs.pid())), "the same user's");
        Ok(())
    })?;
    holds()
}

/// Before 5.11, the ns/pid link of a process that the caller may not trace has no text, and open(2) of it fails with
/// EACCES.
///
/// From 5.11 on readlink(2) fails, too: that is a claim of its own.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "namespaces-fun"],
    needs = [Root],
    until = "5.11",
    erratum = "namespaces(7), The /proc/pid/ns/ directory: reading the link requires the permission to trace the process. \
               (5.10.262 returns an empty text instead of EACCES.)",
    quote = "Permission to dereference or read (readlink(2)) these symbolic links is governed by a ptrace access mode",
)]
fn ns_link_of_another_users_process_tells_nothing() -> Verdict {
    let (roots, theirs) = (waiting(NONE)?, spawn(NONE, becomes_ordinary)?);
    theirs.recv::<()>()?;
    as_user(NOBODY, NONE, || {
        let text = fs::read_link(link(roots.pid())).unwrap_or_default();
        expect_eq!(text.as_os_str(), "", "root's");
        expect_errno!(File::open(link(roots.pid())), EACCES);
        expect_eq!(expect_ok!(fs::read_link(link(theirs.pid())), "the same user's"), fs::read_link(OWN)?);
        expect_ok!(File::open(link(theirs.pid())), "the same user's");
        Ok(())
    })?;
    holds()
}

fn becomes_ordinary(parent: &Peer) -> Outcome<()> {
    become_user(NOBODY)?;
    parent.go()?;
    parent.wait()
}

fn link(pid: Pid) -> String {
    format!("/proc/{pid}/ns/pid")
}
