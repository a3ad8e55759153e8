//! Tiny programs for what only a program can show: `execve(2)` of something with a known behaviour.
//!
//! The executable runs itself: `/proc/self/exe` with a first argument that no person would type.

use std::process::Command;

/// The first argument that makes the executable one of its programs.
const ROLE: &str = "__program";

/// A program that cases can execute.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// The name to execute it by.
    pub name: &'static str,
    /// What it does with its arguments; the value is its exit status.
    pub main: fn(&[String]) -> i32,
}

/// A command that executes the program of this name; add arguments, then `status()`, `output()` or `exec()`.
pub fn program_command(name: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg(ROLE).arg(name);
    command
}

/// Becomes a program if the command line says so; else returns.
pub(crate) fn run_as_program(programs: &[&[Program]]) {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(ROLE) {
        return;
    }
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let status = programs
        .iter()
        .copied()
        .flatten()
        .find(|program| program.name == name)
        .map_or(127, |program| (program.main)(&rest));
    std::process::exit(status)
}
