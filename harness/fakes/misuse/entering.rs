//! Wrong claims about where a process is that joined a namespace, and right ones beside them.

use kit::prelude::*;
use kit::process::member;

pub(crate) const CASES: &[Case] = cases![
    enters_what_it_names,
    enters_nothing,
    enters_more_than_it_names,
    enters_by_pidfd,
    enters_nothing_by_pidfd,
    body_runs_in_the_pid_namespace,
    body_runs_outside_the_pid_namespace,
    member_is_inside,
    member_is_outside,
    next_child_is_outside,
    next_child_is_inside,
];

/// A process that enters a UTS namespace is in it, and in no other IPC namespace than before.
#[claim(source = "namespaces(7)", needs = [Root])]
fn enters_what_it_names() -> Verdict {
    let there = waiting(CLONE_NEWUTS | CLONE_NEWIPC)?;
    let (uts, ipc) = (there.namespace(Kind::Uts)?.inode()?, own_inode(Kind::Ipc)?);
    let seen = enter(there.proc_pid()?, &[Kind::Uts], || Ok((own_inode(Kind::Uts)?, own_inode(Kind::Ipc)?)))?;
    expect_eq!(seen, (uts, ipc));
    holds()
}

/// A process that enters a UTS namespace stays where it was.
#[claim(source = "namespaces(7)", needs = [Root])]
fn enters_nothing() -> Verdict {
    let there = waiting(CLONE_NEWUTS)?;
    expect_eq!(enter(there.proc_pid()?, &[Kind::Uts], || own_inode(Kind::Uts))?, own_inode(Kind::Uts)?);
    holds()
}

/// A process that enters a UTS namespace is in the IPC namespace of its members.
#[claim(source = "namespaces(7)", needs = [Root])]
fn enters_more_than_it_names() -> Verdict {
    let there = waiting(CLONE_NEWUTS | CLONE_NEWIPC)?;
    let ipc = there.namespace(Kind::Ipc)?.inode()?;
    expect_eq!(enter(there.proc_pid()?, &[Kind::Uts], || own_inode(Kind::Ipc))?, ipc);
    holds()
}

/// A process that enters a UTS namespace by pidfd is in it.
#[claim(source = "namespaces(7)", needs = [Root])]
fn enters_by_pidfd() -> Verdict {
    let there = waiting(CLONE_NEWUTS)?;
    let uts = there.namespace(Kind::Uts)?.inode()?;
    expect_eq!(enter_by(there.pidfd(), CLONE_NEWUTS, || own_inode(Kind::Uts))?, uts);
    holds()
}

/// A process that enters a UTS namespace by pidfd stays where it was.
#[claim(source = "namespaces(7)", needs = [Root])]
fn enters_nothing_by_pidfd() -> Verdict {
    let there = waiting(CLONE_NEWUTS)?;
    expect_eq!(enter_by(there.pidfd(), CLONE_NEWUTS, || own_inode(Kind::Uts))?, own_inode(Kind::Uts)?);
    holds()
}

/// Who enters a PID namespace does what there is to do as its second process.
#[claim(source = "namespaces(7)", needs = [Root])]
fn body_runs_in_the_pid_namespace() -> Verdict {
    expect_eq!(pids_after_entering()?, [2, 2]);
    holds()
}

/// Who enters a PID namespace keeps its PID.
#[claim(source = "namespaces(7)", needs = [Root])]
fn body_runs_outside_the_pid_namespace() -> Verdict {
    expect_ne!(pids_after_entering()?, [2, 2]);
    holds()
}

/// Our PIDs in two new PID namespaces, each of which has an init: entered by its file, and by pidfd.
fn pids_after_entering() -> Outcome<[u32; 2]> {
    let [one, other] = [waiting(CLONE_NEWPID)?, waiting(CLONE_NEWPID)?];
    let own_pid = || Ok(std::process::id());
    Ok([enter(one.proc_pid()?, &[Kind::Pid], own_pid)?, enter_by(other.pidfd(), CLONE_NEWPID, own_pid)?])
}

/// A member of a PID namespace is in it.
#[claim(source = "namespaces(7)", needs = [Root])]
fn member_is_inside() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let inside = init.namespace(Kind::Pid)?;
    expect_eq!(member(&inside, |_| own_inode(Kind::Pid))?.join()?, inside.inode()?);
    holds()
}

/// A member of another PID namespace is in the case's.
#[claim(source = "namespaces(7)", needs = [Root])]
fn member_is_outside() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let inside = init.namespace(Kind::Pid)?;
    expect_eq!(member(&inside, |_| own_inode(Kind::Pid))?.join()?, own_inode(Kind::Pid)?);
    holds()
}

/// The child after a member is in the case's PID namespace.
#[claim(source = "namespaces(7)", needs = [Root])]
fn next_child_is_outside() -> Verdict {
    expect_eq!(after_a_member()?, own_inode(Kind::Pid)?);
    holds()
}

/// The child after a member is in another PID namespace.
#[claim(source = "namespaces(7)", needs = [Root])]
fn next_child_is_inside() -> Verdict {
    expect_ne!(after_a_member()?, own_inode(Kind::Pid)?);
    holds()
}

/// The PID namespace of a child that is made after a member of another.
fn after_a_member() -> Outcome<Inode> {
    let init = waiting(CLONE_NEWPID)?;
    let _member = member(&init.namespace(Kind::Pid)?, |parent| parent.wait())?;
    child(NONE, || own_inode(Kind::Pid))
}
