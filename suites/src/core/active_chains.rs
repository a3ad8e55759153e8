//! Namespaces that are in use by those that they own, over many levels, that come to be used again, and that are made and given up
//! again and again: none is left over. `kernel/nscommon.c`, as kselftest's `ns_active_ref_test` and its like ask.

use std::os::fd::OwnedFd;

use kit::lifetime::{end, file_from_inside};
use kit::listed::{are_listed, have_gone, id_of, list, own_id};
use kit::prelude::*;
use kit::process::{Identity, map_self, user_namespace_with};
use kit::sys::clone::unshare;
use kit::sys::file_handle::{FileHandle, Mount, handle_at, open_by_handle};
use kit::sys::listns::Request;
use kit::sys::ns_ids::id;
use kit::sys::set_ids::setreuid;
use kit::sys::socket_network::network_of;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::{Uid, setfsgid, setfsuid, setgroups};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    active_owners_of_every_level,
    active_by_the_last_of_two_children,
    reactivated_with_all_owners,
    reactivated_again_and_again,
    handle_opens_what_is_in_use_only,
    credentials_changed_leave_nothing_active,
    threads_and_forks_leave_nothing_active,
    deep_chains_leave_nothing_listed,
];

/// listns() lists the owners of a namespace on each of ten levels while it is in use, and none of them a moment after.
///
/// Only the lowest user namespace has a process; then none has, and a file of what it owns is open.
#[claim(source = "kernel 7.3 kernel/nscommon.c __ns_ref_active_put", since = "6.19", needs = [Root, InitialNamespaces])]
fn active_owners_of_every_level() -> Verdict {
    let (process, numbers) = at_the_bottom(10)?;
    expect!(are_listed(&numbers)?, "{numbers:?}, of which the last has a process");
    let uts = process.namespace(Kind::Uts)?;
    end(process)?;
    let (network, others) = (&numbers[numbers.len() - 1..], &numbers[..numbers.len() - 1]);
    expect!(have_gone(network)?, "the network namespace {network:?}, which is not open");
    expect!(are_listed(others)?, "{others:?}, of which the last is a UTS namespace that is open");
    drop(uts);
    expect!(have_gone(&numbers)?, "{numbers:?}, of which nothing is in use");
    holds()
}

/// listns() lists a user namespace while the last of two that were made in it is in use, whichever of them that is.
#[claim(source = "kernel 7.3 kernel/nscommon.c __ns_ref_active_put", since = "6.19", needs = [Root, InitialNamespaces])]
fn active_by_the_last_of_two_children() -> Verdict {
    for first_to_go in [0, 1] {
        let above = user_namespace_with(&Maps::own_as_root(), NONE, |outside| {
            outside.send(&own_id(Kind::User)?)?;
            for _ in 0..2 {
                outside.send_fd(waiting(CLONE_NEWUSER)?.namespace(Kind::User)?)?;
            }
            // The processes of the two have ended.
            outside.go()?;
            outside.wait()
        })?;
        let number: u64 = above.recv()?;
        let mut below = Vec::from([above.peer().recv_fd()?, above.peer().recv_fd()?].map(Namespace::from_fd));
        above.recv::<()>()?;
        end(above)?;
        expect!(are_listed(&[number])?, "with two below");
        let gone = id(&below[first_to_go])?;
        drop(below.remove(first_to_go));
        expect!(have_gone(&[gone])?, "the one of the two that was closed");
        expect!(are_listed(&[number])?, "with one below, the other having gone first: {first_to_go}");
        drop(below);
        expect!(have_gone(&[number])?, "with none below");
    }
    holds()
}

/// SIOCGSKNS on the last socket of a network namespace brings this and all its owners back among what is in use, while it is open.
#[claim(
    source = ["kernel 7.3 kernel/nscommon.c __ns_ref_active_get", "kernel 7.3 net/socket.c SIOCGSKNS"],
    since = "6.19",
    needs = [Root, InitialNamespaces, Config("INET")],
)]
fn reactivated_with_all_owners() -> Verdict {
    let (socket, numbers) = socket_at_the_bottom(5)?;
    expect!(have_gone(&numbers)?, "{numbers:?}, of which the last lives by a socket alone");
    for turn in 0..3 {
        let opened = network_of(&socket).doing("SIOCGSKNS")?;
        expect!(are_listed(&numbers)?, "{numbers:?}, of which the last is open, turn {turn}");
        drop(opened);
        expect!(have_gone(&numbers)?, "{numbers:?}, of which the last is closed again, turn {turn}");
    }
    holds()
}

