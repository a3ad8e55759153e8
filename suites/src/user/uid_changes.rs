//! What a change of user IDs does to capabilities in a user namespace: `capabilities(7)`, Effect of user ID changes.

use kit::prelude::*;
use kit::process::{Sets, every_capability, user_namespace_with};
use nix::unistd::{Uid, seteuid, setresuid};
use rustix::thread::{CapabilitySet, set_keep_capabilities};

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![setuid_away_from_mapped_root_drops_caps, setuid_without_mapped_root_keeps_caps];

/// When a process changes all its user IDs from 0 to others in a user namespace it loses all capabilities, and when only the
/// effective one, the effective set.
///
/// Back at effective user 0 it has the effective set again. PR_SET_KEEPCAPS keeps the permitted set.
#[claim(source = "capabilities(7) Effect of user ID changes on capabilities", needs = [Root, UserNamespaces])]
fn setuid_away_from_mapped_root_drops_caps() -> Verdict {
    let (all, none) = (every_capability()?, CapabilitySet::empty());
    with_ids(0, || {
        become_uid(0)?;
        expect_eq!(permitted_and_effective()?, (all, all), "as user 0");
        child(NONE, || {
            become_uid(5)?;
            expect_eq!(permitted_and_effective()?, (none, none), "as user 5");
            Ok(())
        })?;
        child(NONE, || {
            set_keep_capabilities(true).doing("PR_SET_KEEPCAPS")?;
            become_uid(5)?;
            expect_eq!(permitted_and_effective()?, (all, none), "as user 5, with PR_SET_KEEPCAPS");
            Ok(())
        })?;
        expect_ok!(seteuid(Uid::from_raw(5)));
        expect_eq!(permitted_and_effective()?, (all, none), "with effective user 5");
        expect_ok!(seteuid(Uid::from_raw(0)));
        expect_eq!(permitted_and_effective()?, (all, all), "with effective user 0 again");
        holds()
    })
}

/// In a user namespace that maps no user 0, a process that changes its user IDs keeps all capabilities.
#[claim(source = "capabilities(7) Effect of user ID changes on capabilities", needs = [Root, UserNamespaces])]
fn setuid_without_mapped_root_keeps_caps() -> Verdict {
    let (all, none) = (every_capability()?, CapabilitySet::empty());
    for (first, left) in [(4, all), (0, none)] {
        with_ids(first, || {
            become_uid(first)?;
            become_uid(8)?;
            expect_eq!(permitted_and_effective()?, (left, left), "from user {first} to user 8");
            Ok(())
        })?;
    }
    holds()
}

/// Runs `body` in a new user namespace that has ten users and groups from `first` up. Its creator is none of them.
fn with_ids<T>(first: u32, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let lines = vec![IdMap { inside: first, outside: 100_000, count: 10 }];
    let maps = Maps { uid: lines.clone(), gid: lines, deny_setgroups: false };
    user_namespace_with(&maps, NONE, |_| body())?.join()
}

fn become_uid(id: u32) -> Outcome<()> {
    let id = Uid::from_raw(id);
    setresuid(id, id, id).doing("setresuid")
}

fn permitted_and_effective() -> Outcome<(CapabilitySet, CapabilitySet)> {
    let sets = Sets::own()?;
    Ok((sets.permitted, sets.effective))
}
