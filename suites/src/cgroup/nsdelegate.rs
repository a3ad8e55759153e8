//! Cgroup namespaces as borders of delegation, the mount option nsdelegate: `cgroups(7)`, cgroup-v2.rst.
//!
//! The option is one for the whole machine, and counts when it is given in the initial cgroup namespace.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::AsFd;

use kit::prelude::*;

use super::groups::{Groups, file, in_group, looking_from, member, move_to, namespace_of, path, set};
use super::options::{expect_delegating, mount_more, remount_with, with_nsdelegate};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nsdelegate_lets_no_process_across_the_root,
    nsdelegate_holds_for_clone_into_cgroup,
    nsdelegate_keeps_the_roots_own_limits,
    nsdelegate_leaves_what_is_delegated,
    nsdelegate_keeps_no_other_cgroups_limits,
    nsdelegate_judges_moves_by_the_openers_namespace,
    nsdelegate_judges_limits_by_the_openers_namespace,
    nsdelegate_is_switched_by_remounting,
    nsdelegate_is_switched_in_every_mount_namespace,
    nsdelegate_is_not_switched_in_another_cgroup_namespace,
];

/// With nsdelegate a process in a cgroup namespace moves none across its root or outside it: ENOENT. Within, it does.
///
/// A process outside moves those inside as before.
#[claim(
    source = ["cgroups(7) CGROUPS DELEGATION: nsdelegate and cgroup namespaces", "cgroups(7) CGROUPS DELEGATION: Delegation containment rules"],
    needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces],
)]
fn nsdelegate_lets_no_process_across_the_root() -> Verdict {
    with_nsdelegate(|| {
        let _groups = Groups::in_mounted(&["g", "g/in", "g/in2", "o"])?;
        let (insider, outsider) = (member("g/in", NONE)?, member("o", NONE)?);
        in_group("g", CLONE_NEWCGROUP, || {
            for group in ["o", ""] {
                expect_errno!(move_to(group, 0), ENOENT, "itself, to «{group}»");
                expect_errno!(move_to(group, insider.pid()), ENOENT, "an insider, to «{group}»");
                expect_errno!(move_to(group, outsider.pid()), ENOENT, "an outsider, to «{group}»");
            }
            for group in ["g", "g/in"] {
                expect_errno!(move_to(group, outsider.pid()), ENOENT, "an outsider, to {group}");
            }
            for group in ["g/in", "g/in2", "g"] {
                expect_ok!(move_to(group, 0), "itself, to {group}");
                expect_ok!(move_to(group, insider.pid()), "an insider, to {group}");
            }
            Ok(())
        })?;
        for group in ["o", "g", ""] {
            expect_ok!(move_to(group, insider.pid()), "an insider to «{group}», by a process outside");
        }
        Ok(())
    })
}

/// With nsdelegate clone3(CLONE_INTO_CGROUP) to a cgroup outside the caller's cgroup namespace fails with ENOENT.
#[claim(
    source = ["kernel/cgroup/cgroup.c cgroup_css_set_fork", "clone(2) CLONE_INTO_CGROUP"],
    since = "5.7",
    needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces],
)]
fn nsdelegate_holds_for_clone_into_cgroup() -> Verdict {
    with_nsdelegate(|| {
        let _groups = Groups::in_mounted(&["g", "g/in", "o"])?;
        let [inside, outside] = ["g/in", "o"].map(|group| File::open(path(group)));
        let (inside, outside) = (inside?, outside?);
        let start = |group: &File| Spawn::new(NONE).into_cgroup(group.as_fd()).try_start(|_| Ok(()));
        in_group("g", CLONE_NEWCGROUP, || {
            expect_errno!(start(&outside)?, ENOENT, "outside");
            expect_ok!(start(&inside)?, "inside").join()
        })?;
        in_group("g", NONE, || expect_started(start(&outside)?, "from g, in the initial namespace"))?;
        remount_with(None)?;
        in_group("g", CLONE_NEWCGROUP, || expect_started(start(&outside)?, "without the option"))
    })
}

fn expect_started(answer: nix::Result<Child<()>>, what: &str) -> Outcome<()> {
    expect_ok!(answer, "{what}").join()
}

/// Files of a namespace's root that set its limits, and a value for each.
const LIMITS: [(&str, &str); 4] =
    [("cgroup.freeze", "0"), ("cgroup.max.depth", "9"), ("cgroup.max.descendants", "9"), ("pids.max", "99")];

