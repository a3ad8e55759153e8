//! What `/proc/PID/cgroup` shows in a cgroup namespace: `cgroup_namespaces(7)`.

use std::fs::File;
use std::io::{Read, pipe};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;

use kit::Program;
use kit::prelude::*;
use kit::process::program_command;

use super::groups::{Groups, in_group, in_text, looking_from, member, move_to, namespace_of, path, seen, seen_of};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unshare_makes_the_callers_cgroup_its_root,
    clone_makes_the_childs_cgroup_its_root,
    clone_into_cgroup_makes_the_target_the_root,
    cgroups_outside_show_by_steps_upwards,
    initial_cgroup_namespace_sees_every_path,
    path_is_the_readers_at_the_time_of_reading,
    root_of_a_cgroup_namespace_stays_where_it_was_made,
    new_cgroup_namespace_moves_no_process,
    unshare_in_a_thread_changes_its_view_alone,
    joined_cgroup_namespace_of_the_dead_keeps_its_root,
];

/// The program that says in which cgroup it sees itself.
pub(super) const PROGRAM: Program = Program { name: "own-cgroup", main: own_cgroup };

/// After unshare(CLONE_NEWCGROUP) the caller's own cgroup is «/»; from outside it is the same as before.
#[claim(
    source = ["cgroup_namespaces(7) DESCRIPTION", "What's in a name(space)?"],
    needs = [Root, Cgroup2],
    erratum = "«What's in a name(space)?»: a cgroup namespace changes the view of child processes.",
)]
fn unshare_makes_the_callers_cgroup_its_root() -> Verdict {
    let _groups = Groups::new(&["x", "x/sub", "x/sub/deep"])?;
    for (group, outside) in [("x", "/x"), ("x/sub", "/x/sub"), ("x/sub/deep", "/x/sub/deep")] {
        let inside = spawn(NONE, |case| {
            move_to(group, 0).doing("enter the group")?;
            let before = seen("self")?;
            unshare(CLONE_NEWCGROUP)?;
            case.send(&(before, seen("self")?, child(NONE, || seen("self"))?))?;
            case.wait()
        })?;
        let (before, own, childs): (String, String, String) = inside.recv()?;
        expect_eq!(before, outside, "its own, before");
        expect_eq!((own.as_str(), childs.as_str()), ("/", "/"), "its own and its child's, afterwards");
        expect_eq!(seen_of(&inside)?, outside, "from outside");
    }
    holds()
}

/// A child that is made with CLONE_NEWCGROUP sees its own cgroup as «/»; what its parent sees stays.
#[claim(source = ["cgroup_namespaces(7) DESCRIPTION", "clone(2) CLONE_NEWCGROUP"], needs = [Root, Cgroup2])]
fn clone_makes_the_childs_cgroup_its_root() -> Verdict {
    let _groups = Groups::new(&["x", "x/sub"])?;
    in_group("x/sub", NONE, || {
        for (flags, expected) in [(CLONE_NEWCGROUP, "/"), (NONE, "/x/sub")] {
            let inside = spawn(flags, |case| {
                case.send(&seen("self")?)?;
                case.wait()
            })?;
            expect_eq!(inside.recv::<String>()?, expected, "the child's own, {flags:?}");
            expect_eq!(
                (seen_of(&inside)?.as_str(), seen("self")?.as_str()),
                ("/x/sub", "/x/sub"),
                "the parent sees, {flags:?}"
            );
        }
        holds()
    })
}

/// With CLONE_INTO_CGROUP and CLONE_NEWCGROUP the root of the new namespace is the cgroup in which the child starts.
///
/// Not the one of its parent.
#[claim(
    source = ["kernel/cgroup/cgroup.c cgroup_post_fork", "clone(2) CLONE_INTO_CGROUP"],
    since = "5.7",
    needs = [Root, Cgroup2],
)]
fn clone_into_cgroup_makes_the_target_the_root() -> Verdict {
    let _groups = Groups::new(&["x", "x/a", "x/b"])?;
    let target = File::open(path("x/b")).doing("open a cgroup")?;
    in_group("x/a", NONE, || {
        for (flags, expected) in [(CLONE_NEWCGROUP, "/"), (NONE, "/x/b")] {
            let inside = Spawn::new(flags).into_cgroup(target.as_fd()).start(|case| {
                case.send(&seen("self")?)?;
                case.wait()
            })?;
            expect_eq!(inside.recv::<String>()?, expected, "the child's own, {flags:?}");
            expect_eq!(seen_of(&inside)?, "/x/b", "from outside, {flags:?}");
            if flags == CLONE_NEWCGROUP {
                let parents = looking_from(&namespace_of(&inside)?, || seen("self"))?;
                expect_eq!(parents, "/../a", "the parent's, from inside");
            }
        }
        holds()
    })
}

