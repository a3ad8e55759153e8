//! Cgroup namespaces and hierarchies of version 1: `cgroup_namespaces(7)`, `cgroups(7)`.

use std::fs;

use kit::mounts::{EVERY, Mounts, mount_kind, umount};
use kit::prelude::*;
use kit::process::expect_success;
use nix::mount::MsFlags;
use nix::unistd::Pid;

use super::groups::{Groups, TOP, get, in_group, looking_from, member, namespace_of, set};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    cgroup_namespace_covers_hierarchies_of_version_1,
    freezer_session_of_the_page,
    release_agent_is_the_initial_user_namespaces,
];

/// A hierarchy of version 1 without any controller.
const NAMED: &str = "none,name=nsproof";

/// In a cgroup namespace the lines of version 1 in `/proc/PID/cgroup` and the root fields of its mounts count from the root,
/// too.
///
/// The root is a cgroup in each hierarchy: there the one in which the maker was.
#[claim(
    source = "cgroup_namespaces(7) DESCRIPTION",
    needs = [Root, InitialNamespaces, Config("CGROUPS")],
)]
fn cgroup_namespace_covers_hierarchies_of_version_1() -> Verdict {
    with_hierarchy(NAMED, || {
        let groups = ["", "y", "y/sub", "y/sub2"];
        let _groups = Groups::in_mounted(&groups[1..])?;
        let members = groups.iter().map(|group| member(group, NONE)).collect::<Outcome<Vec<_>>>()?;
        let seen = || members.iter().map(|one| named(one.proc_pid()?)).collect::<Outcome<Vec<_>>>();
        expect_eq!(seen()?, ["/", "/y", "/y/sub", "/y/sub2"], "from outside");
        in_group("y/sub", CLONE_NEWCGROUP | CLONE_NEWNS, || {
            expect_eq!(seen()?, ["/../..", "/..", "/", "/../sub2"], "from a namespace of y/sub");
            expect_eq!(root_of_mount()?, "/../..", "the mount from outside");
            umount(TOP)?;
            mount_kind("cgroup", TOP, MsFlags::empty(), Some(NAMED))?;
            expect_eq!(root_of_mount()?, "/", "mounted inside");
            Ok(())
        })?;
        expect_eq!(root_of_mount()?, "/", "the mount from outside, outside");
        let other = member("y", CLONE_NEWCGROUP)?;
        looking_from(&namespace_of(&other)?, || {
            expect_eq!(seen()?, ["/..", "/", "/sub", "/sub2"], "by a process that has joined a namespace of y");
            Ok(())
        })
    })
}

/// The session of cgroup_namespaces(7) shows what the page says: «/», «/..» and «/../sub2», and the root fields «/..» and «/».
#[claim(
    source = "cgroup_namespaces(7) DESCRIPTION",
    needs = [Root, InitialNamespaces, Config("CGROUP_FREEZER"), Tool("unshare"), Tool("cat"), Tool("sh"), Tool("grep"), Tool("mount"), Tool("umount")],
)]
fn freezer_session_of_the_page() -> Verdict {
    with_hierarchy("freezer", || {
        let _groups = Groups::in_mounted(&["sub", "sub2"])?;
        let (beside, outer) = (member("sub2", NONE)?, waiting(NONE)?);
        let [beside, outer] = [beside.proc_pid()?, outer.proc_pid()?];
        let script = format!(
            "for process in self {outer} {beside}; do grep freezer /proc/$process/cgroup; done
             grep {TOP} /proc/self/mountinfo
             mount --make-rslave / && umount {TOP} && mount -t cgroup -o freezer freezer {TOP}
             grep {TOP} /proc/self/mountinfo"
        );
        let said = in_group("sub", NONE, || expect_success(&["unshare", "-Cm", "sh", "-c", &script]))?;
        let lines: Vec<_> = said.lines().collect();
        expect_eq!(lines.len(), 5, "what it says: {said}");
        let paths = lines[..3].iter().map(|line| line.rsplit(':').next().unwrap_or_default()).collect::<Vec<_>>();
        expect_eq!(paths, ["/", "/..", "/../sub2"], "of itself, of a process outside and of one beside");
        let roots = lines[3..].iter().map(|line| line.split(' ').nth(3).unwrap_or_default()).collect::<Vec<_>>();
        expect_eq!(roots, ["/..", "/"], "of the mount from outside and of the one made inside");
        Ok(())
    })
}

/// Root of a user namespace cannot write release_agent of a hierarchy of version 1: EPERM. Mounting with release_agent= fails
/// with EINVAL.
///
/// Although the file seems to be its own, and it can mount the hierarchy.
#[claim(
    source = ["cgroups(7) CGROUPS VERSION 1: Cgroup release notification", "kernel/cgroup/cgroup-v1.c cgroup_release_agent_write"],
    needs = [Root, InitialNamespaces, UserNamespaces, Config("CGROUPS")],
)]
fn release_agent_is_the_initial_user_namespaces() -> Verdict {
    with_hierarchy(NAMED, || {
        let write = || set("", "release_agent", "/nowhere").portable();
        expect_ok!(write(), "in the initial user namespace");
        expect_eq!(get("", "release_agent")?, "/nowhere");
        user_namespace(EVERY, || {
            expect_ok!(mount_kind("cgroup", "/run", MsFlags::empty(), Some(NAMED)), "mounting it");
            expect_ok!(fs::OpenOptions::new().write(true).open("/run/release_agent"), "opening the file");
            let answer = fs::write("/run/release_agent", "/elsewhere");
            expect_errno!(answer, EPERM, "in a user namespace");
            let options = format!("{NAMED},release_agent=/elsewhere");
            expect_errno!(
                mount_kind("cgroup", "/run", MsFlags::empty(), Some(&options)),
                EINVAL,
                "mounting with the option"
            );
            Ok(())
        })?;
        expect_eq!(get("", "release_agent")?, "/nowhere", "afterwards");
        expect_ok!(set("", "release_agent", "\n"), "in the initial user namespace, again");
        Ok(())
    })
}

/// Runs `body` with a hierarchy of version 1 mounted on [`TOP`], in a mount namespace of the case's own.
fn with_hierarchy(options: &str, body: impl FnOnce() -> Outcome<()>) -> Verdict {
    unshare(CLONE_NEWNS)?;
    mount_kind("cgroup", TOP, MsFlags::empty(), Some(options)).doing("mount a hierarchy of version 1")?;
    let outcome = body();
    let unmounted = umount(TOP);
    outcome?;
    unmounted.doing("unmount the hierarchy")?;
    holds()
}

/// The cgroup of a process in the named hierarchy, as the caller sees it.
fn named(pid: Pid) -> Outcome<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).doing("read a cgroup file")?;
    let path = text.lines().find_map(|line| line.split_once(":name=nsproof:")).map(|two| two.1.to_owned());
    path.ok_or_else(|| Failure::broken(format!("the hierarchy is not named: {text}")))
}

/// The root field of the mount on [`TOP`], as the caller reads it.
fn root_of_mount() -> Outcome<String> {
    let mounts = Mounts::own()?;
    let mount = mounts.find(TOP).ok_or_else(|| Failure::broken("nothing is mounted"))?;
    Ok(mount.root.display().to_string())
}
