//! Cases whose end is in vain: a process of theirs is frozen, and a frozen process does not die.
//!
//! The freezer is that of cgroup v1 (`freezer-subsystem.rst`); the one of v2 lets killed processes go. Only the initial cgroup
//! namespace can make its hierarchy, which then is there for a stage, too.

use std::fs;
use std::path::Path;

use kit::prelude::*;
use kit::{Behaviour, eventually};
use nix::mount::{MsFlags, mount, umount};

pub(crate) const CASES: &[Case] = cases![
    finds_it_and_does_not_end,
    finds_it_and_waits_for_what_stays,
    finds_it_where_the_init_stays,
    does_not_end_though_it_is_well,
    finds_it_and_leaves_the_frozen,
    finds_it_and_takes_the_kernel_along,
];

/// Asked by the worker, in the initial namespaces, before the case: so the hierarchy is there.
const FREEZER: &Behaviour =
    &Behaviour { what: "lets a hierarchy of cgroup v1 be made", probe: || make_hierarchy().is_ok() };

/// A wrong answer is seen, and the stage stays.
#[claim(source = "namespaces(7)", needs = [Root, Disposable, Module("dummy"), Behaviour(FREEZER)])]
fn finds_it_and_does_not_end() -> Verdict {
    frozen_child()?.forget();
    expect_eq!(1, 2);
    holds()
}

/// A wrong answer is seen, and a child that is killed at the end of the case's function is not gone.
#[claim(source = "namespaces(7)", needs = [Root, Disposable, Module("dummy"), Behaviour(FREEZER)])]
fn finds_it_and_waits_for_what_stays() -> Verdict {
    let _child = frozen_child()?;
    expect_eq!(1, 2);
    holds()
}

/// A wrong answer is seen in a PID namespace whose init is not gone after it.
#[claim(source = "namespaces(7)", needs = [Root, Disposable, Module("dummy"), Behaviour(FREEZER)])]
fn finds_it_where_the_init_stays() -> Verdict {
    child(CLONE_NEWPID, || {
        frozen_child()?.forget();
        expect_eq!(1, 2);
        holds()
    })
}

/// Nothing is wrong, and the stage stays.
#[claim(source = "namespaces(7)", needs = [Root, Disposable, Module("dummy"), Behaviour(FREEZER)])]
fn does_not_end_though_it_is_well() -> Verdict {
    frozen_child()?.forget();
    holds()
}

/// A wrong answer is seen where there is no stage, and a process stays.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces, Module("dummy"), Behaviour(FREEZER)])]
fn finds_it_and_leaves_the_frozen() -> Verdict {
    frozen_child()?.forget();
    expect_eq!(1, 2);
    holds()
}

/// A wrong answer is seen, and the kernel dies when the case's process is gone.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces, Module("dummy")])]
fn finds_it_and_takes_the_kernel_along() -> Verdict {
    fs::write("/proc/sys/kernel/sysrq", "1")?;
    let case = Path::new("/proc").join(nix::unistd::getpid().to_string());
    spawn(NONE, move |_| {
        nix::unistd::setsid()?;
        // Until the worker has waited for it, which it does after it told what was found. Where others follow it then gives
        // this process a second to end.
        while case.exists() {
            std::thread::yield_now();
        }
        Ok(fs::write("/proc/sysrq-trigger", "c")?)
    })?
    .forget();
    expect_eq!(1, 2);
    holds()
}

fn make_hierarchy() -> Outcome<()> {
    mount_freezer()?;
    let made = fs::create_dir_all("/mnt/frozen").doing("make a cgroup");
    // With a cgroup in it the hierarchy stays when it is mounted nowhere.
    umount("/mnt").doing("unmount the freezer")?;
    made
}

fn mount_freezer() -> Outcome<()> {
    mount(Some("freezer"), "/mnt", Some("cgroup"), MsFlags::empty(), Some("freezer")).doing("mount the freezer")
}

fn frozen_child() -> Outcome<Child<()>> {
    mount_freezer()?;
    let child = waiting(NONE)?;
    fs::write("/mnt/frozen/cgroup.procs", child.pid().to_string()).doing("move the child")?;
    fs::write("/mnt/frozen/freezer.state", "FROZEN").doing("freeze the child")?;
    eventually(|| Ok(fs::read_to_string("/mnt/frozen/freezer.state")?.trim() == "FROZEN"))?;
    umount("/mnt").doing("unmount the freezer")?;
    Ok(child)
}
