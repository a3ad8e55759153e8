//! Named network namespaces at the prompt: `ip-netns(8)`.

use std::fs;

use kit::prelude::*;
use kit::process::{Shell, prepare_ip_netns, prompt, try_prompt};

use super::reading::numbers;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    added_network_is_a_file_on_a_shared_mount,
    strace_shows_how_a_network_is_added,
    strace_shows_how_a_program_is_run_in_a_network,
    named_network_is_listed_run_in_identified_and_deleted,
    deleted_network_with_a_process_lives_on_without_a_name,
    id_that_was_set_is_listed,
    id_is_given_when_a_device_is_moved,
    initial_network_gets_a_name_by_a_bind_mount,
    network_of_a_container_gets_a_name_by_a_bind_mount,
    network_of_a_container_gets_a_name_by_a_link,
    sysfs_shows_the_devices_of_where_it_was_mounted,
    ip_netns_exec_shows_the_devices_inside_in_sysfs,
];

/// «ip netns add» makes a file of nsfs in /run/netns, which is a shared mount; the namespace has no process and no ID.
#[claim(
    source = ["ip-netns(8)", "findmnt(8)", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("findmnt"), Tool("stat"), Tool("sh")],
    deadline = 60,
)]
fn added_network_is_a_file_on_a_shared_mount() -> Verdict {
    prepare_ip_netns()?;
    expect_eq!(try_prompt("findmnt -n /run/netns")?.status, Some(1), "a mount before");
    prompt("ip netns add blue")?;
    expect_eq!(prompt("stat -f -c %T /run/netns/blue")?, "nsfs\n", "the file system of the file");
    expect_eq!(prompt("findmnt -n -o PROPAGATION /run/netns")?, "shared\n");
    let mounts = fs::read_to_string("/proc/self/mountinfo").doing("read mountinfo")?;
    let of_name = |line: &&str| line.contains(" /run/netns/blue ") && line.contains(" - nsfs ");
    expect!(mounts.lines().any(|line| of_name(&line)), "the mount in the kernel's list: {mounts}");
    expect_ne!(inode_at("/run/netns/blue")?, own_inode(Kind::Net)?);
    expect_eq!(prompt("ip netns pids blue")?, "", "processes in it");
    expect_eq!(prompt("ip netns list-id")?, "", "IDs");
    holds()
}

/// strace shows that «ip netns add» makes the file, unshares the network namespace, and binds /proc/self/ns/net to the file.
#[claim(
    source = ["ip-netns(8)", "strace(1)", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("strace"), Tool("grep"), Tool("sh")],
    deadline = 60,
)]
fn strace_shows_how_a_network_is_added() -> Verdict {
    prepare_ip_netns()?;
    // What loads libraries is left out.
    let calls = prompt("strace -e trace=mount,openat,unshare ip netns add blue 2>&1 | grep -e netns -e unshare")?;
    let order = [
        place(&calls, &["mount(", "/netns\"", "MS_SHARED"]),
        place(&calls, &["openat(", "/netns/blue\"", "O_CREAT|O_EXCL"]),
        place(&calls, &["unshare(CLONE_NEWNET)"]),
        place(&calls, &["mount(\"/proc/", "/ns/net\"", "/netns/blue\"", "MS_BIND"]),
    ];
    expect!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?} in {calls}");
    expect_ne!(inode_at("/run/netns/blue")?, own_inode(Kind::Net)?);
    let again = prompt("strace -e trace=mount,openat,unshare ip netns add blue 2>&1 | grep -e netns -e unshare")?;
    let refused = again.lines().any(|line| line.contains("O_CREAT|O_EXCL") && line.contains(" = -1 EEXIST "));
    expect!(refused && !again.contains("unshare("), "the same name again: {again}");
    holds()
}

/// strace shows that «ip netns exec» joins the network, unshares its mounts, makes them slaves, and mounts a sysfs on /sys.
#[claim(
    source = ["ip-netns(8)", "strace(1)", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("strace"), Tool("true"), Tool("sh")],
    erratum = "Linux Namespaces: ip netns exec shows the devices inside in /sys by mount --make-shared of /run/netns.",
    deadline = 60,
)]
fn strace_shows_how_a_program_is_run_in_a_network() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue")?;
    let calls = prompt("strace -e trace=setns,unshare,mount,umount2 ip netns exec blue true 2>&1")?;
    let order = [
        place(&calls, &["setns(", "CLONE_NEWNET"]),
        place(&calls, &["unshare(CLONE_NEWNS)"]),
        place(&calls, &["mount(\"", "\"/\"", "MS_SLAVE"]),
        place(&calls, &["umount2(\"/sys\", MNT_DETACH)"]),
        place(&calls, &["mount(\"blue\", \"/sys\", \"sysfs\""]),
    ];
    expect!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?} in {calls}");
    expect!(!calls.contains("MS_SHARED"), "a mount is made shared: {calls}");
    holds()
}

