//! What keeps a namespace in existence as its child or its property: `namespaces(7)`, Namespace lifetime.

use kit::lifetime::{close, end, file_from_inside, lives_by};
use kit::prelude::*;
use kit::process::user_namespace_with;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    life_child_pidns_pins_parent,
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
    lives_by(
        Kind::Pid,
        2,
        |_| {
            let (init, grandchild) = file_from_inside(CLONE_NEWPID, || {
                let inner = spawn(CLONE_NEWPID, |outer| {
                    outer.send_fd(Namespace::own(Kind::Pid)?)?;
                    outer.wait()
                })?;
                inner.peer().recv_fd()
            })?;
            end(init)?;
            Ok(grandchild)
        },
        close,
    )
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
