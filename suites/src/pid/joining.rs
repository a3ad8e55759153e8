//! Which PID namespaces `setns(2)` lets a process point its children at: `setns(2)`, PID namespaces.

use kit::prelude::*;
use kit::process::next_child_pid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_own_pidns_is_noop,
    setns_to_child_pidns_allowed,
    setns_to_ancestor_pidns_einval,
    setns_to_sibling_pidns_einval,
    setns_can_return_to_own_after_descendant,
    ns_init_can_point_its_children_at_a_descendant,
    ns_init_can_switch_mount_namespace,
];

/// setns(2) to the caller's own PID namespace succeeds, and the caller and its next child stay there.
#[claim(
    source = ["setns(2) Details for specific namespace types", "pid_namespaces(7) setns(2) and unshare(2) semantics"],
    needs = [Root],
)]
fn setns_own_pidns_is_noop() -> Verdict {
    let outer = Namespace::own(Kind::Pid)?;
    joins_its_own()?;
    child(CLONE_NEWPID, || {
        expect_errno!(setns(&outer, CLONE_NEWPID), EINVAL, "the parent namespace");
        joins_its_own()
    })?;
    holds()
}

/// setns(2) to a descendant of the caller's PID namespace succeeds, be it a child namespace or a grandchild.
#[claim(
    source = ["setns(2) Details for specific namespace types", "pid_namespaces(7) setns(2) and unshare(2) semantics"],
    needs = [Root],
)]
fn setns_to_child_pidns_allowed() -> Verdict {
    let init = spawn(CLONE_NEWPID, |parent| {
        let below = waiting(CLONE_NEWPID)?;
        parent.send_fd(below.namespace(Kind::Pid)?)?;
        parent.wait()
    })?;
    let (next, further) = (init.namespace(Kind::Pid)?, Namespace::from_fd(init.peer().recv_fd()?));
    expect_errno!(setns(&next, CLONE_NEWNET), EINVAL, "as a namespace of another kind");
    expect_ne!(next.inode()?, further.inode()?);
    for (namespace, flags) in [(&next, CLONE_NEWPID), (&further, CLONE_NEWPID), (&next, NONE)] {
        child(NONE, || {
            expect_ok!(setns(namespace, flags));
            expect_eq!(namespace_of_next_child()?, namespace.inode()?);
            Ok(())
        })?;
    }
    holds()
}

/// setns(2) to an ancestor of the caller's PID namespace, the parent or the one above it, fails with EINVAL.
#[claim(source = ["setns(2) ERRORS", "pid_namespaces(7) Nesting PID namespaces"], needs = [Root])]
fn setns_to_ancestor_pidns_einval() -> Verdict {
    let top = Namespace::own(Kind::Pid)?;
    child(CLONE_NEWPID, || {
        let middle = Namespace::own(Kind::Pid)?;
        child(CLONE_NEWPID, || {
            expect_errno!(setns(&top, CLONE_NEWPID), EINVAL, "two levels up");
            expect_errno!(setns(&middle, CLONE_NEWPID), EINVAL, "one level up");
            expect_ok!(setns(Namespace::own(Kind::Pid)?, CLONE_NEWPID), "its own");
            Ok(())
        })?;
        expect_ok!(setns(&middle, CLONE_NEWPID), "the same namespace, by a member");
        Ok(())
    })?;
    holds()
}

/// setns(2) to a sibling of the caller's PID namespace fails with EINVAL.
#[claim(source = "setns(2) Details for specific namespace types", needs = [Root])]
fn setns_to_sibling_pidns_einval() -> Verdict {
    let sibling = waiting(CLONE_NEWPID)?;
    let namespace = sibling.namespace(Kind::Pid)?;
    child(CLONE_NEWPID, || {
        expect_errno!(setns(&namespace, CLONE_NEWPID), EINVAL);
        Ok(())
    })?;
    child(NONE, || {
        expect_ok!(setns(&namespace, CLONE_NEWPID), "from the parent of both");
        expect_eq!(next_child_pid()?, 2);
        Ok(())
    })?;
    holds()
}

/// A process that has joined a descendant PID namespace for its children can return to its own by setns(2).
#[claim(source = "pid_namespaces(7) setns(2) and unshare(2) semantics", needs = [Root])]
fn setns_can_return_to_own_after_descendant() -> Verdict {
    let own = Namespace::own(Kind::Pid)?;
    let init = waiting(CLONE_NEWPID)?;
    setns(init.namespace(Kind::Pid)?, CLONE_NEWPID)?;
    expect_eq!(namespace_of_next_child()?, inode_of(init.pid(), Kind::Pid)?);
    expect_ok!(setns(&own, CLONE_NEWPID));
    expect_eq!(namespace_of_next_child()?, own.inode()?);
    holds()
}

/// The init of a PID namespace can join a descendant PID namespace for its children, as another member can.
///
/// The init itself stays in its own.
#[claim(
    source = ["Linux Namespaces", "setns(2) Details for specific namespace types"],
    needs = [Root],
    erratum = "«Linux Namespaces»: the init of a PID namespace cannot join another existing PID namespace. (No \
               process can change its own; for that of its children, being init makes no difference.)",
)]
fn ns_init_can_point_its_children_at_a_descendant() -> Verdict {
    let sibling = waiting(CLONE_NEWPID)?;
    let beside = sibling.namespace(Kind::Pid)?;
    child(CLONE_NEWPID, || {
        child(NONE, || points_its_children_at_a_descendant(&beside)).doing("by another member")?;
        points_its_children_at_a_descendant(&beside).doing("by init")
    })?;
    holds()
}

/// The init of a PID namespace can join another mount namespace by setns(2).
#[claim(source = "Linux Namespaces", needs = [Root])]
fn ns_init_can_switch_mount_namespace() -> Verdict {
    let other = waiting(CLONE_NEWNS | CLONE_NEWPID)?;
    let (mounts, pids) = (other.namespace(Kind::Mnt)?, other.namespace(Kind::Pid)?);
    child(CLONE_NEWPID, || {
        expect_ne!(own_inode(Kind::Mnt)?, mounts.inode()?);
        expect_errno!(setns(&pids, CLONE_NEWPID), EINVAL, "the PID namespace of the same process");
        expect_ok!(setns(&mounts, CLONE_NEWNS));
        expect_eq!(own_inode(Kind::Mnt)?, mounts.inode()?);
        Ok(())
    })?;
    holds()
}

fn joins_its_own() -> Outcome<()> {
    let own = Namespace::own(Kind::Pid)?;
    expect_ok!(setns(&own, CLONE_NEWPID));
    expect_eq!(own_inode(Kind::Pid)?, own.inode()?);
    expect_eq!(namespace_of_next_child()?, own.inode()?);
    Ok(())
}

fn points_its_children_at_a_descendant(beside: &Namespace) -> Outcome<()> {
    let own = own_inode(Kind::Pid)?;
    let init = waiting(CLONE_NEWPID)?;
    let below = init.namespace(Kind::Pid)?;
    expect_errno!(setns(beside, CLONE_NEWPID), EINVAL, "a sibling of its namespace");
    expect_ok!(setns(&below, CLONE_NEWPID));
    expect_eq!(own_inode(Kind::Pid)?, own, "the namespace it is in itself");
    expect_eq!(next_child_pid()?, 2, "the PID of its next child, beside the other namespace's init");
    expect_eq!(namespace_of_next_child()?, below.inode()?);
    Ok(())
}

/// Where the caller's next child is. It looks itself, by the procfs that it shares with the caller.
fn namespace_of_next_child() -> Outcome<Inode> {
    child(NONE, || own_inode(Kind::Pid))
}
