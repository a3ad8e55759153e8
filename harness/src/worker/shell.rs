//! The guest's side of `nsproof shell`: a shell on the control port.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize,
};

/// On the kernel's command line: be a shell, on a terminal of so many columns and rows.
pub(crate) const ARGUMENT: &str = "nsproof.shell=";

/// What the guest says when the shell is about to start.
pub(crate) const READY: &str = "shell";

/// The terminal's size, if this machine was booted for a shell.
pub(super) fn wanted() -> Option<Winsize> {
    let line = std::fs::read_to_string("/proc/cmdline").ok()?;
    let (columns, rows) = line.split_whitespace().find_map(|word| word.strip_prefix(ARGUMENT))?.split_once('x')?;
    Some(Winsize { ws_col: columns.parse().ok()?, ws_row: rows.parse().ok()?, ws_xpixel: 0, ws_ypixel: 0 })
}

/// Runs the shell on the control port until it ends.
pub(super) fn run(mut control: File, size: Winsize) -> std::io::Result<()> {
    let mut settings = tcgetattr(&control)?;
    settings.input_modes |= InputModes::ICRNL;
    settings.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
    settings.local_modes |=
        LocalModes::ICANON | LocalModes::ISIG | LocalModes::ECHO | LocalModes::ECHOE | LocalModes::IEXTEN;
    writeln!(control, "{READY}")?;
    tcsetattr(&control, OptionalActions::Drain, &settings)?;
    tcsetwinsize(&control, size)?;
    let terminal = || control.try_clone().map(Stdio::from);
    // The leader of a new session takes its standard input as its terminal: ^C works.
    Command::new("busybox")
        .args(["setsid", "-c", "busybox", "sh"])
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", "/")
        .env("PS1", "\\w # ")
        .env("TERM", "vt100")
        .stdin(terminal()?)
        .stdout(terminal()?)
        .stderr(terminal()?)
        .status()?;
    Ok(())
}
