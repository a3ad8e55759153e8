//! What root of a user namespace cannot change about the mounts it has inherited: `mount_namespaces(7)`, Restrictions.

use std::fs;

use kit::mounts::{bind, bind_remount, detach, mount_kind, rbind, remount, set_attributes, umount};
use kit::prelude::*;
use kit::sys::mount_attributes::MountAttributes;
use nix::mount::MsFlags;
use rustix::mount::MountAttrFlags;

use super::mounts::{PLACE, mount_kind_at};

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

/// Root of a user namespace cannot make an inherited read-only mount writable; the remount fails with EPERM.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount_setattr(2) ERRORS"], needs = [Root, UserNamespaces])]
fn inherited_readonly_locked() -> Verdict {
    expect_locked(MsFlags::MS_RDONLY)
}

/// Root of a user namespace cannot clear MS_NOSUID of an inherited mount; the remount fails with EPERM.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount_setattr(2) ERRORS"], needs = [Root, UserNamespaces])]
fn inherited_nosuid_locked() -> Verdict {
    expect_locked(MsFlags::MS_NOSUID)
}

/// Root of a user namespace cannot clear MS_NODEV of an inherited mount; the remount fails with EPERM.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount_setattr(2) ERRORS"], needs = [Root, UserNamespaces])]
fn inherited_nodev_locked() -> Verdict {
    expect_locked(MsFlags::MS_NODEV)
}

/// Root of a user namespace cannot clear MS_NOEXEC of an inherited mount; the remount fails with EPERM.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount_setattr(2) ERRORS"], needs = [Root, UserNamespaces])]
fn inherited_noexec_locked() -> Verdict {
    expect_locked(MsFlags::MS_NOEXEC)
}

/// In a user namespace, mount_setattr() that clears an inherited mount's flag or changes its access time setting fails with
/// EPERM.
///
/// It can clear the flags that were set in the namespace, and change the access time setting of mounts that were made there.
#[claim(
    source = ["mount_setattr(2) ERRORS", "mount_namespaces(7) Restrictions on mount namespaces"],
    since = "5.12",
    needs = [Root, UserNamespaces],
)]
fn mount_setattr_respects_locked_flags() -> Verdict {
    for change in &ACCESS_TIMES {
        child(CLONE_NEWNS, || {
            mount_with(MsFlags::empty())?;
            user_namespace(CLONE_NEWNS, || {
                expect_errno!(set_attributes(PLACE, change), EPERM, "{change}, inherited");
                mount_kind_at("tmpfs", "/home", None).doing("mount a tmpfs inside")?;
                expect_ok!(set_attributes("/home", change), "{change}, mounted inside");
                Ok(())
            })?;
            expect_ok!(set_attributes(PLACE, change), "{change}, outside");
            Ok(())
        })?;
    }
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

/// For root of a user namespace, reconfiguring a file system that was mounted outside (MS_REMOUNT without MS_BIND) fails with
/// EPERM.
#[claim(source = "mount(2) ERRORS", needs = [Root, UserNamespaces])]
fn inherited_filesystems_are_not_reconfigured() -> Verdict {
    let reconfigure = |place: &str| remount(place, MsFlags::empty(), Some("size=1m"));
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

/// Root of a user namespace cannot unmount a single inherited mount: umount() fails with EINVAL, with MNT_DETACH as well.
///
/// It can unmount what was mounted inside, and root in a copy of the mount namespace without a new user namespace can
/// unmount the inherited one.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "umount(2) ERRORS"], needs = [Root, UserNamespaces])]
fn inherited_mounts_cannot_be_unmounted_singly() -> Verdict {
    child(CLONE_NEWNS, || {
        let beneath = mount_two()?;
        user_namespace(CLONE_NEWNS, || {
            expect_errno!(umount(beneath), EINVAL);
            expect_errno!(detach(beneath), EINVAL, "lazily");
            mount_kind_at("tmpfs", "/home", None).doing("mount a tmpfs inside")?;
            expect_ok!(umount("/home"), "what was mounted inside");
            Ok(())
        })?;
        child(CLONE_NEWNS, || {
            expect_ok!(umount(beneath), "in a copy without a user namespace");
            holds()
        })
    })
}

/// Root of a user namespace can bind a directory only with the inherited mounts in it (MS_REC); without them the call fails
/// with EINVAL.
#[claim(source = ["mount_namespaces(7) Restrictions on mount namespaces", "mount(2) ERRORS"], needs = [Root, UserNamespaces])]
fn nonrecursive_bind_cannot_expose_what_is_beneath() -> Verdict {
    child(CLONE_NEWNS, || {
        let beneath = mount_two()?;
        user_namespace(CLONE_NEWNS, || {
            expect_errno!(bind(PLACE, "/home"), EINVAL);
            expect_ok!(bind(beneath, "/home"), "a directory with no mount in it");
            umount("/home").doing("unmount what was bound")?;
            expect_ok!(rbind(PLACE, "/home"), "with the mounts in it");
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

/// Changes to other access time settings than relatime, the default.
const ACCESS_TIMES: [MountAttributes; 3] = [
    MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_NOATIME).and_clearing(MountAttrFlags::MOUNT_ATTR__ATIME),
    MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_STRICTATIME).and_clearing(MountAttrFlags::MOUNT_ATTR__ATIME),
    MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_NODIRATIME),
];

/// The claim says that root of a user namespace can set this flag of inherited mounts, and clear it again where it was set
/// inside, but not where it was set before.
fn expect_locked(flag: MsFlags) -> Verdict {
    child(CLONE_NEWNS, || {
        mount_with(flag)?;
        user_namespace(CLONE_NEWNS, || {
            expect_errno!(bind_remount(PLACE, MsFlags::empty()), EPERM, "to clear {flag:?}, inherited");
            expect_ok!(bind_remount(PLACE, flag), "to keep {flag:?}");
            expect_ok!(bind_remount("/home", flag), "to set {flag:?} where it was not set");
            expect_ok!(bind_remount("/home", MsFlags::empty()), "to clear {flag:?}, set inside");
            Ok(())
        })?;
        child(CLONE_NEWNS, || {
            expect_ok!(bind_remount(PLACE, MsFlags::empty()), "to clear {flag:?} in a copy without a user namespace");
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
