//! The doors: which role this process has, and the way from its command line into it.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::command::Command;
use crate::process::run_as_program;
use crate::registry::Registry;
use crate::runner::engine::Plan;
use crate::runner::front::{self, Front};
use crate::runner::options::{EXIT_CODES, HELP, RunOptions};
use crate::terminal;
use crate::worker;

/// Exit code for wrong usage.
const USAGE: u8 = 2;

/// The conformance suite: claims of the Linux namespace documentation, tried on kernels.
#[derive(Debug, Parser)]
#[command(
    name = "conformance",
    bin_name = "cargo test --",
    disable_version_flag = true,
    help_template = HELP,
    after_help = format!("{EXIT_CODES}

Examples:
  cargo test -- --suite pid
  cargo test -- --suite pid --kernel 6.12 nesting
  cargo test -- --baseline results/runs/monday")
)]
struct TestDoor {
    #[command(flatten)]
    run: RunOptions,
}

/// The main function of `tests/conformance.rs`: `cargo test -- --suite pid`.
pub fn test_door(registry: Registry) -> ExitCode {
    if let Some(code) = other_roles(registry) {
        return code;
    }
    // Cargo runs tests in their package's folder; paths were typed in the workspace's, and reports belong there.
    if let Some(package) = std::env::var_os("CARGO_MANIFEST_DIR")
        && let Some(workspace) = Path::new(&package).parent()
    {
        let _ = std::env::set_current_dir(workspace);
    }
    let door = TestDoor::parse();
    report(Plan::new(&registry, door.run).and_then(|plan| front::carry_out(plan, Front::Libtest)))
}

/// The main function of the command `nsproof`.
pub fn command(registry: Registry) -> ExitCode {
    if let Some(code) = other_roles(registry) {
        return code;
    }
    report(Command::parse().carry_out(&registry))
}

/// Carries out what the process was started for when no person started it.
fn other_roles(registry: Registry) -> Option<ExitCode> {
    run_as_program(registry.programs);
    if std::env::args().nth(1).as_deref() == Some(worker::ROLE) {
        return Some(match worker::serve_host(registry) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        });
    }
    if vm::guest::is_init() {
        worker::serve_guest(registry);
    }
    None
}

fn report(answer: anyhow::Result<u8>) -> ExitCode {
    match answer {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("nsproof: {}", terminal::sentence(&error));
            ExitCode::from(USAGE)
        }
    }
}