/// A network namespace that two descriptors have brought back is in use until the second one is closed, and then not.
#[claim(source = "kernel 7.3 fs/nsfs.c nsfs_init_inode", since = "6.19", needs = [Root, InitialNamespaces, Config("INET")])]
fn reactivated_again_and_again() -> Verdict {
    let (socket, numbers) = socket_at_the_bottom(1)?;
    expect!(have_gone(&numbers)?, "{numbers:?}, of which the last lives by a socket alone");
    let (one, two) = (network_of(&socket)?, network_of(&socket)?);
    drop(one);
    expect!(are_listed(&numbers)?, "with the second descriptor");
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&two));
    let third = Namespace::at(path)?;
    drop(two);
    expect!(are_listed(&numbers)?, "with one that was opened by the second");
    let joined = spawn(NONE, |outside| {
        setns(&third, CLONE_NEWNET).doing("setns")?;
        drop(third);
        outside.go()?;
        outside.wait()
    })?;
    joined.recv::<()>()?;
    expect!(are_listed(&numbers)?, "with a process that has joined it");
    end(joined)?;
    expect!(have_gone(&numbers)?, "with nothing but the socket");
    holds()
}

/// A handle opens a network namespace while it is in use; while it lives by a socket alone open_by_handle_at() fails with ESTALE.
///
/// Brought back by SIOCGSKNS it opens again, and that keeps it in use.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.19",
    needs = [Root, InitialNamespaces, Config("INET"), Config("FHANDLE")],
)]
fn handle_opens_what_is_in_use_only() -> Verdict {
    let (process, socket) = file_from_inside(CLONE_NEWNET, inet_socket)?;
    let number = id_of(&process, Kind::Net)?;
    let handle = handle_at(&format!("/proc/{}/ns/net", process.pid()), AtFlags::AT_SYMLINK_FOLLOW)?;
    let opens = |handle: &FileHandle| open_by_handle(Mount::Nsfs, handle, OFlag::O_RDONLY);
    expect_ok!(opens(&handle), "while it has a process");
    end(process)?;
    expect!(have_gone(&[number])?, "when it lives by a socket alone");
    expect_errno!(opens(&handle), ESTALE, "when it lives by a socket alone");
    let back = network_of(&socket).doing("SIOCGSKNS")?;
    let opened = expect_ok!(opens(&handle), "while it is open again");
    drop(back);
    expect_eq!(id(&opened)?, number, "the namespace");
    expect!(are_listed(&[number])?, "while what the handle has opened is open");
    drop(opened);
    expect!(have_gone(&[number])?, "when it lives by a socket alone again");
    expect_errno!(opens(&handle), ESTALE, "when it lives by a socket alone again");
    holds()
}

/// A process that changes its user IDs, groups and capabilities hundreds of times leaves its user namespace in use just as long as
/// it lives.
///
/// By setreuid(2), setfsuid(2), setfsgid(2), setgroups(2) and capset(2).
#[claim(source = "kernel 7.3 kernel/cred.c commit_creds", since = "6.19", needs = [Root, InitialNamespaces])]
fn credentials_changed_leave_nothing_active() -> Verdict {
    let before = count()?;
    let process = user_namespace_with(&Maps::range(100_000, 1000), NONE, |outside| {
        for turn in 0..100_u32 {
            Identity::root_inside().keeping_all().assume()?;
            setgroups(&[nix::unistd::Gid::from_raw(turn)]).doing("setgroups")?;
            setfsuid(Uid::from_raw(turn));
            setfsgid(nix::unistd::Gid::from_raw(turn));
            setreuid(Uid::from_raw(0), Uid::from_raw(turn)).doing("setreuid")?;
            setreuid(Uid::from_raw(0), Uid::from_raw(0)).doing("setreuid back")?;
        }
        outside.go()?;
        outside.wait()
    })?;
    process.recv::<()>()?;
    let number = id_of(&process, Kind::User)?;
    expect!(are_listed(&[number])?, "while the process lives");
    end(process)?;
    expect!(have_gone(&[number])?, "when the process has ended");
    expect_eq!(count()?, before, "how many are listed");
    holds()
}

