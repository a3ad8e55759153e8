//! `nsproof shell`: somebody looks around in a disposable kernel, or has a command carried out there.
//!
//! It runs on the guest's control port; this side passes bytes between that and our terminal or files.

mod last_words;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use kit::Registry;
use rustix::termios::tcgetwinsize;
use vm::initramfs::Extra;
use vm::machine::{Exit, Machine, Setup};

use self::last_words::pass_bytes;
use crate::deadlines::{GUEST_READY, MACHINE_END};
use crate::runner::accelerator::Accelerator;
use crate::runner::cache::{open_cache, refuse_modules_without_image};
use crate::runner::crash;
use crate::runner::virtual_kernel::{More, VirtualKernel};
use crate::terminal;
use crate::worker::shell;

/// The exit code for: the kernel died. `git bisect run` takes it for a bad one.
const DIED: u8 = 1;

/// The exit code for: nothing can be said.
const UNTESTED: u8 = 125;

/// What stands below the options.
pub(super) const HELP: &str = "\
Without a COMMAND it is a shell. What is brought lies in /root, where both start; a program's shared libraries come along. \
nsproof itself is in there: `nsproof run CLAIM` carries a case out, also one that only a disposable kernel is asked.

Standard output and standard error of a COMMAND both come out here. On a terminal it has that terminal; else its standard \
input is empty.

Exit codes:
  N    the COMMAND's, or the shell's; 128 and the signal's number when one ended it
  1    also: the kernel died under it
  2    also: wrong usage
  125  also: the machine did not come up, or was powered off before the COMMAND had ended

Examples:
  nsproof shell --kernel 6.12
  nsproof shell --kernel 5.10 -- unshare --pid --fork --mount-proc ps
  nsproof shell --kernel ../linux --cpus 4 --bring reproducer -- ./reproducer
  nsproof shell --kernel 6.12 -- nsproof run --exact pid::nesting_stops_at_depth_32
  git bisect run sh -c 'make -j8 bzImage || exit 125
    nsproof shell --kernel . --bring test.sh -- sh test.sh'";

