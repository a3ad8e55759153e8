//! Processes of new PID namespaces, inside and outside: `unshare(1)`, `ps(1)` at the prompt.

use kit::prelude::*;
use kit::process::{Shell, ns_pids, prompt, try_prompt};
use nix::unistd::getpid;

use super::reading::{numbers, own_kinds};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    shell_without_fork_stays_outside_and_its_first_child_is_pid_1,
    strace_shows_why_a_shell_without_fork_cannot_go_on,
    ps_shows_processes_of_outside_until_proc_is_mounted,
    ps_in_a_new_pid_namespace_has_two_rows,
    process_inside_has_a_number_outside,
    loop_over_proc_finds_isolated_processes,
    loop_over_links_names_the_kinds_that_differ,
];

/// «unshare --pid» without --fork leaves the shell outside; its first child is PID 1, and after that one it cannot fork.
#[claim(
    source = ["unshare(1)", "Linux Namespaces", "namespaces-fun"],
    needs = [Root, Tool("unshare"), Tool("sh"), Tool("readlink")],
    deadline = 60,
)]
fn shell_without_fork_stays_outside_and_its_first_child_is_pid_1() -> Verdict {
    let alone = try_prompt("unshare --pid sh -c 'echo $$; sh -c \"echo child \\$\\$\"; readlink /proc/self; :'")?;
    let lines: Vec<_> = alone.output.lines().collect();
    expect_eq!(lines.len(), 2, "what it printed before it failed: {}", alone.output);
    expect!(numbers(lines[0]).iter().all(|pid| *pid > getpid().as_raw()), "the shell's own number: {}", lines[0]);
    expect_eq!(lines[1], "child 1");
    expect!(alone.errors.contains("fork") && alone.status != Some(0), "the second child: {alone:?}");
    let forked = prompt(
        "unshare --pid --fork --mount-proc sh -c 'echo $$; sh -c \"echo child \\$\\$\"; readlink /proc/self; :'",
    )?;
    expect_eq!(forked.lines().collect::<Vec<_>>(), ["1", "child 2", "3"], "with --fork");
    holds()
}

/// strace shows ENOMEM where a shell of «unshare --pid» without --fork makes its second child, and none with --fork.
#[claim(
    source = ["unshare(1)", "pid_namespaces(7) The namespace init process", "Linux Namespaces"],
    needs = [Root, Tool("strace"), Tool("unshare"), Tool("sh"), Tool("id")],
    deadline = 60,
)]
fn strace_shows_why_a_shell_without_fork_cannot_go_on() -> Verdict {
    let alone = try_prompt("strace -f -e trace=clone,clone3,fork,vfork unshare --pid sh -c 'id -u; id -u; :'")?;
    expect!(alone.errors.contains(" = -1 ENOMEM "), "without --fork: {}", alone.errors);
    expect_eq!(alone.output, "0\n", "the first child's words alone");
    let forked = try_prompt("strace -f -e trace=clone,clone3,fork,vfork unshare --pid --fork sh -c 'id -u; id -u; :'")?;
    expect!(!forked.errors.contains("ENOMEM"), "with --fork: {}", forked.errors);
    expect_eq!(forked.output, "0\n0\n", "both children's words");
    holds()
}

/// Without --mount-proc ps shows the processes of outside, also in a new PID namespace, until proc is mounted there.
#[claim(
    source = ["unshare(1)", "pid_namespaces(7) /proc and PID namespaces", "namespaces-fun", "What's in a name(space)?"],
    needs = [Root, Tool("unshare"), Tool("ps"), Tool("mount"), Tool("sh")],
    deadline = 60,
)]
fn ps_shows_processes_of_outside_until_proc_is_mounted() -> Verdict {
    let this = getpid().as_raw();
    let outer = numbers(&prompt("unshare --fork --pid ps -e -o pid=")?);
    expect!(outer.contains(&this), "this process among {outer:?}");
    let inner = prompt("unshare --fork --pid --mount sh -c 'mount -t proc proc /proc; ps -e -o pid=; :'")?;
    expect_eq!(numbers(&inner), [1, 3], "the shell, and ps after mount");
    expect!(numbers(&prompt("ps -e -o pid=")?).contains(&this), "outside after that");
    holds()
}

