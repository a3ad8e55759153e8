//! The guest's side of `nsproof shell`: a shell, or one command, on the control port.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use nix::sys::signal::SigSet;
use nix::sys::signal::Signal::SIGTTOU;
use rustix::process::{Pid, Signal, ioctl_tiocsctty, kill_process_group, setsid};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, Winsize, tcdrain, tcgetattr, tcsetattr, tcsetpgrp,
    tcsetwinsize,
};

use crate::stage;

/// On the kernel's command line: be a shell, on a terminal of so many columns and rows, or on a line that is none.
pub(crate) const ARGUMENT: &str = "nsproof.shell=";

/// In place of a terminal's size: bytes go as they are, and standard input is empty.
pub(crate) const NO_TERMINAL: &str = "plain";

/// The file that has the command's words, a JSON array. Without it, it is a shell.
pub(crate) const COMMAND: &str = "/etc/nsproof/command";

/// Where it starts, and where what was brought lies.
pub(crate) const HOME: &str = "/root";

/// What the guest says when the shell is about to start.
pub(crate) const READY: &str = "shell";

/// What stands before and after the exit status, the last words on the line. Nothing that belongs to the command writes then.
pub(crate) const BEFORE_STATUS: &str = "\x1eexit ";

/// See [`BEFORE_STATUS`].
pub(crate) const AFTER_STATUS: u8 = b'\x1e';

/// What a shell answers for a program that is not there.
const NOT_FOUND: u8 = 127;

/// What a shell answers for a program that cannot be carried out.
const NOT_EXECUTABLE: u8 = 126;

/// What a shell adds to a signal's number.
const KILLED_BY: i32 = 128;

/// What the machine was booted for, beside cases.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    /// Something on a terminal of this size.
    OnTerminal(Winsize),
    /// A command whose output goes somewhere else.
    Plain,
}

/// What this machine was booted for, if that is a shell.
pub(super) fn wanted() -> Option<Wanted> {
    let line = fs::read_to_string("/proc/cmdline").ok()?;
    let what = line.split_whitespace().find_map(|word| word.strip_prefix(ARGUMENT))?;
    if what == NO_TERMINAL {
        return Some(Wanted::Plain);
    }
    let (columns, rows) = what.split_once('x')?;
    let size = Winsize { ws_col: columns.parse().ok()?, ws_row: rows.parse().ok()?, ws_xpixel: 0, ws_ypixel: 0 };
    Some(Wanted::OnTerminal(size))
}

/// Runs the shell or the command on the control port until it ends, and says how it did.
pub(super) fn run(mut control: File, wanted: Wanted) -> io::Result<()> {
    let words: Vec<String> = match fs::read(COMMAND) {
        Ok(text) => serde_json::from_slice(&text)?,
        Err(_) => vec!["busybox".to_owned(), "sh".to_owned()],
    };
    writeln!(control, "{READY}")?;
    let ended = match wanted {
        Wanted::Plain => through_a_pipe(&words, &control),
        Wanted::OnTerminal(size) => {
            make_terminal(&control, size)?;
            let mut command = command(&words);
            command.stdin(control.try_clone()?).stdout(control.try_clone()?).stderr(control.try_clone()?);
            in_foreground(&mut command, &control)
        }
    };
    let code = match ended {
        Ok(status) => code_of(status),
        Err(error) => {
            writeln!(control, "nsproof: {} cannot be started: {error}", words[0])?;
            if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE }
        }
    };
    stage::end_descendants();
    write!(control, "{BEFORE_STATUS}{code}")?;
    control.write_all(&[AFTER_STATUS])?;
    Ok(tcdrain(&control)?)
}

fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command.current_dir(HOME).env("HOME", HOME).env("PS1", "\\w # ").env("TERM", "vt100");
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// Runs a command that writes into a pipe: it would take the port for a terminal, and colour what goes into somebody's file.
fn through_a_pipe(words: &[String], control: &File) -> io::Result<ExitStatus> {
    let (mut said, pipe) = io::pipe()?;
    let mut command = command(words);
    command.stdin(Stdio::null()).stdout(pipe.try_clone()?).stderr(pipe);
    let mut child = command.spawn()?;
    // It holds the pipe's ends that are to be closed when nobody writes any more.
    drop(command);
    let mut port = control.try_clone()?;
    let passing = thread::spawn(move || io::copy(&mut said, &mut port));
    let status = child.wait();
    // A process that cannot be ended may hold the pipe open for ever.
    if stage::end_descendants().stuck.is_none() {
        passing.join().map_err(|_| io::Error::other("what the command wrote could not be passed on"))??;
    }
    status
}

/// Runs a command whose terminal this is. This process leads the session: it stays, where the end of a leader would cost what
/// is still on the way to the terminal.
fn in_foreground(command: &mut Command, control: &File) -> io::Result<ExitStatus> {
    setsid()?;
    ioctl_tiocsctty(control)?;
    let mut child = command.process_group(0).spawn()?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(ErrorKind::InvalidData)?;
    tcsetpgrp(control, group)?;
    // It may have been stopped for reading too early.
    let _ = kill_process_group(group, Signal::CONT);
    // From now on what this process does to the terminal comes from the background.
    let mut background = SigSet::empty();
    background.add(SIGTTOU);
    background.thread_block()?;
    child.wait()
}

fn make_terminal(control: &File, size: Winsize) -> io::Result<()> {
    let mut settings = tcgetattr(control)?;
    settings.input_modes |= InputModes::ICRNL;
    settings.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
    settings.local_modes |=
        LocalModes::ICANON | LocalModes::ISIG | LocalModes::ECHO | LocalModes::ECHOE | LocalModes::IEXTEN;
    tcsetattr(control, OptionalActions::Drain, &settings)?;
    Ok(tcsetwinsize(control, size)?)
}

fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| KILLED_BY + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