/// A named network is what «ip netns list», «exec», «pids» and «identify» tell of, until «ip netns del» takes the name.
#[claim(
    source = ["ip-netns(8)", "namespaces-fun", "Few notes about network namespaces in Linux"],
    needs = [Root, Tool("ip"), Tool("readlink"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn named_network_is_listed_run_in_identified_and_deleted() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue; ip netns add red")?;
    let listed = prompt("ip netns list")?;
    let mut names: Vec<_> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    names.sort_unstable();
    expect_eq!(names, ["blue", "red"]);
    let inside = prompt("ip netns exec blue readlink /proc/self/ns/net")?;
    expect_eq!(inside.trim_end(), format!("net:[{}]", inode_at("/run/netns/blue")?));
    let member = Shell::default().prompt_cat("ip netns exec blue")?;
    let pid = member.tool();
    expect_eq!(inode_of(pid, Kind::Net)?, inode_at("/run/netns/blue")?, "where the process is");
    expect_eq!(numbers(&prompt("ip netns pids blue")?), [pid.as_raw()]);
    expect_eq!(prompt("ip netns pids red")?, "");
    let shell = Shell::with("PID", pid);
    expect_eq!(shell.prompt("ip netns identify $PID")?, "blue\n");
    expect_eq!(
        Shell::with("PID", nix::unistd::getpid()).prompt("ip netns identify $PID")?.trim(),
        "",
        "of this process"
    );
    prompt("ip netns del red")?;
    expect_eq!(prompt("ip netns list")?.split_whitespace().next(), Some("blue"), "names after that");
    expect!(fs::symlink_metadata("/run/netns/red").is_err(), "the file is still there");
    holds()
}

/// After «ip netns del» a network namespace with a process in it lives on without a name, its devices as they were.
#[claim(
    source = ["ip-netns(8)", "Few notes about network namespaces in Linux"],
    needs = [Root, Tool("ip"), Tool("nsenter"), Tool("cat"), Tool("sh"), Config("INET")],
    deadline = 60,
)]
fn deleted_network_with_a_process_lives_on_without_a_name() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue; ip -n blue address add 10.0.0.1/32 dev lo")?;
    let member = Shell::default().prompt_cat("ip netns exec blue")?;
    let (shell, inode) = (Shell::with("PID", member.tool()), inode_at("/run/netns/blue")?);
    prompt("ip netns del blue")?;
    expect_eq!((prompt("ip netns list")?.as_str(), shell.prompt("ip netns identify $PID")?.trim()), ("", ""), "names");
    expect_eq!(inode_of(member.tool(), Kind::Net)?, inode, "where the process is");
    let shown = shell.prompt("nsenter -t $PID --net ip -o address show lo")?;
    expect!(shown.contains("inet 10.0.0.1/32"), "the addresses there: {shown}");
    holds()
}

/// «ip netns set NAME ID» gives a network namespace an ID, which «ip netns list-id» and «ip netns list» show with the name.
#[claim(source = ["ip-netns(8)", "Linux Namespaces"], needs = [Root, Tool("ip"), Tool("sh")], deadline = 60)]
fn id_that_was_set_is_listed() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue; ip netns add red")?;
    expect_eq!(prompt("ip netns list-id")?, "", "at first");
    prompt("ip netns set blue 7; ip netns set red 9")?;
    let listed = prompt("ip netns list-id")?;
    for (id, name) in [(7, "blue"), (9, "red")] {
        let line = format!("nsid {id} (iproute2 netns name: {name})");
        expect!(listed.lines().any(|shown| shown.trim_end() == line), "«{line}» in {listed}");
        let line = format!("{name} (id: {id})");
        let names = prompt("ip netns list")?;
        expect!(names.lines().any(|shown| shown.trim_end() == line), "«{line}» in {names}");
    }
    holds()
}

