//! Programs in namespaces of other processes, and the files of these: `nsenter(1)`, `readlink(1)` and `stat(1)` at the prompt.

use std::fs;

use kit::Links;
use kit::prelude::*;
use kit::process::{Shell, prompt};

use super::reading::{differing, link_texts};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nsenter_net_shows_the_devices_of_the_target,
    nsenter_net_joins_nothing_else,
    nsenter_all_joins_every_namespace_of_the_target,
    nsenter_leaves_the_calling_shell_where_it_is,
    number_in_brackets_is_the_inode_behind_the_link,
];

/// «nsenter -t PID --net ip a show» shows the addresses of the target's devices, not those of the caller's.
#[claim(
    source = ["nsenter(1)", "ip-address(8)", "Linux Namespaces"],
    needs = [Root, Tool("nsenter"), Tool("ip"), Tool("unshare"), Tool("cat"), Tool("sh"), Config("INET")],
    deadline = 60,
)]
fn nsenter_net_shows_the_devices_of_the_target() -> Verdict {
    prompt("ip address add 10.0.0.1/32 dev lo")?;
    let targets = [
        ("10.0.0.2", Shell::default().prompt_cat("unshare --net")?),
        ("10.0.0.3", Shell::default().prompt_cat("unshare --net")?),
    ];
    for (address, target) in &targets {
        let shell = Shell::with("PID", target.tool()).and("ADDRESS", address);
        shell.prompt("nsenter -t $PID --net ip address add $ADDRESS/32 dev lo")?;
    }
    let addresses = |text: String| -> Vec<String> {
        let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        words.windows(2).filter(|pair| pair[0] == "inet").map(|pair| pair[1].clone()).collect()
    };
    for (address, target) in &targets {
        let shown = Shell::with("PID", target.tool()).prompt("nsenter -t $PID --net ip a show")?;
        expect_eq!(addresses(shown), [format!("{address}/32")], "the target's");
    }
    expect_eq!(addresses(prompt("ip a show")?), ["10.0.0.1/32"], "the caller's");
    holds()
}

