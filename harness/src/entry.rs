//! The entries: which role this process has, and the way from its command line into it.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use kit::process::run_as_program;
use kit::{Registry, in_one_sentence};
use libtest_mimic::Trial;
use vm::initramfs::InitramfsError;
use vm::kernels::KernelError;
use vm::machine::MachineError;

use crate::command::Command;
use crate::runner::engine::Plan;
use crate::runner::filters;
use crate::runner::front::{self, Front};
use crate::runner::options::{EXIT_CODES, HELP, RunOptions};
use crate::terminal;
use crate::worker;

/// Exit code for wrong usage.
const USAGE: u8 = 2;

/// Exit code for what could not be tested.
const UNTESTED: u8 = 125;

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
  cargo test -- --suite pid --kernel 6.12 nesting orphans
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

/// The main function of tests of the suites' tables, which stand beside the conformance suite: cargo hands the same words to
/// both, so these take the same options and heed those of libtest.
pub fn own_tests(tests: Vec<Trial>) -> ExitCode {
    filters::run(&TestDoor::parse().run, tests).exit_code()
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
    run_as_program(registry);
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
            terminal::note(format_args!("nsproof: {}", in_one_sentence(error.as_ref())));
            ExitCode::from(blame(&error))
        }
    }
}

/// Whether it is the person's words that are wrong, or the machine that cannot do it: `git bisect run` takes the first for
/// a bad kernel and skips the second.
fn blame(error: &anyhow::Error) -> u8 {
    let machine = error.chain().any(|cause| cause.is::<MachineError>() || cause.is::<InitramfsError>());
    let kernel = error.chain().find_map(|cause| cause.downcast_ref::<KernelError>());
    if error.chain().any(|cause| matches!(cause.downcast_ref(), Some(InitramfsError::NotAFile { .. }))) {
        return USAGE;
    }
    match kernel {
        Some(KernelError::Unknown { .. } | KernelError::Several { .. } | KernelError::NotAKernel { .. }) => USAGE,
        Some(_) => UNTESTED,
        None if machine => UNTESTED,
        None => USAGE,
    }
}
