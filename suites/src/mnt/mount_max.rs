//! How many mounts a mount namespace can have: `/proc/sys/fs/mount-max`.

use kit::mounts::{Detached, Mounts, Propagation, Tree};
use kit::prelude::*;
use kit::sysctl::{set_sysctl, sysctl};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    mount_max_is_a_positive_number_of_31_bits,
    mount_max_limits_the_mounts_of_a_namespace,
    a_tree_is_bound_whole_or_not_at_all_at_mount_max,
    mount_max_counts_in_receiving_namespaces,
    a_lower_mount_max_spares_what_is_mounted,
];

/// /proc/sys/fs/mount-max is 100000 by default and takes 1 to 2147483647; writing other numbers fails with EINVAL.
#[claim(source = ["proc_sys_fs(5)", "fs/namespace.c"], needs = [Root, Disposable])]
fn mount_max_is_a_positive_number_of_31_bits() -> Verdict {
    expect_eq!(sysctl::<i64>(MOUNT_MAX)?, DEFAULT);
    for good in [1, 2, i64::from(i32::MAX) - 1, i64::from(i32::MAX), DEFAULT] {
        expect_ok!(set_sysctl(MOUNT_MAX, good), "{good}");
        expect_eq!(sysctl::<i64>(MOUNT_MAX)?, good);
        for bad in [0, -1, i64::from(i32::MAX) + 1, i64::from(u32::MAX), i64::from(u32::MAX) + 2] {
            expect_errno!(set_sysctl(MOUNT_MAX, bad), EINVAL, "{bad}");
            expect_eq!(sysctl::<i64>(MOUNT_MAX)?, good, "after {bad} was refused");
        }
    }
    holds()
}

/// Mounting fails with ENOSPC where a mount namespace has fs.mount-max mounts already, by mount(2) as by move_mount(2).
///
/// Unmounting makes room; a detached mount takes none.
#[claim(source = ["mount(2) ERRORS", "proc_sys_fs(5)"], needs = [Root, Disposable])]
fn mount_max_limits_the_mounts_of_a_namespace() -> Verdict {
    with_limits(|| {
        let tree = Tree::new()?;
        tree.dir("a")?.dir("b")?.dir("c")?;
        for room in 0..3 {
            child(CLONE_NEWNS, || {
                let copy = Detached::copy_of(tree.path(""))?;
                leave_room(&tree, room)?;
                for (number, name) in ["a", "b", "c"].into_iter().enumerate() {
                    if number < room {
                        expect_ok!(tree.tmpfs(name), "number {number} with room for {room}");
                    } else {
                        expect_errno!(tree.tmpfs(name), ENOSPC, "number {number} with room for {room}");
                        expect_errno!(copy.attach(tree.path(name)), ENOSPC, "move_mount with room for {room}");
                    }
                }
                if room > 0 {
                    tree.umount("a")?;
                    expect_ok!(copy.attach(tree.path("c")), "move_mount after another was unmounted");
                }
                Ok(())
            })?;
        }
        holds()
    })
}

/// A recursive bind that would pass fs.mount-max fails with ENOSPC and binds nothing.
#[claim(source = ["mount(2) ERRORS", "fs/namespace.c count_mounts"], needs = [Root, Disposable])]
fn a_tree_is_bound_whole_or_not_at_all_at_mount_max() -> Verdict {
    with_limits(|| {
        let tree = Tree::new()?;
        tree.tmpfs("a")?.tmpfs("a/b")?.tmpfs("a/c")?.dir("to")?;
        for room in 0..3 {
            leave_room(&tree, room)?;
            let before = tree.mounts()?;
            expect_errno!(tree.rbind("a", "to"), ENOSPC, "three mounts with room for {room}");
            expect_eq!(tree.mounts()?, before, "with room for {room}");
        }
        leave_room(&tree, 3)?;
        expect_ok!(tree.rbind("a", "to"), "with room for three");
        holds()
    })
}

/// Mounting fails with ENOSPC, too, if the mount would propagate to a mount namespace that has fs.mount-max mounts.
///
/// Then it appears in neither.
#[claim(source = "mount(2) ERRORS", needs = [Root, Disposable])]
fn mount_max_counts_in_receiving_namespaces() -> Verdict {
    with_limits(|| {
        let tree = Tree::new()?;
        tree.tmpfs("s")?.make("s", Propagation::Shared)?.dir("s/a")?.dir("plain")?;
        let fuller = spawn(CLONE_NEWNS, |outside| {
            tree.tmpfs("one")?.tmpfs("two")?;
            outside.go()?;
            outside.wait()?;
            tree.mounts()
        })?;
        fuller.recv::<()>()?;
        leave_room(&tree, 2)?;
        expect_errno!(tree.tmpfs("s/a"), ENOSPC, "with room for two here and none there");
        expect!(!tree.is_mounted("s/a")?, "it is mounted here");
        expect_ok!(tree.tmpfs("plain"), "where it does not propagate");
        tree.umount("plain")?;
        leave_room(&tree, 3)?;
        expect_ok!(tree.tmpfs("s/a"), "with room for one there");
        fuller.go()?;
        let there = fuller.join()?;
        expect_eq!(there.stack("s/a").len(), 1, "mounts that arrived there: {there:?}");
        holds()
    })
}

/// Lowering fs.mount-max below the number of mounts of a namespace unmounts none, and the namespace can still be copied.
#[claim(source = ["proc_sys_fs(5)", "fs/namespace.c copy_mnt_ns"], needs = [Root, Disposable])]
fn a_lower_mount_max_spares_what_is_mounted() -> Verdict {
    with_limits(|| {
        let tree = Tree::new()?;
        tree.tmpfs("a")?.tmpfs("b")?.dir("c")?;
        let before = Mounts::own()?;
        set_sysctl(MOUNT_MAX, 1).doing("lower fs.mount-max")?;
        expect_eq!(Mounts::own()?, before);
        expect_errno!(tree.tmpfs("c"), ENOSPC);
        child(NONE, || {
            expect_ok!(unshare(CLONE_NEWNS));
            expect_eq!(Mounts::own()?.points(), before.points(), "in the copy");
            expect_errno!(tree.tmpfs("c"), ENOSPC, "in the copy");
            expect_ok!(tree.umount("a"), "in the copy");
            Ok(())
        })?;
        set_sysctl(MOUNT_MAX, DEFAULT).doing("raise fs.mount-max")?;
        expect_ok!(tree.tmpfs("c"), "with the limit raised again");
        holds()
    })
}

const MOUNT_MAX: &str = "fs/mount-max";

const DEFAULT: i64 = 100_000;

/// Runs a body that sets limits, and sets the default again: without room for more mounts nothing works any more.
fn with_limits(body: impl FnOnce() -> Verdict) -> Verdict {
    let verdict = body();
    set_sysctl(MOUNT_MAX, DEFAULT).doing("set fs.mount-max to its default")?;
    verdict
}

/// Sets the limit so that the caller's mount namespace can have so many more mounts. Mount lists do not show all that are
/// counted, so what is the limit now is found by trying.
fn leave_room(tree: &Tree, room: usize) -> Outcome<()> {
    tree.dir("probe")?;
    let listed = Mounts::own()?.len();
    for limit in listed..listed + 10 {
        set_sysctl(MOUNT_MAX, limit).doing("set fs.mount-max")?;
        if tree.tmpfs("probe").is_ok() {
            tree.umount("probe")?;
            return set_sysctl(MOUNT_MAX, limit - 1 + room).doing("set fs.mount-max");
        }
    }
    Err(Failure::broken(format!("nothing can be mounted beside {listed} mounts with a limit ten above")))
}
