//! The options of the cgroup2 hierarchy, which are one for the whole machine: `cgroups(7)`, cgroup-v2.rst Mounting.

use kit::Answer;
use kit::mounts::{Mounts, mount_kind, remount, umount};
use kit::prelude::*;
use nix::mount::MsFlags;
use rustix::mount::{FsOpenFlags, fsconfig_create, fsopen};

use super::groups::{Groups, TOP, in_group, move_to};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nsdelegate_is_switched_off_by_a_mount_without_it,
    cgroup2_options_are_switched_off_by_making_a_superblock,
    cgroup2_options_stay_when_a_superblock_is_made_elsewhere,
];

/// Where cases mount the hierarchy for the second time.
const SECOND: &str = "/run";

/// Mounting cgroup2 once more without options in the initial cgroup namespace switches nsdelegate off, for all mounts.
///
/// In another cgroup namespace it does not.
#[claim(source = "kernel/cgroup/cgroup.c cgroup_get_tree", needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces])]
fn nsdelegate_is_switched_off_by_a_mount_without_it() -> Verdict {
    with_nsdelegate(|| {
        child(CLONE_NEWNS | CLONE_NEWCGROUP, || Ok(mount_more(None)?))?;
        expect_delegating(true, "mounted once more in another cgroup namespace")?;
        mount_more(Some("nsdelegate"))?;
        expect_delegating(true, "mounted once more with the option")?;
        umount(SECOND)?;
        child(CLONE_NEWNS, || Ok(mount_more(None)?))?;
        expect_delegating(false, "mounted once more without the option")
    })
}

/// FSCONFIG_CMD_CREATE of cgroup2 in the initial cgroup namespace switches all options off that it does not name.
///
/// Nothing needs to be mounted.
#[claim(
    source = ["kernel/cgroup/cgroup.c cgroup_get_tree", "moby#50466"],
    needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces],
)]
fn cgroup2_options_are_switched_off_by_making_a_superblock() -> Verdict {
    with_nsdelegate(|| {
        remount_with(Some("nsdelegate,memory_recursiveprot"))?;
        expect_eq!(shown()?, ["memory_recursiveprot", "nsdelegate"], "before");
        let context = fsopen("cgroup2", FsOpenFlags::FSOPEN_CLOEXEC).doing("fsopen")?;
        expect_eq!(shown()?, ["memory_recursiveprot", "nsdelegate"], "with a context");
        expect_ok!(fsconfig_create(&context));
        expect_eq!(shown()?, [""; 0], "with a superblock");
        expect_delegating(false, "with a superblock")
    })
}

/// FSCONFIG_CMD_CREATE of cgroup2 in another cgroup namespace leaves the options as they are.
#[claim(source = "kernel/cgroup/cgroup.c apply_cgroup_root_flags", needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces])]
fn cgroup2_options_stay_when_a_superblock_is_made_elsewhere() -> Verdict {
    with_nsdelegate(|| {
        remount_with(Some("nsdelegate,memory_recursiveprot"))?;
        let create = || {
            let context = fsopen("cgroup2", FsOpenFlags::FSOPEN_CLOEXEC).doing("fsopen")?;
            expect_ok!(fsconfig_create(&context));
            Ok(())
        };
        child(CLONE_NEWCGROUP, create)?;
        expect_eq!(shown()?, ["memory_recursiveprot", "nsdelegate"], "in another cgroup namespace");
        expect_delegating(true, "in another cgroup namespace")?;
        child(NONE, create)?;
        expect_eq!(shown()?, [""; 0], "in the initial one");
        Ok(())
    })
}

/// Runs `body` with cgroup2 mounted on [`TOP`], in a mount namespace of the case's own, and nsdelegate switched on. It is
/// off afterwards.
pub(super) fn with_nsdelegate(body: impl FnOnce() -> Outcome<()>) -> Verdict {
    unshare(CLONE_NEWNS)?;
    mount_kind("cgroup2", TOP, MsFlags::empty(), Some("nsdelegate"))?;
    let outcome = body();
    remount_with(None).doing("switch nsdelegate off")?;
    outcome?;
    holds()
}

/// Remounts what is on [`TOP`].
pub(super) fn remount_with(options: Option<&str>) -> Answer {
    remount(TOP, MsFlags::empty(), options)
}

/// Mounts cgroup2 once more.
pub(super) fn mount_more(options: Option<&str>) -> Answer {
    mount_kind("cgroup2", SECOND, MsFlags::empty(), options)
}

/// Whether nsdelegate is on: as every mount of cgroup2 shows it, and by what a process in a cgroup namespace may do.
pub(super) fn expect_delegating(is_on: bool, when: &str) -> Outcome<()> {
    for mount in Mounts::own()?.iter().filter(|mount| mount.kind == "cgroup2") {
        expect_eq!(mount.super_options.has("nsdelegate"), is_on, "{mount}, {when}");
    }
    let _groups = Groups::in_mounted(&["border"])?;
    match in_group("border", CLONE_NEWCGROUP, || Ok(move_to("", 0).portable()))? {
        answer if is_on => expect_errno!(answer, ENOENT, "across the border, {when}"),
        answer => expect_ok!(answer, "across the border, {when}"),
    }
    Ok(())
}

/// The options of cgroup2 that a mount shows, sorted, without those that every file system has.
fn shown() -> Outcome<Vec<String>> {
    let mounts = Mounts::own()?;
    let mount = mounts.find(TOP).ok_or_else(|| Failure::broken("cgroup2 is not mounted"))?;
    let options = mount.super_options.to_string();
    let mut names: Vec<_> = options.split(',').filter(|option| *option != "rw").map(str::to_owned).collect();
    names.sort();
    Ok(names)
}
