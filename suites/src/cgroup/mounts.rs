//! Mounts of the cgroup hierarchy and cgroup namespaces: `cgroup_namespaces(7)`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use kit::lifetime::goes_in_spite_of;
use kit::mounts::{Mounts, detach, mount_kind};
use kit::prelude::*;
use nix::mount::MsFlags;

use super::groups::{Groups, TOP, file, get, in_group, looking_from, member, move_to, namespace_of, path, seen, set};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    mount_from_outside_shows_its_root_by_steps_upwards,
    cgroup2_mounted_inside_shows_the_namespaces_root,
    cgroup2_mounted_inside_has_no_way_up,
    root_of_a_cgroup_mount_is_the_readers,
    cgroup_namespace_alone_keeps_nothing_away,
    cgroup_mount_keeps_no_cgroup_namespace,
    root_of_a_cgroup_namespace_can_be_removed,
];

/// Where cases mount the hierarchy for the second time.
const INSIDE: &str = "/run";

/// In mountinfo a cgroup2 mount that was made outside a cgroup namespace has a root field of «/..» for each step up.
///
/// A reader outside sees «/» there.
#[claim(source = "cgroup_namespaces(7) DESCRIPTION", needs = [Root, Cgroup2])]
fn mount_from_outside_shows_its_root_by_steps_upwards() -> Verdict {
    let _groups = Groups::new(&["x", "x/sub", "x/sub/deep"])?;
    for (group, expected) in [("", "/"), ("x", "/.."), ("x/sub", "/../.."), ("x/sub/deep", "/../../..")] {
        expect_eq!(in_group(group, NONE, || root_at(TOP))?, "/", "in «{group}», outside");
        expect_eq!(in_group(group, CLONE_NEWCGROUP, || root_at(TOP))?, expected, "in a namespace of «{group}»");
    }
    holds()
}

/// cgroup2 that is mounted in a cgroup namespace shows the namespace's root and what is below it, and nothing else.
///
/// It has `cgroup.type`, which the hierarchy's real root has not.
#[claim(
    source = ["cgroup_namespaces(7) DESCRIPTION", "What's in a name(space)?"],
    needs = [Root, Cgroup2],
)]
fn cgroup2_mounted_inside_shows_the_namespaces_root() -> Verdict {
    let _groups = Groups::new(&["x", "x/a", "x/b", "x/a/one", "x/a/two"])?;
    for (group, expected) in [("x/a", vec!["one", "two"]), ("x", vec!["a", "b"]), ("x/b", vec![])] {
        in_group(group, CLONE_NEWNS | CLONE_NEWCGROUP, || {
            expect_ok!(mount_kind("cgroup2", INSIDE, MsFlags::empty(), None));
            expect_eq!(directories(INSIDE)?, expected, "in a namespace of {group}");
            expect!(Path::new(INSIDE).join("cgroup.type").exists(), "cgroup.type of {group}");
            let members = fs::read_to_string(format!("{INSIDE}/cgroup.procs")).doing("read cgroup.procs")?;
            expect_eq!(members, get(group, "cgroup.procs")? + "\n", "members of {group}");
            Ok(())
        })?;
    }
    in_group("x/a", CLONE_NEWNS, || {
        mount_kind("cgroup2", INSIDE, MsFlags::empty(), None)?;
        expect!(directories(INSIDE)?.contains(&"x".to_owned()), "without a namespace of its own");
        expect!(!Path::new(INSIDE).join("cgroup.type").exists(), "cgroup.type of the real root");
        Ok(())
    })?;
    holds()
}

/// «..» in the top directory of a cgroup2 mount made in a cgroup namespace leads out of it, to the directory around it.
///
/// Not to the cgroup above.
#[claim(source = "cgroup_namespaces(7) NOTES", needs = [Root, Cgroup2])]
fn cgroup2_mounted_inside_has_no_way_up() -> Verdict {
    let _groups = Groups::new(&["x", "x/a", "x/b"])?;
    let identity = |path: &str| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    in_group("x/a", CLONE_NEWNS | CLONE_NEWCGROUP, || {
        mount_kind("cgroup2", INSIDE, MsFlags::empty(), None)?;
        expect_eq!(identity(&format!("{INSIDE}/.."))?, identity("/")?);
        expect_errno!(identity(&format!("{INSIDE}/../b")), ENOENT, "the cgroup beside");
        expect_eq!(identity(&format!("{}/..", path("x/a")))?, identity(&path("x"))?, "in a mount from outside");
        expect_ok!(identity(&format!("{}/../b", path("x/a"))), "the cgroup beside, in a mount from outside");
        holds()
    })
}

/// The root field of a cgroup2 mount in mountinfo counts from the reader's cgroup namespace.
///
/// Its maker reads «/», a reader of a namespace below it «/..», and one outside its path.
#[claim(
    source = ["cgroup_namespaces(7) DESCRIPTION", "kernel/cgroup/cgroup.c cgroup_show_path"],
    needs = [Root, Cgroup2],
)]
fn root_of_a_cgroup_mount_is_the_readers() -> Verdict {
    let _groups = Groups::new(&["x", "x/sub", "x/sub/deep"])?;
    let below = member("x/sub/deep", CLONE_NEWCGROUP)?;
    let above = member("x", CLONE_NEWCGROUP)?;
    let maker = spawn(NONE, |case| {
        move_to("x/sub", 0).doing("enter the group")?;
        unshare(CLONE_NEWNS | CLONE_NEWCGROUP)?;
        mount_kind("cgroup2", INSIDE, MsFlags::empty(), None)?;
        case.send(&root_at(INSIDE)?)?;
        case.wait()
    })?;
    expect_eq!(maker.recv::<String>()?, "/", "by the maker");
    let mounts = format!("/proc/{}/mountinfo", maker.proc_pid()?);
    let read = || root_in(&Mounts::read(&mounts)?, INSIDE);
    expect_eq!(read()?, "/x/sub", "from outside");
    expect_eq!(looking_from(&namespace_of(&below)?, read)?, "/..", "from a namespace below");
    expect_eq!(looking_from(&namespace_of(&above)?, read)?, "/sub", "from a namespace above");
    expect_eq!(looking_from(&namespace_of(&maker)?, read)?, "/", "from the same namespace");
    holds()
}

