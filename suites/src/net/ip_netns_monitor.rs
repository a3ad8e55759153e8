//! What «ip netns monitor» tells: `ip-netns(8)`.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use kit::eventually;
use kit::prelude::*;
use kit::process::{USUAL_PATH, expect_success, prepare_ip_netns};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![ip_netns_monitor_tells_names_that_come_and_go];

/// Where what the program writes is kept.
const TOLD: &str = "/tmp/told";

/// «ip netns monitor» prints «add NAME» and «delete NAME» when a network namespace's name is made and deleted.
///
/// Of names that were there before it prints nothing.
#[claim(source = "ip-netns(8)", needs = [Root, Tool("ip"), Config("INOTIFY_USER")], deadline = 30)]
fn ip_netns_monitor_tells_names_that_come_and_go() -> Verdict {
    prepare_ip_netns()?;
    for name in ["early", "staying"] {
        expect_success(&["ip", "netns", "add", name])?;
    }
    let file = File::create(TOLD).doing("make a file")?;
    let command = &mut Command::new("ip");
    let command = command.args(["netns", "monitor"]).env("PATH", USUAL_PATH).stdin(Stdio::null()).stdout(file);
    let mut monitor = command.spawn().doing("run ip netns monitor")?;
    let told = (|| {
        let watching = eventually(|| watches(monitor.id()))?;
        expect!(watching, "it does not watch for names");
        expect_success(&["ip", "netns", "add", "late"])?;
        expect_success(&["ip", "netns", "del", "early"])?;
        fill_its_buffer()?;
        let lines = || Ok(fs::read_to_string(TOLD)?.lines().map(str::to_owned).collect::<Vec<_>>());
        expect!(eventually(|| Ok(lines()?.len() > 2))?, "it has told {:?}", lines()?);
        lines()
    })();
    monitor.kill().doing("end ip netns monitor")?;
    monitor.wait().doing("wait for ip netns monitor")?;
    let told = told?;
    expect_eq!(&told[..2], ["add late", "delete early"]);
    expect!(told[2].starts_with("add nnn"), "the next: {}", told[2]);
    holds()
}

/// Whether a process has an inotify(7) descriptor that watches something.
fn watches(pid: u32) -> Outcome<bool> {
    for file in fs::read_dir(format!("/proc/{pid}/fdinfo")).doing("list open files")? {
        if fs::read_to_string(file?.path()).is_ok_and(|text| text.contains("inotify wd:")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the program writes into a file comes there when there is more of it than its buffer takes: names make it write.
fn fill_its_buffer() -> Outcome<()> {
    for number in 100..130 {
        let path = format!("/run/netns/{}{number}", "n".repeat(240));
        fs::write(&path, "").doing(format!("make {path}"))?;
    }
    Ok(())
}
