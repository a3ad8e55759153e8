//! Programs in new namespaces: `unshare(1)` at the prompt.

use std::fs;

use kit::prelude::*;
use kit::process::{Shell, ns_pids, prompt};
use kit::uts::hostname;
use nix::unistd::getpid;

use super::reading::{differing, numbers, own_kinds};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unshared_program_lists_its_own_processes_alone,
    unshared_program_has_a_loopback_of_its_own_that_is_down,
    unshared_program_sees_no_system_v_objects,
    five_links_of_an_unshared_program_differ,
    six_links_of_an_unshared_program_differ,
    hostname_set_in_an_unshared_shell_stays_there,
    ordinary_user_is_root_in_an_unshared_shell,
    file_made_by_root_of_an_unshared_shell_is_the_users_outside,
    unshared_program_has_clocks_ahead,
];

/// «unshare --fork --ipc --pid --net --mount --mount-proc» runs a program as PID 1, whose /proc lists its own processes alone.
#[claim(
    source = ["unshare(1)", "Linux Namespaces"],
    needs = [Root, Tool("unshare"), Tool("sh"), Tool("ls"), Tool("cat")],
    deadline = 60,
)]
fn unshared_program_lists_its_own_processes_alone() -> Verdict {
    let inside = prompt("unshare --fork --ipc --pid --net --mount --mount-proc sh -c 'echo $$; ls /proc; :'")?;
    expect_eq!(inside.lines().next(), Some("1"), "the shell's own number");
    let (_, listed) = inside.split_once('\n').unwrap_or_default();
    expect_eq!(numbers(listed), [1, 2], "the shell and ls");
    let outside = numbers(&prompt("ls /proc")?);
    expect!(outside.contains(&getpid().as_raw()), "this process among those of outside: {outside:?}");
    let container = Shell::default().prompt_cat("unshare --fork --ipc --pid --net --mount --mount-proc")?;
    let pid = container.init()?;
    expect_eq!(ns_pids(pid)?, [pid.as_raw(), 1], "a program's numbers outside and inside");
    holds()
}

/// «unshare --net» gives a program a network of its own: its device lo is down, also while the one outside is up.
#[claim(
    source = ["unshare(1)", "Linux Namespaces", "namespaces-fun"],
    needs = [Root, Tool("unshare"), Tool("ip"), Tool("sh"), Tool("cat")],
    deadline = 60,
)]
fn unshared_program_has_a_loopback_of_its_own_that_is_down() -> Verdict {
    prompt("ip link set lo up")?;
    let outside = prompt("ip -o link show lo")?;
    expect!(outside.starts_with("1: lo: <LOOPBACK,UP,LOWER_UP>"), "outside: {outside}");
    for inside in [
        prompt("unshare --net ip -o link show lo")?,
        prompt("unshare --fork --ipc --pid --net --mount --mount-proc ip -o link show lo")?,
    ] {
        expect!(inside.starts_with("1: lo: <LOOPBACK> ") && inside.contains(" state DOWN "), "inside: {inside}");
    }
    let program = Shell::default().prompt_cat("unshare --net")?;
    expect_eq!(own_kinds(program.tool())?, [Kind::Net], "what the program has of its own");
    holds()
}

/// «unshare --ipc» hides the System V objects of outside: ipcs lists a shared memory segment there, and none inside.
#[claim(
    source = ["unshare(1)", "ipcs(1)", "Linux Namespaces"],
    needs = [Root, Tool("unshare"), Tool("ipcmk"), Tool("ipcs"), Tool("sh"), Tool("cat"), Config("SYSVIPC")],
    deadline = 60,
)]
fn unshared_program_sees_no_system_v_objects() -> Verdict {
    let rows = |text: &str| text.lines().filter(|line| line.starts_with("0x")).count();
    expect_eq!(rows(&prompt("ipcs -m")?), 0, "at first");
    prompt("ipcmk -M 4096")?;
    expect_eq!(rows(&prompt("ipcs -m")?), 1, "outside");
    expect_eq!(rows(&prompt("unshare --fork --ipc --pid --net --mount --mount-proc ipcs -m")?), 0, "inside");
    // The first line of the kernel's list is its heading.
    expect_eq!(fs::read_to_string("/proc/sysvipc/shm")?.lines().count(), 2, "the kernel's list outside");
    expect_eq!(prompt("unshare --ipc cat /proc/sysvipc/shm")?.lines().count(), 1, "the kernel's list inside");
    holds()
}

/// «unshare --fork --ipc --pid --net --mount --mount-proc» changes five links of /proc/self/ns: ipc, mnt, net, pid,
/// pid_for_children.
#[claim(
    source = ["unshare(1)", "readlink(1)", "Linux Namespaces"],
    needs = [Root, Tool("unshare"), Tool("readlink"), Tool("sh")],
    deadline = 60,
)]
fn five_links_of_an_unshared_program_differ() -> Verdict {
    let outside = prompt("readlink /proc/self/ns/*")?;
    let inside = prompt("unshare --fork --ipc --pid --net --mount --mount-proc readlink /proc/self/ns/*")?;
    expect_eq!(differing(&outside, &inside), ["ipc", "mnt", "net", "pid", "pid_for_children"]);
    expect_eq!(differing(&outside, &prompt("readlink /proc/self/ns/*")?), Vec::<&str>::new(), "outside, again");
    holds()
}

