//! `nsproof shell`: somebody looks around in a disposable kernel.
//!
//! The shell runs on the guest's control port as its terminal; this side passes bytes between that and ours.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, Termios, Winsize, tcgetattr, tcgetwinsize, tcsetattr,
    tcsetwinsize,
};
use vm::machine::Machine;

use super::kernels::open_cache;
use crate::pace::GUEST_READY;
use crate::registry::Registry;
use crate::runner::accelerator;
use crate::runner::virtual_kernel::VirtualKernel;
use crate::terminal;

/// On the kernel's command line: be a shell, on a terminal of so many columns and rows.
const ARGUMENT: &str = "nsproof.shell=";

/// What the guest says when the shell is about to start.
const READY: &str = "shell";

/// The character that ends a terminal's input.
const END_OF_INPUT: u8 = 4;

/// Boots a kernel and connects this terminal to a shell in it, until the shell ends.
pub(super) fn shell(registry: &Registry, word: &str, modules: Option<&Path>) -> Result<u8> {
    let cache = open_cache()?;
    let [word] = cache.expand(word)?.try_into().ok().context("a shell runs in one kernel: name one, such as 6.12")?;
    let mut kernel = VirtualKernel::with_programs(cache.resolve(&word, modules)?, registry, &["busybox"])?;
    if kernel.initramfs.missing_programs().iter().any(|name| name == "busybox") {
        bail!("the shell is busybox's, and this machine has none: `apt-get install busybox-static` brings it");
    }
    kernel.accel = accelerator::choose(None, &cache, &kernel)?;
    let size = tcgetwinsize(std::io::stdout()).ok().filter(|size| size.ws_col > 0);
    let (columns, rows) = size.map_or((80, 24), |size| (size.ws_col, size.ws_row));
    let mut setup = kernel.setup();
    setup.arguments.push(format!("{ARGUMENT}{columns}x{rows}"));
    terminal::note(format_args!("{} in a disposable machine; `exit` leaves it", kernel.kernel.release));
    let mut machine = Machine::boot(&setup)?;
    let greeting = machine.greeting(Instant::now() + GUEST_READY)?;
    if greeting.trim_ascii() != READY.as_bytes() {
        bail!("the machine did not come up: {}", results::escape_line(&String::from_utf8_lossy(&greeting), 200));
    }
    pass_bytes(&machine)?;
    Ok(0)
}

fn pass_bytes(machine: &Machine) -> Result<()> {
    let mut from_guest = machine.control().try_clone().context("the machine's line cannot be shared")?;
    let mut to_guest = machine.control().try_clone().context("the machine's line cannot be shared")?;
    let _raw = RawTerminal::begin();
    // Blocks in read until the process ends; nothing waits for it.
    thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok(count @ 1..) = std::io::stdin().read(&mut bytes) {
            if to_guest.write_all(&bytes[..count]).is_err() {
                return;
            }
        }
        let _ = to_guest.write_all(&[END_OF_INPUT]);
    });
    let mut bytes = [0; 4096];
    let mut screen = std::io::stdout();
    loop {
        match from_guest.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                screen.write_all(&bytes[..count])?;
                screen.flush()?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // QEMU ended with something still on the way to it.
            Err(_) => return Ok(()),
        }
    }
}

/// Our terminal, passing every key on, for as long as this value lives.
struct RawTerminal(Option<Termios>);

impl RawTerminal {
    fn begin() -> Self {
        let stdin = std::io::stdin();
        if !stdin.is_terminal() {
            return Self(None);
        }
        let Ok(before) = tcgetattr(&stdin) else { return Self(None) };
        let mut raw = before.clone();
        raw.make_raw();
        let _ = tcsetattr(&stdin, OptionalActions::Flush, &raw);
        Self(Some(before))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, before);
        }
    }
}

/// In the guest: the terminal's size, if this machine was booted for a shell.
pub(crate) fn wanted() -> Option<Winsize> {
    let line = std::fs::read_to_string("/proc/cmdline").ok()?;
    let (columns, rows) = line.split_whitespace().find_map(|word| word.strip_prefix(ARGUMENT))?.split_once('x')?;
    Some(Winsize { ws_col: columns.parse().ok()?, ws_row: rows.parse().ok()?, ws_xpixel: 0, ws_ypixel: 0 })
}

/// In the guest: runs the shell on the control port until it ends.
pub(crate) fn in_guest(mut control: File, size: Winsize) -> std::io::Result<()> {
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
