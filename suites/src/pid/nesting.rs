//! Trees of PID namespaces: how deep, how many, and who is whose parent: `pid_namespaces(7)` Nesting PID namespaces.

use kit::limits::{NO_LIMIT, limit, set_limit};
use kit::prelude::*;
use kit::process::try_clone3;
use kit::sysctl::sysctl;
use serde::{Deserialize, Serialize};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nesting_stops_at_depth_32,
    nesting_overflow_is_enospc,
    pidns_count_limit_is_enospc,
    max_pid_namespaces_default,
    new_userns_has_no_pidns_limit_of_its_own,
    parent_namespace_is_creators_namespace,
    ns_get_parent_of_initial_pidns_is_eperm,
    ns_get_parent_outside_scope_is_eperm,
];

const NEW_PID: CloneArgs<'_> = CloneArgs::new(CLONE_NEWPID);

/// PID namespaces can be nested 32 deep below the initial one; a process in the deepest can still fork.
#[claim(
    source = ["pid_namespaces(7) Nesting PID namespaces", "Linux Namespaces"],
    needs = [Root, InitialNamespaces, Config("PID_NS")]
)]
fn nesting_stops_at_depth_32() -> Verdict {
    let bottom = descend(0, &|_| Ok(()))?;
    expect_eq!(bottom.depth, 32);
    expect_ok!(bottom.fork, "a plain fork in the deepest");
    holds()
}

/// In the most deeply nested PID namespace, clone3(2) and unshare(2) with CLONE_NEWPID fail with ENOSPC.
#[claim(
    source = ["clone(2) ERRORS", "unshare(2) ERRORS", "pid_namespaces(7) Nesting PID namespaces"],
    needs = [Root],
)]
fn nesting_overflow_is_enospc() -> Verdict {
    let chain = spawn(NONE, |us| {
        descend(0, &|bottom| {
            us.send(bottom)?;
            us.wait()
        })
    })?;
    let bottom: Bottom = chain.recv()?;
    expect!(bottom.depth > 0, "the first is refused already: {bottom:?}");
    expect_errno!(bottom.clone, ENOSPC);
    expect_errno!(bottom.unshare, ENOSPC);
    // ENOSPC says also that there are too many.
    expect_ok!(try_clone3(&NEW_PID), "one more that is not so deep, while they are all there");
    chain.go()?;
    chain.join()?;
    holds()
}

/// clone3(2) and unshare(2) with CLONE_NEWPID fail with ENOSPC once a user namespace has max_pid_namespaces PID
/// namespaces.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn pidns_count_limit_is_enospc() -> Verdict {
    user_namespace(NONE, || {
        set_limit(Kind::Pid, 1).doing("set the limit")?;
        let _first = waiting(CLONE_NEWPID)?;
        expect_errno!(try_clone3(&NEW_PID), ENOSPC, "the second of one");
        expect_errno!(unshare(CLONE_NEWPID), ENOSPC, "the second of one");
        set_limit(Kind::Pid, 2).doing("set the limit")?;
        expect_ok!(try_clone3(&NEW_PID), "the second of two");
        Ok(())
    })?;
    holds()
}

/// The default of max_pid_namespaces in the initial user namespace is half of kernel.threads-max.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [Root, InitialNamespaces])]
fn max_pid_namespaces_default() -> Verdict {
    let threads: u32 = sysctl("kernel/threads-max")?;
    expect_eq!(limit(Kind::Pid)?, threads / 2);
    holds()
}

/// A new user namespace starts with a max_pid_namespaces of 2147483647, and a write to it does not change its parent's.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn new_userns_has_no_pidns_limit_of_its_own() -> Verdict {
    let ours = limit(Kind::Pid)?;
    user_namespace(NONE, || {
        expect_eq!(limit(Kind::Pid)?, NO_LIMIT);
        set_limit(Kind::Pid, 77).doing("set the limit")?;
        expect_eq!(limit(Kind::Pid)?, 77);
        expect_eq!(user_namespace(NONE, || limit(Kind::Pid))?, NO_LIMIT, "in one made below it");
        Ok(())
    })?;
    expect_eq!(limit(Kind::Pid)?, ours, "the creator's");
    holds()
}

