//! What root of a user namespace cannot change about the mounts it has inherited: `mount_namespaces(7)`, Restrictions.

use std::fs;

use kit::mounts::{mount_kind, set_attributes};
use kit::prelude::*;
use kit::sys::mount_attributes::MountAttributes;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use rustix::mount::MountAttrFlags;

use super::mounts::{PLACE, bind, mount_kind_at, remount};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    inherited_readonly_locked,
    inherited_nosuid_locked,
    inherited_nodev_locked,
    inherited_noexec_locked,
    mount_setattr_respects_locked_flags,
    inherited_filesystems_are_not_reconfigured,
    inherited_mounts_cannot_be_unmounted_singly,
    nonrecursive_bind_cannot_expose_what_is_beneath,
];

/// Root of a user namespace cannot make an inherited read-only mount writable: EPERM.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount_setattr(2) ERRORS"], needs = [Root])]
fn inherited_readonly_locked() -> Verdict {
    expect_locked(MsFlags::MS_RDONLY)
}

/// Root of a user namespace cannot take nosuid from an inherited mount: EPERM.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount_setattr(2) ERRORS"], needs = [Root])]
fn inherited_nosuid_locked() -> Verdict {
    expect_locked(MsFlags::MS_NOSUID)
}

/// Root of a user namespace cannot take nodev from an inherited mount: EPERM.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount_setattr(2) ERRORS"], needs = [Root])]
fn inherited_nodev_locked() -> Verdict {
    expect_locked(MsFlags::MS_NODEV)
}

/// Root of a user namespace cannot take noexec from an inherited mount: EPERM.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount_setattr(2) ERRORS"], needs = [Root])]
fn inherited_noexec_locked() -> Verdict {
    expect_locked(MsFlags::MS_NOEXEC)
}

/// mount_setattr() too gives EPERM for clearing an inherited flag in a user namespace; what was set there it clears.
#[claim(source = "mount_setattr(2) ERRORS", since = "5.12", needs = [Root])]
fn mount_setattr_respects_locked_flags() -> Verdict {
    for (flag, attribute) in [
        (MsFlags::MS_RDONLY, MountAttrFlags::MOUNT_ATTR_RDONLY),
        (MsFlags::MS_NOSUID, MountAttrFlags::MOUNT_ATTR_NOSUID),
        (MsFlags::MS_NODEV, MountAttrFlags::MOUNT_ATTR_NODEV),
        (MsFlags::MS_NOEXEC, MountAttrFlags::MOUNT_ATTR_NOEXEC),
    ] {
        let (set, clear) = (MountAttributes::setting(attribute), MountAttributes::clearing(attribute));
        child(CLONE_NEWNS, || {
            mount_with(flag)?;
            user_namespace(CLONE_NEWNS, || {
                expect_errno!(set_attributes(PLACE, &clear), EPERM, "{flag:?}, inherited");
                expect_ok!(set_attributes("/home", &set), "{flag:?}, where it was not set");
                expect_ok!(set_attributes("/home", &clear), "{flag:?}, set inside");
                Ok(())
            })?;
            expect_ok!(set_attributes(PLACE, &clear), "{flag:?}, outside");
            Ok(())
        })?;
    }
    holds()
}

/// Root of a user namespace cannot reconfigure a file system that was mounted outside (MS_REMOUNT without MS_BIND): EPERM.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn inherited_filesystems_are_not_reconfigured() -> Verdict {
    let reconfigure = |place: &str| {
        let size = Some("size=1m");
        mount(None::<&str>, place, None::<&str>, MsFlags::MS_REMOUNT, size)
    };
    child(CLONE_NEWNS, || {
        mount_with(MsFlags::empty())?;
        user_namespace(CLONE_NEWNS, || {
            expect_errno!(reconfigure(PLACE), EPERM, "an inherited tmpfs");
            mount_kind_at("tmpfs", "/home", None).doing("mount a tmpfs inside")?;
            expect_ok!(reconfigure("/home"), "a tmpfs that was mounted inside");
            Ok(())
        })?;
        expect_ok!(reconfigure(PLACE), "outside");
        holds()
    })
}

