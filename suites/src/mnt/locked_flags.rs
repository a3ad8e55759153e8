//! The flags of inherited mounts are locked in a less privileged mount namespace: `mount_namespaces(7)`, Restrictions on
//! mount namespaces.
//!
//! That each flag cannot be cleared by root of a user namespace is claimed in the suite `user`.

use kit::mounts::{MS_NOSYMFOLLOW, Mounts, Options, Propagation, Tree, set_attributes};
use kit::prelude::*;
use kit::process::{run_line, user_namespace_with};
use kit::sys::mount_attributes::MountAttributes;
use nix::mount::MsFlags;
use rustix::fs::CWD;
use rustix::mount::{FsPickFlags, MountAttrFlags, fsconfig_reconfigure, fspick};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    the_access_time_mode_is_locked_in_every_direction,
    nosymfollow_is_not_locked,
    mount_setattr_clears_nosymfollow_of_an_inherited_mount,
    restrictions_are_added_to_locked_flags_and_taken_back,
    locked_flags_go_along_with_a_bind,
    flags_of_mounts_that_arrive_are_locked,
    remount_rw_of_an_inherited_mount_fails,
    fspick_cannot_reconfigure_an_inherited_file_system,
];

/// The access time mode of an inherited mount cannot be changed in a less privileged namespace, to whatever mode; the
/// remount fails with EPERM.
///
/// A remount that names no access time flag keeps the mode and succeeds.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root, Config("USER_NS")])]
fn the_access_time_mode_is_locked_in_every_direction() -> Verdict {
    let tree = Tree::new()?;
    for (mode, name) in MODES {
        tree.mount("tmpfs", name, mode, None)?;
    }
    let before = tree.mounts()?;
    user_namespace(CLONE_NEWNS, || {
        for (_, from) in MODES {
            for (mode, to) in MODES.iter().filter(|(_, to)| *to != from) {
                expect_errno!(tree.bind_remount(from, *mode), EPERM, "from {from} to {to}");
            }
            expect_ok!(tree.bind_remount(from, MsFlags::empty()), "{from}, with no flag");
        }
        expect_eq!(options(&tree.mounts()?), options(&before));
        Ok(())
    })?;
    child(CLONE_NEWNS, || {
        for (own, from) in MODES {
            for (mode, to) in MODES {
                expect_ok!(tree.bind_remount(from, mode), "from {from} to {to}, in a copy with the same owner");
                expect_eq!(tree.mounts()?.at(from)?.options, before.at(to)?.options, "from {from} to {to}");
                tree.bind_remount(from, own)?;
            }
        }
        holds()
    })
}

/// MS_NOSYMFOLLOW of an inherited mount can be cleared in a less privileged namespace.
///
/// It is the only one of the flags that restrict what can be done by a mount which is not locked.
#[claim(source = "fs/namespace.c can_change_locked_flags", since = "5.10", needs = [Root, Config("USER_NS")])]
fn nosymfollow_is_not_locked() -> Verdict {
    expect_nosymfollow_cleared(|tree| tree.bind_remount("a", MsFlags::MS_NOEXEC).map(drop))
}

/// mount_setattr() clears MOUNT_ATTR_NOSYMFOLLOW of an inherited mount in a less privileged namespace.
#[claim(source = "fs/namespace.c can_change_locked_flags", since = "5.14", needs = [Root, Config("USER_NS")])]
fn mount_setattr_clears_nosymfollow_of_an_inherited_mount() -> Verdict {
    let attribute = MountAttrFlags::from_bits_retain(0x0020_0000);
    expect_nosymfollow_cleared(|tree| set_attributes(tree.path("a"), &MountAttributes::clearing(attribute)))
}

/// A less privileged namespace can add any of MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC to an inherited mount with others of
/// them, and take them back.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root, Config("USER_NS")])]
fn restrictions_are_added_to_locked_flags_and_taken_back() -> Verdict {
    for inherited in LOCKABLE {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.mount("tmpfs", "a", inherited, None)?;
            user_namespace(CLONE_NEWNS, || {
                let before = tree.mounts()?;
                for added in LOCKABLE.into_iter().filter(|flag| *flag != inherited) {
                    expect_ok!(tree.bind_remount("a", inherited | added), "{added:?} to {inherited:?}");
                    expect_ne!(tree.mounts()?, before, "{added:?} to {inherited:?}");
                    expect_errno!(tree.bind_remount("a", added), EPERM, "{added:?} instead of {inherited:?}");
                    expect_ok!(tree.bind_remount("a", inherited), "{added:?} from {inherited:?}");
                    expect_eq!(tree.mounts()?, before, "{added:?} from {inherited:?}");
                }
                Ok(())
            })
        })?;
    }
    holds()
}

/// A bind mount of an inherited mount, made in a less privileged namespace, has the same flags locked.
#[claim(
    source = ["fs/namespace.c clone_mnt", "mount_namespaces(7) Restrictions on mount namespaces"],
    needs = [Root, Config("USER_NS")],
)]
fn locked_flags_go_along_with_a_bind() -> Verdict {
    for flag in LOCKABLE {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.mount("tmpfs", "a", flag, None)?.tmpfs("b")?.dir("to a")?.dir("to b")?;
            user_namespace(CLONE_NEWNS, || {
                tree.bind_remount("b", flag)?.bind("a", "to a")?.bind("b", "to b")?;
                let seen = tree.mounts()?;
                expect_eq!(seen.at("to a")?.options, seen.at("a")?.options, "{flag:?}");
                expect_errno!(tree.bind_remount("to a", MsFlags::empty()), EPERM, "{flag:?}, inherited");
                expect_ok!(tree.bind_remount("to b", MsFlags::empty()), "{flag:?}, set inside");
                Ok(())
            })
        })?;
    }
    holds()
}

