//! Those who have all capabilities in a user namespace, and none outside: for the cases about what these are not enough
//! for.

use super::capability_sets::Sets;
use super::credentials::unprivileged;
use super::userns::{Maps, user_namespace, user_namespace_with};
use crate::sys::clone::CloneFlags;
use crate::words::verdict::{Failure, Outcome};

/// Runs `body` twice, as root of a new user namespace with further ones by `flags`: as an ordinary user who has made
/// himself root of it, and as root outside, who is the same user 0 inside. Its argument says which in words.
pub fn as_each_inner_root(flags: CloneFlags, body: impl Fn(&str) -> Outcome<()>) -> Outcome<()> {
    let with_all = |whose: &str| {
        if Sets::own()?.effective != Sets::full()?.effective {
            return Err(Failure::broken("the first process of a user namespace has not all capabilities there"));
        }
        body(whose)
    };
    unprivileged(CloneFlags::empty(), || user_namespace(flags, || with_all("root of an ordinary user's namespace")))?;
    let same =
        user_namespace_with(&Maps::range(0, 65_536), flags, |_| with_all("root of a namespace that is root outside"))?;
    same.join()
}
