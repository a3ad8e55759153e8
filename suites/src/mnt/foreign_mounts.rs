//! Mounts of another mount namespace, in the hands of a process that holds a descriptor of them.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use kit::Answer;
use kit::mounts::{Detached, Propagation, Tree, bind, bind_remount, detach, move_to, remount, tmpfs};
use kit::prelude::*;
use kit::process::user_namespace_with;
use nix::fcntl::{OFlag, open};
use nix::mount::MsFlags;
use nix::sys::stat::Mode;
use nix::unistd::{chdir, fchdir};
use rustix::process::getcwd;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    a_descriptor_stays_with_the_old_namespace,
    mounts_of_another_namespace_cannot_be_changed,
    the_propagation_of_a_foreign_mount_can_be_changed,
    the_propagation_of_a_foreign_mount_takes_power_over_its_namespace,
    an_unmounted_mount_keeps_its_propagation,
    unshare_keeps_a_working_directory_of_another_namespace,
    a_file_of_a_mount_namespace_that_has_ended_can_be_read,
    inherited_mounts_are_locked_for_root_outside_too,
];

/// A descriptor that was opened before unshare(CLONE_NEWNS) leads to the old namespace: mounting by it fails with EINVAL.
#[claim(source = ["unshare(2)", "fs/namespace.c check_mnt"], needs = [Root])]
fn a_descriptor_stays_with_the_old_namespace() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("a/dir")?;
    // The caller keeps the old namespace.
    child(NONE, || {
        let directory = opened(&tree.path("a/dir"))?;
        unshare(CLONE_NEWNS)?;
        expect_errno!(tmpfs(by(&directory)), EINVAL);
        expect_ok!(tmpfs(tree.path("a/dir")), "by its path");
        fs::write(tree.path("a/dir/text"), "").doing("write a file")?;
        expect!(!fs::exists(format!("{}/text", by(&directory)))?, "the descriptor leads to the new mount");
        expect_ok!(tmpfs(by(&opened(&tree.path("a/dir"))?)), "by a descriptor that was opened afterwards");
        holds()
    })
}

/// For a mount of another mount namespace unmounting, remounting, moving, binding and cloning fail with EINVAL, even for root.
#[claim(source = ["move_mount(2) ERRORS", "open_tree(2) ERRORS", "fs/namespace.c check_mnt"], needs = [Root])]
fn mounts_of_another_namespace_cannot_be_changed() -> Verdict {
    let to = "/home";
    let calls: [(&str, &Call<'_>); 7] = [
        ("umount2", &|mount| detach(mount)),
        ("a remount", &|mount| remount(mount, MsFlags::MS_RDONLY, None)),
        ("a bind remount", &|mount| bind_remount(mount, MsFlags::MS_RDONLY)),
        ("a move", &|mount| move_to(mount, to)),
        ("move_mount", &|mount| Detached::opened(mount)?.attach(to)),
        ("a bind", &|mount| bind(mount, to)),
        ("open_tree", &|mount| Detached::copy_of(mount).map(drop)),
    ];
    for (what, call) in calls {
        expect_own_alone(what, call)?;
    }
    holds()
}

/// mount(2) changes the propagation type of a mount of another mount namespace.
#[claim(source = "fs/namespace.c may_change_propagation", needs = [Root])]
fn the_propagation_of_a_foreign_mount_can_be_changed() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?;
    let there: Child<()> = spawn(CLONE_NEWNS, |outside| {
        tree.tmpfs("a")?;
        outside.send_fd(opened(&tree.path("a"))?)?;
        loop {
            outside.wait()?;
            outside.send(&tree.propagation("a")?)?;
        }
    })?;
    let mount: OwnedFd = there.peer().recv_fd()?;
    for wanted in [Propagation::Shared, Propagation::Private, Propagation::Unbindable, Propagation::Shared] {
        expect_ok!(wanted.make(by(&mount)), "{wanted}");
        there.go()?;
        expect_eq!(there.recv::<Propagation>()?, wanted);
    }
    holds()
}

/// Changing the propagation type of a foreign mount fails with EPERM without CAP_SYS_ADMIN over its mount namespace.
///
/// 5.10 did not ask for that.
#[claim(source = "fs/namespace.c may_change_propagation", since = "6.1", needs = [Root, Config("USER_NS")])]
fn the_propagation_of_a_foreign_mount_takes_power_over_its_namespace() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?;
    let mount = opened(&tree.path("a"))?;
    user_namespace(CLONE_NEWNS, || {
        expect_errno!(Propagation::Shared.make(by(&mount)), EPERM, "of the namespace outside");
        expect_ok!(Propagation::Shared.make(tree.path("a")), "of the own namespace");
        Ok(())
    })?;
    expect_eq!(tree.propagation("a")?, Propagation::Private);
    child(CLONE_NEWNS, || {
        expect_ok!(Propagation::Shared.make(by(&mount)), "of the namespace outside, with the same owner");
        Ok(())
    })?;
    expect_eq!(tree.propagation("a")?, Propagation::Shared);
    holds()
}

