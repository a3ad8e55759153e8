//! Offsets set by `unshare(1)`, and the session at the prompt that `time_namespaces(7)` shows.

use kit::prelude::*;
use kit::process::{expect_success, run_line};

use super::offsets::{BOOTTIME, MONOTONIC};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unshare_program_sets_offsets,
    offsets_from_a_shell_that_unshare_runs_old,
    offsets_from_a_shell_that_unshare_runs_refused,
];

/// What the shell of the page's example writes, with the blanks and quotation marks that the page lost; then the status of
/// that, and the offsets. In a subshell, since some shells start a program by vfork(2), which may fail there.
const SESSION: &str =
    r#"echo "monotonic 172800 0" > /proc/$$/timens_offsets; echo status $?; (cat /proc/$$/timens_offsets; :)"#;

/// «unshare --time --fork --monotonic=N --boottime=N» runs a program whose clocks are ahead by so many seconds.
///
/// Seen in its `/proc/uptime` and in the offsets of its children's namespace; each option alone moves its own clock alone.
#[claim(
    source = ["unshare(1) OPTIONS", "What's in a name(space)?"],
    needs = [Root, Config("TIME_NS"), Tool("unshare"), Tool("cat")],
)]
fn unshare_program_sets_offsets() -> Verdict {
    let [monotonic, boottime] = [format!("--monotonic={MONOTONIC}"), format!("--boottime={BOOTTIME}")];
    let uptime = |options: &[&str]| -> Outcome<(f64, String)> {
        let line =
            [&["unshare", "--time", "--fork"], options, &["cat", "/proc/uptime", "/proc/self/timens_offsets"]].concat();
        let said = expect_success(&line)?;
        let seconds = said.split_whitespace().next().unwrap_or_default().parse()?;
        let offsets = said.split_once('\n').map_or("", |lines| lines.1);
        Ok((seconds, in_one_line(offsets)))
    };
    for (options, ahead, offsets) in [
        (&[][..], 0, "monotonic 0 0 boottime 0 0"),
        (&[&*monotonic, &*boottime], BOOTTIME, "monotonic 10000000 0 boottime 700000000 0"),
        (&[&*boottime], BOOTTIME, "monotonic 0 0 boottime 700000000 0"),
        (&[&*monotonic], 0, "monotonic 10000000 0 boottime 0 0"),
    ] {
        let (seconds, shown) = uptime(options)?;
        expect_eq!(shown, offsets, "with {options:?}");
        let range = ahead as f64..(ahead + BOOTTIME / 2) as f64;
        expect!(range.contains(&seconds), "/proc/uptime with {options:?}: {seconds}");
    }
    holds()
}

/// A shell that «unshare --time» runs sets the offsets by «echo», as time_namespaces(7) shows.
///
/// Since 6.3 it cannot.
#[claim(
    source = "time_namespaces(7) EXAMPLES",
    until = "6.3",
    needs = [Root, Config("TIME_NS"), Tool("unshare"), Tool("sh"), Tool("cat")],
)]
fn offsets_from_a_shell_that_unshare_runs_old() -> Verdict {
    expect_eq!(session()?, "status 0 monotonic 172800 0 boottime 0 0");
    holds()
}

/// A shell that «unshare --time» runs cannot set the offsets by «echo»: it is in the new time namespace.
///
/// Before 6.3 it could.
#[claim(
    source = ["fs/exec.c begin_new_exec", "What's in a name(space)?"],
    since = "6.3",
    replaces = "offsets_from_a_shell_that_unshare_runs_old",
    needs = [Root, Config("TIME_NS"), Tool("unshare"), Tool("sh"), Tool("cat")],
    erratum = "time_namespaces(7), EXAMPLES: the shell that «unshare -T» executes sets the offsets by «echo»; and the commands \
               shown there lack a blank and a quotation mark.",
)]
fn offsets_from_a_shell_that_unshare_runs_refused() -> Verdict {
    let said = session()?;
    expect!(said.ends_with(" monotonic 0 0 boottime 0 0"), "the offsets: {said}");
    expect!(!said.starts_with("status 0 "), "the echo: {said}");
    // What sets them before the namespace has a member: unshare itself.
    let said = expect_success(&["unshare", "--time", "--monotonic=172800", "cat", "/proc/self/timens_offsets"])?;
    expect_eq!(in_one_line(&said), "monotonic 172800 0 boottime 0 0");
    holds()
}

/// What the session says, in one line.
fn session() -> Outcome<String> {
    Ok(in_one_line(&run_line(&["unshare", "--time", "sh", "-c", SESSION])?.output))
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