/// With nsdelegate a process in a cgroup namespace cannot set the limits of its root: EPERM. Those of groups below it can.
///
/// A process outside can set those of the root, too.
#[claim(
    source = ["cgroups(7) CGROUPS DELEGATION: nsdelegate and cgroup namespaces", "kernel/cgroup/cgroup.c cgroup_file_write"],
    needs = [Root, Cgroup2, InitialNamespaces, Config("CGROUP_PIDS")],
)]
fn nsdelegate_keeps_the_roots_own_limits() -> Verdict {
    with_nsdelegate(|| {
        let _groups = limited_groups()?;
        for (name, value) in LIMITS {
            let by_insider = |group: &str| in_group("g", CLONE_NEWCGROUP, || Ok(set(group, name, value).portable()));
            expect_errno!(by_insider("g")?, EPERM, "{name} of the root");
            if name != "pids.max" {
                expect_ok!(by_insider("g/in")?, "{name} of a group below");
            }
            expect_ok!(set("g", name, value), "{name} of the root, by a process outside");
            remount_with(None)?;
            expect_ok!(by_insider("g")?, "{name} of the root, without the option");
            remount_with(Some("nsdelegate"))?;
        }
        Ok(())
    })
}

/// With nsdelegate a process in a cgroup namespace can still use cgroup.procs and cgroup.subtree_control of its root, and
/// make groups there.
#[claim(
    source = "cgroups(7) CGROUPS DELEGATION: nsdelegate and cgroup namespaces",
    needs = [Root, Cgroup2, InitialNamespaces, Config("CGROUP_PIDS")],
)]
fn nsdelegate_leaves_what_is_delegated() -> Verdict {
    with_nsdelegate(|| {
        let _groups = limited_groups()?;
        let insider = member("g/in", NONE)?;
        let namespace = namespace_of(&member("g", CLONE_NEWCGROUP)?)?;
        looking_from(&namespace, || {
            expect_errno!(set("g", "pids.max", 99), EPERM, "a limit of the root");
            expect_ok!(move_to("g", insider.pid()), "cgroup.procs");
            expect_ok!(move_to("g/in", insider.pid()), "cgroup.procs of a group below");
            for change in ["+pids", "-pids"] {
                expect_ok!(set("g", "cgroup.subtree_control", change), "cgroup.subtree_control: {change}");
            }
            expect_ok!(fs::create_dir(path("g/new")), "a new group");
            fs::remove_dir(path("g/new")).doing("remove it")
        })
    })
}

/// With nsdelegate root in a cgroup namespace can still set the limits of cgroups outside it, where a mount shows them.
///
/// Only those of the namespace's root are kept.
#[claim(
    source = "kernel/cgroup/cgroup.c cgroup_file_write",
    needs = [Root, Cgroup2, InitialNamespaces, Config("CGROUP_PIDS")],
)]
fn nsdelegate_keeps_no_other_cgroups_limits() -> Verdict {
    with_nsdelegate(|| {
        let _groups = limited_groups()?;
        in_group("g", CLONE_NEWCGROUP, || {
            for (name, value) in LIMITS {
                expect_errno!(set("g", name, value), EPERM, "{name} of the root");
                expect_ok!(set("o", name, value), "{name} of a group beside");
            }
            Ok(())
        })
    })
}

/// With nsdelegate the cgroup namespace in which `cgroup.procs` was opened decides on a move, not the one of the writer.
#[claim(
    source = "kernel/cgroup/cgroup.c __cgroup_procs_write",
    needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces],
    erratum = "cgroups(7), Delegation containment rules: the writer of cgroup.procs, not its opener, must be in a namespace that \
               sees both cgroups.",
)]
fn nsdelegate_judges_moves_by_the_openers_namespace() -> Verdict {
    with_nsdelegate(|| {
        let _groups = Groups::in_mounted(&["g", "g/in", "o"])?;
        let open = |group: &str| OpenOptions::new().write(true).open(file(group, "cgroup.procs"));
        in_group("g", NONE, || {
            let mut early = open("o")?;
            unshare(CLONE_NEWCGROUP)?;
            let mut late = open("o")?;
            expect_errno!(late.write(b"0"), ENOENT, "opened inside, written inside");
            expect_ok!(early.write(b"0"), "opened outside, written inside");
            Ok(())
        })?;
        let opener = spawn(NONE, |case| in_group("g", CLONE_NEWCGROUP, || case.send_fd(open("g/in")?)))?;
        let mut inside = File::from(opener.peer().recv_fd()?);
        opener.join()?;
        let outsider = member("o", NONE)?;
        expect_errno!(inside.write(outsider.pid().to_string().as_bytes()), ENOENT, "opened inside, written outside");
        expect_ok!(move_to("g/in", outsider.pid()), "opened outside, written outside");
        Ok(())
    })
}

