//! /proc/net and the network namespace that it shows: `proc_net(5)`; `network_namespaces(7)`.

use std::fs::{File, read_link, read_to_string};
use std::io::Read;

use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;
use kit::process::{NOBODY, as_user};
use nix::fcntl::{OFlag, open, openat};
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, listen, socket};
use nix::sys::stat::Mode;
use nix::unistd::gettid;
use rtnetlink::LinkDummy;
use std::os::fd::AsRawFd;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    net_proc_net_is_symlink,
    net_proc_net_tables_empty,
    net_proc_net_follows_thread_leader,
    net_proc_pid_net_shows_target,
    net_proc_net_open_file_keeps_namespace,
    net_proc_net_directory_is_the_processs,
];

/// The file /proc/net is a symbolic link to self/net.
#[claim(source = ["network_namespaces(7) DESCRIPTION", "proc_net(5)"])]
fn net_proc_net_is_symlink() -> Verdict {
    expect_eq!(read_link("/proc/net").doing("read the link /proc/net")?.to_string_lossy(), "self/net");
    holds()
}

/// The tables of sockets in /proc/net are empty in a new network namespace, whatever sockets its creator has.
#[claim(source = ["network_namespaces(7) DESCRIPTION", "proc_net(5)"], needs = [Root, Config("INET"), Config("PACKET")])]
fn net_proc_net_tables_empty() -> Verdict {
    let _sockets = sockets()?;
    let rows = |table: &str| Ok::<_, Failure>(read(&format!("/proc/self/net/{table}"))?.lines().count() - 1);
    let there = child(CLONE_NEWNET, || TABLES.iter().map(|table| rows(table)).collect::<Outcome<Vec<_>>>())?;
    expect_eq!(there, [0; 4], "rows of {TABLES:?} there");
    for table in TABLES {
        expect!(rows(table)? > 0, "the table {table} is empty here");
    }
    holds()
}

/// In a thread /proc/net shows the network namespace of its process's first thread; /proc/thread-self/net shows its own.
#[claim(
    source = "proc_net(5)",
    needs = [Root, Module("dummy")],
    erratum = "proc_net(5): these files show the network namespace of which the process is a member.",
)]
fn net_proc_net_follows_thread_leader() -> Verdict {
    child(NONE, || {
        make("ours")?;
        let (thread, (tid, shown, own)) = Thread::start(|| {
            unshare(CLONE_NEWNET)?;
            let shown = [devices_at("/proc/net")?, devices_at("/proc/self/net")?];
            Ok((gettid(), shown, devices_at("/proc/thread-self/net")?))
        })?;
        expect!(shown.iter().all(|one| one.contains(&"ours".into())), "in the thread, /proc/net: {shown:?}");
        expect!(!own.contains(&"ours".into()), "in the thread, /proc/thread-self/net: {own:?}");
        let of_thread = devices_at(&format!("/proc/self/task/{tid}/net"))?;
        expect_eq!(of_thread, own, "the thread's directory, read by the first thread");
        thread.end()?;
        expect!(devices_at("/proc/thread-self/net")?.contains(&"ours".into()), "of the first thread itself");
        holds()
    })
}

/// The directory /proc/PID/net shows the network namespace of that process, to any user.
#[claim(source = "proc_net(5)", needs = [Root, Module("dummy")])]
fn net_proc_pid_net_shows_target() -> Verdict {
    make("ours")?;
    let there = Elsewhere::new()?;
    there.netlink().add(LinkDummy::new("theirs").build())?.doing("make a device there")?;
    let directory = format!("/proc/{}/net", there.pid());
    let seen = |by: &str, shown: Vec<String>, own: Vec<String>| {
        let has = |list: &[String], name: &str| list.iter().any(|one| one == name);
        expect_eq!([has(&shown, "theirs"), has(&shown, "ours")], [true, false], "{by}: {shown:?}");
        expect_eq!([has(&own, "theirs"), has(&own, "ours")], [false, true], "{by}, /proc/net: {own:?}");
        holds()
    };
    seen("read by root", devices_at(&directory)?, devices_at("/proc/net")?)?;
    let (shown, own) = as_user(NOBODY, NONE, || Ok((devices_at(&directory)?, devices_at("/proc/net")?)))?;
    seen("read by an ordinary user", shown, own)
}

