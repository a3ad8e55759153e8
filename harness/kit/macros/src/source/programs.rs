//! Pages about programs and their files, from the projects that make them.

use super::book::Book;

/// A book a package.
pub(super) const BOOKS: &[Book] = &[
    Book { project: "bubblewrap", package: "bubblewrap", pages: &[("bwrap(1)", "a sandbox for users")] },
    Book {
        project: "coreutils",
        package: "coreutils",
        pages: &[
            ("id(1)", "showing user and groups"),
            ("mkfifo(1)", "making named pipes"),
            ("readlink(1)", "showing where a link points"),
            ("stat(1)", "showing a file's status"),
            ("uname(1)", "showing the kernel's and the machine's names"),
        ],
    },
    Book { project: "crun", package: "crun", pages: &[("crun(1)", "an OCI runtime")] },
    Book { project: "hostname", package: "hostname", pages: &[("hostname(1)", "showing and setting the hostname")] },
    Book {
        project: "iproute2",
        package: "iproute2",
        pages: &[
            ("bridge(8)", "bridges"),
            ("ip(8)", "network configuration"),
            ("ip-address(8)", "addresses of network devices"),
            ("ip-link(8)", "network devices"),
            ("ip-monitor(8)", "watching network configuration"),
            ("ip-neighbour(8)", "neighbour tables"),
            ("ip-netns(8)", "named network namespaces"),
            ("ip-route(8)", "routing tables"),
            ("ss(8)", "showing sockets"),
            ("tc(8)", "traffic control"),
        ],
    },
    Book { project: "iptables", package: "iptables", pages: &[("iptables(8)", "packet filter and NAT")] },
    Book { project: "iputils", package: "iputils-ping", pages: &[("ping(8)", "echo requests")] },
    Book { project: "keyutils", package: "keyutils", pages: &[("keyctl(1)", "keys on the command line")] },
    Book {
        project: "libcap",
        package: "libcap2-bin",
        pages: &[("capsh(1)", "a shell with other capabilities"), ("setcap(8)", "capabilities of files")],
    },
    Book { project: "nftables", package: "nftables", pages: &[("nft(8)", "packet filter and NAT")] },
    Book {
        project: "podman",
        package: "podman",
        pages: &[("podman(1)", "containers and pods"), ("podman-run(1)", "running a command in a container")],
    },
    Book {
        project: "procps",
        package: "procps",
        pages: &[
            ("pgrep(1)", "finding processes"),
            ("ps(1)", "showing processes"),
            ("sysctl(8)", "kernel parameters on the command line"),
            ("top(1)", "watching processes"),
            ("uptime(1)", "showing how long the system has run"),
        ],
    },
    Book {
        project: "shadow",
        package: "passwd",
        pages: &[("subgid(5)", "subordinate group IDs"), ("subuid(5)", "subordinate user IDs")],
    },
    Book {
        project: "shadow",
        package: "uidmap",
        pages: &[("newgidmap(1)", "writing gid_map for users"), ("newuidmap(1)", "writing uid_map for users")],
    },
    Book { project: "strace", package: "strace", pages: &[("strace(1)", "tracing system calls")] },
    Book {
        project: "util-linux",
        package: "mount",
        pages: &[("mount(8)", "mounting on the command line"), ("umount(8)", "unmounting on the command line")],
    },
    Book {
        project: "util-linux",
        package: "util-linux",
        pages: &[
            ("findmnt(8)", "showing mounts"),
            ("ipcmk(1)", "making System V objects"),
            ("ipcrm(1)", "removing System V objects"),
            ("ipcs(1)", "showing System V objects"),
            ("lsns(8)", "listing namespaces"),
            ("nsenter(1)", "running a program in namespaces of others"),
            ("prlimit(1)", "resource limits on the command line"),
            ("setpriv(1)", "running a program with other privileges"),
            ("unshare(1)", "running a program in new namespaces"),
        ],
    },
    Book {
        project: "util-linux",
        package: "util-linux-extra",
        pages: &[("pivot_root(8)", "exchanging the root mount on the command line")],
    },
];
