//! A process's namespaces opened by its pidfd: `PIDFD_GET_CGROUP_NAMESPACE` and its siblings of `linux/pidfd.h`.

use std::fs::File;

use kit::lifetime::make_zombie;
use kit::namespace::Link;
use kit::prelude::*;
use kit::process::{NOBODY, as_user_with, capabilities};
use kit::sys::ioctl::{Direction, request, without_argument};
use kit::sys::ns::get_nstype;
use kit::sys::pidfs::namespace_with;
use kit::sys::raw::{pidfd_open, pidfd_send_signal};
use nix::unistd::getpid;
use rustix::io::{FdFlags, fcntl_getfd};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    pidfd_led_to_no_namespace,
    pidfd_get_namespace_cgroup,
    pidfd_get_namespace_ipc,
    pidfd_get_namespace_mnt,
    pidfd_get_namespace_net,
    pidfd_get_namespace_pid,
    pidfd_get_namespace_pid_for_children,
    pidfd_get_namespace_time,
    pidfd_get_namespace_time_for_children,
    pidfd_get_namespace_user,
    pidfd_get_namespace_uts,
    pidfd_get_arg_einval,
    pidfd_get_needs_ptrace,
    pidfd_get_dead_esrch,
    pidfd_get_unknown_enotty,
];

/// Before 6.11 there are no ioctl(2) operations that open a process's namespaces by its pidfd: they fail with ENOTTY.
#[claim(source = "include/uapi/linux/pidfd.h", until = "6.11", needs = [])]
fn pidfd_led_to_no_namespace() -> Verdict {
    let own = pidfd_open(getpid(), 0)?;
    for link in Link::ALL {
        expect_errno!(link.of_pidfd(&own), ENOTTY, "{link}");
    }
    expect_ok!(pidfd_send_signal(&own, 0), "what a pidfd is good for");
    holds()
}

/// PIDFD_GET_CGROUP_NAMESPACE opens the cgroup namespace of the pidfd's process, with close-on-exec set.
#[claim(
    source = "include/uapi/linux/pidfd.h",
    since = "6.11",
    replaces = "pidfd_led_to_no_namespace",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn pidfd_get_namespace_cgroup() -> Verdict {
    opens(Link::Cgroup)
}

/// PIDFD_GET_IPC_NAMESPACE opens the IPC namespace of the pidfd's process, with close-on-exec set.
#[claim(source = "include/uapi/linux/pidfd.h", since = "6.11", needs = [UserNamespaces, Config("TIME_NS")])]
fn pidfd_get_namespace_ipc() -> Verdict {
    opens(Link::Ipc)
}

/// PIDFD_GET_MNT_NAMESPACE opens the mount namespace of the pidfd's process, with close-on-exec set.
#[claim(source = "include/uapi/linux/pidfd.h", since = "6.11", needs = [UserNamespaces, Config("TIME_NS")])]
fn pidfd_get_namespace_mnt() -> Verdict {
    opens(Link::Mnt)
}

/// PIDFD_GET_NET_NAMESPACE opens the network namespace of the pidfd's process, with close-on-exec set.
#[claim(source = "include/uapi/linux/pidfd.h", since = "6.11", needs = [UserNamespaces, Config("TIME_NS")])]
fn pidfd_get_namespace_net() -> Verdict {
    opens(Link::Net)
}

/// PIDFD_GET_PID_NAMESPACE opens the PID namespace that the pidfd's process is in, with close-on-exec set.
#[claim(source = "include/uapi/linux/pidfd.h", since = "6.11", needs = [UserNamespaces, Config("TIME_NS")])]
fn pidfd_get_namespace_pid() -> Verdict {
    opens(Link::Pid)
}

/// PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE opens the PID namespace of the children of the pidfd's process, with
/// close-on-exec set.
#[claim(source = "include/uapi/linux/pidfd.h", since = "6.11", needs = [UserNamespaces, Config("TIME_NS")])]
fn pidfd_get_namespace_pid_for_children() -> Verdict {
    opens(Link::PidForChildren)
}

/// PIDFD_GET_TIME_NAMESPACE opens the time namespace that the pidfd's process is in, with close-on-exec set.
#[claim(source = "include/uapi/linux/pidfd.h", since = "6.11", needs = [UserNamespaces, Config("TIME_NS")])]
fn pidfd_get_namespace_time() -> Verdict {
    opens(Link::Time)
}

/// PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE opens the time namespace of the children of the pidfd's process, with
/// close-on-exec set.
#[claim(source = "include/uapi/linux/pidfd.h", since = "6.11", needs = [UserNamespaces, Config("TIME_NS")])]
fn pidfd_get_namespace_time_for_children() -> Verdict {
    opens(Link::TimeForChildren)
}

/// PIDFD_GET_USER_NAMESPACE opens the user namespace of the pidfd's process, with close-on-exec set.
#[claim(source = "include/uapi/linux/pidfd.h", since = "6.11", needs = [UserNamespaces, Config("TIME_NS")])]
fn pidfd_get_namespace_user() -> Verdict {
    opens(Link::User)
}

