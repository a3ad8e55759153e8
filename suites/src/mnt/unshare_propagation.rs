//! Where a mount shows that is made inside of `unshare(1)`: its option `--propagation`.

use kit::mounts::Propagation::{Private, Shared};
use kit::mounts::{Propagation, Tree};
use kit::prelude::*;
use kit::process::expect_success;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![unshare_option_decides_where_mounts_show, unshare_with_a_user_namespace_keeps_mounts_inside];

/// A mount that a program makes inside of «unshare --mount» shows outside below a shared mount only, and only with --propagation
/// shared or unchanged.
#[claim(
    source = ["unshare(1)", "mount_namespaces(7) NOTES", "Linux Namespaces"],
    needs = [Root, Tool("unshare"), Tool("mount")],
    deadline = 30,
)]
fn unshare_option_decides_where_mounts_show() -> Verdict {
    for (option, shows) in [
        (None, false),
        (Some("private"), false),
        (Some("slave"), false),
        (Some("shared"), true),
        (Some("unchanged"), true),
    ] {
        expect_eq!(shows_outside(Shared, &[], option)?, shows, "below a shared mount, with {option:?}");
        expect!(!shows_outside(Private, &[], option)?, "it shows below a private mount, with {option:?}");
    }
    holds()
}

/// A mount that a program makes inside of «unshare --user --map-root-user --mount» shows outside with no --propagation at all.
#[claim(
    source = ["unshare(1)", "mount_namespaces(7) Restrictions on mount namespaces"],
    needs = [Root, Config("USER_NS"), Tool("unshare"), Tool("mount")],
    deadline = 30,
)]
fn unshare_with_a_user_namespace_keeps_mounts_inside() -> Verdict {
    let with_user = ["--user", "--map-root-user"];
    for option in [None, Some("private"), Some("slave"), Some("shared"), Some("unchanged")] {
        expect!(!shows_outside(Shared, &with_user, option)?, "it shows, with {option:?}");
    }
    expect!(shows_outside(Shared, &[], Some("unchanged"))?, "without a user namespace it does not show");
    holds()
}

/// Whether a bind mount that mount(8) makes inside of `unshare --mount` with these options, below a mount of this type, shows
/// outside. Inside it does.
fn shows_outside(kind: Propagation, options: &[&str], propagation: Option<&str>) -> Outcome<bool> {
    child(CLONE_NEWNS, || {
        let tree = Tree::new()?;
        tree.dir("from")?.tmpfs("m")?.make("m", kind)?.dir("m/to")?;
        let (from, to) = (tree.path("from"), tree.path("m/to"));
        let (from, to) = (from.to_string_lossy(), to.to_string_lossy());
        let mut line = vec!["unshare", "--mount"];
        line.extend(options);
        if let Some(propagation) = propagation {
            line.extend(["--propagation", propagation]);
        }
        line.extend(["mount", "--bind", &from, &to]);
        expect_success(&line)?;
        tree.is_mounted("m/to")
    })
}
