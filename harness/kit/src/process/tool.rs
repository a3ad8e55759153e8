//! Programs of the system: `unshare(1)`, `nsenter(1)`, `lsns(8)`, `ip(8)`.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::process::{Child as Process, ChildStdin, Command, Stdio};

use nix::unistd::Pid;

use crate::words::verdict::{Doing, Failure, Outcome};
use crate::{expect, expect_eq};

/// Where programs are when nobody says so, as in a guest.
pub const USUAL_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// A program that has run: its PID, its exit status unless a signal ended it, and what it wrote.
#[derive(Debug)]
#[expect(missing_docs, reason = "named as such")]
pub struct Run {
    pub pid: u32,
    pub status: Option<i32>,
    pub output: String,
    pub errors: String,
}

impl Run {
    /// What it wrote; a failure when it did not succeed, for programs that only prepare.
    pub fn succeeded(self) -> Outcome<String> {
        match self.status {
            Some(0) => Ok(self.output),
            _ => Err(Failure::broken(format!("a program failed: {self:?}"))),
        }
    }
}

/// Runs a command line to its end; with nothing to read, and with messages in English.
pub fn run_line(line: &[impl AsRef<OsStr>]) -> Outcome<Run> {
    let [program, arguments @ ..] = line else {
        return Err(Failure::broken("an empty command line"));
    };
    run(Command::new(program).args(arguments))
}

/// Runs a command to its end; with nothing to read, and with messages in English.
pub fn run(command: &mut Command) -> Outcome<Run> {
    let process = surround(command).stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
    let process = process.doing(format!("run {command:?}"))?;
    let pid = process.id();
    let said = process.wait_with_output().doing(format!("wait for {command:?}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Run { pid, status: said.status.code(), output: text(&said.stdout), errors: text(&said.stderr) })
}

/// Runs a command line that the claim says succeeds, and returns what it wrote.
pub fn expect_success(line: &[&str]) -> Outcome<String> {
    let run = run_line(line)?;
    expect_eq!((run.status, run.errors.as_str()), (Some(0), ""), "status and complaints of «{}»", line.join(" "));
    Ok(run.output)
}

/// Runs a command line that the claim says fails with status 1, with such words among its complaints.
pub fn expect_failure(line: &[&str], words: &str) -> Outcome<()> {
    let run: Run = run_line(line)?;
    expect_eq!(run.status, Some(1), "status of «{}», which complains: {}", line.join(" "), run.errors);
    expect!(run.errors.contains(words), "«{}» complains: {}", line.join(" "), run.errors);
    Ok(())
}

/// Makes a stage fit for `ip-netns(8)`: some builds of it have the older name of the folder /run in them.
pub fn prepare_ip_netns() -> Outcome<()> {
    if fs::symlink_metadata("/var/run").is_err() {
        // A machine's own root directory has no /var.
        fs::create_dir_all("/var").doing("make /var")?;
        symlink("/run", "/var/run").doing("link /var/run")?;
    }
    Ok(())
}

fn surround(command: &mut Command) -> &mut Command {
    let path = std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
    command.env("PATH", path).env("LC_ALL", "C").stdout(Stdio::piped())
}

/// A program that runs `cat`, somewhere: it has started, and stays until this value goes.
#[derive(Debug)]
pub struct Container {
    program: Process,
    input: Option<ChildStdin>,
}

impl Container {
    /// Starts `unshare --pid --fork --mount-proc cat`.
    pub fn start() -> Outcome<Self> {
        Self::start_by(&["unshare", "--pid", "--fork", "--mount-proc"])
    }

    /// Starts `cat` by another command line, to which it is added.
    pub fn start_by(line: &[impl AsRef<OsStr>]) -> Outcome<Self> {
        let [first, more @ ..] = line else {
            return Err(Failure::broken("an empty command line"));
        };
        let mut command = Command::new(first);
        command.args(more).arg("cat");
        Self::start_with(command)
    }

    /// Starts `cat` by a command that has all its words.
    pub(super) fn start_with(mut command: Command) -> Outcome<Self> {
        surround(&mut command).stdin(Stdio::piped());
        let mut program = command.spawn().doing(format!("run {command:?}"))?;
        let (Some(mut input), Some(output)) = (program.stdin.take(), program.stdout.take()) else {
            return Err(Failure::broken("a program has no pipes"));
        };
        writeln!(input, "up").doing("write to cat")?;
        let mut echo = String::new();
        BufReader::new(output).read_line(&mut echo).doing("read from cat")?;
        if echo != "up\n" {
            return Err(Failure::broken(format!("cat did not start: {echo:?}")));
        }
        Ok(Self { program, input: Some(input) })
    }

    /// The process that was called.
    pub fn tool(&self) -> Pid {
        Pid::from_raw(self.program.id() as i32)
    }

    /// Its child, by its number outside.
    pub fn init(&self) -> Outcome<Pid> {
        for process in procfs::process::all_processes()?.flatten() {
            if process.stat().is_ok_and(|stat| stat.ppid == self.tool().as_raw()) {
                return Ok(Pid::from_raw(process.pid()));
            }
        }
        Err(Failure::broken("the program has no child"))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // At the end of its input cat exits, and who called it after it.
        self.input = None;
        let _ = self.program.wait();
    }
}
