//! What container programs give their programs: `bwrap(1)`, `crun(1)` and `podman(1)` at the prompt.

use std::fs;

use kit::Behaviour;
use kit::prelude::*;
use kit::process::{Container, Shell, ns_pids, prepare_ip_netns, prompt, run_line};
use nix::unistd::Pid;

use super::reading::{differing, own_kinds};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    bwrap_gives_every_namespace_but_time,
    bwrap_gives_a_network_without_id_and_name,
    crun_gives_the_namespaces_of_its_configuration,
    crun_gives_a_network_without_id_and_name,
    podman_gives_every_namespace_but_time_and_user,
    podman_without_a_network_gives_one_without_id_and_name,
];

/// podman is no `Tool`, since it does not travel to a disposable kernel: it needs helpers and files that its package has.
const PODMAN: &Behaviour =
    &Behaviour { what: "runs on a machine with podman(1), crun(1) and conmon(8)", probe: has_podman };

fn has_podman() -> bool {
    ["podman", "crun", "conmon"]
        .iter()
        .all(|program| run_line(&[program, "--version"]).is_ok_and(|run| run.status == Some(0)))
}

/// «bwrap --unshare-all» runs a program in namespaces of its own of each kind but time, in a root of what it was told to bind.
#[claim(
    source = ["bwrap(1)", "namespaces(7) Namespace types"],
    needs = [UserNamespaces, Tool("bwrap"), Tool("readlink"), Tool("ls"), Tool("sh")],
    deadline = 60,
)]
fn bwrap_gives_every_namespace_but_time() -> Verdict {
    let outside = prompt("readlink /proc/self/ns/*")?;
    let inside = prompt(
        "bwrap --unshare-all --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
         --proc /proc readlink /proc/self/ns/cgroup /proc/self/ns/ipc /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/pid \
         /proc/self/ns/user /proc/self/ns/uts",
    )?;
    let seen = kit::Links::told(&inside)?;
    let kinds = [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Pid, Kind::User, Kind::Uts];
    for kind in kinds {
        expect_ne!(seen.get(kind.name())?, own_inode(kind)?, "{kind}");
    }
    let again = prompt(
        "bwrap --unshare-all --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
         --proc /proc sh -c 'ls /; readlink /proc/self/ns/*'",
    )?;
    let root: Vec<_> = again.lines().take_while(|line| !line.contains(":[")).collect();
    expect_eq!(root, ["bin", "lib", "lib64", "proc", "usr"], "its root");
    let links: String = again.lines().skip(root.len()).map(|line| format!("{line}\n")).collect();
    let same = ["time", "time_for_children"];
    let differ = differing(&outside, &links);
    expect!(differ.len() == 8 && !differ.iter().any(|name| same.contains(name)), "links that differ: {differ:?}");
    holds()
}

/// A network namespace that «bwrap --unshare-net» makes has neither ID nor name.
#[claim(
    source = ["bwrap(1)", "ip-netns(8)", "Linux Namespaces"],
    needs = [Root, Tool("bwrap"), Tool("ip"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn bwrap_gives_a_network_without_id_and_name() -> Verdict {
    prepare_ip_netns()?;
    let container = Shell::default().prompt_cat(
        "bwrap --unshare-net --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
         --proc /proc",
    )?;
    let process = container.init()?;
    expect_eq!(own_kinds(process)?, [Kind::Mnt, Kind::Net], "what its program has of its own");
    expect_no_id_no_name(process)
}

/// crun runs a program in new namespaces of exactly the kinds that the configuration of the container lists.
#[claim(
    source = ["crun(1)", "namespaces(7) Namespace types"],
    needs = [Root, Config("USER_NS"), Tool("crun"), Tool("cat"), Tool("mount"), Tool("mkdir"), Tool("ln"), Tool("sh")],
    deadline = 60,
)]
fn crun_gives_the_namespaces_of_its_configuration() -> Verdict {
    for (place, kinds) in [
        ("/tmp/one", &[Kind::Mnt, Kind::Net, Kind::Pid, Kind::Uts][..]),
        ("/tmp/other", &[Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Pid][..]),
    ] {
        let container = crun(place, kinds)?;
        let process = container.init()?;
        expect_eq!(own_kinds(process)?, kinds, "what its program has of its own");
        expect_eq!(ns_pids(process)?, [process.as_raw(), 1], "its numbers outside and inside");
    }
    holds()
}

/// A network namespace that crun makes for a container has neither ID nor name.
#[claim(
    source = ["crun(1)", "ip-netns(8)", "Linux Namespaces"],
    needs = [Root, Config("USER_NS"), Tool("crun"), Tool("ip"), Tool("cat"), Tool("mount"), Tool("mkdir"), Tool("ln"), Tool("sh")],
    deadline = 60,
)]
fn crun_gives_a_network_without_id_and_name() -> Verdict {
    prepare_ip_netns()?;
    let container = crun("/tmp/bundle", &[Kind::Mnt, Kind::Net, Kind::Pid])?;
    expect_no_id_no_name(container.init()?)
}

