//! What of a process's settings by prctl(2) it takes along into a user namespace.

use kit::prelude::*;
use kit::process::{NOBODY, owned_by};
use nix::sys::prctl::{
    get_child_subreaper, get_keepcaps, get_no_new_privs, get_pdeathsig, get_thp_disable, get_timerslack,
    set_child_subreaper, set_keepcaps, set_no_new_privs, set_pdeathsig, set_thp_disable, set_timerslack,
};
use nix::sys::signal::Signal;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![keepcaps_is_cleared_on_entry, settings_stay_on_creation, pdeathsig_stays_with_the_creator_only];

/// PR_SET_KEEPCAPS that was set outside is clear in a user namespace that the process creates or joins.
///
/// Set inside it stays.
#[claim(source = ["user_namespaces(7) Capabilities", "PR_SET_KEEPCAPS(2const)"], needs = [UserNamespaces])]
fn keepcaps_is_cleared_on_entry() -> Verdict {
    unprivileged(NONE, || {
        let other = waiting(CLONE_NEWUSER)?;
        let keeps = || get_keepcaps().doing("PR_GET_KEEPCAPS");
        set_keepcaps(true).doing("PR_SET_KEEPCAPS")?;
        expect!(child(NONE, keeps)?, "in a child without a user namespace of its own");
        expect!(!child(CLONE_NEWUSER, keeps)?, "in a child in a new user namespace");
        child(NONE, || {
            expect_ok!(unshare(CLONE_NEWUSER));
            expect!(!keeps()?, "after unshare");
            set_keepcaps(true).doing("PR_SET_KEEPCAPS")?;
            expect!(keeps()?, "set inside");
            Ok(())
        })?;
        expect_ok!(setns(other.namespace(Kind::User)?, CLONE_NEWUSER));
        expect!(!keeps()?, "after setns");
        holds()
    })
}

/// Other settings of a process stay as they are when it makes a user namespace: no_new_privs, subreaper, timer slack, huge pages.
#[claim(source = ["prctl(2)", "kernel/user_namespace.c"], needs = [UserNamespaces])]
fn settings_stay_on_creation() -> Verdict {
    unprivileged(NONE, || {
        let settings =
            || -> Outcome<(bool, bool, i32)> { Ok((get_no_new_privs()?, get_child_subreaper()?, get_timerslack()?)) };
        let plain = child(NONE, || {
            unshare(CLONE_NEWUSER).doing("unshare")?;
            settings()
        })?;
        expect_eq!((plain.0, plain.1), (false, false), "where nothing was set");
        set_no_new_privs().doing("PR_SET_NO_NEW_PRIVS")?;
        set_child_subreaper(true).doing("PR_SET_CHILD_SUBREAPER")?;
        set_timerslack(123_456).doing("PR_SET_TIMERSLACK")?;
        set_thp_disable(true).doing("PR_SET_THP_DISABLE")?;
        expect_ok!(unshare(CLONE_NEWUSER), "with no_new_privs");
        expect_eq!(settings()?, (true, true, 123_456), "in the new user namespace");
        expect!(get_thp_disable().doing("PR_GET_THP_DISABLE")?, "huge pages, in the new user namespace");
        holds()
    })
}

/// PR_SET_PDEATHSIG stays when a process makes a user namespace, and when it joins its own; in another user's it is cleared.
#[claim(source = ["PR_SET_PDEATHSIG(2const)", "kernel/cred.c commit_creds"], needs = [Root, UserNamespaces])]
fn pdeathsig_stays_with_the_creator_only() -> Verdict {
    let signal = || get_pdeathsig().doing("PR_GET_PDEATHSIG");
    let with_signal = |enter: &dyn Fn() -> nix::Result<()>| {
        child(NONE, || {
            set_pdeathsig(Signal::SIGUSR1).doing("PR_SET_PDEATHSIG")?;
            expect_ok!(enter());
            Ok(signal()?.map(|signal| signal as i32))
        })
    };
    let (mine, theirs) = (waiting(CLONE_NEWUSER)?, owned_by(NOBODY, None, NONE, Peer::wait)?);
    let (mine, theirs) = (mine.namespace(Kind::User)?, theirs.namespace(Kind::User)?);
    expect_eq!(with_signal(&|| unshare(CLONE_NEWUSER))?, Some(libc::SIGUSR1), "in a new one");
    expect_eq!(with_signal(&|| setns(&mine, CLONE_NEWUSER))?, Some(libc::SIGUSR1), "in one that the user owns");
    expect_eq!(with_signal(&|| setns(&theirs, CLONE_NEWUSER))?, None, "in one that another user owns");
    holds()
}