/// «ip link set DEVICE netns NAME» gives a network namespace an ID, also where no other end of the device stays behind.
#[claim(
    source = ["ip-netns(8)", "ip-link(8)", "net/core/dev.c __dev_change_net_namespace", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("sh"), Module("veth"), Module("dummy")],
    deadline = 60,
)]
fn id_is_given_when_a_device_is_moved() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue; ip netns add red")?;
    prompt("ip -n blue link add inside type dummy; ip link add outside type dummy")?;
    expect_eq!(prompt("ip netns list-id")?, "", "with devices that were made where they are");
    prompt("ip link set outside netns blue")?;
    expect_eq!(
        prompt("ip netns list-id")?.trim_end(),
        "nsid 0 (iproute2 netns name: blue)",
        "after the move of a dummy"
    );
    prompt("ip link add near type veth peer name far; ip link set far netns red")?;
    let listed = prompt("ip netns list-id")?;
    let of_red = listed.lines().any(|line| line.trim_end() == "nsid 1 (iproute2 netns name: red)");
    expect!(of_red && listed.lines().count() == 2, "after the move of one end of a pair: {listed}");
    expect_eq!(prompt("ip -n blue netns list-id")?, "", "IDs where the dummy is");
    expect_eq!(prompt("ip -n red netns list-id")?.lines().count(), 1, "IDs where one end is, for the other");
    holds()
}

/// «touch /run/netns/NAME; mount -o bind /proc/1/ns/net /run/netns/NAME» gives the initial network namespace a name.
#[claim(
    source = ["ip-netns(8)", "mount(8)", "Linux Namespaces"],
    needs = [
        InitialNamespaces, Disposable, Root, Tool("ip"), Tool("mount"), Tool("touch"), Tool("mkdir"), Tool("readlink"),
        Tool("unshare"), Tool("sh"), Config("NET_NS"),
    ],
    deadline = 60,
)]
fn initial_network_gets_a_name_by_a_bind_mount() -> Verdict {
    prepare_ip_netns()?;
    let initial = format!("net:[{}]\n", inode_at("/proc/1/ns/net")?);
    expect_eq!(prompt("readlink /proc/self/ns/net")?, initial, "where this runs");
    prompt("mkdir -p /run/netns; touch /run/netns/init_netns; mount -o bind /proc/1/ns/net /run/netns/init_netns")?;
    expect_eq!(prompt("ip netns list")?, "init_netns\n");
    expect_ne!(prompt("unshare --net readlink /proc/self/ns/net")?, initial, "in another network namespace");
    let back = prompt("unshare --net ip netns exec init_netns readlink /proc/self/ns/net")?;
    expect_eq!(back, initial, "by the name, from another network namespace");
    holds()
}

/// A container's network namespace that is bind-mounted in /run/netns has that name for ip, and outlives the container.
#[claim(
    source = ["ip-netns(8)", "mount(8)", "Linux Namespaces"],
    needs = [
        Root, Tool("ip"), Tool("mount"), Tool("touch"), Tool("mkdir"), Tool("unshare"), Tool("cat"), Tool("sh"), Config("INET"),
    ],
    deadline = 60,
)]
fn network_of_a_container_gets_a_name_by_a_bind_mount() -> Verdict {
    prepare_ip_netns()?;
    let container = Shell::default().prompt_cat("unshare --net --pid --mount --fork")?;
    let shell = Shell::with("PID", container.init()?);
    expect_eq!(prompt("ip netns list")?, "", "before");
    shell.prompt("mkdir -p /run/netns; touch /run/netns/web; mount --bind /proc/$PID/ns/net /run/netns/web")?;
    expect_eq!(
        (prompt("ip netns list")?.as_str(), shell.prompt("ip netns identify $PID")?.as_str()),
        ("web\n", "web\n")
    );
    prompt("ip netns exec web ip address add 10.0.0.1/32 dev lo")?;
    let seen = fs::read_to_string(format!("/proc/{}/net/fib_trie", container.init()?)).doing("read its fib_trie")?;
    expect!(seen.contains("10.0.0.1"), "the address in the container's network: {seen}");
    drop(container);
    let shown = prompt("ip netns exec web ip -o address show lo")?;
    expect!(shown.contains("inet 10.0.0.1/32"), "after the container's end: {shown}");
    holds()
}