/// «podman run» by root gives a container six namespaces of its own: each kind but user and time.
#[claim(
    source = ["podman-run(1)", "namespaces(7) Namespace types", "Linux Namespaces"],
    needs = [Root, Config("USER_NS"), Behaviour(PODMAN), Tool("cat"), Tool("mount"), Tool("mkdir"), Tool("ln"), Tool("sh")],
    deadline = 120,
)]
fn podman_gives_every_namespace_but_time_and_user() -> Verdict {
    let (_container, process) = podman()?;
    let kinds = [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Pid, Kind::Uts];
    expect_eq!(own_kinds(process)?, kinds, "what its program has of its own");
    expect_eq!(ns_pids(process)?, [process.as_raw(), 1], "its numbers outside and inside");
    holds()
}

/// The network namespace of «podman run --network none» has neither ID nor name.
#[claim(
    source = ["podman-run(1)", "ip-netns(8)", "Linux Namespaces"],
    needs = [Root, Config("USER_NS"), Behaviour(PODMAN), Tool("ip"), Tool("cat"), Tool("mount"), Tool("mkdir"), Tool("ln"), Tool("sh")],
    deadline = 120,
)]
fn podman_without_a_network_gives_one_without_id_and_name() -> Verdict {
    prepare_ip_netns()?;
    let (_container, process) = podman()?;
    expect_no_id_no_name(process)
}

/// A container of podman's that runs `cat`, and its process. What podman keeps is in files of the case's own.
fn podman() -> Outcome<(Container, Pid)> {
    let shell = Shell::with("BUNDLE", "/tmp/bundle");
    shell.prompt(
        "mkdir -p $BUNDLE\n\
         for name in dev etc proc run sys tmp usr; do mkdir -p $BUNDLE/rootfs/$name; done\n\
         mount --rbind /usr $BUNDLE/rootfs/usr\n\
         for name in bin lib lib64 sbin; do ln -s usr/$name $BUNDLE/rootfs/$name; done",
    )?;
    let container = shell.prompt_in_background(
        "podman --runtime crun --cgroup-manager=cgroupfs --events-backend=none --root $BUNDLE/store --runroot $BUNDLE/state \
         --tmpdir $BUNDLE/tmp run --interactive --cgroups=disabled --network none --pidfile $BUNDLE/pid \
         --rootfs $BUNDLE/rootfs cat",
    )?;
    let text = fs::read_to_string("/tmp/bundle/pid").doing("read the file with the container's number")?;
    Ok((container, Pid::from_raw(text.trim().parse()?)))
}

/// crun with a container whose configuration lists these namespaces, and which has the system's programs.
fn crun(bundle: &str, kinds: &[Kind]) -> Outcome<Container> {
    let shell = Shell::with("BUNDLE", bundle);
    shell.prompt(
        "mkdir -p $BUNDLE/rootfs/proc $BUNDLE/rootfs/dev $BUNDLE/rootfs/usr; mount --rbind /usr $BUNDLE/rootfs/usr\n\
         for name in bin lib lib64 sbin; do ln -s usr/$name $BUNDLE/rootfs/$name; done",
    )?;
    let types = kinds.iter().map(|kind| match kind {
        Kind::Mnt => "mount",
        Kind::Net => "network",
        other => other.name(),
    });
    let namespaces: Vec<_> = types.map(|kind| format!(r#"{{"type": "{kind}"}}"#)).collect();
    let configuration = format!(
        r#"{{"ociVersion": "1.0.0", "root": {{"path": "rootfs"}},
             "process": {{"user": {{"uid": 0, "gid": 0}}, "args": ["cat"], "env": ["PATH=/usr/bin:/bin"], "cwd": "/"}},
             "mounts": [{{"destination": "/proc", "type": "proc", "source": "proc"}},
                        {{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}}],
             "linux": {{"namespaces": [{}]}}}}"#,
        namespaces.join(", ")
    );
    fs::write(format!("{bundle}/config.json"), configuration).doing("write config.json")?;
    shell.prompt_in_background("crun --root $BUNDLE/state --cgroup-manager=disabled run --bundle $BUNDLE box")
}

/// What an engine gives a container when nothing else is asked of it.
fn expect_no_id_no_name(process: Pid) -> Verdict {
    let shell = Shell::with("PID", process);
    expect_eq!(prompt("ip netns list-id")?, "", "IDs");
    expect_eq!((prompt("ip netns list")?.as_str(), shell.prompt("ip netns identify $PID")?.trim()), ("", ""), "names");
    shell.prompt("ip netns attach box $PID; ip netns set box auto")?;
    expect_eq!(shell.prompt("ip netns identify $PID")?, "box\n", "when it is given a name");
    expect_eq!(prompt("ip netns list-id")?.lines().count(), 1, "when it is given an ID");
    holds()
}