/// The flags of a mount that arrives in a less privileged namespace by propagation are locked there, and not where it came
/// from.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount_setattr(2) ERRORS"], needs = [Root, Config("USER_NS")])]
fn flags_of_mounts_that_arrive_are_locked() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("s", Propagation::Shared)?;
    let points = ["s/1", "s/2", "s/3", "s/4"];
    for point in points {
        tree.dir(point)?;
    }
    let with_flags = || LOCKABLE.into_iter().zip(points);
    let less = user_namespace_with(&Maps::own_as_root(), CLONE_NEWNS, |outside| {
        outside.wait()?;
        let seen = tree.mounts()?;
        for (flag, point) in with_flags() {
            expect_errno!(tree.bind_remount(point, MsFlags::empty()), EPERM, "{flag:?}");
            expect_ok!(tree.bind_remount(point, flag), "with {flag:?} kept");
        }
        Ok(seen)
    })?;
    for (flag, point) in with_flags() {
        tree.mount("tmpfs", point, flag, None)?;
    }
    less.go()?;
    let (inside, outside) = (less.join()?, tree.mounts()?);
    for (flag, point) in with_flags() {
        expect_eq!(inside.at(point)?.options, outside.at(point)?.options, "{flag:?} inside and outside");
        expect_ok!(tree.bind_remount(point, MsFlags::empty()), "{flag:?}, outside");
    }
    holds()
}

/// «mount -o remount,rw» of a bind mount that was made read-only outside fails in a less privileged namespace.
#[claim(
    source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount(8)"],
    needs = [Root, Config("USER_NS"), Tool("mount")],
)]
fn remount_rw_of_an_inherited_mount_fails() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.bind("a", "b")?.bind_remount("b", MsFlags::MS_RDONLY)?;
    let point = tree.path("b").to_string_lossy().into_owned();
    let remount = || run_line(&["mount", "-o", "remount,rw", &point]);
    let is_read_only = || Ok::<_, Failure>(tree.mounts()?.at("b")?.options.has("ro"));
    user_namespace(CLONE_NEWNS, || {
        let run = remount()?;
        expect_eq!(run.status, Some(32), "{run:?}");
        expect!(is_read_only()?, "it is writable");
        Ok(())
    })?;
    let run = remount()?;
    expect_eq!(run.status, Some(0), "outside: {run:?}");
    expect!(!is_read_only()?, "it is read-only outside");
    holds()
}

/// Reconfiguring a file system that was mounted outside, by fspick(2) and FSCONFIG_CMD_RECONFIGURE, fails with EPERM in a less
/// privileged namespace.
#[claim(source = ["fsconfig(2)", "fs/fsopen.c"], needs = [Root, Config("USER_NS")])]
fn fspick_cannot_reconfigure_an_inherited_file_system() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("own")?;
    let reconfigured = |name: &str| -> Outcome<_> {
        let context = fspick(CWD, tree.path(name), FsPickFlags::FSPICK_CLOEXEC).doing("fspick")?;
        Ok(fsconfig_reconfigure(&context).portable())
    };
    user_namespace(CLONE_NEWNS, || {
        tree.tmpfs("own")?;
        expect_errno!(reconfigured("a")?, EPERM, "mounted outside");
        expect_ok!(reconfigured("own")?, "mounted inside");
        Ok(())
    })?;
    child(CLONE_NEWNS, || {
        expect_ok!(reconfigured("a")?, "in a copy with the same owner");
        holds()
    })
}

/// The access time modes, by flags that ask for them and a name.
const MODES: [(MsFlags, &str); 4] = [
    (MsFlags::MS_RELATIME, "relatime"),
    (MsFlags::MS_NOATIME, "noatime"),
    (MsFlags::MS_STRICTATIME, "strictatime"),
    (MsFlags::MS_NODIRATIME, "nodiratime"),
];

/// The flags that are locked, the access time aside.
const LOCKABLE: [MsFlags; 4] = [MsFlags::MS_RDONLY, MsFlags::MS_NOSUID, MsFlags::MS_NODEV, MsFlags::MS_NOEXEC];

/// The options of all mounts.
fn options(mounts: &Mounts) -> Vec<Options> {
    mounts.iter().map(|mount| mount.options.clone()).collect()
}

/// The claim says that `clear` takes MS_NOSYMFOLLOW from the inherited mount «a», which has MS_NOEXEC, too.
fn expect_nosymfollow_cleared(clear: impl Fn(&Tree) -> kit::Answer) -> Verdict {
    let tree = Tree::new()?;
    tree.mount("tmpfs", "a", MS_NOSYMFOLLOW | MsFlags::MS_NOEXEC, None)?;
    let shown = || Ok::<_, Failure>(tree.mounts()?.at("a")?.options.has("nosymfollow"));
    expect!(shown()?, "before");
    user_namespace(CLONE_NEWNS, || {
        expect_errno!(tree.bind_remount("a", MS_NOSYMFOLLOW), EPERM, "MS_NOEXEC of the same mount");
        expect_ok!(clear(&tree));
        expect!(!shown()?, "it is still there");
        Ok(())
    })?;
    expect!(shown()?, "outside, where it was not cleared");
    holds()
}