/// Changing the propagation type of a mount that was unmounted lazily fails with EINVAL.
#[claim(source = "fs/namespace.c may_change_propagation", since = "6.1", needs = [Root])]
fn an_unmounted_mount_keeps_its_propagation() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?;
    let mount = opened(&tree.path("a"))?;
    for wanted in Propagation::WITH_FLAG {
        expect_ok!(wanted.make(by(&mount)), "{wanted}, mounted");
    }
    tree.detach("a")?;
    for wanted in Propagation::WITH_FLAG {
        expect_errno!(wanted.make(by(&mount)), EINVAL, "{wanted}, unmounted");
    }
    holds()
}

/// unshare(CLONE_NEWNS) leaves a working directory on a mount of yet another mount namespace where it is.
///
/// getcwd() then gives a path that begins with «(unreachable)».
#[claim(source = ["getcwd(2)", "fs/namespace.c copy_mnt_ns"], needs = [Root])]
fn unshare_keeps_a_working_directory_of_another_namespace() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?;
    let there = spawn(CLONE_NEWNS, |outside| {
        tree.tmpfs("a")?.file("a/dir/there", "")?;
        outside.send_fd(opened(&tree.path("a/dir"))?)?;
        outside.wait()
    })?;
    let foreign = there.peer().recv_fd()?;
    let directory = || Ok::<_, Failure>(getcwd(Vec::new())?.to_string_lossy().into_owned());
    tree.dir("b")?;
    chdir(&tree.path("b"))?;
    unshare(CLONE_NEWNS)?;
    expect_eq!(directory()?, tree.path("b").to_string_lossy(), "of the own namespace");
    fchdir(&foreign)?;
    for time in 1..=2 {
        expect!(fs::exists("there")?, "the directory has changed, {time}");
        let path = directory()?;
        expect!(path.starts_with("(unreachable)/") && path.ends_with("/a/dir"), "{path}, {time}");
        unshare(CLONE_NEWNS)?;
    }
    holds()
}

/// A file that was opened on a mount of another mount namespace can be read when that namespace has ended.
#[claim(source = ["proc_pid_root(5)", "umount(2) DESCRIPTION"], needs = [Root])]
fn a_file_of_a_mount_namespace_that_has_ended_can_be_read() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?;
    let there = spawn(CLONE_NEWNS, |outside| {
        tree.tmpfs("a")?.file("a/text", "there")?;
        outside.go()?;
        outside.wait()
    })?;
    there.recv::<()>()?;
    let path = format!("/proc/{}/root{}", there.pid(), tree.path("a/text").display());
    let file = expect_ok!(fs::File::open(&path));
    there.go()?;
    there.join()?;
    expect_errno!(fs::File::open(&path), ENOENT, "by its path, afterwards");
    expect_eq!(expect_ok!(std::io::read_to_string(file)), "there");
    holds()
}

/// Root outside can mount in a mount namespace that a user namespace owns, once it has joined it; inherited mounts are locked
/// for it as well.
#[claim(source = ["user_namespaces(7)", "umount(2) ERRORS"], needs = [Root, Config("USER_NS")])]
fn inherited_mounts_are_locked_for_root_outside_too() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("b")?;
    let inside = user_namespace_with(&Maps::own_as_root(), CLONE_NEWNS, |outside| {
        outside.wait()?;
        tree.mounts()
    })?;
    enter(inside.pid(), &[Kind::Mnt], || {
        expect_errno!(tree.umount("a"), EINVAL, "inherited");
        expect_ok!(tree.tmpfs("b"), "another mount");
        expect_ok!(tree.umount("b"), "another mount");
        tree.tmpfs("b")?;
        Ok(())
    })?;
    inside.go()?;
    expect_eq!(inside.join()?.points(), ["", "a", "b"], "inside");
    expect_eq!(tree.mounts()?.points(), ["", "a"], "outside");
    expect_ok!(tree.umount("a"), "in its own mount namespace");
    holds()
}

/// A call on the mount at a path.
type Call<'a> = dyn Fn(&str) -> Answer + 'a;

/// The claim says that a call on a mount fails with EINVAL in another mount namespace than the mount's, and succeeds in its
/// own.
fn expect_own_alone(what: &str, call: &Call<'_>) -> Outcome<()> {
    child(CLONE_NEWNS, || {
        let tree = Tree::new()?;
        tree.tmpfs("a")?;
        let mount = opened(&tree.path("a"))?;
        let before = tree.mounts()?;
        child(CLONE_NEWNS, || {
            expect_errno!(call(&by(&mount)), EINVAL, "{what}");
            Ok(())
        })?;
        expect_eq!(tree.mounts()?, before, "after {what}");
        expect_ok!(call(&by(&mount)), "{what}, in the mount's own namespace");
        Ok(())
    })
}

fn opened(path: &Path) -> Outcome<OwnedFd> {
    open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty()).doing(format!("open {}", path.display()))
}

/// The path that leads where a descriptor does.
fn by(fd: impl AsFd) -> String {
    format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd())
}
