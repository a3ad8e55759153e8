//! Where the program runs that core_pattern pipes core dumps to: `core(5)`.

use std::fs;
use std::path::Path;

use kit::Program;
use kit::mounts::{Propagation, bind, tmpfs};
use kit::prelude::*;
use kit::process::program_command;
use kit::sysctl::set_sysctl;
use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};
use nix::sys::signal::{Signal, raise};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![a_core_dump_is_piped_to_a_program_in_the_initial_namespace];

/// The programs of this file.
pub(super) const PROGRAMS: &[Program] = &[Program { name: HANDLER, main: tell_mount_namespace }];

/// A program that core_pattern pipes to is looked up and runs in the initial mount namespace, not in that of the process
/// that crashes.
#[claim(
    source = "core(5) Piping core dumps to a program",
    needs = [Root, InitialNamespaces, Disposable, Config("COREDUMP")],
)]
fn a_core_dump_is_piped_to_a_program_in_the_initial_namespace() -> Verdict {
    let (program, told) = (fs::read_link("/proc/self/exe")?, Path::new("/tmp/told"));
    let arguments: Vec<_> = program_command(HANDLER).get_args().map(|word| word.display().to_string()).collect();
    let pattern = format!("|{} {} {}", program.display(), arguments.join(" "), told.display());
    set_sysctl("kernel/core_pattern", pattern).doing("set kernel.core_pattern")?;
    // So that a crashing process ends only after the program.
    set_sysctl("kernel/core_pipe_limit", 1).doing("set kernel.core_pipe_limit")?;
    let initial = link_text("/proc/self/ns/mnt")?;
    let crasher = spawn(CLONE_NEWNS, |_| {
        // A case cannot dump core unless it asks to.
        setrlimit(Resource::RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY).doing("allow core dumps")?;
        Propagation::Private.make_all("/")?;
        tmpfs("/tmp")?;
        bind("/dev/null", &program)?;
        Ok(raise(Signal::SIGABRT)?)
    })?;
    expect_eq!(crasher.wait()?, Ended::Signaled(libc::SIGABRT));
    expect_eq!(expect_ok!(fs::read_to_string(told)), initial);
    holds()
}

/// The program's name.
const HANDLER: &str = "tell-mount-namespace";

/// Writes the program's mount namespace to the file that the first argument names.
fn tell_mount_namespace(arguments: &[String]) -> i32 {
    let tell = |file| fs::write(file, fs::read_link("/proc/self/ns/mnt")?.to_string_lossy().as_bytes());
    match arguments.first().map(tell) {
        Some(Ok(())) => 0,
        _ => 1,
    }
}
