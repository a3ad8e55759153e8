//! `nsproof shell`: what comes back from a command, and what is there for it.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use rstest::rstest;
use support::{Desk, Said};

fn shell(desk: &Desk, words: &[&str]) -> Said {
    desk.nsproof(&[&["shell", "--kernel", "6.12"], words].concat())
}

#[rstest]
#[case(&["--bring", "no/such", "--", "true"], "no/such cannot be brought along: No such file or directory")]
#[case(&["--bring", "/", "--", "true"], "the root directory cannot be brought along")]
#[case(&["--cpus", "0"], "invalid value '0' for '--cpus <N>'")]
#[case(&["--modules", "."], "--modules . is for a kernel that --kernel gives the path of, and 6.12 is none")]
fn what_cannot_be_is_told_before_anything_is_booted(#[case] words: &[&str], #[case] sentence: &str) {
    let said = shell(&Desk::new(), words);
    said.is_refused(sentence);
    assert!(!said.err.contains("accelerator"), "{said:?}");
}

#[rstest]
#[case::exits("echo out; echo err >&2; exit 7", 7, "out\nerr\n")]
#[case::has_no_terminal("test -t 1 || echo none; test -t 2 || echo none either; exit 4", 4, "none\nnone either\n")]
#[case::is_killed("kill -TERM $$", 143, "")]
#[case::is_talked_over("while :; do echo over; done & read x < /dev/urandom; exec 1>&2; exit 3", 3, "over\n")]
#[case::powers_off("poweroff -f", 125, "")]
#[case::crashes("echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger", 1, "")]
#[ignore = "boots machines: run with --include-ignored"]
fn the_exit_status_comes_out(#[case] script: &str, #[case] code: i32, #[case] printed: &str) {
    let said = shell(&Desk::new(), &["--", "sh", "-c", script]);
    assert_eq!(said.code, Some(code), "{said:?}");
    let mut lines: Vec<&str> = said.out.lines().collect();
    lines.dedup();
    assert_eq!(lines, printed.lines().collect::<Vec<_>>(), "{said:?}");
}

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_command_that_is_not_there_is_told_like_a_shell_does() {
    let said = shell(&Desk::new(), &["--", "no-such-command"]);
    assert_eq!(said.code, Some(127), "{said:?}");
    assert!(said.out.contains("no-such-command cannot be started: No such file"), "{said:?}");
}

/// What is brought is there, so many processors are, and a case runs by hand, also one that no host would be asked.
#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn what_somebody_needs_is_in_there() {
    let desk = Desk::new();
    desk.put(
        "folder/script.sh",
        "cat folder/data; nproc; nsproof run --exact guest::touches_the_kernel --format terse",
    );
    desk.put("folder/data", "brought\n");
    let said = shell(&desk, &["--cpus", "2", "--bring", "folder", "--", "sh", "folder/script.sh"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("brought\n2\n") && said.out.contains("1 passed; 0 failed"), "{said:?}");
}

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_shell_without_a_command_reads_what_is_typed() {
    let desk = Desk::new();
    let mut command = desk.command();
    command.arg0("nsproof").args(["shell", "--kernel", "6.12"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the command runs");
    let mut typed = child.stdin.take().expect("its input");
    typed.write_all(b"seq 3 | tail -1; tty; pwd; exit 5\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(text.contains("\r\n3\r\n/dev/ttyS1\r\n/root\r\n"), "{text}");
}
