//! `/proc/net` and `/proc/PID/net`: `proc_net(5)`; `network_namespaces(7)`.

use std::fs::{self, File};
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;

use kit::prelude::*;
use nix::unistd::{Pid, getpid, gettid};
use rustix::fs::{Mode, OFlags, openat};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind};

use super::networks::{Network, new_socket};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    proc_net_is_a_link_to_self_net,
    proc_net_shows_the_first_threads_network,
    proc_pid_net_shows_that_process_network_to_anybody,
    open_file_of_proc_net_stays_in_its_network,
    open_folder_of_proc_net_is_looked_up_anew,
    socket_tables_of_a_new_network_are_empty,
];

/// /proc/net is a symbolic link to self/net.
#[claim(source = ["proc_net(5)", "network_namespaces(7) DESCRIPTION"])]
fn proc_net_is_a_link_to_self_net() -> Verdict {
    let target = expect_ok!(fs::read_link("/proc/net"));
    expect_eq!(target.to_string_lossy(), "self/net");
    holds()
}

/// In a thread that has left its process's network namespace /proc/net shows the one of the process's first thread;
/// /proc/thread-self/net the thread's.
#[claim(source = ["proc_net(5)", "fs/proc/proc_net.c get_proc_task_net"], needs = [UserNamespaces, Config("UNIX")])]
fn proc_net_shows_the_first_threads_network() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let _mark = mark("first")?;
        let (thread, (id, seen)) = Thread::start(move || {
            unshare(CLONE_NEWNET).doing("unshare")?;
            let mark = mark("second")?;
            let seen = paths(gettid()).map(|path| marks(&path));
            std::mem::forget(mark);
            Ok((gettid(), seen))
        })?;
        let [net, own, thread_own, by_id] = seen;
        expect_eq!((net?, own?), (vec!["first".to_owned()], vec!["first".to_owned()]), "by the thread, of the process");
        expect_eq!(
            (thread_own?, by_id?),
            (vec!["second".to_owned()], vec!["second".to_owned()]),
            "by the thread, of itself"
        );
        for (path, expected) in paths(getpid()).into_iter().zip(["first"; 4]) {
            expect_eq!(marks(&path)?, [expected], "{path} by the first thread");
        }
        expect_eq!(marks(&format!("/proc/self/task/{id}/net"))?, ["second"], "of the other thread, by the first one");
        thread.end()?;
        holds()
    })
}

/// /proc/PID/net shows the process's network namespace to readers in others, also to an ordinary user who may not open its
/// link in /proc/PID/ns.
#[claim(source = ["proc_pid_net(5)", "proc_net(5)"], needs = [Root, Config("UNIX")])]
fn proc_pid_net_shows_that_process_network_to_anybody() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    let _marks = (one.inside(|| mark("mine"))?, other.inside(|| mark("theirs"))?);
    let process = other.inside(|| waiting(NONE))?;
    let path = format!("/proc/{}/net", process.proc_pid()?);
    one.inside(|| {
        expect_eq!(marks(&path)?, ["theirs"], "of the process in the other network namespace");
        expect_eq!(marks("/proc/self/net")?, ["mine"], "of the reader");
        unprivileged(NONE, || {
            expect_eq!(marks(&path)?, ["theirs"], "to an ordinary user");
            expect_errno!(File::open(format!("/proc/{}/ns/net", process.proc_pid()?)), EACCES, "to an ordinary user");
            Ok(())
        })?;
        holds()
    })
}

/// A file of /proc/net, once opened, shows the network namespace in which it was opened, wherever its process goes.
#[claim(source = "fs/proc/proc_net.c seq_open_net", needs = [UserNamespaces, Config("UNIX")])]
fn open_file_of_proc_net_stays_in_its_network() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = (Network::new()?, Network::new()?);
        let _marks = (one.inside(|| mark("one"))?, other.inside(|| mark("other"))?);
        let file = one.inside(|| Ok(File::open("/proc/net/unix")?))?;
        other.inside(|| {
            expect_eq!(marks_in(file)?, ["one"], "by the file that was opened in the one");
            expect_eq!(marks("/proc/net")?, ["other"], "by the path");
            holds()
        })
    })
}

/// A folder /proc/self/net that was opened in one network namespace leads to the files of another one once its process is
/// there.
#[claim(source = "fs/proc/proc_net.c proc_tgid_net_lookup", needs = [UserNamespaces, Config("UNIX")])]
fn open_folder_of_proc_net_is_looked_up_anew() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = (Network::new()?, Network::new()?);
        let _marks = (one.inside(|| mark("one"))?, other.inside(|| mark("other"))?);
        let folder = one.inside(|| Ok(File::open("/proc/self/net")?))?;
        for (place, expected) in [(&one, "one"), (&other, "other"), (&one, "one")] {
            let seen = place.inside(|| {
                marks_in(File::from(openat(&folder, "unix", OFlags::RDONLY, Mode::empty()).doing("openat")?))
            })?;
            expect_eq!(seen, [expected], "inside the {expected}");
        }
        holds()
    })
}

/// The tables of sockets in /proc/net are empty in a new network namespace, and then list that namespace's own sockets
/// alone.
///
/// Tried with the tables of TCP, UDP and UNIX domain sockets.
#[claim(
    source = ["proc_net(5)", "network_namespaces(7) DESCRIPTION"],
    needs = [UserNamespaces, Config("INET"), Config("IPV6"), Config("UNIX")],
)]
fn socket_tables_of_a_new_network_are_empty() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = (Network::with_loopback()?, Network::with_loopback()?);
        let rows = |place: &Network| {
            place.inside(|| {
                ["tcp", "tcp6", "udp", "udp6", "unix"]
                    .map(|table| Ok(fs::read_to_string(format!("/proc/net/{table}"))?.lines().skip(1).count()))
                    .into_iter()
                    .collect::<Outcome<Vec<_>>>()
            })
        };
        expect_eq!((rows(&one)?, rows(&other)?), (vec![0; 5], vec![0; 5]), "before there are sockets");
        let _sockets = one.inside(|| {
            let tcp = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("[::1]:0")?);
            let udp = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("[::1]:0")?);
            Ok((tcp, udp, mark("a name")?))
        })?;
        expect_eq!((rows(&one)?, rows(&other)?), (vec![1; 5], vec![0; 5]), "where the sockets are, and elsewhere");
        holds()
    })
}

/// The folders by which a thread sees its process's network namespace, or its own.
fn paths(thread: Pid) -> [String; 4] {
    let own = format!("/proc/self/task/{thread}/net");
    ["/proc/net".into(), "/proc/self/net".into(), "/proc/thread-self/net".into(), own]
}

/// A UNIX domain socket with this abstract name, by which its network namespace is known in `/proc/net/unix`.
fn mark(name: &str) -> Outcome<OwnedFd> {
    let socket = new_socket(AddressFamily::UNIX, SocketType::DGRAM)?;
    bind(&socket, &SocketAddrUnix::new_abstract_name(name.as_bytes())?).doing("bind to an abstract name")?;
    Ok(socket)
}

/// The abstract names that are listed in a folder like `/proc/net`.
fn marks(folder: &str) -> Outcome<Vec<String>> {
    let path = format!("{folder}/unix");
    marks_in(File::open(&path).doing(format!("open {path}"))?)
}

fn marks_in(mut file: File) -> Outcome<Vec<String>> {
    let mut text = String::new();
    file.read_to_string(&mut text).doing("read a list of UNIX domain sockets")?;
    Ok(text.lines().filter_map(|line| Some(line.split_once('@')?.1.to_owned())).collect())
}
