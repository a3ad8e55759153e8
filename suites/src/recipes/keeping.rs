//! Namespaces mounted on files, and mounts of new mount namespaces: `mount(8)`, `unshare(1)`, `findmnt(8)` at the prompt.

use std::fs;

use kit::mounts::{Propagation, bind, tmpfs};
use kit::prelude::*;
use kit::process::{Container, Shell, prompt, stay_on_one_processor, try_prompt};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    namespace_mounted_on_a_file_outlives_its_process,
    user_namespace_mounted_on_a_file_outlives_its_process,
    pid_namespace_mounted_on_a_file_takes_no_more_processes,
    mount_namespace_cannot_be_mounted_inside_itself,
    unshare_makes_mounts_private,
    unshare_can_keep_mounts_shared,
];

/// What mount(8) ends with when the kernel refused.
const REFUSED: Option<i32> = Some(32);

/// «mount --bind /proc/PID/ns/KIND FILE» keeps a namespace after its last process; nsenter joins it until FILE is unmounted.
///
/// Tried with cgroup, ipc, net, time and uts.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "nsenter(1)", "Linux Namespaces"],
    needs = [
        Root, Tool("unshare"), Tool("nsenter"), Tool("mount"), Tool("umount"), Tool("touch"), Tool("readlink"), Tool("cat"),
        Tool("sh"), Config("TIME_NS"),
    ],
    deadline = 90,
)]
fn namespace_mounted_on_a_file_outlives_its_process() -> Verdict {
    for kind in [Kind::Cgroup, Kind::Ipc, Kind::Net, Kind::Time, Kind::Uts] {
        let shell = Shell::with("KIND", kind).and("FILE", format!("/tmp/kept-{kind}"));
        // With --fork, since a program is in a time namespace for certain only when it is a child.
        let process = shell.prompt_cat("unshare --$KIND --fork")?;
        let pid = process.init()?;
        let text = link_text(format!("/proc/{pid}/ns/{kind}"))?;
        expect_ne!(text, link_text(format!("/proc/self/ns/{kind}"))?);
        let shell = shell.and("PID", pid);
        shell.prompt("touch $FILE; mount --bind /proc/$PID/ns/$KIND $FILE")?;
        drop(process);
        expect!(fs::metadata(format!("/proc/{pid}")).is_err(), "the process is still there");
        let joined = shell.prompt("nsenter --$KIND=$FILE readlink /proc/self/ns/$KIND")?;
        expect_eq!(joined.trim_end(), text, "where nsenter runs a program");
        shell.prompt("umount $FILE")?;
        let after = shell.try_prompt("nsenter --$KIND=$FILE readlink /proc/self/ns/$KIND")?;
        expect!(after.errors.contains("Invalid argument"), "the file after that: {after:?}");
    }
    holds()
}

/// A user namespace that is mounted on a file outlives its last process, with its map: nsenter joins it by the file.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "nsenter(1)", "Linux Namespaces"],
    needs = [
        Root, Config("USER_NS"), Tool("unshare"), Tool("nsenter"), Tool("mount"), Tool("umount"), Tool("touch"), Tool("readlink"),
        Tool("cat"), Tool("sh"),
    ],
    deadline = 60,
)]
fn user_namespace_mounted_on_a_file_outlives_its_process() -> Verdict {
    let process = Shell::default().prompt_cat("unshare --user --map-user=7")?;
    let shell = Shell::with("PID", process.tool()).and("FILE", "/tmp/kept-user");
    let text = link_text(format!("/proc/{}/ns/user", process.tool()))?;
    shell.prompt("touch $FILE; mount --bind /proc/$PID/ns/user $FILE")?;
    drop(process);
    let inside = shell.prompt(
        "nsenter --user=$FILE --preserve-credentials sh -c 'readlink /proc/self/ns/user; cat /proc/self/uid_map'",
    )?;
    let seen: Vec<_> = inside.split_whitespace().collect();
    expect_eq!(seen, [text.as_str(), "7", "0", "1"], "the namespace and its map");
    shell.prompt("umount $FILE")?;
    let after = shell.try_prompt("nsenter --user=$FILE --preserve-credentials readlink /proc/self/ns/user")?;
    expect!(after.errors.contains("Invalid argument"), "the file after that: {after:?}");
    holds()
}

/// A PID namespace that is mounted on a file can still be joined after the end of its init, but takes no more processes.
#[claim(
    source = ["namespaces(7) Namespace lifetime", "pid_namespaces(7) The namespace init process", "nsenter(1)", "Linux Namespaces"],
    needs = [
        Root, Tool("unshare"), Tool("nsenter"), Tool("mount"), Tool("umount"), Tool("touch"), Tool("readlink"), Tool("cat"),
        Tool("sh"),
    ],
    deadline = 60,
)]
fn pid_namespace_mounted_on_a_file_takes_no_more_processes() -> Verdict {
    let process = Shell::default().prompt_cat("unshare --pid --fork")?;
    let shell = Shell::with("PID", process.init()?).and("FILE", "/tmp/kept-pid");
    let text = link_text(format!("/proc/{}/ns/pid", process.init()?))?;
    shell.prompt("touch $FILE; mount --bind /proc/$PID/ns/pid $FILE")?;
    expect_eq!(shell.prompt("nsenter --pid=$FILE sh -c 'echo $$'")?, "2\n", "while init lives");
    drop(process);
    let joined = shell.prompt("nsenter --pid=$FILE --no-fork readlink /proc/self/ns/pid_for_children")?;
    expect_eq!(joined.trim_end(), text, "that of children after the end of init");
    let forked = shell.try_prompt("nsenter --pid=$FILE sh -c 'echo $$'")?;
    expect!(forked.errors.contains("Cannot allocate memory"), "a child after the end of init: {forked:?}");
    expect_eq!(forked.output, "", "what it printed");
    shell.prompt("umount $FILE")?;
    holds()
}