/// Root of a user namespace cannot unmount a single one of the inherited mounts: EINVAL, also when it is lazy.
///
/// Without a new user namespace root of the same mount namespace can, and also what was mounted inside goes.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "umount(2) ERRORS"], needs = [Root])]
fn inherited_mounts_cannot_be_unmounted_singly() -> Verdict {
    child(CLONE_NEWNS, || {
        let beneath = mount_two()?;
        user_namespace(CLONE_NEWNS, || {
            expect_errno!(umount2(beneath, MntFlags::empty()), EINVAL);
            expect_errno!(umount2(beneath, MntFlags::MNT_DETACH), EINVAL, "lazily");
            mount_kind_at("tmpfs", "/home", None).doing("mount a tmpfs inside")?;
            expect_ok!(umount2("/home", MntFlags::empty()), "what was mounted inside");
            Ok(())
        })?;
        child(CLONE_NEWNS, || {
            expect_ok!(umount2(beneath, MntFlags::empty()), "in a copy without a user namespace");
            holds()
        })
    })
}

/// Root of a user namespace cannot bind a directory without the inherited mounts in it: EINVAL; with them (MS_REC) it can.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount(2) ERRORS"], needs = [Root])]
fn nonrecursive_bind_cannot_expose_what_is_beneath() -> Verdict {
    child(CLONE_NEWNS, || {
        let beneath = mount_two()?;
        let bind_all = || mount(Some(PLACE), "/home", None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>);
        user_namespace(CLONE_NEWNS, || {
            expect_errno!(bind(PLACE, "/home"), EINVAL);
            expect_ok!(bind(beneath, "/home"), "a directory with no mount in it");
            umount2("/home", MntFlags::empty()).doing("unmount what was bound")?;
            expect_ok!(bind_all(), "with the mounts in it");
            expect!(!fs::exists("/home/folder/secret")?, "a file beneath the inner mount shows");
            Ok(())
        })?;
        child(CLONE_NEWNS, || {
            expect_ok!(bind(PLACE, "/home"), "in a copy without a user namespace");
            expect!(fs::exists("/home/folder/secret")?, "a file beneath the inner mount shows there");
            holds()
        })
    })
}

/// The claim says that root of a user namespace can set this flag of inherited mounts, and clear it again where it was set
/// inside, but not where it was set before.
fn expect_locked(flag: MsFlags) -> Verdict {
    child(CLONE_NEWNS, || {
        mount_with(flag)?;
        user_namespace(CLONE_NEWNS, || {
            expect_errno!(remount(PLACE, MsFlags::empty()), EPERM, "to clear {flag:?}, inherited");
            expect_ok!(remount(PLACE, flag), "to keep {flag:?}");
            expect_ok!(remount("/home", flag), "to set {flag:?} where it was not set");
            expect_ok!(remount("/home", MsFlags::empty()), "to clear {flag:?}, set inside");
            Ok(())
        })?;
        child(CLONE_NEWNS, || {
            expect_ok!(remount(PLACE, MsFlags::empty()), "to clear {flag:?} in a copy without a user namespace");
            holds()
        })
    })
}

/// Mounts a tmpfs with this flag on [`PLACE`], and one without any on `/home`.
fn mount_with(flag: MsFlags) -> Outcome<()> {
    mount_kind("tmpfs", PLACE, flag, None)?;
    mount_kind_at("tmpfs", "/home", None).doing("mount a tmpfs")
}

/// Mounts a tmpfs on [`PLACE`], and another in it that covers a directory with a file; returns where that one is.
fn mount_two() -> Outcome<&'static str> {
    let inner = "/mnt/folder";
    mount_kind_at("tmpfs", PLACE, None).doing("mount a tmpfs")?;
    fs::create_dir(inner).doing("make a directory")?;
    fs::write(format!("{inner}/secret"), "").doing("make a file")?;
    mount_kind_at("tmpfs", inner, None).doing("mount a tmpfs in it")?;
    Ok(inner)
}
