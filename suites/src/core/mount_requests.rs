//! Which mount namespace `statmount(2)` and `listmount(2)` are asked about, by a descriptor and by its ID: every sort of both.

use std::os::fd::{AsFd, BorrowedFd};

use kit::prelude::*;
use kit::prepared;
use kit::process::NOBODY;
use kit::sys::listmount::{LSMT_ROOT, listmount};
use kit::sys::mount_request::{MountRequest, Wanted};
use kit::sys::ns_ids::id;
use kit::sys::statmount::statmount;

use super::descriptors::{NO_FILES, all_other_files};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    mount_request_of_every_other_file_einval,
    mount_request_of_no_file_ebadf,
    mount_request_of_every_other_kind_refused,
    mount_request_of_both_einval,
    mount_request_by_descriptor_needs_no_capability,
    mount_request_by_id_needs_capability,
    mount_request_by_id_eperm,
];

/// Room for what is told of a mount.
const ROOM: usize = 4096;

/// statmount(2) and listmount(2) fail with EINVAL if the descriptor of the mount namespace is of any other sort of file.
///
/// Tried with 18 sorts, and a pidfd. With one that was opened with O_PATH they fail with EBADF.
#[claim(source = "kernel 7.3 fs/namespace.c grab_requested_mnt_ns", since = "6.18", needs = [Config("UNIX"), Config("INOTIFY_USER"), Config("UNIX98_PTYS")])]
fn mount_request_of_every_other_file_einval() -> Verdict {
    let mount = first_mount(Namespace::own(Kind::Mnt)?.fd())?;
    let mut files = all_other_files()?;
    files.push(("a pidfd", kit::sys::raw::pidfd_open(nix::unistd::getpid(), 0)?));
    for (what, file) in files {
        for (call, answer) in both(&MountRequest::about(mount).behind(file.as_fd())) {
            match what {
                "a path alone" => expect_errno!(answer, EBADF, "{call}, {what}"),
                _ => expect_errno!(answer, EINVAL, "{call}, {what}"),
            }
        }
    }
    for (call, answer) in both(&MountRequest::about(mount).behind(Namespace::own(Kind::Mnt)?.fd())) {
        expect_ok!(answer, "{call}, a mount namespace");
    }
    holds()
}

/// statmount(2) and listmount(2) fail with EBADF for a number that is no descriptor, whatever it means to other calls; 0 means none.
#[claim(source = "kernel 7.3 fs/namespace.c grab_requested_mnt_ns", since = "6.18", needs = [])]
fn mount_request_of_no_file_ebadf() -> Verdict {
    let own = Namespace::own(Kind::Mnt)?;
    let mount = first_mount(own.fd())?;
    for number in NO_FILES {
        let mut request = MountRequest::about(mount).behind(own.fd());
        request.fd = number;
        for (call, answer) in both(&request) {
            expect_errno!(answer, EBADF, "{call}, {number}");
        }
    }
    let mut none = MountRequest::about(mount).behind(own.fd());
    none.fd = 0;
    for (call, answer) in both(&none) {
        expect_ok!(answer, "{call}, none");
    }
    holds()
}

/// A namespace of any other kind than mount is refused: its descriptor with EINVAL, its ID with ENOENT.
#[claim(source = "kernel 7.3 fs/namespace.c grab_requested_mnt_ns", since = "6.18", needs = [Config("TIME_NS")])]
fn mount_request_of_every_other_kind_refused() -> Verdict {
    let own = Namespace::own(Kind::Mnt)?;
    let mount = first_mount(own.fd())?;
    for kind in Kind::ALL {
        let namespace = Namespace::own(kind)?;
        let number = id(&namespace).doing("NS_GET_ID")?;
        let by_file = both(&MountRequest::about(mount).behind(namespace.fd()));
        let by_id = both(&MountRequest::about(mount).in_namespace(number));
        for ((call, file), (_, id)) in by_file.into_iter().zip(by_id) {
            match kind {
                Kind::Mnt => {
                    expect_ok!(file, "{call}, the file of a {kind} namespace");
                    expect_ok!(id, "{call}, the ID of a {kind} namespace");
                }
                _ => {
                    expect_errno!(file, EINVAL, "{call}, the file of a {kind} namespace");
                    expect_errno!(id, ENOENT, "{call}, the ID of a {kind} namespace");
                }
            }
        }
    }
    holds()
}

