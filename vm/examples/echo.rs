//! Boots a kernel with this very program in it, and measures how long it takes until the guest answers.
//!
//! `cargo run -p vm --example echo -- 6.12 [times]`

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use vm::guest;
use vm::initramfs::{Contents, Initramfs};
use vm::kernels::Cache;
use vm::machine::{Machine, Setup};

fn main() -> Result<(), Box<dyn Error>> {
    if guest::is_init() { in_the_guest() } else { on_the_host() }
}

fn in_the_guest() -> Result<(), Box<dyn Error>> {
    let guest = guest::start()?;
    let mut out = guest.control.try_clone()?;
    writeln!(out, "ready, without {:?}", guest.unmounted)?;
    for line in BufReader::new(guest.control).lines() {
        match line?.split_once(' ').unwrap_or_default() {
            ("load", module) => writeln!(out, "{module}: {:?}", guest::load_module(module))?,
            ("off", _) => guest::power_off(),
            ("panic", _) => std::fs::write("/proc/sysrq-trigger", "c")?,
            (_, text) => writeln!(out, "{text}")?,
        }
    }
    Ok(())
}

fn on_the_host() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let word = arguments.next().unwrap_or_else(|| "6.12".into());
    let times: u32 = arguments.next().map_or(Ok(1), |times| times.parse())?;
    let cache = Cache::open(None)?.on_notice(|notice| eprintln!("{notice}"));
    let kernel = cache.resolve(&word, None)?;
    let started = Instant::now();
    let initramfs = Initramfs::build(&Contents {
        init: &std::env::current_exe()?,
        kernel: &kernel,
        modules: &["veth", "dummy", "overlay", "bridge"],
        programs: &[],
        extras: &[],
    })?;
    println!("{}: initramfs of {} kB in {:?}", kernel.release, initramfs.size() / 1000, started.elapsed());
    for _ in 0..times {
        let started = Instant::now();
        let mut machine = Machine::boot(&Setup::new(&kernel, &initramfs))?;
        let greeting = machine.greeting(Instant::now() + Duration::from_secs(60))?;
        println!("{} after {:?}", String::from_utf8_lossy(&greeting), started.elapsed());
        machine.control().set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut lines = BufReader::new(machine.control().try_clone()?).lines();
        let mut next = || lines.next().transpose().map(Option::unwrap_or_default);
        writeln!(machine.control(), "load veth")?;
        writeln!(machine.control(), "load bridge")?;
        println!("{}\n{}", next()?, next()?);
        let asked = Instant::now();
        writeln!(machine.control(), "echo {}", "x".repeat(100_000))?;
        println!("{} bytes there and back in {:?}", next()?.len(), asked.elapsed());
        let asked = Instant::now();
        writeln!(machine.control(), "off ")?;
        println!("{:?} after {:?}", machine.wait(Instant::now() + Duration::from_secs(10))?, asked.elapsed());
        println!("console: {} bytes; {:?}", machine.console().len(), machine.complaints());
    }
    Ok(())
}