/// PIDFD_GET_UTS_NAMESPACE opens the UTS namespace of the pidfd's process, with close-on-exec set.
#[claim(source = "include/uapi/linux/pidfd.h", since = "6.11", needs = [UserNamespaces, Config("TIME_NS")])]
fn pidfd_get_namespace_uts() -> Verdict {
    opens(Link::Uts)
}

/// The operations that open a process's namespaces by its pidfd fail with EINVAL if their argument is not 0.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfd_ioctl", since = "6.11", needs = [Config("TIME_NS")])]
fn pidfd_get_arg_einval() -> Verdict {
    let own = pidfd_open(getpid(), 0)?;
    for link in Link::ALL {
        for argument in [1, u64::MAX] {
            expect_errno!(namespace_with(&own, link.pidfd_number(), argument), EINVAL, "{link}, {argument}");
        }
        expect_ok!(namespace_with(&own, link.pidfd_number(), 0), "{link}, 0");
    }
    holds()
}

/// Opening a process's namespaces by its pidfd requires ptrace access to the process; without it the operations fail
/// with EACCES.
///
/// CAP_SYS_PTRACE gives it to a process of another user, and no other capability does.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfd_ioctl", since = "6.11", needs = [Root, Config("TIME_NS")])]
fn pidfd_get_needs_ptrace() -> Verdict {
    let roots = waiting(NONE)?;
    let all = capabilities()?.permitted;
    as_user_with(NOBODY, all - CapabilitySet::SYS_PTRACE, || {
        let same_users = waiting(NONE)?;
        for link in Link::ALL {
            expect_errno!(link.of_pidfd(roots.pidfd()), EACCES, "{link} of root's process, without CAP_SYS_PTRACE");
            expect_ok!(link.of_pidfd(same_users.pidfd()), "{link} of the same user's process");
        }
        Ok(())
    })?;
    as_user_with(NOBODY, CapabilitySet::SYS_PTRACE, || {
        for link in Link::ALL {
            expect_ok!(link.of_pidfd(roots.pidfd()), "{link} of root's process, with CAP_SYS_PTRACE alone");
        }
        holds()
    })
}

/// The operations that open a process's namespaces by its pidfd fail with ESRCH when the process has ended.
///
/// Also for the user and the PID namespace, which a zombie still has, and which can be opened in /proc.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfd_ioctl", since = "6.11", needs = [Root, Config("TIME_NS")])]
fn pidfd_get_dead_esrch() -> Verdict {
    let process = waiting(CLONE_NEWUSER | CLONE_NEWPID)?;
    let pidfd = process.pidfd().try_clone_to_owned()?;
    for link in Link::ALL {
        expect_ok!(link.of_pidfd(&pidfd), "{link}, alive");
    }
    let zombie = make_zombie(process)?;
    for link in Link::ALL {
        expect_errno!(link.of_pidfd(&pidfd), ESRCH, "{link}, a zombie");
    }
    for kind in [Kind::User, Kind::Pid] {
        expect_ok!(File::open(format!("/proc/{}/ns/{kind}", zombie.pid())), "the zombie's, by /proc");
    }
    zombie.wait()?;
    for link in Link::ALL {
        expect_errno!(link.of_pidfd(&pidfd), ESRCH, "{link}, reaped");
    }
    holds()
}

/// ioctl(2) on a pidfd fails with ENOTTY for a request that stands for no operation.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfd_ioctl", since = "6.11", needs = [])]
fn pidfd_get_unknown_enotty() -> Verdict {
    let own = pidfd_open(getpid(), 0)?;
    for number in [0x50, 0] {
        expect_errno!(without_argument(&own, request(Direction::Nothing, 0xff, number, 0)), ENOTTY, "{number}");
    }
    // The number of PIDFD_GET_UTS_NAMESPACE.
    let known = request(Direction::Nothing, 0xff, 10, 0);
    expect_errno!(without_argument(File::open("/dev/null")?, known), ENOTTY, "on another file");
    expect_ok!(without_argument(&own, known));
    holds()
}

/// The operation opens this one of a process whose namespaces are all its own, and are others than its children's.
fn opens(link: Link) -> Verdict {
    let every = Kind::ALL.iter().fold(NONE, |flags, kind| flags | kind.flag());
    let process = spawn(every, |outside| {
        unshare(CLONE_NEWPID | CLONE_NEWTIME)?;
        let _member = waiting(NONE)?;
        outside.go()?;
        outside.wait()
    })?;
    process.recv::<()>()?;
    let inode = |link| inode_at(format!("/proc/{}/ns/{link}", process.pid()));
    let fd = expect_ok!(link.of_pidfd(process.pidfd()));
    expect!(fcntl_getfd(&fd)?.contains(FdFlags::CLOEXEC));
    let opened = Namespace::from_fd(fd);
    expect_eq!(expect_ok!(get_nstype(&opened)), link.kind().flag());
    expect_eq!(opened.inode()?, inode(link)?);
    for other in Link::ALL.into_iter().filter(|other| *other != link) {
        expect_ne!(opened.inode()?, inode(other)?, "{other}");
    }
    expect_ne!(opened.inode()?, inode_at(format!("/proc/self/ns/{link}"))?, "the caller's");
    holds()
}
