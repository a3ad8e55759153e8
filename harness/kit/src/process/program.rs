//! How cases execute the suites' programs.
//!
//! The executable runs itself: `/proc/self/exe` with a first argument that no person would type.

use std::process::Command;

use crate::words::registry::Registry;

/// The first argument that makes the executable one of its programs.
const ROLE: &str = "__program";

/// A command that executes the program of this name; add arguments, then `status()`, `output()` or `exec()`.
pub fn program_command(name: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg(ROLE).arg(name);
    command
}

/// Becomes a program if the command line says so; else returns.
pub fn run_as_program(registry: Registry) {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(ROLE) {
        return;
    }
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let program = registry.programs().find(|program| program.name == name);
    std::process::exit(program.map_or(127, |program| (program.main)(&rest)))
}
