//! Detached mounts count as mount namespaces: `namespaces(7)`, `open_tree(2)`, `fsmount(2)`.

use kit::eventually;
use kit::mounts::{Detached, tmpfs};
use kit::prelude::*;
use kit::sysctl::set_sysctl;
use rustix::mount::MountAttrFlags;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![a_detached_mount_counts_as_a_mount_namespace];

/// open_tree(OPEN_TREE_CLONE) and fsmount() fail with ENOSPC where the user has user.max_mnt_namespaces mount namespaces.
///
/// Each detached mount lives in one of its own as long as it is open; open_tree() alone makes none.
#[claim(
    source = ["open_tree(2) ERRORS", "fsmount(2) ERRORS", "namespaces(7) The /proc/sys/user directory"],
    needs = [UserNamespaces],
)]
fn a_detached_mount_counts_as_a_mount_namespace() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWNS, || {
            // What is inherited cannot be copied without all that is mounted below it.
            tmpfs("/mnt")?;
            let copied = || Detached::copy_of("/mnt");
            let made = || Detached::new("tmpfs", &[], MountAttrFlags::empty());
            // The one that the caller is in counts.
            set_sysctl("user/max_mnt_namespaces", 1).doing("allow no more")?;
            expect_errno!(copied(), ENOSPC, "open_tree");
            expect_errno!(made(), ENOSPC, "fsmount");
            expect_errno!(child(NONE, || Ok(unshare(CLONE_NEWNS).portable()))?, ENOSPC, "unshare");
            expect_ok!(Detached::opened("/mnt"), "open_tree without OPEN_TREE_CLONE");
            set_sysctl("user/max_mnt_namespaces", 2).doing("allow one more")?;
            let makers: [&dyn Fn() -> kit::Answer<Detached>; 2] = [&copied, &made];
            for maker in makers {
                let one = expect_ok!(maker(), "with room for one");
                for other in makers {
                    expect_errno!(other(), ENOSPC, "while there is a detached mount");
                }
                drop(one);
                expect!(eventually(|| Ok(maker().is_ok()))?, "there is no room after the detached mount was closed");
                expect!(eventually(|| Ok(maker().is_ok()))?, "there is no room after the detached mount was closed");
            }
            holds()
        })
    })
}
