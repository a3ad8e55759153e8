//! Which namespaces `nsenter(1)` runs a program in.

use kit::Links;
use kit::prelude::*;
use kit::process::{expect_failure, expect_success, unprivileged, user_namespace_with};
use nix::unistd::{Pid, getpid};

use super::creating_rights::OTHERS;
use super::programs::links_by;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    cli_nsenter_all,
    nsenter_all_enters_another_user_namespace,
    cli_nsenter_net,
    nsenter_needs_no_target,
    cli_nsenter_pid_forks,
    cli_nsenter_unprivileged,
];

/// «nsenter --all» joins all of the target's namespaces except a user namespace that the caller is in already.
///
/// Joining that would fail with EINVAL.
#[claim(
    source = ["nsenter(1)", "namespaces-fun"],
    needs = [Root, Tool("nsenter"), Tool("readlink"), Config("TIME_NS")],
)]
fn cli_nsenter_all() -> Verdict {
    let target = waiting(Kind::flags(&OTHERS))?;
    expect_errno!(setns(target.namespace(Kind::User)?, CLONE_NEWUSER), EINVAL, "the user namespace alone");
    expect_all_joined(&target, 7)
}

/// «nsenter --all» also joins the target's user namespace if that is not the caller's own.
#[claim(source = "nsenter(1)", needs = [Root, Tool("nsenter"), Tool("readlink"), Config("TIME_NS")])]
fn nsenter_all_enters_another_user_namespace() -> Verdict {
    let target = user_namespace_with(&Maps::range(0, 1000), Kind::flags(&OTHERS), |case| {
        case.go()?;
        case.wait()
    })?;
    target.recv::<()>()?;
    expect_all_joined(&target, 8)
}

/// «nsenter --net» joins the target's network namespace, and no other.
#[claim(
    source = ["nsenter(1)", "namespaces-fun", "Few notes about network namespaces in Linux"],
    needs = [Root, Tool("nsenter"), Tool("readlink"), Config("TIME_NS")],
)]
fn cli_nsenter_net() -> Verdict {
    let target = waiting(Kind::flags(&OTHERS))?;
    let pid = target.pid().to_string();
    let seen = links_by(&["nsenter", "--target", &pid, "--net"])?;
    expect_eq!(seen.differing(&Links::own()?), [Kind::Net]);
    expect_eq!(seen.get("net")?, Links::of(&pid)?.get("net")?);
    holds()
}

/// nsenter takes a namespace's file instead of a target, and fails only if it is given neither.
#[claim(
    source = ["nsenter(1)", "Linux Namespaces"],
    needs = [Root, Tool("nsenter"), Tool("readlink"), Config("TIME_NS")],
    erratum = "Linux Namespaces: nsenter needs a target process, given with -t.",
)]
fn nsenter_needs_no_target() -> Verdict {
    let member = waiting(CLONE_NEWNET)?;
    let pid = member.pid();
    let seen = links_by(&["nsenter", &format!("--net=/proc/{pid}/ns/net")])?;
    expect_eq!(seen.get("net")?, Links::of(pid)?.get("net")?);
    expect_eq!(seen.differing(&Links::own()?), [Kind::Net]);
    expect_failure(&["nsenter", "--net", "readlink", "/proc/self"], "target")?;
    holds()
}

/// «nsenter --pid» forks and runs the program in the PID namespace; with --no-fork only the program's children are in
/// it.
#[claim(source = "nsenter(1)", needs = [Root, Tool("nsenter"), Tool("readlink"), Tool("sh")])]
fn cli_nsenter_pid_forks() -> Verdict {
    let target = waiting(CLONE_NEWPID)?;
    let number = target.pid().to_string();
    let (own, inside) = (link_text("/proc/self/ns/pid")?, link_text(format!("/proc/{number}/ns/pid"))?);
    let ask = "readlink /proc/self/ns/pid";
    let seen = |options: &[&str], program: &[&str]| -> Outcome<String> {
        let output = expect_success(&[&["nsenter", "--target", &number, "--pid"], options, program].concat())?;
        Ok(output.trim_end().to_owned())
    };
    let itself: Vec<&str> = ask.split(' ').collect();
    // Something after it keeps the shell from becoming readlink.
    let its_child = ["sh", "-c", &format!("{ask}; :")];
    expect_eq!(seen(&[], &itself)?, inside, "the program");
    expect_eq!(seen(&["--no-fork"], &itself)?, own, "the program, with --no-fork");
    expect_eq!(seen(&["--no-fork"], &its_child)?, inside, "its child, with --no-fork");
    holds()
}

/// nsenter by an ordinary user fails: it cannot open the file of root's namespace, and cannot join even its own one.
///
/// Newer versions of nsenter open no file when they are given a target.
#[claim(
    source = ["nsenter(1)", "Few notes about network namespaces in Linux"],
    needs = [Root, Tool("nsenter"), Tool("true")],
)]
fn cli_nsenter_unprivileged() -> Verdict {
    let root = getpid();
    let by_file = |pid: Pid, complaint: Option<&str>| {
        let line = ["nsenter", &format!("--net=/proc/{pid}/ns/net"), "true"];
        complaint.map_or_else(|| expect_success(&line).map(drop), |words| expect_failure(&line, words))
    };
    let by_target = ["nsenter", "--target", &root.to_string(), "--net", "true"];
    unprivileged(NONE, || {
        by_file(root, Some("Permission denied"))?;
        by_file(getpid(), Some("Operation not permitted"))?;
        expect_failure(&by_target, "nsenter: ")
    })?;
    by_file(root, None)?;
    expect_success(&by_target)?;
    holds()
}

/// nsenter --all puts a program where the target is, which has so many namespaces of its own.
fn expect_all_joined(target: &Child<()>, count: usize) -> Verdict {
    let pid = target.pid().to_string();
    let (own, theirs) = (Links::own()?, Links::of(&pid)?);
    if own.differing(&theirs).len() != count {
        return Err(Failure::broken(format!("the target has {theirs:?}, this process {own:?}")));
    }
    expect_eq!(links_by(&["nsenter", "--target", &pid, "--all"])?.differing(&theirs), []);
    holds()
}
