//! Joining cgroup namespaces: `setns(2)`, `cgroup_namespaces(7)`.

use kit::Links;
use kit::prelude::*;
use kit::process::without;
use kit::sys::vfork::vfork;
use rustix::thread::CapabilitySet;

use super::groups::{Groups, in_group, member, namespace_of, seen, seen_of};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_to_a_cgroup_namespace_takes_less_than_to_a_mount_namespace,
    setns_to_the_initial_cgroup_namespace_shows_the_whole_path,
    setns_to_a_cgroup_namespace_beside_shows_steps_upwards,
];

/// To join a cgroup namespace a process needs no CAP_SYS_CHROOT and may share its root and working directory; its own
/// namespace can be joined, too.
///
/// Joining a mount namespace fails then: with EPERM, and with EINVAL.
#[claim(
    source = ["setns(2) Details for specific namespace types", "kernel/cgroup/namespace.c cgroupns_install"],
    needs = [UserNamespaces, Config("CGROUPS")],
)]
fn setns_to_a_cgroup_namespace_takes_less_than_to_a_mount_namespace() -> Verdict {
    user_namespace(NONE, || {
        let other = waiting(CLONE_NEWCGROUP | CLONE_NEWNS)?;
        let (group, mount) = (other.namespace(Kind::Cgroup)?, other.namespace(Kind::Mnt)?);
        without(CapabilitySet::SYS_CHROOT, NONE, || {
            expect_ok!(setns(&group, CLONE_NEWCGROUP), "without CAP_SYS_CHROOT");
            expect_errno!(setns(&mount, CLONE_NEWNS), EPERM, "a mount namespace, without CAP_SYS_CHROOT");
            Ok(())
        })?;
        let (joined, refused) = vfork(CLONE_FS, || (setns(&group, CLONE_NEWCGROUP), setns(&mount, CLONE_NEWNS)))?;
        expect_ok!(joined, "with a shared working directory");
        expect_errno!(refused, EINVAL, "a mount namespace, with a shared working directory");
        setns(&group, CLONE_NEWCGROUP).doing("join a namespace that belongs to our user namespace")?;
        let before = Links::own()?;
        expect_ok!(setns(Namespace::own(Kind::Cgroup)?, CLONE_NEWCGROUP), "its own");
        before.expect_unmoved()?;
        holds()
    })
}

/// A process that goes back to the initial cgroup namespace sees the whole path of its cgroup again.
#[claim(source = "cgroup_namespaces(7) DESCRIPTION", needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces])]
fn setns_to_the_initial_cgroup_namespace_shows_the_whole_path() -> Verdict {
    unshare(CLONE_NEWNS)?;
    let _groups = Groups::new(&["x", "x/sub"])?;
    let initial = Namespace::own(Kind::Cgroup)?;
    for (group, expected) in [("x", "/x"), ("x/sub", "/x/sub")] {
        in_group(group, CLONE_NEWCGROUP, || {
            expect_eq!(seen("self")?, "/", "in its own");
            expect_ok!(setns(&initial, CLONE_NEWCGROUP));
            expect_eq!(seen("self")?, expected, "in the initial one");
            Ok(())
        })?;
    }
    holds()
}

/// setns() to a cgroup namespace changes what the caller sees of its cgroup, «/../NAME» for one beside the root, and not the
/// cgroup.
#[claim(source = "setns(2) Details for specific namespace types", needs = [Root, Cgroup2])]
fn setns_to_a_cgroup_namespace_beside_shows_steps_upwards() -> Verdict {
    let _groups = Groups::new(&["x", "x/a", "x/b"])?;
    let target = member("x/a", CLONE_NEWCGROUP)?;
    let joiner = spawn(NONE, |case| {
        super::groups::move_to("x/b", 0).doing("enter the group")?;
        expect_ok!(setns(namespace_of(&target)?, CLONE_NEWCGROUP));
        case.send(&(seen("self")?, child(NONE, || seen("self"))?))?;
        case.wait()
    })?;
    let (own, childs): (String, String) = joiner.recv()?;
    expect_eq!((own.as_str(), childs.as_str()), ("/../b", "/../b"), "its own and its child's");
    expect_eq!(seen_of(&joiner)?, "/x/b", "from outside");
    expect_eq!(seen_of(&target)?, "/x/a", "the other process, from outside");
    holds()
}
