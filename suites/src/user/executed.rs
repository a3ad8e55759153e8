//! A program that tells what it has become by being executed, for the cases about execve().

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use kit::Program;
use kit::prelude::*;
use kit::process::{Sets, program_command};
use procfs::FromBufRead;
use procfs::process::Status;

/// The programs of this file.
pub(super) const PROGRAMS: &[Program] = &[Program { name: TELL_STATUS, main: print_status }];

const TELL_STATUS: &str = "tell-status";

/// The program, from this executable.
pub(super) fn tell_status() -> Command {
    program_command(TELL_STATUS)
}

/// The program, from another file.
pub(super) fn program_at(path: &str) -> Command {
    let mut command = Command::new(path);
    command.args(tell_status().get_args());
    command
}

/// A copy of this executable, in the stage's own file system.
pub(super) fn copy_of_ourselves(path: &str, mode: u32) -> Outcome<String> {
    fs::copy("/proc/self/exe", path).doing("copy the executable")?;
    fs::set_permissions(path, Permissions::from_mode(mode)).doing("set the copy's mode")?;
    Ok(path.to_owned())
}

/// The user ID that a program has and the capabilities that it is left with.
pub(super) fn executed(command: &mut Command) -> Outcome<(u32, Sets)> {
    let status = status_after(command)?;
    Ok((status.euid, Sets::shown(&status)))
}

/// A program's own status file, as it prints it.
pub(super) fn status_after(command: &mut Command) -> Outcome<Status> {
    let output = command.output().doing("execute a program")?;
    if !output.status.success() {
        return Err(Failure::broken(format!("the program {TELL_STATUS} ended with {}", output.status)));
    }
    Status::from_buf_read(&*output.stdout).doing("understand a status file")
}

fn print_status(_: &[String]) -> i32 {
    match fs::read_to_string("/proc/self/status") {
        Ok(text) => {
            print!("{text}");
            0
        }
        Err(_) => 1,
    }
}
