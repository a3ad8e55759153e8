//! Boots a kernel once, then resumes clones of it, and measures how long each takes until the guest has answered.
//!
//! `cargo run --release -p vm --example clones -- 6.12 [times] [cpus]`; `$QEMU` names another QEMU.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use vm::accel::probe;
use vm::guest;
use vm::initramfs::{Contents, Initramfs};
use vm::kernels::Cache;
use vm::machine::Setup;
use vm::template::Template;

fn main() -> Result<(), Box<dyn Error>> {
    if guest::is_init() { in_the_guest() } else { on_the_host() }
}

fn in_the_guest() -> Result<(), Box<dyn Error>> {
    let guest = guest::start()?;
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
    let initramfs = Initramfs::build(&Contents { init: &init, kernel: &kernel, modules: &[], programs: &[] })?;
    println!("{:?}", probe(cache.root(), &Setup::new(&kernel, &initramfs))?);
    let started = Instant::now();
    let qemu = std::env::var_os("QEMU").map(Into::into);
    let template = Template::boot(&Setup { qemu, cpus, ..Setup::new(&kernel, &initramfs) }, Duration::from_secs(60))?;
    println!("{}: template after {:?}, failures {:?}", kernel.release, started.elapsed(), template.failures());
    let mut all = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        let machine = template.clone_machine()?;
        let resumed = started.elapsed();
        machine.control().set_read_timeout(Some(Duration::from_secs(20)))?;
        writeln!(machine.control(), "hello")?;
        let mut answer = String::new();
        BufReader::new(machine.control()).read_line(&mut answer)?;
        let answered = started.elapsed();
        drop(machine);
        all.push([resumed, answered, started.elapsed()]);
    }
    for (i, what) in ["resumed", "answered", "gone"].iter().enumerate() {
        all.sort_by_key(|times| times[i]);
        println!("{what}: median {:?}, fastest {:?}, slowest {:?}", all[times / 2][i], all[0][i], all[times - 1][i]);
    }
    Ok(())
}