/// An open file of /proc/net goes on showing the network namespace in which it was opened when its process moves on.
#[claim(source = "proc_net(5)", needs = [Root, Module("dummy")])]
fn net_proc_net_open_file_keeps_namespace() -> Verdict {
    make("ours")?;
    let there = Elsewhere::new()?;
    there.netlink().add(LinkDummy::new("theirs").build())?.doing("make a device there")?;
    let mut file = File::open("/proc/net/dev").doing("open /proc/net/dev")?;
    child(NONE, || {
        setns(&there.namespace()?, CLONE_NEWNET)?;
        let mut text = String::new();
        file.read_to_string(&mut text).doing("read the open file")?;
        let (old, new) = (devices(&text), devices_at("/proc/net")?);
        expect!(old.contains(&"ours".into()) && !old.contains(&"theirs".into()), "by the open file: {old:?}");
        expect!(new.contains(&"theirs".into()) && !new.contains(&"ours".into()), "opened anew: {new:?}");
        holds()
    })
}

/// A lookup in an open directory /proc/PID/net finds the files of the network namespace in which the process is then.
#[claim(source = "proc_net(5)", needs = [Root, Module("dummy")])]
fn net_proc_net_directory_is_the_processs() -> Verdict {
    make("ours")?;
    let there = Elsewhere::new()?;
    there.netlink().add(LinkDummy::new("theirs").build())?.doing("make a device there")?;
    child(NONE, || {
        let (own, flags) = (Namespace::own(Kind::Net)?, OFlag::O_RDONLY | OFlag::O_CLOEXEC);
        let directory = open("/proc/self/net", flags | OFlag::O_DIRECTORY, Mode::empty())?;
        for (place, present) in [(there.namespace()?, "theirs"), (own, "ours")] {
            setns(&place, CLONE_NEWNET)?;
            let mut text = String::new();
            let file = openat(&directory, "dev", flags, Mode::empty()).doing("open dev in the directory")?;
            File::from(file).read_to_string(&mut text).doing("read it")?;
            let found: Vec<_> = devices(&text).into_iter().filter(|name| name.ends_with('s')).collect();
            expect_eq!(found, [present], "looked up where {present} is");
        }
        holds()
    })
}

const TABLES: [&str; 4] = ["tcp", "udp", "unix", "packet"];

/// One socket for each table.
fn sockets() -> Outcome<[std::os::fd::OwnedFd; 4]> {
    let make = |family, kind| socket(family, kind, SockFlag::SOCK_CLOEXEC, None).doing("make a socket");
    let tcp = make(AddressFamily::Inet, SockType::Stream)?;
    let udp = make(AddressFamily::Inet, SockType::Datagram)?;
    for socket in [&tcp, &udp] {
        bind(socket.as_raw_fd(), &SockaddrIn::new(0, 0, 0, 0, 0)).doing("bind a socket")?;
    }
    listen(&tcp, Backlog::new(1)?).doing("listen")?;
    Ok([tcp, udp, make(AddressFamily::Unix, SockType::Stream)?, make(AddressFamily::Packet, SockType::Datagram)?])
}

fn make(name: &str) -> Outcome<()> {
    Netlink::open()?.add(LinkDummy::new(name).build())?.doing("make a dummy device")
}

fn read(path: &str) -> Outcome<String> {
    read_to_string(path).doing(format!("read {path}"))
}

/// The names of the devices that the file dev in this directory tells.
fn devices_at(directory: &str) -> Outcome<Vec<String>> {
    Ok(devices(&read(&format!("{directory}/dev"))?))
}

/// Those in the text of such a file: before the colon of each line but for the two of its head.
fn devices(text: &str) -> Vec<String> {
    let names = text.lines().skip(2).filter_map(|line| line.split_once(':'));
    names.map(|(name, _)| name.trim().to_owned()).collect()
}