/// A process that has started and ended many children and threads leaves its namespaces in use just as long as it lives.
#[claim(source = "kernel 7.3 kernel/fork.c copy_process", since = "6.19", needs = [Root, InitialNamespaces])]
fn threads_and_forks_leave_nothing_active() -> Verdict {
    let before = count()?;
    let process = spawn(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC, |outside| {
        for _ in 0..30 {
            Thread::idle()?.end()?;
            child(NONE, || Ok(()))?;
            try_fork()?;
        }
        outside.go()?;
        outside.wait()
    })?;
    process.recv::<()>()?;
    let all = [Kind::User, Kind::Net, Kind::Uts, Kind::Ipc].map(|kind| id_of(&process, kind));
    let all = all.into_iter().collect::<Outcome<Vec<_>>>()?;
    expect!(are_listed(&all)?, "while the process lives");
    end(process)?;
    expect!(have_gone(&all)?, "when the process has ended");
    expect_eq!(count()?, before, "how many are listed");
    holds()
}

/// Chains of ten user namespaces, each owning namespaces of other kinds, that are made and given up twenty times leave none listed.
#[claim(source = "kernel 7.3 kernel/nscommon.c", since = "6.19", needs = [Root, InitialNamespaces])]
fn deep_chains_leave_nothing_listed() -> Verdict {
    let before = expect_ok!(list(&Request::all()));
    let mut seen = Vec::new();
    for _ in 0..20 {
        let (process, numbers) = at_the_bottom(10)?;
        end(process)?;
        seen.extend(numbers);
    }
    expect!(have_gone(&seen)?, "all {} of them", seen.len());
    expect_eq!(expect_ok!(list(&Request::all())), before, "what is listed");
    holds()
}

/// A process in a user namespace so many levels down, and in a UTS and a network namespace that this owns; with the numbers of
/// the user namespaces on the way, and of these two.
fn at_the_bottom(levels: usize) -> Outcome<(Child<()>, Vec<u64>)> {
    let process = spawn(NONE, |outside| {
        let mut numbers = go_down(levels)?;
        unshare(CLONE_NEWUTS | CLONE_NEWNET).doing("unshare two more")?;
        numbers.extend([own_id(Kind::Uts)?, own_id(Kind::Net)?]);
        outside.send(&numbers)?;
        outside.wait()
    })?;
    let numbers = process.recv()?;
    Ok((process, numbers))
}

/// A socket, which is all that is left of a network namespace whose owner is so many levels down; with the numbers of the owners,
/// and last of the network namespace.
fn socket_at_the_bottom(levels: usize) -> Outcome<(OwnedFd, Vec<u64>)> {
    let process = Spawn::new(NONE).without_files().start(|outside| {
        let mut numbers = go_down(levels)?;
        unshare(CLONE_NEWNET).doing("unshare a network namespace")?;
        numbers.push(own_id(Kind::Net)?);
        outside.send(&numbers)?;
        outside.send_fd(inet_socket()?)?;
        outside.wait()
    })?;
    let numbers = process.recv()?;
    let socket = process.peer().recv_fd()?;
    end(process)?;
    Ok((socket, numbers))
}

/// Moves the caller down by so many user namespaces; tells their numbers.
fn go_down(levels: usize) -> Outcome<Vec<u64>> {
    let one_down = || {
        let maps = Maps::own_as_root();
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        map_self(&maps)?;
        own_id(Kind::User)
    };
    (0..levels).map(|_| one_down()).collect()
}

fn inet_socket() -> Outcome<OwnedFd> {
    Ok(socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?)
}

/// How many namespaces are listed.
fn count() -> Outcome<usize> {
    Ok(expect_ok!(list(&Request::all())).len())
}
