//! By what a namespace counts as in use for `listns(2)`: `kernel/nscommon.c`.

use std::fs;
use std::os::fd::OwnedFd;

use kit::lifetime::{end, file_from_inside};
use kit::listed::{are_listed, have_gone, id_of, list, own_id};
use kit::mounts::{Propagation, bind, tmpfs};
use kit::prelude::*;
use kit::prepared;
use kit::process::{stay_on_one_processor, user_namespace_with};
use kit::sys::listns::Request;
use kit::sys::ns_ids::id;
use kit::sys::socket_network::network_of;
use nix::mount::{MntFlags, umount2};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::creating_rights::OTHERS;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    listns_active_by_an_open_file,
    listns_active_by_a_bind_mount,
    listns_active_by_one_below,
    listns_active_only,
    listns_page_skips_what_is_not_in_use,
];

/// listns() lists a namespace without processes while its file is open, and the user namespace that owns it.
#[claim(
    source = "kernel 7.3 kernel/nscommon.c",
    since = "6.19",
    needs = [Root, InitialNamespaces, Config("TIME_NS")],
)]
fn listns_active_by_an_open_file() -> Verdict {
    for kind in OTHERS {
        let process = waiting(CLONE_NEWUSER | kind.flag())?;
        let both = [id_of(&process, kind)?, id_of(&process, Kind::User)?];
        let file = process.namespace(kind)?;
        end(process)?;
        expect!(are_listed(&both)?, "{both:?}, of which the first, a {kind} namespace, is open");
        drop(file);
        expect!(have_gone(&both)?, "{both:?}, of which the first, a {kind} namespace, is closed");
    }
    holds()
}

/// listns() lists a UTS namespace without processes while its file is mounted, and the user namespace that owns it.
#[claim(source = "kernel 7.3 kernel/nscommon.c", since = "6.19", needs = [Root, InitialNamespaces])]
fn listns_active_by_a_bind_mount() -> Verdict {
    child(CLONE_NEWNS, || {
        Propagation::Private.make_all("/")?;
        tmpfs("/mnt")?;
        let place = "/mnt/uts";
        fs::write(place, "").doing("make a file to mount on")?;
        let process = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
        let both = [id_of(&process, Kind::Uts)?, id_of(&process, Kind::User)?];
        let link = format!("/proc/{}/ns/uts", process.pid());
        bind(link, place)?;
        end(process)?;
        expect!(are_listed(&both)?, "{both:?}, of which the first is mounted");
        umount2(place, MntFlags::empty()).doing("unmount it")?;
        expect!(have_gone(&both)?, "{both:?}, unmounted");
        holds()
    })
}

/// listns() lists a user namespace without processes while there is a process in one that was made in it.
#[claim(
    source = "kernel 7.3 kernel/nscommon.c __ns_ref_active_put",
    since = "6.19",
    needs = [Root, InitialNamespaces],
)]
fn listns_active_by_one_below() -> Verdict {
    let process = user_namespace_with(&Maps::own_as_root(), NONE, |outside| {
        let between = own_id(Kind::User)?;
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        outside.send(&between)?;
        outside.wait()
    })?;
    let both = [process.recv()?, id_of(&process, Kind::User)?];
    prepared(both[0] != both[1], "a process in a user namespace inside another one")?;
    expect!(are_listed(&both)?, "{both:?}, of which only the second has a process");
    end(process)?;
    expect!(have_gone(&both)?, "{both:?} without processes");
    holds()
}

/// listns() does not list a network namespace that only a socket keeps, until its file is opened by means of the
/// socket.
#[claim(
    source = ["kernel 7.3 kernel/nscommon.c __ns_ref_active_get", "kernel 7.3 net/socket.c SIOCGSKNS"],
    since = "6.19",
    needs = [Root, InitialNamespaces, Config("INET")],
)]
fn listns_active_only() -> Verdict {
    let (process, socket) = file_from_inside(CLONE_NEWNET, inet_socket)?;
    let number = id_of(&process, Kind::Net)?;
    expect!(are_listed(&[number])?, "while it has a process");
    end(process)?;
    expect!(have_gone(&[number])?, "when it lives by a socket alone");
    let opened = network_of(&socket).doing("SIOCGSKNS")?;
    expect_eq!(id(&opened)?, number, "it is still there");
    expect!(are_listed(&[number])?, "while it is open");
    drop(opened);
    expect!(have_gone(&[number])?, "when it is closed again");
    holds()
}

/// A listns() page goes on behind a namespace that is not in use, even if its ID is the next after that in the request.
///
/// On 6.19.14 and 7.2.13 the call fails with ENOENT, though more namespaces follow.
#[claim(
    source = "kernel 7.3 kernel/nstree.c do_listns",
    since = "7.3",
    needs = [Root, InitialNamespaces, Config("INET")],
)]
fn listns_page_skips_what_is_not_in_use() -> Verdict {
    stay_on_one_processor()?;
    let before = waiting(CLONE_NEWUTS)?;
    let (process, _socket) = file_from_inside(CLONE_NEWNET, inet_socket)?;
    let later = waiting(CLONE_NEWUTS)?;
    let (first, unused) = (id_of(&before, Kind::Uts)?, id_of(&process, Kind::Net)?);
    let last = id_of(&later, Kind::Uts)?;
    let page = Request { after: first, ..Request::all() };
    expect_eq!(expect_ok!(list(&page)), [unused, last], "while it is in use");
    end(process)?;
    if !have_gone(&[unused])? {
        return Err(Failure::broken("a namespace that lives by a socket alone is listed still"));
    }
    expect_eq!(expect_ok!(list(&page)), [last], "while it lives by a socket alone");
    holds()
}

fn inet_socket() -> Outcome<OwnedFd> {
    Ok(socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?)
}