/// In «unshare --pid --fork --mount-proc» «ps -ef» has two rows: the shell with the number 1, and ps.
#[claim(
    source = ["unshare(1)", "ps(1)", "Linux_name_space"],
    needs = [Root, Tool("unshare"), Tool("ps"), Tool("sh")],
    deadline = 60,
)]
fn ps_in_a_new_pid_namespace_has_two_rows() -> Verdict {
    let shown = prompt("unshare --pid --fork --mount-proc sh -c 'ps -ef; :'")?;
    // UID, PID, PPID, C, STIME, TTY, TIME, CMD.
    let rows: Vec<Vec<_>> = shown.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    let cells = |at: usize| rows.iter().map(|row| row.get(at).copied().unwrap_or_default()).collect::<Vec<_>>();
    expect_eq!(cells(1), ["1", "2"], "numbers: {shown}");
    expect_eq!(cells(2), ["0", "1"], "numbers of parents: {shown}");
    expect_eq!(cells(7), ["sh", "ps"], "commands: {shown}");
    expect!(prompt("ps -ef")?.lines().count() > 3, "outside there are more");
    holds()
}

/// A process of a new PID namespace is listed outside by another number; NSpid of its status has that, then the one inside.
#[claim(
    source = ["ps(1)", "proc_pid_status(5) DESCRIPTION", "namespaces-fun", "Linux_name_space"],
    needs = [Root, Tool("unshare"), Tool("ps"), Tool("grep"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn process_inside_has_a_number_outside() -> Verdict {
    let container = Shell::default().prompt_cat("unshare --pid --fork --mount-proc")?;
    let pid = container.init()?;
    let shell = Shell::with("PID", pid);
    expect_eq!(shell.prompt("ps -o comm= -p $PID")?, "cat\n", "the name of process {pid} outside");
    expect_eq!(shell.prompt("grep NSpid /proc/$PID/status")?, format!("NSpid:\t{pid}\t1\n"));
    let tool = container.tool();
    let outside = Shell::with("PID", tool).prompt("grep NSpid /proc/$PID/status")?;
    expect_eq!(outside, format!("NSpid:\t{tool}\n"), "of the process that called it");
    expect_eq!((ns_pids(pid)?, ns_pids(tool)?), (vec![pid.as_raw(), 1], vec![tool.as_raw()]), "as the kernel has them");
    holds()
}

/// A loop over /proc/PID/ns/pid that compares each link with the shell's own finds the processes of other PID namespaces.
#[claim(
    source = ["pid_namespaces(7) DESCRIPTION", "readlink(1)", "namespaces-fun"],
    needs = [Root, Tool("unshare"), Tool("readlink"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn loop_over_proc_finds_isolated_processes() -> Verdict {
    let find = || {
        prompt(
            "own=$(readlink /proc/self/ns/pid)\n\
             for ns in /proc/[0-9]*/ns/pid; do [ \"$(readlink $ns)\" = \"$own\" ] || echo $ns; done",
        )
    };
    // A process that only shares is there, too.
    let _sharing = Shell::default().prompt_cat("unshare --uts")?;
    expect_eq!(find()?, "", "at first");
    let one = Shell::default().prompt_cat("unshare --pid --fork --mount-proc")?;
    let other = Shell::default().prompt_cat("unshare --pid --fork")?;
    let mut expected = [one.init()?, other.init()?].map(|pid| format!("/proc/{pid}/ns/pid"));
    expected.sort();
    let found = find()?;
    let mut found: Vec<_> = found.lines().collect();
    found.sort_unstable();
    expect_eq!(found, expected);
    holds()
}

/// A loop over the links of /proc/PID/ns that compares each with that of PID 1 names the kinds of which a process has its own.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "readlink(1)", "namespaces-fun"],
    needs = [Root, Tool("unshare"), Tool("readlink"), Tool("cat"), Tool("sh")],
    deadline = 120,
)]
fn loop_over_links_names_the_kinds_that_differ() -> Verdict {
    let differing = |pid| {
        Shell::with("PID", pid).prompt(
            "for ns in /proc/$PID/ns/*; do\n\
             kind=${ns##*/}\n\
             [ \"$(readlink $ns)\" = \"$(readlink /proc/1/ns/$kind)\" ] || echo $kind\n\
             done",
        )
    };
    expect_eq!(differing(getpid())?, "", "of this process");
    let one = Shell::default().prompt_cat("unshare --uts --net")?;
    expect_eq!(differing(one.tool())?.lines().collect::<Vec<_>>(), ["net", "uts"]);
    expect_eq!(own_kinds(one.tool())?, [Kind::Net, Kind::Uts]);
    let other = Shell::default().prompt_cat("unshare --ipc --pid --fork")?;
    expect_eq!(differing(other.init()?)?.lines().collect::<Vec<_>>(), ["ipc", "pid", "pid_for_children"]);
    expect_eq!(differing(other.tool())?.lines().collect::<Vec<_>>(), ["ipc", "pid_for_children"], "of who called it");
    holds()
}
