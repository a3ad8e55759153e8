//! Joining a PID namespace that has died: `setns(2)`, `pid_namespaces(7)` The namespace init process.

use kit::prelude::*;
use kit::process::try_fork;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![leaving_a_dead_pidns_allows_forks_again];

/// A process that has joined a PID namespace whose init is dead cannot fork (ENOMEM) until it has joined its own again.
#[claim(source = ["pid_namespaces(7) The namespace init process", "kernel/pid.c alloc_pid"], needs = [UserNamespaces])]
fn leaving_a_dead_pidns_allows_forks_again() -> Verdict {
    user_namespace(CLONE_NEWPID, || {
        let own = Namespace::own(Kind::Pid)?;
        let init = waiting(CLONE_NEWPID)?;
        let below = init.namespace(Kind::Pid)?;
        let joins_and_forks = |namespace: &Namespace| -> Outcome<nix::Result<()>> {
            expect_ok!(setns(namespace, CLONE_NEWPID));
            Ok(try_fork())
        };
        expect_ok!(joins_and_forks(&below)?, "while its init lives");
        init.kill(libc::SIGKILL)?;
        // It has died in full when this process, its parent, has reaped it.
        init.wait()?;
        expect_errno!(try_fork(), ENOMEM, "when its init has died");
        expect_ok!(joins_and_forks(&own)?, "back at home");
        expect_errno!(joins_and_forks(&below)?, ENOMEM, "once more in the dead one");
        expect_ok!(joins_and_forks(&own)?, "back at home once more");
        holds()
    })
}
