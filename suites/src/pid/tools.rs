//! What documents show with `unshare(1)`, `nsenter(1)` and `ps(1)`.

use std::path::Path;
use std::process::Command;

use kit::prelude::*;
use kit::process::{Container, mount_proc, run};
use nix::unistd::getpid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unshare_tool_needs_fork_for_pid,
    unshare_mount_proc_shows_two_processes,
    unshare_tool_process_stays_outside,
    contained_process_visible_on_host,
    nsenter_pid_joins_namespace,
];

/// A command run by «unshare --pid» without --fork stays outside; its first child is PID 1, and no fork succeeds after
/// that one's end.
#[claim(
    source = [
        "unshare(1)", "Linux Namespaces", "namespaces-fun", "Linux_name_space"
    ],
    needs = [Root, Tool("unshare"), Tool("bash")]
)]
fn unshare_tool_needs_fork_for_pid() -> Verdict {
    let script = "echo $$; (echo $BASHPID); (echo second); :";
    let alone = run(Command::new("unshare").args(["--pid", "bash", "-c", script]))?;
    expect_eq!(alone.output, format!("{}\n1\n", alone.pid), "the shell and its first child");
    expect!(alone.errors.contains("fork: Cannot allocate memory"), "the second child: {}", alone.errors);

    let forked = run(Command::new("unshare").args(["--pid", "--fork", "bash", "-c", script]))?;
    expect_eq!((forked.output.as_str(), forked.errors.as_str()), ("1\n2\nsecond\n", ""), "with --fork");
    holds()
}

/// «unshare --pid --fork --mount-proc sh -c ps» lists two processes: the shell as PID 1 and ps as PID 2.
#[claim(
    source = [
        "unshare(1)", "Linux Namespaces", "namespaces-fun", "Linux_name_space",
        "What's in a name(space)?",
    ],
    needs = [Root, Tool("unshare"), Tool("ps"), Tool("sh")]
)]
fn unshare_mount_proc_shows_two_processes() -> Verdict {
    let listed = |options: &[&str]| -> Outcome<Vec<String>> {
        let mut command = Command::new("unshare");
        // Something after ps keeps the shell from becoming ps.
        command.args(options).args(["sh", "-c", "ps -e -o pid= -o comm=; :"]);
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(run(&mut command)?.output.lines().map(words).collect())
    };
    expect_eq!(listed(&["--pid", "--fork", "--mount-proc"])?, ["1 sh", "2 ps"]);
    let own = getpid().to_string();
    let without = listed(&["--pid", "--fork"])?;
    expect!(without.iter().any(|line| line.split(' ').next() == Some(&own)), "without --mount-proc: {without:?}");
    holds()
}

/// The process of «unshare --pid --fork --mount-proc» shares its child's new mount namespace, but not its PID
/// namespace.
#[claim(source = ["unshare(1)", "Linux_name_space"], needs = [Root, Tool("unshare"), Tool("cat")])]
fn unshare_tool_process_stays_outside() -> Verdict {
    let container = Container::start()?;
    let (tool, inside) = (container.tool(), container.init()?);
    expect_eq!(inode_of(tool, Kind::Mnt)?, inode_of(inside, Kind::Mnt)?);
    expect_ne!(inode_of(tool, Kind::Mnt)?, own_inode(Kind::Mnt)?);
    expect_eq!(inode_of(tool, Kind::Pid)?, own_inode(Kind::Pid)?);
    expect_ne!(inode_of(inside, Kind::Pid)?, own_inode(Kind::Pid)?);
    holds()
}

/// A process in a PID namespace that unshare(1) made is listed outside by its outer PID; processes outside are not
/// listed inside.
#[claim(
    source = ["Linux_name_space", "What's in a name(space)?"],
    needs = [Root, Tool("unshare"), Tool("cat")]
)]
fn contained_process_visible_on_host() -> Verdict {
    let container = Container::start()?;
    let inside = container.init()?;
    let name = std::fs::read_to_string(format!("/proc/{inside}/comm")).doing("read the process's name outside")?;
    expect_eq!(name, "cat\n", "the name of process {inside} outside");
    let root = format!("/proc/{inside}/root/proc");
    expect!(Path::new(&root).join("1").exists(), "the procfs inside shows the process as 1");
    for outer in [inside, container.tool(), getpid()] {
        expect!(Path::new("/proc").join(outer.to_string()).exists(), "{outer} is listed outside");
        expect!(!Path::new(&root).join(outer.to_string()).exists(), "{outer} is listed inside");
    }
    holds()
}

/// A command run by «nsenter --pid --mount» or «nsenter --all» has a PID in the target's PID namespace and finds itself
/// in its procfs.
#[claim(
    source = ["nsenter(1)", "Linux Namespaces", "namespaces-fun"],
    needs = [Root, Tool("nsenter"), Tool("sh")]
)]
fn nsenter_pid_joins_namespace() -> Verdict {
    let target = spawn(CLONE_NEWPID | CLONE_NEWNS, |parent| {
        mount_proc()?;
        parent.go()?;
        parent.wait()
    })?;
    target.recv::<()>()?;
    let entered = |options: &[&str]| -> Outcome<String> {
        let mut command = Command::new("nsenter");
        command.args(["-t", &target.pid().to_string()]).args(options);
        // The shell's own number, and what it has of itself and of others in /proc.
        command.args(["sh", "-c", "cd /proc; self=none; read self rest <self/stat; echo $$ $self [0-9]*"]);
        Ok(run(&mut command)?.output)
    };
    expect_eq!(entered(&["--pid", "--mount"])?, "2 2 1 2\n");
    expect_eq!(entered(&["--all"])?, "3 3 1 3\n");
    let seen = entered(&["--mount"])?;
    let (shell, listed) = seen.split_once(' ').unwrap_or_default();
    expect!(shell.parse::<i32>()? > target.pid().as_raw(), "without --pid a number of outside: {seen}");
    expect_eq!(listed, "none 1\n", "without --pid it is not in the procfs of inside");
    holds()
}
