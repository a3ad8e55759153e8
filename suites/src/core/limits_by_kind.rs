//! What a limit on the number of namespaces stops, kind by kind: `namespaces(7)`, The /proc/sys/user directory.

use kit::limits::{NO_LIMIT, limit, set_limit};
use kit::prelude::*;
use kit::prepared;
use kit::process::{Sets, try_clone3};
use nix::unistd::geteuid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    limits_enospc_cgroup,
    limits_enospc_ipc,
    limits_enospc_mnt,
    limits_enospc_net,
    limits_enospc_pid,
    limits_enospc_time,
    limits_enospc_user,
    limits_enospc_uts,
    limits_apply_to_root,
    limits_of_the_machine_apply_to_its_root,
    limits_independent_of_depth,
];

/// unshare() and clone3() fail with ENOSPC if there would be more cgroup namespaces than max_cgroup_namespaces says.
///
/// Namespaces of other kinds have no part in it.
#[claim(
    source = ["namespaces(7) The /proc/sys/user directory", "unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn limits_enospc_cgroup() -> Verdict {
    stops_one_kind(Kind::Cgroup)
}

/// unshare() and clone3() fail with ENOSPC if there would be more IPC namespaces than max_ipc_namespaces says.
///
/// Namespaces of other kinds have no part in it.
#[claim(
    source = ["namespaces(7) The /proc/sys/user directory", "unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn limits_enospc_ipc() -> Verdict {
    stops_one_kind(Kind::Ipc)
}

/// unshare() and clone3() fail with ENOSPC if there would be more mount namespaces than max_mnt_namespaces says.
///
/// Namespaces of other kinds have no part in it.
#[claim(
    source = ["namespaces(7) The /proc/sys/user directory", "unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn limits_enospc_mnt() -> Verdict {
    stops_one_kind(Kind::Mnt)
}

/// unshare() and clone3() fail with ENOSPC if there would be more network namespaces than max_net_namespaces says.
///
/// Namespaces of other kinds have no part in it.
#[claim(
    source = ["namespaces(7) The /proc/sys/user directory", "unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn limits_enospc_net() -> Verdict {
    stops_one_kind(Kind::Net)
}

/// unshare() and clone3() fail with ENOSPC if there would be more PID namespaces than max_pid_namespaces says.
///
/// Namespaces of other kinds have no part in it.
#[claim(
    source = ["namespaces(7) The /proc/sys/user directory", "unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn limits_enospc_pid() -> Verdict {
    stops_one_kind(Kind::Pid)
}

/// unshare() and clone3() fail with ENOSPC if there would be more time namespaces than max_time_namespaces says.
///
/// Namespaces of other kinds have no part in it.
#[claim(
    source = ["namespaces(7) The /proc/sys/user directory", "unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn limits_enospc_time() -> Verdict {
    stops_one_kind(Kind::Time)
}

/// unshare() and clone3() fail with ENOSPC if there would be more user namespaces than max_user_namespaces says.
///
/// Namespaces of other kinds have no part in it.
#[claim(
    source = ["namespaces(7) The /proc/sys/user directory", "unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn limits_enospc_user() -> Verdict {
    stops_one_kind(Kind::User)
}

/// unshare() and clone3() fail with ENOSPC if there would be more UTS namespaces than max_uts_namespaces says.
///
/// Namespaces of other kinds have no part in it.
#[claim(
    source = ["namespaces(7) The /proc/sys/user directory", "unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn limits_enospc_uts() -> Verdict {
    stops_one_kind(Kind::Uts)
}

/// A limit also binds user 0 of its user namespace, with all capabilities there and the right to raise the limit.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces, Config("TIME_NS")])]
fn limits_apply_to_root() -> Verdict {
    user_namespace(NONE, || {
        prepared(Sets::own()? == Sets::full()? && geteuid().is_root(), "root of a user namespace")?;
        for kind in Kind::ALL {
            set_limit(kind, 2).doing("set the limit")?;
            let _two = [waiting(kind.flag())?, waiting(kind.flag())?];
            expect_refused(kind, "the third of two")?;
            set_limit(kind, 3).doing("set the limit")?;
            expect_ok!(try_clone3(&CloneArgs::new(kind.flag())), "{kind}: the third of three");
        }
        holds()
    })
}

