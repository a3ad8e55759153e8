//! A namespace lives as long as a file that refers to it is open anywhere: `namespaces(7)`, Namespace lifetime.

use std::fs::File;

use kit::Room;
use kit::lifetime::{close, end, file_from_inside, goes_in_spite_of, lives_by};
use kit::prelude::*;
use nix::fcntl::{OFlag, open};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::sys::stat::Mode;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    cgroup_lives_by_an_open_file,
    ipc_lives_by_an_open_file,
    mnt_lives_by_an_open_file,
    net_lives_by_an_open_file,
    pid_lives_by_an_open_file,
    time_lives_by_an_open_file,
    user_lives_by_an_open_file,
    uts_lives_by_an_open_file,
    life_opath_fd,
    life_fd_in_flight,
    life_getuserns_fd_pins,
    life_file_cred_pins_userns,
    a_file_opened_elsewhere_does_not_keep_a_user_namespace,
    life_socket_pins_net,
    pid_lives_by_a_pidfd,
    life_pidfd_does_not_pin,
    pid_lives_by_a_proc_directory,
];

/// A cgroup namespace without processes exists as long as its file in /proc/PID/ns is open.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "namespaces(7) The /proc/pid/ns/ directory", "What's in a name(space)?"],
    needs = [UserNamespaces],
)]
fn cgroup_lives_by_an_open_file() -> Verdict {
    by_a_file_opened_with(Kind::Cgroup, OFlag::O_RDONLY)
}

/// An IPC namespace without processes exists as long as its file in /proc/PID/ns is open.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "namespaces(7) The /proc/pid/ns/ directory", "What's in a name(space)?"],
    needs = [UserNamespaces],
)]
fn ipc_lives_by_an_open_file() -> Verdict {
    by_a_file_opened_with(Kind::Ipc, OFlag::O_RDONLY)
}

/// A mount namespace without processes exists as long as its file in /proc/PID/ns is open.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "namespaces(7) The /proc/pid/ns/ directory", "What's in a name(space)?"],
    needs = [UserNamespaces],
)]
fn mnt_lives_by_an_open_file() -> Verdict {
    by_a_file_opened_with(Kind::Mnt, OFlag::O_RDONLY)
}

/// A network namespace without processes exists as long as its file in /proc/PID/ns is open.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "Few notes about network namespaces in Linux", "Linux Namespaces"],
    needs = [UserNamespaces],
    erratum = "Few notes about network namespaces in Linux: a network namespace exists only while a process uses it \
               or it is mounted.",
)]
fn net_lives_by_an_open_file() -> Verdict {
    by_a_file_opened_with(Kind::Net, OFlag::O_RDONLY)
}

/// A PID namespace without processes exists as long as its file in /proc/PID/ns is open.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "namespaces(7) The /proc/pid/ns/ directory", "What's in a name(space)?"],
    needs = [UserNamespaces],
)]
fn pid_lives_by_an_open_file() -> Verdict {
    by_a_file_opened_with(Kind::Pid, OFlag::O_RDONLY)
}

/// A time namespace without processes exists as long as its file in /proc/PID/ns is open.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "namespaces(7) The /proc/pid/ns/ directory", "What's in a name(space)?"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn time_lives_by_an_open_file() -> Verdict {
    by_a_file_opened_with(Kind::Time, OFlag::O_RDONLY)
}

/// A user namespace without processes exists as long as its file in /proc/PID/ns is open.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "namespaces(7) The /proc/pid/ns/ directory", "What's in a name(space)?"],
    needs = [UserNamespaces],
)]
fn user_lives_by_an_open_file() -> Verdict {
    by_a_file_opened_with(Kind::User, OFlag::O_RDONLY)
}

/// A UTS namespace without processes exists as long as its file in /proc/PID/ns is open.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "Linux Namespaces"],
    needs = [UserNamespaces],
    erratum = "Linux Namespaces: a namespace cannot exist without a process in it.",
)]
fn uts_lives_by_an_open_file() -> Verdict {
    by_a_file_opened_with(Kind::Uts, OFlag::O_RDONLY)
}

/// A namespace without processes exists as long as its file is open with O_PATH.
#[claim(source = "kernel 7.3 fs/nsfs.c", needs = [UserNamespaces, Config("TIME_NS")])]
fn life_opath_fd() -> Verdict {
    for kind in Kind::ALL {
        by_a_file_opened_with(kind, OFlag::O_PATH).doing(format!("{kind} namespace"))?;
    }
    holds()
}

/// A namespace without processes exists as long as a descriptor of its file waits in a UNIX socket to be received.
#[claim(source = ["unix(7)", "namespaces(7) Namespace lifetime"], needs = [UserNamespaces, Config("TIME_NS")])]
fn life_fd_in_flight() -> Verdict {
    for kind in Kind::ALL {
        let send = |room: &Room<'_>| {
            let process = room.member()?.doing("make a namespace")?;
            let (sender, receiver) = Peer::pair()?;
            sender.send_fd(process.namespace(kind)?)?;
            end(process)?;
            Ok((sender, receiver))
        };
        lives_by(kind, 1, send, close).doing(format!("{kind} namespace"))?;
    }
    holds()
}