/// A cgroup namespace alone keeps no process away from other cgroups: root inside reads, sets and makes them in a mount
/// from outside.
///
/// Only where there is no such mount they cannot be reached.
#[claim(
    source = "kernel/cgroup/cgroup.c cgroup_file_write",
    needs = [Root, Cgroup2],
    erratum = "«What's in a name(space)?»: a cgroup namespace prevents a process from accessing or modifying the controls of \
               parent groups.",
)]
fn cgroup_namespace_alone_keeps_nothing_away() -> Verdict {
    let _groups = Groups::new(&["x", "x/a", "x/b"])?;
    in_group("x/a", CLONE_NEWCGROUP, || {
        for group in ["x", "x/b"] {
            expect_ok!(fs::read_to_string(file(group, "cgroup.procs")), "{group}");
            expect_ok!(set(group, "cgroup.max.depth", 7), "{group}");
            expect_eq!(get(group, "cgroup.max.depth")?, "7", "{group}");
            expect_ok!(fs::create_dir(file(group, "new")), "below {group}");
            fs::remove_dir(file(group, "new")).doing("remove it")?;
        }
        Ok(())
    })?;
    in_group("x/a", CLONE_NEWCGROUP | CLONE_NEWNS, || {
        mount_kind("cgroup2", INSIDE, MsFlags::empty(), None)?;
        detach(TOP)?;
        for group in ["x", "x/b"] {
            expect_errno!(
                fs::read_to_string(file(group, "cgroup.procs")),
                ENOENT,
                "{group}, without the mount from outside"
            );
        }
        expect_eq!(directories(INSIDE)?, Vec::<String>::new());
        Ok(())
    })?;
    holds()
}

/// A cgroup2 mount that was made in a cgroup namespace does not keep the namespace when its processes have ended.
#[claim(
    source = "kernel/cgroup/namespace.c",
    needs = [UserNamespaces, Config("CGROUPS")],
    erratum = "Documentation/admin-guide/cgroup-v2.rst, The Basics of Namespace: a cgroup namespace is alive as long as there \
               are processes in it or mounts pinning it.",
)]
fn cgroup_mount_keeps_no_cgroup_namespace() -> Verdict {
    goes_in_spite_of(Kind::Cgroup, |room| {
        let process = Spawn::new(CLONE_NEWCGROUP).without_files().start(|case| {
            mount_kind("cgroup2", kit::room::FOLDER, MsFlags::empty(), None)?;
            case.go()?;
            case.wait()
        })?;
        process.recv::<()>()?;
        expect_errno!(room.member()?, ENOSPC, "while its process lives");
        let mounts = Mounts::own()?;
        kit::prepared(
            mounts.find(kit::room::FOLDER).is_some_and(|mount| mount.kind == "cgroup2"),
            "a mount of cgroup2",
        )?;
        Ok((process, ()))
    })
}

/// The cgroup that is a cgroup namespace's root can be removed when it is empty; mounting cgroup2 in the namespace then
/// fails with ENOENT.
///
/// Paths still count from where it was.
#[claim(source = "kernel/cgroup/cgroup.c cgroup_do_get_tree", needs = [Root, Cgroup2])]
fn root_of_a_cgroup_namespace_can_be_removed() -> Verdict {
    let _groups = Groups::new(&["x"])?;
    fs::create_dir(path("x/gone")).doing("make a cgroup")?;
    let maker = member("x/gone", CLONE_NEWCGROUP)?;
    let namespace = namespace_of(&maker)?;
    let mount_there = || {
        looking_from(&namespace, || {
            unshare(CLONE_NEWNS)?;
            Ok((mount_kind("cgroup2", INSIDE, MsFlags::empty(), None), seen("self")?))
        })
    };
    let (answer, own) = mount_there()?;
    expect_ok!(answer, "before");
    expect_eq!(own, "/../..", "before");
    expect_errno!(fs::remove_dir(path("x/gone")), EBUSY, "with a process");
    move_to("x", maker.pid()).doing("move the process")?;
    expect_ok!(fs::remove_dir(path("x/gone")), "empty");
    let (answer, own) = mount_there()?;
    expect_errno!(answer, ENOENT, "afterwards");
    expect_eq!(own, "/../..", "afterwards");
    holds()
}

/// The root field of the mount at a mount point, as the caller reads it.
fn root_at(point: &str) -> Outcome<String> {
    root_in(&Mounts::own()?, point)
}

fn root_in(mounts: &Mounts, point: &str) -> Outcome<String> {
    let mount = mounts.find(point).filter(|mount| mount.kind == "cgroup2");
    let mount = mount.ok_or_else(|| Failure::broken(format!("no cgroup2 is mounted on {point}")))?;
    Ok(mount.root.display().to_string())
}

/// The names of the directories in a directory, sorted.
fn directories(path: &str) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path).doing(format!("list {path}"))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
