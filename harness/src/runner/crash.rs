//! What a kernel's last words mean. They only explain a crash; whether there was one is known before.

/// The first thing that went wrong, from a kernel's console: what, and in which function. None when it says nothing.
pub(crate) fn cause(console: &str) -> Option<String> {
    const SIGNS: [&str; 9] = [
        "BUG: ",
        "Oops: ",
        "kernel BUG at ",
        "general protection fault",
        "Kernel panic - not syncing: ",
        "sysrq: Trigger a crash",
        "WARNING: ",
        "double fault",
        "watchdog: ",
    ];
    let lines: Vec<&str> = console.lines().map(without_stamp).collect();
    let first = lines.iter().position(|line| SIGNS.iter().any(|sign| line.contains(sign)))?;
    // «RIP: 0010:free_nsproxy+0x16/0x20»; another segment than the kernel's is a program's.
    let function = lines[first..].iter().find_map(|line| line.split_once("RIP: 0010:").map(|(_, place)| place.trim()));
    let what = lines[first].trim();
    Some(match function {
        Some(function) if !what.contains(function) => format!("{what} in {function}"),
        _ => what.to_owned(),
    })
}

/// A line without the kernel's time, `[    3.141592] `, and, where it is the first, the firmware's clearing of the screen.
fn without_stamp(line: &str) -> &str {
    let line = line.rsplit_once("\x1b[2J").map_or(line, |(_, line)| line);
    match line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((stamp, rest)) if stamp.chars().all(|c| c.is_ascii_digit() || " .T".contains(c)) => rest,
        _ => line,
    }
}

/// The last lines of a console, for a report.
pub(crate) fn last_lines(console: &str) -> String {
    const SHOWN: usize = 60;
    let lines: Vec<&str> = console.lines().collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const PANIC: &str = "[    2.1] Run /init as init process\n[    3.141592] sysrq: Trigger a crash\n\
        [    3.141600] Kernel panic - not syncing: sysrq triggered crash\n[    3.2] CPU: 0 PID: 1 Comm: init\n";
    const OOPS: &str = "[    3.1] BUG: kernel NULL pointer dereference, address: 0000000000000000\n\
        [    3.2] #PF: supervisor write access in kernel mode\n[    3.3] RIP: 0010:free_nsproxy+0x16/0x20\n\
        [    3.4] Code: 0f 0b\n";

    #[rstest]
    #[case::panic(PANIC, Some("sysrq: Trigger a crash"))]
    #[case::after_the_firmware(
        "\x1bc\x1b[?7l\x1b[2J[    5.8] sysrq: Trigger a crash\n[    5.9] RIP: 0033:0x7f35\n",
        Some("sysrq: Trigger a crash")
    )]
    #[case::oops(
        OOPS,
        Some("BUG: kernel NULL pointer dereference, address: 0000000000000000 in free_nsproxy+0x16/0x20")
    )]
    #[case::nothing("[    1.0] all is well\n", None)]
    #[case::empty("", None)]
    fn the_first_cause_is_named(#[case] console: &str, #[case] expected: Option<&str>) {
        assert_eq!(cause(console).as_deref(), expected);
    }
}
