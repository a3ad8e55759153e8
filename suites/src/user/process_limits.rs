//! RLIMIT_NPROC of `getrlimit(2)` in user namespaces within each other, and where a process becomes another user.

use kit::prelude::*;
use kit::process::{Identity, become_user, container_with, owned_by};
use nix::errno::Errno;
use nix::sys::resource::Resource;
use nix::unistd::execve;

use super::counted_limits::{limit, lone_user};
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    rlimit_nproc_below_is_counted_above,
    rlimit_nproc_of_the_creator_binds_all_users_inside,
    rlimit_nproc_exceeded_by_setuid_stops_execve,
    rlimit_nproc_reached_by_setuid_does_not_stop_execve,
    rlimit_nproc_reached_by_setuid_stopped_execve,
];

/// RLIMIT_NPROC counts the processes of all users in a user namespace for its creator, in the namespace around it.
#[claim(
    source = ["kernel/ucount.c inc_rlimit_ucounts", "getrlimit(2) RLIMIT_NPROC"],
    since = "5.14",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn rlimit_nproc_below_is_counted_above() -> Verdict {
    let creator = lone_user()?;
    let may_fork = || {
        child(NONE, || {
            become_user(creator)?;
            limit(Resource::RLIMIT_NPROC, 3)?;
            Ok(try_fork().portable())
        })
    };
    expect_ok!(may_fork()?, "the creator, which has nothing");
    let inside = owned_by(creator, Some(&Maps::range(creator + 100, 10)), NONE, |outside| {
        Identity::root_inside().assume()?;
        let users = [kit::process::waiting_as(7)?, kit::process::waiting_as(8)?];
        outside.go()?;
        outside.wait()?;
        drop(users);
        Ok(())
    })?;
    inside.recv::<()>()?;
    expect_errno!(
        may_fork()?,
        EAGAIN,
        "the creator, with three processes in its namespace, two of them of other users"
    );
    inside.go()?;
    inside.join()?;
    expect_ok!(may_fork()?, "the creator, when these have ended");
    holds()
}

/// RLIMIT_NPROC of the process that makes a user namespace binds all users there together, though each of them is below its own.
#[claim(
    source = ["kernel/ucount.c inc_rlimit_ucounts", "kernel/user_namespace.c create_user_ns"],
    since = "5.14",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn rlimit_nproc_of_the_creator_binds_all_users_inside() -> Verdict {
    let creator = lone_user()?;
    for (most, fits) in [(4, false), (5, true)] {
        let process = spawn(NONE, |outside| {
            Identity::user(creator).keeping(rustix::thread::CapabilitySet::empty()).assume()?;
            limit(Resource::RLIMIT_NPROC, most)?;
            unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
            outside.go()?;
            outside.wait()?;
            Identity::root_inside().assume()?;
            let _first = kit::process::waiting_as(7)?;
            let _second = kit::process::waiting_as(8)?;
            child(NONE, || {
                become_user(9)?;
                Ok(try_fork().portable())
            })
        })?;
        process.recv::<()>()?;
        Maps::range(creator + 100, 10).write(&process.pid().to_string())?;
        process.go()?;
        // The namespace's root, users 7, 8 and 9, and the child of the last.
        match fits {
            true => expect_ok!(process.join()?, "a fifth process, where {most} are allowed"),
            false => expect_errno!(process.join()?, EAGAIN, "a fifth process, where {most} are allowed"),
        }
    }
    holds()
}

/// A process that becomes a user with more processes than RLIMIT_NPROC allows cannot execute a program: execve() fails with EAGAIN.
///
/// In a user namespace, too. When the user has fewer processes again, it can.
#[claim(
    source = ["execve(2) ERRORS", "kernel/sys.c flag_nproc_exceeded"],
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn rlimit_nproc_exceeded_by_setuid_stops_execve() -> Verdict {
    in_and_outside(|user| executing(user, 3, Errno::EAGAIN))
}

/// A process that becomes a user with just as many processes as RLIMIT_NPROC allows can execute a program, though it is one more.
#[claim(
    source = ["execve(2) ERRORS", "kernel/sys.c flag_nproc_exceeded"],
    since = "5.14",
    replaces = "rlimit_nproc_reached_by_setuid_stopped_execve",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn rlimit_nproc_reached_by_setuid_does_not_stop_execve() -> Verdict {
    in_and_outside(|user| executing(user, 2, Errno::ENOENT))
}

/// A process that becomes a user with just as many processes as RLIMIT_NPROC allows cannot execute a program: execve() fails with EAGAIN.
#[claim(
    source = ["execve(2) ERRORS", "kernel/sys.c set_user"],
    until = "5.14",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn rlimit_nproc_reached_by_setuid_stopped_execve() -> Verdict {
    in_and_outside(|user| executing(user, 2, Errno::EAGAIN))
}

/// As a user outside, and as one of a user namespace.
fn in_and_outside(tried: impl Fn(u32) -> Verdict) -> Verdict {
    let first = lone_user()?;
    tried(first).doing("outside")?;
    let inside = container_with(&Maps::range(first + 100, 10), NONE, |_| tried(5))?;
    inside.join().doing("in a user namespace")
}

/// The claim says that execve(2) of a file that there is not is answered so by a process that becomes a user with so many
/// processes, where two are allowed; and that the file is looked for when the others have ended.
fn executing(user: u32, others: usize, expected: Errno) -> Verdict {
    // The file is looked for after that.
    let execute = || execve(c"/no-such-program", &[c"no-such-program"], &[] as &[&std::ffi::CStr]).map(drop);
    let others = (0..others).map(|_| kit::process::waiting_as(user)).collect::<Outcome<Vec<_>>>()?;
    let process = spawn(NONE, |outside| {
        limit(Resource::RLIMIT_NPROC, 2)?;
        become_user(user)?;
        expect_eq!(execute(), Err(expected), "with {} others, where two processes are allowed", others.len());
        outside.go()?;
        outside.wait()?;
        expect_errno!(execute(), ENOENT, "without the others");
        holds()
    })?;
    process.recv::<()>()?;
    drop(others);
    process.go()?;
    process.join()
}
