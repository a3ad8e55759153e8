//! Boots a kernel, then resumes clones of it, and measures how long each takes until the guest has answered: at the port
//! itself, and by way of the kernel's driver.
//!
//! `cargo run --release -p vm --example clones -- 6.12 [times] [cpus]`; `$QEMU` names another QEMU.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use vm::guest::{self, Port};
use vm::initramfs::{Contents, Initramfs};
use vm::kernels::Cache;
use vm::machine::Setup;
use vm::probe::probe;
use vm::template::Template;

/// On the kernel's command line: answer by way of the driver.
const BY_DRIVER: &str = "clones.driver";

fn main() -> Result<(), Box<dyn Error>> {
    if guest::is_init() { in_the_guest() } else { on_the_host() }
}

/// Says every line again.
fn in_the_guest() -> Result<(), Box<dyn Error>> {
    let guest = guest::start()?;
    if !std::fs::read_to_string("/proc/cmdline")?.contains(BY_DRIVER) {
        let mut port = Port::take()?;
        port.write_all(b"ready\n");
        loop {
            let mut line = port.read_line();
            line.push(b'\n');
            port.write_all(&line);
        }
    }
    let mut out = guest.control.try_clone()?;
    writeln!(out, "ready")?;
    for line in BufReader::new(guest.control).lines() {
        writeln!(out, "{}", line?)?;
    }
    Ok(())
}

fn on_the_host() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let word = arguments.next().unwrap_or_else(|| "6.12".into());
    let times: usize = arguments.next().map_or(Ok(20), |times| times.parse())?;
    let cpus: u32 = arguments.next().map_or(Ok(1), |cpus| cpus.parse())?;
    let cache = Cache::open(None)?;
    let kernel = cache.resolve(&word, None)?;
    let init = std::env::current_exe()?;
    let initramfs =
        Initramfs::build(&Contents { init: &init, kernel: &kernel, modules: &[], programs: &[], extras: &[] })?;
    println!("{}, {:?}", kernel.release, probe(cache.root(), &Setup::new(&kernel, &initramfs))?);
    let qemu = std::env::var_os("QEMU").map(Into::into);
    let setup = Setup { qemu, cpus, ..Setup::new(&kernel, &initramfs) };
    for (way, arguments) in [("at the port", vec![]), ("by the driver", vec![BY_DRIVER.to_owned()])] {
        let started = Instant::now();
        let template = Template::boot(&Setup { arguments, ..setup.clone() }, Duration::from_secs(60))?;
        println!("{way}: template after {:?}, failures {:?}", started.elapsed(), template.failures());
        let mut all = Vec::new();
        for _ in 0..times {
            all.push(one(&template)?);
        }
        for (i, what) in ["resumed", "answered", "gone"].iter().enumerate() {
            all.sort_by_key(|times| times[i]);
            println!(
                "  {what}: median {:?}, fastest {:?}, slowest {:?}",
                all[times / 2][i],
                all[0][i],
                all[times - 1][i]
            );
        }
    }
    Ok(())
}

/// The times at which a clone was resumed, had answered, and was gone.
fn one(template: &Template) -> Result<[Duration; 3], Box<dyn Error>> {
    let started = Instant::now();
    let machine = template.clone_machine()?;
    let resumed = started.elapsed();
    machine.control().set_read_timeout(Some(Duration::from_secs(20)))?;
    writeln!(machine.control(), "hello")?;
    let mut answer = String::new();
    BufReader::new(machine.control()).read_line(&mut answer)?;
    let answered = started.elapsed();
    drop(machine);
    Ok([resumed, answered, started.elapsed()])
}