/// A user namespace without processes exists as long as a descriptor of it that NS_GET_USERNS returned is open.
#[claim(source = ["NS_GET_USERNS(2const)", "namespaces(7) Namespace lifetime"], needs = [UserNamespaces])]
fn life_getuserns_fd_pins() -> Verdict {
    lives_by(
        Kind::User,
        1,
        |_| {
            let process = Spawn::new(CLONE_NEWUSER | CLONE_NEWUTS).without_files().start(|case| case.wait())?;
            let owner = process.namespace(Kind::Uts)?.owner().doing("NS_GET_USERNS")?;
            end(process)?;
            Ok(owner)
        },
        close,
    )
}

/// A user namespace without processes exists as long as a file that was opened in it is open anywhere, were it
/// /dev/null.
#[claim(source = "kernel 7.3 include/linux/fs.h struct file", needs = [UserNamespaces])]
fn life_file_cred_pins_userns() -> Verdict {
    lives_by(
        Kind::User,
        1,
        |_| {
            let (process, null) = file_from_inside(CLONE_NEWUSER, || Ok(File::open("/dev/null")?.into()))?;
            end(process)?;
            Ok(null)
        },
        close,
    )
}

/// A file that was opened outside a user namespace and passed to a process in it does not keep the user namespace.
#[claim(source = "kernel 7.3 include/linux/fs.h struct file", needs = [UserNamespaces])]
fn a_file_opened_elsewhere_does_not_keep_a_user_namespace() -> Verdict {
    goes_in_spite_of(Kind::User, |_| {
        let null = File::open("/dev/null")?;
        let process = Spawn::new(CLONE_NEWUSER).without_files().start(|case| {
            let _held = case.recv_fd()?;
            case.go()?;
            case.wait()
        })?;
        process.peer().send_fd(&null)?;
        process.recv::<()>()?;
        Ok((process, null))
    })
}

/// A network namespace without processes exists as long as a socket that was made in it is open.
#[claim(source = ["Few notes about network namespaces in Linux", "kernel 7.3 net/core/net_namespace.c"], needs = [UserNamespaces, Config("INET")],
    erratum = "network_namespaces(7): a network namespace is freed when its last process terminates.",
    quote = "when the last process in the namespace terminates",
)]
fn life_socket_pins_net() -> Verdict {
    lives_by(
        Kind::Net,
        1,
        |_| {
            let inside = || Ok(socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?);
            let (process, socket) = file_from_inside(CLONE_NEWNET, inside)?;
            end(process)?;
            Ok(socket)
        },
        close,
    )
}

/// Neither a pidfd of its last process nor the open directory /proc/PID/ns of that process keeps a namespace of any
/// kind but PID.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces, Config("TIME_NS")])]
fn life_pidfd_does_not_pin() -> Verdict {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Pid) {
        goes_in_spite_of(kind, |room| {
            let process = room.member()?.doing("make a namespace")?;
            let pidfd = process.pidfd().try_clone_to_owned()?;
            let directory = process.proc_file("ns")?;
            Ok((process, (pidfd, directory)))
        })
        .doing(format!("{kind} namespace"))?;
    }
    holds()
}

/// A PID namespace exists as long as a pidfd of a process that was in it is open, even when that process has been
/// reaped.
#[claim(source = "kernel 7.3 kernel/pid.c put_pid", needs = [UserNamespaces])]
fn pid_lives_by_a_pidfd() -> Verdict {
    by_what_refers_to_a_process(|process| Ok(process.pidfd().try_clone_to_owned()?))
}

/// A PID namespace exists as long as the directory in /proc of a process that was in it is open, even when that has
/// been reaped.
#[claim(source = "kernel 7.3 kernel/pid.c put_pid", needs = [UserNamespaces])]
fn pid_lives_by_a_proc_directory() -> Verdict {
    by_what_refers_to_a_process(|process| process.proc_file("ns"))
}

/// The reference is a file that stands for a process, not for its namespace.
fn by_what_refers_to_a_process<F>(take: impl Fn(&Child<()>) -> Outcome<F>) -> Verdict {
    lives_by(
        Kind::Pid,
        1,
        |room| {
            let process = room.member()?.doing("make a namespace")?;
            let file = take(&process)?;
            end(process)?;
            Ok(file)
        },
        close,
    )
}

/// The reference is the file, opened from outside.
fn by_a_file_opened_with(kind: Kind, flags: OFlag) -> Verdict {
    lives_by(
        kind,
        1,
        |room| {
            let process = room.member()?.doing("make a namespace")?;
            let path = format!("/proc/{}/ns/{kind}", process.pid());
            let file = open(path.as_str(), flags | OFlag::O_CLOEXEC, Mode::empty()).doing(format!("open {path}"))?;
            end(process)?;
            Ok(file)
        },
        close,
    )
}
