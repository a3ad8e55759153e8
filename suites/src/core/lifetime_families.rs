//! What keeps a namespace in existence as its child or its property: `namespaces(7)`, Namespace lifetime.

use std::os::fd::OwnedFd;

use kit::Room;
use kit::lifetime::{close, end, file_from_inside, lives_by};
use kit::prelude::*;
use kit::process::user_namespace_with;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    life_child_pidns_pins_parent,
    life_getparent_fd_pins_pid,
    life_child_userns_pins_parent,
    user_lives_by_an_owned_cgroup,
    user_lives_by_an_owned_ipc,
    user_lives_by_an_owned_mnt,
    user_lives_by_an_owned_net,
    user_lives_by_an_owned_pid,
    user_lives_by_an_owned_time,
    user_lives_by_an_owned_uts
];

/// A PID namespace without processes exists as long as a PID namespace that was made in it.
#[claim(source = ["namespaces(7) Namespace lifetime", "pid_namespaces(7) Nesting PID namespaces"], needs = [UserNamespaces])]
fn life_child_pidns_pins_parent() -> Verdict {
    let keep = |_: &Room<'_>| {
        let (init, grandchild) = nested()?;
        end(init)?;
        Ok(grandchild)
    };
    lives_by(Kind::Pid, 2, keep, close)
}

/// A PID namespace without processes exists as long as a descriptor of it that NS_GET_PARENT returned is open.
#[claim(source = ["NS_GET_PARENT(2const)", "namespaces(7) Namespace lifetime"], needs = [UserNamespaces])]
fn life_getparent_fd_pins_pid() -> Verdict {
    Room::with(Kind::Pid, 2, |room| {
        let (init, grandchild) = nested()?;
        let parent = Namespace::from_fd(grandchild).parent().doing("NS_GET_PARENT")?;
        end(init)?;
        let _member = expect_ok!(room.member_when_free()?, "the inner namespace has gone");
        room.let_the_kernel_catch_up()?;
        expect_errno!(room.member()?, ENOSPC, "the outer one is referred to by the descriptor");
        drop(parent);
        expect_ok!(room.member_when_free()?, "the descriptor is closed");
        holds()
    })
}

/// A user namespace without processes exists as long as a user namespace that was made in it.
#[claim(source = ["namespaces(7) Namespace lifetime", "user_namespaces(7) Nested namespaces, namespace membership"], needs = [UserNamespaces])]
fn life_child_userns_pins_parent() -> Verdict {
    lives_by(
        Kind::User,
        2,
        |_| {
            let parent = user_namespace_with(&Maps::own_as_root(), NONE, |case| {
                let inner = waiting(CLONE_NEWUSER)?;
                case.send(&inner.pid().as_raw())?;
                case.wait()?;
                end(inner)?;
                case.go()?;
                case.wait()
            })?;
            // Opened from outside: a file that was opened in the parent would keep that by itself.
            let grandchild = Namespace::of(nix::unistd::Pid::from_raw(parent.recv()?), Kind::User)?;
            parent.go()?;
            parent.recv::<()>()?;
            end(parent)?;
            Ok(grandchild)
        },
        close,
    )
}

/// A user namespace without processes exists as long as a cgroup namespace that it owns.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn user_lives_by_an_owned_cgroup() -> Verdict {
    by_an_owned(Kind::Cgroup)
}

/// A user namespace without processes exists as long as an IPC namespace that it owns.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn user_lives_by_an_owned_ipc() -> Verdict {
    by_an_owned(Kind::Ipc)
}

/// A user namespace without processes exists as long as a mount namespace that it owns.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn user_lives_by_an_owned_mnt() -> Verdict {
    by_an_owned(Kind::Mnt)
}

/// A user namespace without processes exists as long as a network namespace that it owns.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn user_lives_by_an_owned_net() -> Verdict {
    by_an_owned(Kind::Net)
}

/// A user namespace without processes exists as long as a PID namespace that it owns.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn user_lives_by_an_owned_pid() -> Verdict {
    by_an_owned(Kind::Pid)
}

/// A user namespace without processes exists as long as a time namespace that it owns.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces, Config("TIME_NS")])]
fn user_lives_by_an_owned_time() -> Verdict {
    by_an_owned(Kind::Time)
}

/// A user namespace without processes exists as long as a UTS namespace that it owns.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn user_lives_by_an_owned_uts() -> Verdict {
    by_an_owned(Kind::Uts)
}

/// The init of a new PID namespace, and the file of the namespace of its child, which is in one below.
fn nested() -> Outcome<(Child<()>, OwnedFd)> {
    file_from_inside(CLONE_NEWPID, || {
        let inner = spawn(CLONE_NEWPID, |outer| {
            outer.send_fd(Namespace::own(Kind::Pid)?)?;
            outer.wait()
        })?;
        inner.peer().recv_fd()
    })
}

/// The reference is a namespace of this kind, kept by its file and made in a user namespace by that one's only process.
fn by_an_owned(kind: Kind) -> Verdict {
    lives_by(
        Kind::User,
        1,
        |_| {
            let process = Spawn::new(CLONE_NEWUSER | kind.flag()).without_files().start(|case| case.wait())?;
            let owned = process.namespace(kind)?;
            end(process)?;
            Ok(owned)
        },
        close,
    )
}