/// «unshare --pid --uts --mount --ipc --net --cgroup --fork» gives a program six namespaces of its own; user and time stay.
#[claim(
    source = ["unshare(1)", "readlink(1)", "namespaces-fun"],
    needs = [Root, Tool("unshare"), Tool("readlink"), Tool("sh"), Tool("cat")],
    deadline = 60,
)]
fn six_links_of_an_unshared_program_differ() -> Verdict {
    let outside = prompt("readlink /proc/self/ns/*")?;
    let inside = prompt("unshare --pid --uts --mount --ipc --net --cgroup --fork readlink /proc/self/ns/*")?;
    // Where /proc is that of outside, self is who reads it.
    expect_eq!(differing(&outside, &inside), ["cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "uts"]);
    let container = Shell::default().prompt_cat("unshare --pid --uts --mount --ipc --net --cgroup --fork")?;
    let kinds = [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Pid, Kind::Uts];
    expect_eq!(own_kinds(container.init()?)?, kinds, "seen from outside");
    holds()
}

/// In a shell of «unshare --uts» hostname sets a name that is not seen outside.
#[claim(
    source = ["unshare(1)", "hostname(1)", "namespaces-fun", "What's in a name(space)?"],
    needs = [Root, Tool("unshare"), Tool("hostname"), Tool("sh")],
    deadline = 60,
)]
fn hostname_set_in_an_unshared_shell_stays_there() -> Verdict {
    prompt("hostname outside")?;
    for name in ["inside", "other"] {
        let shown = Shell::with("NAME", name).prompt("unshare --uts sh -c 'hostname; hostname $NAME; hostname'")?;
        expect_eq!(shown.lines().collect::<Vec<_>>(), ["outside", name], "in the shell, before and after");
        expect_eq!((prompt("hostname")?.trim(), hostname()?.as_str()), ("outside", "outside"), "outside after that");
    }
    // The same shell without a namespace of its own.
    prompt("sh -c 'hostname changed'")?;
    expect_eq!(hostname()?, "changed", "set in a shell that shares it");
    holds()
}

/// «unshare --user --map-root-user» makes an ordinary user root inside, with every capability that the kernel knows.
#[claim(
    source = ["unshare(1)", "id(1)", "namespaces-fun", "What's in a name(space)?"],
    needs = [UserNamespaces, Tool("unshare"), Tool("id"), Tool("grep"), Tool("sh")],
    deadline = 60,
)]
fn ordinary_user_is_root_in_an_unshared_shell() -> Verdict {
    let last: u32 = fs::read_to_string("/proc/sys/kernel/cap_last_cap").doing("read cap_last_cap")?.trim().parse()?;
    let full = format!("CapEff:\t{:016x}\n", u64::MAX >> (63 - last));
    unprivileged(NONE, move || {
        expect_eq!(prompt("grep CapEff /proc/self/status")?, format!("CapEff:\t{:016x}\n", 0), "outside");
        expect_ne!(prompt("id -u")?, "0\n", "outside");
        expect_eq!(prompt("unshare --user --map-root-user id -u")?, "0\n", "inside");
        expect_eq!(prompt("unshare --user --map-root-user grep CapEff /proc/self/status")?, full, "inside");
        expect_eq!(prompt("unshare --user id -u")?, "65534\n", "inside without a map");
        Ok(())
    })?;
    holds()
}

/// A file that root of «unshare --user --map-root-user» makes is root's inside, and outside that of the user who called it.
#[claim(
    source = ["unshare(1)", "stat(1)", "namespaces-fun", "What's in a name(space)?"],
    needs = [Root, UserNamespaces, Tool("unshare"), Tool("touch"), Tool("stat"), Tool("sh")],
    deadline = 60,
)]
fn file_made_by_root_of_an_unshared_shell_is_the_users_outside() -> Verdict {
    for user in [1000, 54321] {
        let shell = Shell::with("FILE", format!("/tmp/made-by-{user}"));
        kit::process::as_user(user, NONE, || {
            let inside = shell.prompt("unshare --user --map-root-user sh -c 'touch $FILE; stat -c %u $FILE'")?;
            expect_eq!(inside, "0\n", "its owner inside");
            Ok(())
        })?;
        expect_eq!(shell.prompt("stat -c %u $FILE")?, format!("{user}\n"), "its owner outside");
    }
    holds()
}

/// «unshare -T --fork --monotonic=N --boottime=N» runs a program whose /proc/uptime is ahead by N; date tells the time of
/// outside.
#[claim(
    source = ["unshare(1)", "time_namespaces(7) DESCRIPTION", "What's in a name(space)?"],
    needs = [Root, Tool("unshare"), Tool("cat"), Tool("date"), Tool("sh"), Config("TIME_NS")],
    deadline = 60,
)]
fn unshared_program_has_clocks_ahead() -> Verdict {
    // Hundredths of a second, as /proc/uptime has them.
    let ticks = |text: String| {
        let first = text.split_whitespace().next().unwrap_or_default();
        Ok::<u64, Failure>(first.replace('.', "").parse()?)
    };
    for ahead in [86_400, 1_000_000] {
        let shell = Shell::with("N", ahead);
        let before = ticks(prompt("cat /proc/uptime")?)?;
        let inside = ticks(shell.prompt("unshare -T --fork --monotonic=$N --boottime=$N cat /proc/uptime")?)?;
        let after = ticks(prompt("cat /proc/uptime")?)?;
        let range = before + ahead * 100..=after + ahead * 100;
        expect!(range.contains(&inside), "{ahead} seconds more: {inside} in {range:?}");
        let before = ticks(prompt("date +%s")?)?;
        let inside = ticks(shell.prompt("unshare -T --fork --monotonic=$N --boottime=$N date +%s")?)?;
        let after = ticks(prompt("date +%s")?)?;
        expect!(before <= inside && inside <= after, "the date inside, {inside}, between {before} and {after}");
    }
    holds()
}