/// Which kernel to look around in, and with what.
#[derive(Debug, Args)]
pub(super) struct ShellOptions {
    /// The kernel [6.12, 6.12.107, a bzImage, a build tree]
    #[arg(long, value_name = "KERNEL")]
    kernel: String,
    /// A folder of modules for a kernel given as a bzImage
    #[arg(long, value_name = "DIR")]
    modules: Option<PathBuf>,
    /// Have this file or folder in /root; may be given more than once
    #[arg(long, value_name = "FILE")]
    bring: Vec<PathBuf>,
    /// How many processors the machine has
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    cpus: u32,
    /// What to carry out there instead of a shell
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Boots a kernel and connects this terminal to a shell in it, or a command, until that ends. Answers its exit code.
pub(super) fn shell(registry: &Registry, options: &ShellOptions) -> Result<u8> {
    let modules = options.modules.as_deref();
    refuse_modules_without_image(modules, std::slice::from_ref(&options.kernel))?;
    let brought = brought(&options.bring)?;
    let cache = open_cache()?;
    let words = cache.expand(&options.kernel)?;
    let [word] = words.try_into().ok().context("a shell runs in one kernel: name one, such as 6.12")?;
    let kernel = cache.resolve(&word, modules)?;

    let mut extras = vec![Extra::Link { at: "/usr/bin/nsproof".to_owned(), target: "/init".to_owned() }];
    extras.extend(brought);
    if !options.command.is_empty() {
        let content = serde_json::to_string(&options.command)?;
        extras.push(Extra::Text { at: shell::COMMAND.to_owned(), content });
    }
    let accelerator = Accelerator::new(None, &cache);
    let more = More { programs: &["busybox"], extras: &extras, ..More::default() };
    let kernel = VirtualKernel::with_more(kernel, registry, &accelerator, &more)?;
    let on_terminal = options.command.is_empty() || std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if on_terminal && kernel.initramfs.missing_programs().iter().any(|name| name == "busybox") {
        bail!("the shell is busybox's, and this machine has none: `apt-get install busybox-static` brings it");
    }
    let setup = kernel.setup()?;
    let mut setup = Setup { cpus: options.cpus, ..setup };
    setup.arguments.push(format!(
        "{}{}",
        shell::ARGUMENT,
        if on_terminal { size() } else { shell::NO_TERMINAL.to_owned() }
    ));
    if options.command.is_empty() {
        terminal::note(format_args!("{} in a disposable machine; `exit` leaves it", kernel.kernel.release));
    }
    let mut machine = Machine::boot(&setup)?;
    let greeting = machine.greeting(Instant::now() + GUEST_READY)?;
    if greeting.trim_ascii() != shell::READY.as_bytes() {
        bail!("the machine did not come up: {}", results::escape_line(&String::from_utf8_lossy(&greeting), 200));
    }
    match pass_bytes(machine.control(), on_terminal)? {
        Some(code) => Ok(code),
        None => Ok(without_status(&mut machine, options.command.is_empty())),
    }
}

/// What `--bring` names, as it is to lie in the guest.
fn brought(paths: &[PathBuf]) -> Result<Vec<Extra>> {
    let mut extras: Vec<(String, &Path)> = Vec::new();
    for path in paths {
        let whole = path.canonicalize().with_context(|| format!("{} cannot be brought along", path.display()))?;
        // `dir/.` and `link` have the names that they were given by, where those are any.
        let name = path.file_name().or(whole.file_name()).context("the root directory cannot be brought along")?;
        let to = format!("{}/{}", shell::HOME, name.to_string_lossy());
        if let Some((_, other)) = extras.iter().find(|(known, _)| *known == to) {
            bail!("{} and {} would both be {to}: give one of them another name", other.display(), path.display());
        }
        extras.push((to, path));
    }
    Ok(extras.into_iter().map(|(to, from)| Extra::Copy { from: from.to_owned(), to }).collect())
}

/// Our terminal's size, or a usual one.
fn size() -> String {
    let size = tcgetwinsize(std::io::stdout()).ok().filter(|size| size.ws_col > 0);
    let (columns, rows) = size.map_or((80, 24), |size| (size.ws_col, size.ws_row));
    format!("{columns}x{rows}")
}

/// Tells why the machine ended without an exit status; answers the exit code.
fn without_status(machine: &mut Machine, is_shell: bool) -> u8 {
    let exit = machine.wait(Instant::now() + MACHINE_END).ok().flatten();
    if exit == Some(Exit::PoweredOff) && is_shell {
        return 0;
    }
    let cause = crash::cause(&machine.console()).map(|cause| format!(": {}", results::escape_line(&cause, 300)));
    let how = exit.as_ref().map_or_else(|| "its line closed".to_owned(), Exit::to_string);
    let how = results::escape_line(&how, 300);
    terminal::note(format_args!(
        "nsproof: the machine ended before the command did: {how}{}",
        cause.unwrap_or_default()
    ));
    if exit == Some(Exit::Restarted) { DIED } else { UNTESTED }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(paths: &[&str]) -> String {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        kit::in_one_sentence(brought(&paths).unwrap_err().as_ref())
    }

    #[test]
    fn what_is_brought_has_a_name_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        for place in [&one, &other] {
            std::fs::create_dir(place).unwrap();
            std::fs::write(place.join("file"), "").unwrap();
        }
        let (first, second) = (one.join("file"), other.join("file"));
        let told = refused(&[first.to_str().unwrap(), second.to_str().unwrap()]);
        assert!(told.ends_with("would both be /root/file: give one of them another name"), "{told}");
        let extras = brought(&[first, other.join(".")]).unwrap();
        let names: Vec<_> = extras.iter().map(|extra| format!("{extra:?}")).collect();
        assert!(names[0].contains("/root/file") && names[1].contains("/root/other"), "{names:?}");
        assert_eq!(refused(&["/"]), "the root directory cannot be brought along");
        assert!(refused(&["no/such"]).starts_with("no/such cannot be brought along: No such file"));
    }
}