/// «mount --bind /proc/PID/ns/mnt FILE» fails with EINVAL in that very mount namespace, and works in an older one.
#[claim(
    source = ["mount(2) ERRORS", "fs/namespace.c mnt_ns_loop", "Linux Namespaces"],
    needs = [
        Root, Tool("unshare"), Tool("nsenter"), Tool("mount"), Tool("umount"), Tool("touch"), Tool("readlink"), Tool("cat"),
        Tool("sh"),
    ],
    deadline = 60,
)]
fn mount_namespace_cannot_be_mounted_inside_itself() -> Verdict {
    // Which one is older is told by numbers that 6.18 gives each processor some of in advance.
    stay_on_one_processor()?;
    child(CLONE_NEWNS, || {
        let shell = Shell::with("FILE", "/tmp/kept-mnt");
        let refused = shell.try_prompt("touch $FILE; mount --bind /proc/self/ns/mnt $FILE")?;
        expect_eq!(refused.status, REFUSED, "the own one: {refused:?}");
        expect_errno!(bind("/proc/self/ns/mnt", "/tmp/kept-mnt"), EINVAL, "as the kernel answers");
        let process = shell.prompt_cat("unshare --mount")?;
        let shell = shell.and("PID", process.tool());
        let inside = shell.try_prompt("nsenter -t $PID --mount mount --bind /proc/$PID/ns/mnt $FILE")?;
        expect_eq!(inside.status, REFUSED, "the newer one, from inside: {inside:?}");
        let text = link_text(format!("/proc/{}/ns/mnt", process.tool()))?;
        shell.prompt("mount --bind /proc/$PID/ns/mnt $FILE")?;
        drop(process);
        let joined = shell.prompt("nsenter --mount=$FILE readlink /proc/self/ns/mnt")?;
        expect_eq!(joined.trim_end(), text, "the newer one, from outside");
        shell.prompt("umount $FILE")?;
        Ok(())
    })?;
    holds()
}

/// In «unshare --mount» findmnt shows a mount as private that is shared outside, and a mount made below it stays inside.
#[claim(
    source = ["unshare(1)", "findmnt(8)", "Linux_name_space"],
    needs = [Root, Tool("unshare"), Tool("findmnt"), Tool("mount"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn unshare_makes_mounts_private() -> Verdict {
    shared_mount()?;
    expect_eq!(
        prompt("unshare --mount findmnt -n -o TARGET,PROPAGATION /mnt")?.split_whitespace().collect::<Vec<_>>(),
        ["/mnt", "private"]
    );
    let process =
        Shell::default().prompt_cat("unshare --mount sh -c 'mount -t tmpfs below /mnt/below; exec \"$0\"'")?;
    expect_shown_inside(&process)?;
    expect_eq!(try_prompt("findmnt -n -o SOURCE /mnt/below")?.status, Some(1), "outside");
    expect!(!fs::read_to_string("/proc/self/mountinfo")?.contains(" /mnt/below "), "the kernel's list outside");
    holds()
}

/// In «unshare --mount --propagation unchanged» findmnt shows a shared mount as shared, and a mount made below it shows outside.
#[claim(
    source = ["unshare(1)", "findmnt(8)", "Linux_name_space"],
    needs = [Root, Tool("unshare"), Tool("findmnt"), Tool("mount"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn unshare_can_keep_mounts_shared() -> Verdict {
    shared_mount()?;
    let shown = prompt("unshare --mount --propagation unchanged findmnt -n -o TARGET,PROPAGATION /mnt")?;
    expect_eq!(shown.split_whitespace().collect::<Vec<_>>(), ["/mnt", "shared"]);
    let process = Shell::default()
        .prompt_cat("unshare --mount --propagation unchanged sh -c 'mount -t tmpfs below /mnt/below; exec \"$0\"'")?;
    expect_shown_inside(&process)?;
    expect_eq!(prompt("findmnt -n -o SOURCE /mnt/below")?, "below\n", "outside");
    expect!(fs::read_to_string("/proc/self/mountinfo")?.contains(" /mnt/below "), "the kernel's list outside");
    holds()
}

/// A shared mount on /mnt, with a directory to mount on.
fn shared_mount() -> Outcome<()> {
    tmpfs("/mnt")?;
    fs::create_dir("/mnt/below").doing("make a directory")?;
    Propagation::Shared.make("/mnt").doing("make it shared")?;
    let shown = prompt("findmnt -n -o TARGET,PROPAGATION /mnt")?;
    expect_eq!(shown.split_whitespace().collect::<Vec<_>>(), ["/mnt", "shared"], "outside, at first");
    Ok(())
}

fn expect_shown_inside(process: &Container) -> Outcome<()> {
    let shell = Shell::with("PID", process.tool());
    expect_eq!(shell.prompt("findmnt -n -o SOURCE -N $PID /mnt/below")?, "below\n", "inside");
    Ok(())
}