/// From inside, a cgroup above the root shows as «/..» for each step up, one beside it as «/../NAME», one below as «/NAME».
///
/// All of them begin with «/».
#[claim(source = ["cgroup_namespaces(7) DESCRIPTION"], needs = [Root, Cgroup2])]
fn cgroups_outside_show_by_steps_upwards() -> Verdict {
    let groups = ["", "x", "x/sub", "x/sub/deep", "x/sub2", "x/sub2/deep", "y"];
    let _groups = Groups::new(&groups[1..])?;
    let members = groups.iter().map(|group| member(group, NONE)).collect::<Outcome<Vec<_>>>()?;
    for (root, expected) in [
        ("x", ["/..", "/", "/sub", "/sub/deep", "/sub2", "/sub2/deep", "/../y"]),
        ("x/sub", ["/../..", "/..", "/", "/deep", "/../sub2", "/../sub2/deep", "/../../y"]),
        ("x/sub/deep", ["/../../..", "/../..", "/..", "/", "/../../sub2", "/../../sub2/deep", "/../../../y"]),
    ] {
        let seen = in_group(root, CLONE_NEWCGROUP, || members.iter().map(seen_of).collect::<Outcome<Vec<_>>>())?;
        expect_eq!(seen, expected, "from {root}");
    }
    holds()
}

/// In the initial cgroup namespace every process shows the path of its cgroup, whichever cgroup namespace it is in.
#[claim(source = "cgroup_namespaces(7) DESCRIPTION", needs = [Config("CGROUPS"), Root, Cgroup2, InitialNamespaces])]
fn initial_cgroup_namespace_sees_every_path() -> Verdict {
    unshare(CLONE_NEWNS)?;
    let _groups = Groups::new(&["x", "x/sub", "y"])?;
    for (group, expected) in [("x", "/x"), ("x/sub", "/x/sub"), ("y", "/y"), ("", "/")] {
        for flags in [NONE, CLONE_NEWCGROUP] {
            let process = member(group, flags)?;
            expect_eq!(seen_of(&process)?, expected, "a process in {group}, {flags:?}");
        }
        let inside = member(group, CLONE_NEWCGROUP)?;
        let elsewhere = spawn(NONE, |case| {
            setns(namespace_of(&inside)?, CLONE_NEWCGROUP)?;
            case.go()?;
            case.wait()
        })?;
        elsewhere.recv::<()>()?;
        expect_eq!(seen_of(&elsewhere)?, "/", "a process of the top in a namespace of {group}");
    }
    holds()
}

/// The path in `/proc/PID/cgroup` counts from the reader's cgroup namespace as it is when it reads.
///
/// Neither from the namespace of PID nor from the one in which the file was opened.
#[claim(source = ["cgroup_namespaces(7) DESCRIPTION", "kernel/cgroup/cgroup.c proc_cgroup_show"], needs = [Root, Cgroup2])]
fn path_is_the_readers_at_the_time_of_reading() -> Verdict {
    let _groups = Groups::new(&["x", "x/sub"])?;
    let read = |mut file: File| {
        let mut text = String::new();
        file.read_to_string(&mut text).doing("read a cgroup file")?;
        in_text(&text)
    };
    let target = member("x/sub", CLONE_NEWCGROUP)?;
    in_group("x", NONE, || {
        let open = || File::open(format!("/proc/{}/cgroup", target.proc_pid()?)).doing("open a cgroup file");
        let (first, second, third) = (open()?, open()?, open()?);
        expect_eq!(read(first)?, "/x/sub", "a process in another namespace, by a reader outside");
        unshare(CLONE_NEWCGROUP)?;
        expect_eq!(read(second)?, "/sub", "opened outside, read in a namespace of x");
        setns(namespace_of(&target)?, CLONE_NEWCGROUP)?;
        expect_eq!(read(third)?, "/", "opened outside, read in the process's own namespace");
        holds()
    })
}

