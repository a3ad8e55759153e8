//! What the guest of these tests does: one command a line, one line of answer.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use vm::guest::{self, Port};

/// Serves as PID 1, and never returns.
pub(crate) fn serve() -> ! {
    let mut guest = guest::start().expect("the guest is set up");
    writeln!(guest.control, "ready").expect("the greeting is written");
    let lines = BufReader::new(guest.control.try_clone().expect("a second handle")).lines();
    for line in lines.map_while(Result::ok) {
        let answer = answer(&line);
        writeln!(guest.control, "{answer}").expect("the answer is written");
    }
    guest::power_off()
}

fn answer(line: &str) -> String {
    let (command, argument) = line.split_once(' ').unwrap_or((line, ""));
    match command {
        "off" => guest::power_off(),
        "panic" => format!("{:?}", fs::write("/proc/sysrq-trigger", "c")),
        "load" => format!("{:?}", guest::load_module(argument).map_err(|error| error.to_string())),
        "flood" => {
            // 300 kB: several times what is kept.
            for number in 0..3000 {
                println!("{number:0>99}");
            }
            "done".into()
        }
        "port" => at_the_port(),
        "exists" => format!("{:?}", fs::exists(argument)),
        "make" => format!("{:?}", fs::write(argument, "x")),
        // Whatever tells one boot from another. Not what is drawn by lot: rdrand asks the host each time.
        "facts" => facts().unwrap_or_else(|error| error.to_string()),
        _ => format!("no such command: {line}"),
    }
}

/// Says every line again with its length, past the kernel's driver, until it is told to go back to it.
fn at_the_port() -> String {
    let mut port = match Port::take() {
        Ok(port) => port,
        Err(error) => return format!("{:?}", error.kind()),
    };
    port.write_all(b"at the port\n");
    loop {
        let line = port.read_line();
        if line == b"driver" {
            return "at the driver".into();
        }
        port.write_all(format!("{} {}\n", line.len(), String::from_utf8_lossy(&line)).as_bytes());
    }
}

fn facts() -> std::io::Result<String> {
    let child = Command::new("/init").spawn()?.id();
    let inode = File::create("/tmp/new")?.metadata()?.ino();
    let namespace = fs::read_link("/proc/self/ns/mnt")?;
    let addresses = fs::read_to_string("/proc/kallsyms")?.lines().next().unwrap_or_default().to_owned();
    Ok(format!("pid {child}, inode {inode}, {}, {addresses}", namespace.display()))
}