/// A symbolic link in /run/netns to the file that an engine keeps, as /run/docker/netns/ID, is a name for ip as well.
#[claim(
    source = ["ip-netns(8)", "Linux Namespaces"],
    needs = [
        Root, Tool("ip"), Tool("mount"), Tool("touch"), Tool("mkdir"), Tool("ln"), Tool("readlink"), Tool("unshare"), Tool("cat"),
        Tool("sh"),
    ],
    deadline = 60,
)]
fn network_of_a_container_gets_a_name_by_a_link() -> Verdict {
    prepare_ip_netns()?;
    let container = Shell::default().prompt_cat("unshare --net --pid --mount --fork")?;
    let shell = Shell::with("PID", container.init()?).and("ID", "0123456789ab");
    shell.prompt(
        "mkdir -p /run/docker/netns; touch /run/docker/netns/$ID; mount --bind /proc/$PID/ns/net /run/docker/netns/$ID",
    )?;
    expect_eq!(prompt("ip netns list")?, "", "before");
    shell.prompt("mkdir -p /run/netns; ln -s /run/docker/netns/$ID /run/netns/web")?;
    expect_eq!(prompt("ip netns list")?, "web\n");
    let inside = prompt("ip netns exec web readlink /proc/self/ns/net")?;
    expect_eq!(inside.trim_end(), link_text(format!("/proc/{}/ns/net", container.init()?))?);
    holds()
}

/// In «unshare --net» /sys/class/net still shows the devices of outside, until sysfs is mounted there.
#[claim(
    source = ["sysfs(5) DESCRIPTION", "unshare(1)", "Linux Namespaces"],
    needs = [Root, Tool("unshare"), Tool("ip"), Tool("mount"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn sysfs_shows_the_devices_of_where_it_was_mounted() -> Verdict {
    // lo has the flag IFF_UP outside, and inside it has not.
    prompt("ip link set lo up")?;
    expect_eq!(prompt("cat /sys/class/net/lo/flags")?, "0x9\n", "outside");
    expect_eq!(prompt("unshare --net cat /sys/class/net/lo/flags")?, "0x9\n", "inside, of the device outside");
    let mounted = prompt("unshare --net --mount sh -c 'mount -t sysfs sysfs /sys; cat /sys/class/net/lo/flags'")?;
    expect_eq!(mounted, "0x8\n", "inside, in a new sysfs");
    // The one that is on /sys cannot be mounted there twice.
    let elsewhere = prompt("unshare --net --mount sh -c 'mount -t sysfs sysfs /mnt; cat /mnt/class/net/lo/flags'")?;
    expect_eq!(elsewhere, "0x8\n", "inside, in a new sysfs elsewhere");
    let not_inside = prompt("unshare --mount sh -c 'mount -t sysfs sysfs /mnt; cat /mnt/class/net/lo/flags'")?;
    expect_eq!(not_inside, "0x9\n", "in a new sysfs without a new network namespace");
    holds()
}

/// «ip netns exec NAME» shows the devices inside in /sys/class/net: it mounts a sysfs, in a mount namespace of its own.
#[claim(
    source = ["ip-netns(8)", "sysfs(5) DESCRIPTION", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("cat"), Tool("readlink"), Tool("nsenter"), Tool("sh")],
    deadline = 60,
)]
fn ip_netns_exec_shows_the_devices_inside_in_sysfs() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue; ip link set lo up")?;
    expect_eq!(prompt("ip netns exec blue cat /sys/class/net/lo/flags")?, "0x8\n", "the device inside");
    expect_eq!(prompt("nsenter --net=/run/netns/blue cat /sys/class/net/lo/flags")?, "0x9\n", "the device outside");
    let own = prompt("readlink /proc/self/ns/mnt")?;
    expect_ne!(prompt("ip netns exec blue readlink /proc/self/ns/mnt")?, own, "the mount namespace");
    expect_eq!(prompt("nsenter --net=/run/netns/blue readlink /proc/self/ns/mnt")?, own, "that of nsenter");
    holds()
}

/// Where among the calls that strace told of the first one stands that succeeded and has all of this in its line.
fn place(calls: &str, what: &[&str]) -> Option<usize> {
    let mut lines = calls.lines();
    lines.position(|line| what.iter().all(|word| line.contains(word)) && !line.contains(" = -1 "))
}