/// The root of a cgroup namespace is the cgroup in which its maker was, and stays that when the maker moves.
#[claim(source = "cgroup_namespaces(7) DESCRIPTION", needs = [Root, Cgroup2])]
fn root_of_a_cgroup_namespace_stays_where_it_was_made() -> Verdict {
    let _groups = Groups::new(&["x", "x/sub", "x/sub/deep", "x/sub2"])?;
    let maker = spawn(NONE, |case| -> Outcome<()> {
        move_to("x/sub", 0).doing("enter the group")?;
        unshare(CLONE_NEWCGROUP)?;
        loop {
            case.send(&seen("self")?)?;
            case.wait()?;
        }
    })?;
    expect_eq!(maker.recv::<String>()?, "/", "at first");
    for (group, expected) in
        [("x/sub/deep", "/deep"), ("x/sub2", "/../sub2"), ("x", "/.."), ("", "/../.."), ("x/sub", "/")]
    {
        move_to(group, maker.pid()).doing(format!("move it to {group}"))?;
        maker.go()?;
        expect_eq!(maker.recv::<String>()?, expected, "moved to «{group}», by itself");
        expect_eq!(seen_of(&maker)?, format!("/{group}"), "moved to «{group}», from outside");
    }
    holds()
}

/// A child starts in its parent's cgroup, execve() keeps it, and making a cgroup namespace moves no process.
#[claim(source = ["cgroups(7) NOTES", "What's in a name(space)?"], needs = [Root, Cgroup2])]
fn new_cgroup_namespace_moves_no_process() -> Verdict {
    let _groups = Groups::new(&["x", "x/sub", "y"])?;
    for (group, outside) in [("x/sub", "/x/sub"), ("y", "/y")] {
        let parent = member(group, CLONE_NEWCGROUP)?;
        expect_eq!(seen_of(&parent)?, outside, "after unshare");
        for flags in [NONE, CLONE_NEWCGROUP] {
            let forked = in_group(group, NONE, || {
                let forked = waiting(flags)?;
                seen_of(&forked)
            })?;
            expect_eq!(forked, outside, "a child, {flags:?}");
        }
        let (mut output, input) = pipe()?;
        let executing = spawn(NONE, move |_| {
            move_to(group, 0).doing("enter the group")?;
            Err::<(), _>(program_command(PROGRAM.name).stdout(input).exec().into())
        })?;
        let mut line = String::new();
        output.read_to_string(&mut line).doing("read what the program says")?;
        executing.wait()?;
        expect_eq!(line.trim_end(), outside, "after execve");
    }
    holds()
}

/// unshare(CLONE_NEWCGROUP) by one thread changes what that thread sees; the process's other threads see what they saw.
#[claim(
    source = ["unshare(2) DESCRIPTION", "cgroup_namespaces(7)"],
    needs = [Root, Cgroup2],
    erratum = "Documentation/admin-guide/cgroup-v2.rst, The Basics of Namespace: when a thread of a multi-threaded process \
               unshares its cgroup namespace, the new one applies to all threads.",
)]
fn unshare_in_a_thread_changes_its_view_alone() -> Verdict {
    let _groups = Groups::new(&["x"])?;
    in_group("x", NONE, || {
        let (thread, threads) = Thread::start(|| {
            unshare(CLONE_NEWCGROUP)?;
            seen("thread-self")
        })?;
        expect_eq!(
            (threads.as_str(), seen("thread-self")?.as_str()),
            ("/", "/x"),
            "the thread that did, and the other one"
        );
        unshare(CLONE_NEWCGROUP)?;
        expect_eq!(seen("thread-self")?, "/", "when it has, too");
        thread.end()?;
        holds()
    })
}

/// A cgroup namespace whose processes are dead can still be joined by its open file, and has its root as before.
#[claim(source = ["namespaces(7) Namespace lifetime", "cgroup_namespaces(7)"], needs = [Root, Cgroup2])]
fn joined_cgroup_namespace_of_the_dead_keeps_its_root() -> Verdict {
    let _groups = Groups::new(&["x", "x/sub", "y"])?;
    let maker = member("x/sub", CLONE_NEWCGROUP)?;
    let namespace = namespace_of(&maker)?;
    kit::lifetime::end(maker)?;
    for (group, expected) in [("", "/../.."), ("x", "/.."), ("x/sub", "/"), ("y", "/../../y")] {
        let own = in_group(group, NONE, || {
            expect_ok!(setns(&namespace, CLONE_NEWCGROUP));
            seen("self")
        })?;
        expect_eq!(own, expected, "from «{group}»");
    }
    holds()
}

fn own_cgroup(_: &[String]) -> i32 {
    match seen("self") {
        Ok(path) => println!("{path}"),
        Err(_) => return 1,
    }
    0
}