/// statmount(2) and listmount(2) fail with EINVAL for a descriptor and an ID at once, though both are of the same mount namespace.
#[claim(source = "kernel 7.3 fs/namespace.c copy_mnt_id_req", since = "6.18", needs = [])]
fn mount_request_of_both_einval() -> Verdict {
    let own = Namespace::own(Kind::Mnt)?;
    let mount = first_mount(own.fd())?;
    let number = id(&own).doing("NS_GET_ID")?;
    for (call, answer) in both(&MountRequest::about(mount).behind(own.fd()).in_namespace(number)) {
        expect_errno!(answer, EINVAL, "{call}");
    }
    for request in [MountRequest::about(mount).behind(own.fd()), MountRequest::about(mount).in_namespace(number)] {
        for (call, answer) in both(&request) {
            expect_ok!(answer, "{call}, one of them");
        }
    }
    holds()
}

/// With the descriptor of another mount namespace statmount(2) tells of its mounts without any capability.
#[claim(source = "kernel 7.3 fs/namespace.c", since = "6.18", needs = [Root])]
fn mount_request_by_descriptor_needs_no_capability() -> Verdict {
    let other = elsewhere()?;
    let namespace = other.namespace(Kind::Mnt)?;
    let mount = first_mount(namespace.fd())?;
    kit::process::as_user(NOBODY, NONE, || {
        let told = expect_ok!(statmount(&wanting(MountRequest::about(mount).behind(namespace.fd())), ROOM, 0));
        expect_eq!(told.id, mount);
        holds()
    })
}

/// With the ID of another mount namespace listmount(2) requires CAP_SYS_ADMIN over that; without it the call fails with ENOENT.
#[claim(source = "kernel 7.3 fs/namespace.c", since = "6.18", needs = [Root])]
fn mount_request_by_id_needs_capability() -> Verdict {
    let other = elsewhere()?;
    let number = id(other.namespace(Kind::Mnt)?).doing("NS_GET_ID")?;
    let list = MountRequest::about(LSMT_ROOT).in_namespace(number);
    expect_ok!(listmount(&list, 10, 0), "root");
    kit::process::as_user(NOBODY, NONE, || {
        expect_errno!(listmount(&list, 10, 0), ENOENT, "an ordinary user");
        holds()
    })
}

/// With the ID of another mount namespace statmount(2) requires CAP_SYS_ADMIN over that; without it the call fails with EPERM.
///
/// On 6.18 it fails with ENOENT.
#[claim(source = "kernel 7.3 fs/namespace.c", since = "6.19", needs = [Root])]
fn mount_request_by_id_eperm() -> Verdict {
    let other = elsewhere()?;
    let namespace = other.namespace(Kind::Mnt)?;
    let mount = first_mount(namespace.fd())?;
    let request = wanting(MountRequest::about(mount).in_namespace(id(&namespace).doing("NS_GET_ID")?));
    expect_ok!(statmount(&request, ROOM, 0), "root");
    kit::process::as_user(NOBODY, NONE, || {
        expect_errno!(statmount(&request, ROOM, 0), EPERM, "an ordinary user");
        holds()
    })
}

/// A process in another mount namespace, which has another mount than the caller's.
fn elsewhere() -> Outcome<Child<()>> {
    let other = spawn(CLONE_NEWNS, |outside| {
        kit::mounts::Propagation::Private.make_all("/")?;
        kit::mounts::tmpfs("/mnt")?;
        outside.go()?;
        outside.wait()
    })?;
    other.recv::<()>()?;
    Ok(other)
}

/// The unique ID of the first mount in a mount namespace.
fn first_mount(namespace: BorrowedFd<'_>) -> Outcome<u64> {
    let all = listmount(&MountRequest::about(LSMT_ROOT).behind(namespace), 100, 0).doing("listmount")?;
    prepared(!all.is_empty(), "a mount namespace with mounts")?;
    Ok(all[0])
}

fn wanting(request: MountRequest<'_>) -> MountRequest<'_> {
    request.wanting(Wanted::STATMOUNT_MNT_BASIC)
}

/// The answers of both calls to a request about a mount.
fn both(request: &MountRequest<'_>) -> [(&'static str, nix::Result<()>); 2] {
    [
        ("statmount", statmount(&wanting(*request), ROOM, 0).map(drop)),
        ("listmount", listmount(&request.param(0), 100, 0).map(drop)),
    ]
}