/// The limits of the initial user namespace also bind root with all capabilities there.
#[claim(
    source = "namespaces(7) The /proc/sys/user directory",
    needs = [Root, Capability("CAP_SYS_RESOURCE"), Disposable, Config("TIME_NS")],
)]
fn limits_of_the_machine_apply_to_its_root() -> Verdict {
    for kind in Kind::ALL {
        let usual = limit(kind)?;
        set_limit(kind, 0).doing("set the limit")?;
        let refused = expect_refused(kind, "none is allowed");
        set_limit(kind, usual).doing("set the limit back")?;
        refused?;
        expect_granted(kind, "as many as usual are allowed")?;
    }
    holds()
}

/// How deep PID namespaces nest is limited even where max_pid_namespaces is not; more of them can be made side by side.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn limits_independent_of_depth() -> Verdict {
    user_namespace(NONE, || {
        let nested = spawn(NONE, |outside| {
            nest_pid_namespaces(0, &|levels| {
                outside.send(&(levels, limit(Kind::Pid)?))?;
                outside.wait()
            })
        })?;
        let (levels, allowed): (u32, u32) = nested.recv()?;
        expect_eq!(allowed, NO_LIMIT, "the number allowed at depth {levels}, where one more is refused");
        let mut beside = Vec::new();
        for number in 0..=levels {
            let next = Spawn::new(CLONE_NEWPID).try_start(Peer::wait)?;
            beside.push(expect_ok!(next, "number {number} beside {levels} nested ones"));
        }
        // By itself: killed, the first would leave the others behind.
        nested.go()?;
        nested.join()?;
        holds()
    })
}

/// Makes PID namespaces, each in the one before, and does something in the deepest that can be made.
fn nest_pid_namespaces(above: u32, at_the_bottom: &dyn Fn(u32) -> Outcome<()>) -> Outcome<()> {
    expect!(above <= 64, "there is no end");
    match Spawn::new(CLONE_NEWPID).try_start(|_| nest_pid_namespaces(above + 1, at_the_bottom))? {
        Ok(next) => next.join(),
        refused => {
            expect_errno!(refused, ENOSPC, "below {above} of them");
            at_the_bottom(above)
        }
    }
}

/// One is allowed, then two, then none: of this kind, while the others are made as ever.
fn stops_one_kind(kind: Kind) -> Verdict {
    user_namespace(NONE, || {
        set_limit(kind, 1).doing("set the limit")?;
        let _first = expect_ok!(Spawn::new(kind.flag()).try_start(Peer::wait)?, "the first of one");
        expect_refused(kind, "the second of one")?;
        set_limit(kind, 3).doing("set the limit")?;
        // One each: what was given up may still be counted for a while.
        expect_granted(kind, "the second and third of three")?;
        set_limit(kind, 0).doing("set the limit")?;
        expect_refused(kind, "one of none")?;
        for other in Kind::ALL.into_iter().filter(|other| *other != kind) {
            expect_granted(other, &format!("a {other} namespace where no {kind} namespace is allowed"))?;
        }
        holds()
    })
}

fn expect_refused(kind: Kind, which: &str) -> Outcome<()> {
    expect_errno!(try_clone3(&CloneArgs::new(kind.flag())), ENOSPC, "{kind}: {which}");
    child(NONE, || {
        expect_errno!(unshare(kind.flag()), ENOSPC, "{kind}: {which}");
        Ok(())
    })
}

fn expect_granted(kind: Kind, which: &str) -> Outcome<()> {
    expect_ok!(try_clone3(&CloneArgs::new(kind.flag())), "{kind}: {which}");
    child(NONE, || {
        expect_ok!(unshare(kind.flag()), "{kind}: {which}");
        Ok(())
    })
}
