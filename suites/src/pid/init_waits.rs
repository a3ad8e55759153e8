//! Whom the init of a PID namespace kills and waits for when it ends: `pid_namespaces(7)`, The namespace init process.

use std::os::fd::{AsFd, OwnedFd};

use kit::eventually;
use kit::prelude::*;
use kit::process::{Change, member};
use kit::sys::raw::{exit_now, pidfd_send_signal};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Pid, setpgid};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    init_waits_for_the_last_of_several_members,
    init_with_dead_children_ends,
    members_of_a_group_without_leader_are_killed,
];

/// An init that was killed can be reaped once the last of several members has been whose parents are outside, and not before.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn init_waits_for_the_last_of_several_members() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let namespace = init.namespace(Kind::Pid)?;
    let members = [member(&namespace, Peer::wait)?, member(&namespace, Peer::wait)?, member(&namespace, Peer::wait)?];
    init.kill(libc::SIGKILL)?;
    for (number, member) in (1..).zip(members) {
        expect!(eventually(|| Change::has_ended(member.pidfd()))?, "member {number} lives on after init was killed");
        // What dies later and has nobody to wait for ends without ado.
        let without_members = waiting(CLONE_NEWPID)?;
        without_members.kill(libc::SIGKILL)?;
        without_members.wait()?;
        expect!(!Change::has_ended(init.pidfd())?, "init could be reaped before member {number}");
        expect_eq!(member.wait()?, Ended::Signaled(libc::SIGKILL), "member {number}");
    }
    expect!(eventually(|| Change::has_ended(init.pidfd()))?, "init has not ended after its last member was reaped");
    expect_eq!(init.wait()?, Ended::Signaled(libc::SIGKILL));
    holds()
}

/// An init ends also if it has several children that are dead and that it has not waited for.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [UserNamespaces])]
fn init_with_dead_children_ends() -> Verdict {
    user_namespace(NONE, || {
        for children in [1, 2, 5] {
            let init = spawn::<()>(CLONE_NEWPID, move |_| {
                let dead: Vec<_> = (0..children).map(|_| dead_and_not_reaped()).collect::<Outcome<_>>()?;
                expect_eq!(dead.len(), children);
                exit_now(5)
            })?;
            expect!(eventually(|| Change::has_ended(init.pidfd()))?, "init with {children} dead children goes on");
            expect_eq!(init.wait()?, Ended::Exited(5), "with {children} dead children");
        }
        holds()
    })
}

/// When init exits, members are killed whose process group has lost its leader, and those with higher PIDs than that had.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [UserNamespaces])]
fn members_of_a_group_without_leader_are_killed() -> Verdict {
    user_namespace(NONE, || {
        let init = spawn::<()>(CLONE_NEWPID, |outside| {
            let own_group = Pid::from_raw(0);
            let leader = waiting(NONE)?;
            setpgid(leader.pid(), own_group).doing("make a process group")?;
            let follower = waiting(NONE)?;
            setpgid(follower.pid(), leader.pid()).doing("join the process group")?;
            let other = waiting(NONE)?;
            leader.kill(libc::SIGKILL)?;
            leader.wait()?;
            outside.send_fd(follower.pidfd())?;
            outside.send_fd(other.pidfd())?;
            outside.wait()?;
            exit_now(5)
        })?;
        let members = [("the leader's follower", init.peer().recv_fd()?), ("another one", init.peer().recv_fd()?)];
        for (which, pidfd) in &members {
            pidfd_send_signal(pidfd, 0).doing(format!("reach {which}"))?;
        }
        init.go()?;
        expect!(eventually(|| Change::has_ended(init.pidfd()))?, "init goes on");
        expect_eq!(init.wait()?, Ended::Exited(5));
        for (which, pidfd) in &members {
            expect_errno!(pidfd_send_signal(pidfd, 0), ESRCH, "{which}");
        }
        holds()
    })
}

/// A child that has ended and that nobody has waited for.
fn dead_and_not_reaped() -> Outcome<OwnedFd> {
    let child = waiting(NONE)?;
    child.kill(libc::SIGKILL)?;
    let (_, pidfd) = child.forget();
    poll(&mut [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE).doing("wait for a child's death")?;
    Ok(pidfd)
}