/// With nsdelegate the cgroup namespace in which a limit's file was opened decides on writes to it, not the one of the
/// writer.
#[claim(source = "kernel/cgroup/cgroup.c cgroup_file_write", needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces])]
fn nsdelegate_judges_limits_by_the_openers_namespace() -> Verdict {
    with_nsdelegate(|| {
        let _groups = Groups::in_mounted(&["g"])?;
        let open = || OpenOptions::new().write(true).open(file("g", "cgroup.max.depth"));
        in_group("g", NONE, || {
            let mut early = open()?;
            unshare(CLONE_NEWCGROUP)?;
            expect_errno!(open()?.write(b"9"), EPERM, "opened inside, written inside");
            expect_ok!(early.write(b"9"), "opened outside, written inside");
            Ok(())
        })?;
        let opener = spawn(NONE, |case| in_group("g", CLONE_NEWCGROUP, || case.send_fd(open()?)))?;
        let mut inside = File::from(opener.peer().recv_fd()?);
        opener.join()?;
        expect_errno!(inside.write(b"9"), EPERM, "opened inside, written outside");
        expect_ok!(open()?.write(b"9"), "opened outside, written outside");
        Ok(())
    })
}

/// Remounting cgroup2 with or without nsdelegate in the initial cgroup namespace switches it on or off, for all mounts.
#[claim(
    source = "cgroups(7) CGROUPS DELEGATION: nsdelegate and cgroup namespaces",
    needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces],
)]
fn nsdelegate_is_switched_by_remounting() -> Verdict {
    with_nsdelegate(|| {
        mount_more(Some("nsdelegate"))?;
        for _ in 0..2 {
            expect_ok!(remount_with(None));
            expect_delegating(false, "remounted without")?;
            expect_ok!(remount_with(Some("nsdelegate")));
            expect_delegating(true, "remounted with")?;
        }
        Ok(())
    })
}

/// The option nsdelegate counts in every mount namespace, if the cgroup namespace is the initial one.
#[claim(
    source = "kernel/cgroup/cgroup.c apply_cgroup_root_flags",
    needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces],
    erratum = "cgroups(7), nsdelegate and cgroup namespaces: the option has an effect only when given in the initial mount \
               namespace; in other mount namespaces it is ignored.",
)]
fn nsdelegate_is_switched_in_every_mount_namespace() -> Verdict {
    with_nsdelegate(|| {
        expect_ok!(child(CLONE_NEWNS, || Ok(remount_with(None)))?);
        expect_delegating(false, "remounted without it in a new mount namespace")?;
        expect_ok!(child(CLONE_NEWNS, || Ok(remount_with(Some("nsdelegate"))))?);
        expect_delegating(true, "remounted with it in a new mount namespace")?;
        Ok(())
    })
}

/// In another cgroup namespace than the initial one, mounting and remounting cgroup2 succeeds and does not switch
/// nsdelegate.
#[claim(
    source = "kernel/cgroup/cgroup.c apply_cgroup_root_flags",
    needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces],
)]
fn nsdelegate_is_not_switched_in_another_cgroup_namespace() -> Verdict {
    with_nsdelegate(|| {
        let elsewhere = |options: Option<&'static str>| {
            child(CLONE_NEWCGROUP | CLONE_NEWNS, || {
                expect_ok!(remount_with(options), "remounting with {options:?}");
                expect_ok!(mount_more(options), "mounting with {options:?}");
                Ok(())
            })
        };
        elsewhere(None)?;
        expect_delegating(true, "on, and left out elsewhere")?;
        remount_with(None)?;
        elsewhere(Some("nsdelegate"))?;
        expect_delegating(false, "off, and given elsewhere")
    })
}

/// Groups g, g/in and o, with the pids controller in g and o.
fn limited_groups() -> Outcome<Groups> {
    set("", "cgroup.subtree_control", "+pids").doing("hand the pids controller down")?;
    Groups::in_mounted(&["g", "g/in", "o"])
}
