//! What `unshare(1)` makes of its options.

use kit::Links;
use kit::mounts::{Mounts, Tags, Tree};
use kit::prelude::*;
use kit::prepared;
use kit::process::{expect_failure, expect_success, unprivileged};
use kit::sysctl::sysctl;
use nix::unistd::geteuid;

use super::programs::links_by;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    cli_unshare_flags,
    cli_map_root_user,
    cli_unprivileged_eperm,
    cli_propagation_private,
    cli_unshare_time_exec,
    unshare_time_leaves_the_program_outside,
];

/// Each of unshare's options -m -u -i -n -p -U -C -T gives the program a new namespace of one kind, and of no other.
///
/// With -p and -T the program is in the new namespace for certain only with --fork, which is used here.
#[claim(
    source = ["namespaces-fun", "unshare(1)"],
    needs = [Root, Tool("unshare"), Tool("readlink"), Config("TIME_NS")],
)]
fn cli_unshare_flags() -> Verdict {
    let own = Links::own()?;
    expect_eq!(links_by(&["unshare", "--fork"])?.differing(&own), [], "without an option");
    for (short, long, kind) in [
        ("-m", "--mount", Kind::Mnt),
        ("-u", "--uts", Kind::Uts),
        ("-i", "--ipc", Kind::Ipc),
        ("-n", "--net", Kind::Net),
        ("-p", "--pid", Kind::Pid),
        ("-U", "--user", Kind::User),
        ("-C", "--cgroup", Kind::Cgroup),
        ("-T", "--time", Kind::Time),
    ] {
        for option in [short, long] {
            let inside = links_by(&["unshare", "--fork", option])?;
            expect_eq!(inside.differing(&own), [kind], "with {option}");
        }
    }
    holds()
}

/// «unshare --map-root-user» by an ordinary user makes a user namespace that maps this user alone, to root, and denies
/// setgroups.
#[claim(
    source = ["unshare(1)", "namespaces-fun"],
    needs = [UserNamespaces, Tool("unshare"), Tool("sh"), Tool("id"), Tool("cat"), Tool("readlink")],
)]
fn cli_map_root_user() -> Verdict {
    let script = "id -u; readlink /proc/self/ns/user; cat /proc/self/setgroups /proc/self/uid_map";
    let seen = |option| -> Outcome<Vec<String>> {
        let output = expect_success(&["unshare", option, "sh", "-c", script])?;
        Ok(output.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect())
    };
    unprivileged(NONE, || {
        let own = link_text("/proc/self/ns/user")?;
        let root = seen("--map-root-user")?;
        expect_eq!(root.len(), 4, "lines with --map-root-user: {root:?}");
        expect_eq!([&*root[0], &*root[2], &*root[3]], ["0", "deny", &*format!("0 {} 1", geteuid())]);
        expect_ne!(root[1], own, "the user namespace");
        let unmapped: u32 = sysctl("kernel/overflowuid")?;
        let nobody = seen("--user")?;
        expect_eq!(nobody.len(), 3, "lines with --user alone, where the map is empty: {nobody:?}");
        expect_eq!([&*nobody[0], &*nobody[2]], [&*unmapped.to_string(), "allow"], "with --user alone");
        holds()
    })
}

/// «unshare --uts» and «unshare --net» fail with EPERM for an ordinary user; together with --user they succeed.
#[claim(
    source = ["unshare(1)", "Linux Namespaces"],
    needs = [UserNamespaces, Tool("unshare"), Tool("readlink"), Config("TIME_NS")],
)]
fn cli_unprivileged_eperm() -> Verdict {
    unprivileged(NONE, || {
        let own = Links::own()?;
        for (option, kind) in [("--uts", Kind::Uts), ("--net", Kind::Net)] {
            expect_failure(&["unshare", option, "readlink", "/proc/self"], "Operation not permitted")?;
            let both = links_by(&["unshare", "--user", option])?.differing(&own);
            expect!(both.len() == 2 && both.contains(&kind) && both.contains(&Kind::User), "with --user: {both:?}");
        }
        holds()
    })
}

/// «unshare --mount» makes mounts that are shared outside private in the new namespace, unless told to leave them
/// unchanged.
#[claim(
    source = ["unshare(1)", "Linux_name_space"],
    needs = [Root, Tool("unshare"), Tool("cat")],
)]
fn cli_propagation_private() -> Verdict {
    let tree = Tree::new()?;
    tree.shared("")?;
    let outside = tree.tags("")?;
    prepared(outside.shared.is_some(), "a shared mount")?;
    let inside = |options: &[&str]| -> Outcome<_> {
        let line = [&["unshare", "--mount"], options, &["cat", "/proc/self/mountinfo"]].concat();
        Ok(Mounts::parse(expect_success(&line)?.as_bytes())?.at("/mnt")?.tags)
    };
    expect_eq!(inside(&[])?, Tags::NONE);
    expect_eq!(inside(&["--propagation", "unchanged"])?, outside);
    expect_eq!(inside(&["--propagation", "slave"])?, Tags { master: outside.shared, ..Tags::NONE });
    holds()
}

/// «unshare --time» runs the program itself in the new time namespace, without --fork.
#[claim(
    source = ["unshare(1)", "What's in a name(space)?"],
    needs = [Root, Tool("unshare"), Tool("readlink"), Config("TIME_NS")],
    since = "6.3",
    replaces = "unshare_time_leaves_the_program_outside",
)]
fn cli_unshare_time_exec() -> Verdict {
    let own = Links::own()?;
    let program = links_by(&["unshare", "--time"])?;
    expect_eq!(program.differing(&own), [Kind::Time]);
    let for_children = expect_success(&["unshare", "--time", "readlink", "/proc/self/ns/time_for_children"])?;
    expect_ne!(Links::told(&for_children)?.get("time")?, own.get("time")?, "what its children get");
    holds()
}

/// «unshare --time» runs the program itself in the old time namespace; only its children are in the new one.
///
/// Since 6.3 a program that is executed enters the time namespace meant for its children.
#[claim(
    source = ["unshare(1)", "What's in a name(space)?"],
    needs = [Root, Tool("unshare"), Tool("readlink"), Tool("sh"), Config("TIME_NS")],
    until = "6.3",
)]
fn unshare_time_leaves_the_program_outside() -> Verdict {
    let own = Links::own()?;
    expect_eq!(links_by(&["unshare", "--time"])?.differing(&own), []);
    // A subshell: some shells start a program by vfork(2), which fails where the children's time namespace is another one.
    // The last word keeps the shell from becoming readlink.
    let line = ["unshare", "--time", "sh", "-c", "(readlink /proc/self/ns/time); :"];
    expect_ne!(Links::told(&expect_success(&line)?)?.get("time")?, own.get("time")?, "of the program's child");
    holds()
}