/// The parent of a PID namespace is the PID namespace of the process that created it.
#[claim(
    source = [
        "pid_namespaces(7) Nesting PID namespaces",
        "ioctl_nsfs(2) NS_GET_PARENT",
        "Linux Namespaces",
        "NS_GET_USERNS(2const)",
        "What's in a name(space)?",
    ],
    needs = [Root]
)]
fn parent_namespace_is_creators_namespace() -> Verdict {
    let init = spawn(CLONE_NEWPID, |outside| {
        let inner = spawn(CLONE_NEWPID, |parent| parent.send_fd(Namespace::own(Kind::Pid)?))?;
        outside.send_fd(inner.peer().recv_fd()?)?;
        outside.wait()
    })?;
    let (outer, below) = (own_inode(Kind::Pid)?, init.namespace(Kind::Pid)?);
    let deepest = Namespace::from_fd(init.peer().recv_fd()?);
    expect_ne!(below.inode()?, outer);
    expect_eq!(expect_ok!(below.parent()).inode()?, outer);
    expect_eq!(expect_ok!(deepest.parent()).inode()?, below.inode()?);
    holds()
}

/// NS_GET_PARENT on the initial PID namespace fails with EPERM.
#[claim(
    source = [
        "ioctl_nsfs(2) NS_GET_PARENT",
        "pid_namespaces(7) Nesting PID namespaces",
        "NS_GET_USERNS(2const) ERRORS",
    ],
    needs = [Root, InitialNamespaces, Config("PID_NS")]
)]
fn ns_get_parent_of_initial_pidns_is_eperm() -> Verdict {
    let initial = Namespace::own(Kind::Pid)?;
    expect_errno!(initial.parent(), EPERM);
    let below = waiting(CLONE_NEWPID)?;
    expect_eq!(expect_ok!(below.namespace(Kind::Pid)?.parent()).inode()?, initial.inode()?);
    holds()
}

/// NS_GET_PARENT on the caller's own PID namespace fails with EPERM; called in the parent namespace it succeeds.
#[claim(source = ["ioctl_nsfs(2) NS_GET_PARENT", "NS_GET_USERNS(2const) ERRORS"], needs = [Root])]
fn ns_get_parent_outside_scope_is_eperm() -> Verdict {
    let init = spawn(CLONE_NEWPID, |outside| {
        let own = Namespace::own(Kind::Pid)?;
        expect_errno!(own.parent(), EPERM);
        let inner = spawn(CLONE_NEWPID, |parent| parent.send_fd(Namespace::own(Kind::Pid)?))?;
        let inner = Namespace::from_fd(inner.peer().recv_fd()?);
        expect_eq!(expect_ok!(inner.parent(), "of the one below").inode()?, own.inode()?);
        outside.send_fd(&own)?;
        outside.wait()
    })?;
    let theirs = Namespace::from_fd(init.peer().recv_fd()?);
    expect_eq!(expect_ok!(theirs.parent(), "asked from outside").inode()?, own_inode(Kind::Pid)?);
    holds()
}

/// What it is like where PID namespaces cannot be nested any deeper.
#[derive(Debug, Serialize, Deserialize)]
struct Bottom {
    depth: u32,
    clone: Result<(), Refusal>,
    unshare: Result<(), Refusal>,
    fork: Result<(), Refusal>,
}

/// Nests PID namespaces in each other until clone(2) makes none any more, and then does something there. On the way
/// each namespace but the deepest must let unshare(2) make one, too.
fn descend(depth: u32, at_the_bottom: &dyn Fn(&Bottom) -> Outcome<()>) -> Outcome<Bottom> {
    expect!(depth <= 64, "there is no end");
    let clone = try_clone3(&NEW_PID).portable();
    let unshare = child(NONE, || Ok(unshare(CLONE_NEWPID).portable()))?;
    if clone.is_err() {
        let bottom = Bottom { depth, clone, unshare, fork: try_fork().portable() };
        at_the_bottom(&bottom)?;
        return Ok(bottom);
    }
    expect_ok!(unshare, "at depth {depth}, where clone is not refused");
    child(CLONE_NEWPID, || descend(depth + 1, at_the_bottom))
}