/// «nsenter -t PID --net» joins the target's network namespace; all other links stay the caller's.
#[claim(
    source = ["nsenter(1)", "readlink(1)", "namespaces-fun"],
    needs = [Root, Tool("nsenter"), Tool("readlink"), Tool("unshare"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn nsenter_net_joins_nothing_else() -> Verdict {
    let target = Shell::default().prompt_cat("unshare --net --uts --ipc --mount --cgroup")?;
    let shell = Shell::with("PID", target.tool());
    let own = prompt("readlink /proc/self/ns/*")?;
    let joined = shell.prompt("nsenter -t $PID --net readlink /proc/self/ns/*")?;
    expect_eq!(differing(&own, &joined), ["net"], "other ones than the caller's");
    let theirs = shell.prompt("readlink /proc/$PID/ns/*")?;
    expect_eq!(differing(&theirs, &joined), ["cgroup", "ipc", "mnt", "uts"], "other ones than the target's");
    expect_eq!(Links::of(target.tool())?.differing(&Links::own()?).len(), 5, "what the target has of its own");
    holds()
}

/// «nsenter -t PID --all» runs a program with every link of the target's.
#[claim(
    source = ["nsenter(1)", "readlink(1)", "namespaces-fun"],
    needs = [Root, Tool("nsenter"), Tool("readlink"), Tool("unshare"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn nsenter_all_joins_every_namespace_of_the_target() -> Verdict {
    let line = Shell::default();
    let target = line.prompt_cat("unshare --net --uts --ipc --mount --cgroup --pid --fork --mount-proc")?;
    let pid = target.init()?;
    let shell = Shell::with("PID", pid);
    let theirs = shell.prompt("readlink /proc/$PID/ns/*")?;
    let own = prompt("readlink /proc/self/ns/*")?;
    expect_eq!(differing(&own, &theirs), ["cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "uts"]);
    let joined = shell.prompt("nsenter -t $PID --all sh -c 'readlink /proc/self/ns/*'")?;
    expect_eq!(differing(&theirs, &joined), Vec::<&str>::new(), "other ones than the target's");
    let numbers: Vec<_> = link_texts(&joined).into_iter().map(|(_, text)| text).collect();
    let seen = [Kind::Net, Kind::Pid].map(|kind| link_text(format!("/proc/{pid}/ns/{kind}")));
    for text in seen {
        expect!(numbers.contains(&text?), "the target's own links among {numbers:?}");
    }
    holds()
}

/// nsenter, unshare and «ip netns exec» move the program that they run: the calling shell stays where it is.
#[claim(
    source = ["nsenter(1)", "setns(2) DESCRIPTION", "Few notes about network namespaces in Linux"],
    needs = [Root, Tool("nsenter"), Tool("unshare"), Tool("ip"), Tool("readlink"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn nsenter_leaves_the_calling_shell_where_it_is() -> Verdict {
    kit::process::prepare_ip_netns()?;
    prompt("ip netns add blue")?;
    let target = Shell::default().prompt_cat("unshare --net")?;
    let shell = Shell::with("PID", target.tool());
    let (own, theirs) = (link_text("/proc/self/ns/net")?, link_text(format!("/proc/{}/ns/net", target.tool()))?);
    let shown = shell.prompt(
        "readlink /proc/$$/ns/net\n\
         nsenter -t $PID --net readlink /proc/self/ns/net\n\
         ip netns exec blue readlink /proc/self/ns/net\n\
         unshare --net readlink /proc/self/ns/net\n\
         readlink /proc/$$/ns/net",
    )?;
    let seen: Vec<_> = shown.lines().collect();
    expect_eq!(seen.len(), 5, "{shown}");
    expect_eq!((seen[0], seen[4]), (own.as_str(), own.as_str()), "the shell's, before and after");
    expect_eq!(seen[1], theirs, "that of the program that nsenter ran");
    let named = format!("net:[{}]", inode_at("/run/netns/blue")?);
    expect_eq!(seen[2], named, "that of the program that ip netns exec ran");
    expect!(
        ![own, theirs, named].iter().any(|known| known == seen[3]),
        "that of the program that unshare ran: {}",
        seen[3]
    );
    holds()
}

/// The number in brackets that readlink shows is the inode of «stat -L» on the link; stat alone shows that of the link itself.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "readlink(1)", "stat(1)", "Linux Namespaces"],
    needs = [Root, Tool("readlink"), Tool("stat"), Tool("unshare"), Tool("cat"), Tool("sh")],
    deadline = 120,
)]
fn number_in_brackets_is_the_inode_behind_the_link() -> Verdict {
    let container = Shell::default().prompt_cat("unshare --net --uts --ipc --mount --cgroup --pid --fork")?;
    for pid in [container.init()?, nix::unistd::getpid()] {
        for kind in Kind::ALL {
            let path = format!("/proc/{pid}/ns/{kind}");
            if fs::symlink_metadata(&path).is_err() {
                continue;
            }
            let shell = Shell::with("PID", pid).and("KIND", kind);
            let text = shell.prompt("readlink /proc/$PID/ns/$KIND")?;
            let behind = shell.prompt("stat -L -c %i /proc/$PID/ns/$KIND")?;
            expect_eq!(text.trim_end(), format!("{kind}:[{}]", behind.trim_end()));
            expect_eq!(behind.trim_end(), inode_at(&path)?.to_string(), "as the kernel tells it");
            expect_ne!(shell.prompt("stat -c %i /proc/$PID/ns/$KIND")?, behind, "the link's own");
            expect_eq!(shell.prompt("stat -L -f -c %T /proc/$PID/ns/$KIND")?, "nsfs\n", "its file system");
        }
    }
    holds()
}
