//! `nsproof shell`: somebody looks around in a disposable kernel.
//!
//! The shell runs on the guest's control port as its terminal; this side passes bytes between that and ours.

use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::path::Path;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use kit::Registry;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use vm::machine::Machine;

use crate::deadlines::GUEST_READY;
use crate::runner::accelerator::Accelerator;
use crate::runner::cache::{open_cache, refuse_modules_without_image};
use crate::runner::virtual_kernel::VirtualKernel;
use crate::terminal;
use crate::worker::shell;

/// The character that ends a terminal's input.
const END_OF_INPUT: u8 = 4;

/// Boots a kernel and connects this terminal to a shell in it, until the shell ends.
pub(super) fn shell(registry: &Registry, word: &str, modules: Option<&Path>) -> Result<u8> {
    refuse_modules_without_image(modules, &[word.to_owned()])?;
    let cache = open_cache()?;
    let [word] = cache.expand(word)?.try_into().ok().context("a shell runs in one kernel: name one, such as 6.12")?;
    let kernel = cache.resolve(&word, modules)?;
    let kernel = VirtualKernel::with_more(kernel, registry, &Accelerator::new(None, &cache), &["busybox"], &[])?;
    if kernel.initramfs.missing_programs().iter().any(|name| name == "busybox") {
        bail!("the shell is busybox's, and this machine has none: `apt-get install busybox-static` brings it");
    }
    let size = tcgetwinsize(std::io::stdout()).ok().filter(|size| size.ws_col > 0);
    let (columns, rows) = size.map_or((80, 24), |size| (size.ws_col, size.ws_row));
    let mut setup = kernel.setup()?;
    setup.arguments.push(format!("{}{columns}x{rows}", shell::ARGUMENT));
    terminal::note(format_args!("{} in a disposable machine; `exit` leaves it", kernel.kernel.release));
    let mut machine = Machine::boot(&setup)?;
    let greeting = machine.greeting(Instant::now() + GUEST_READY)?;
    if greeting.trim_ascii() != shell::READY.as_bytes() {
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
