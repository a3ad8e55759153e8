//! The files in `/proc/PID` that describe mounts: `mounts`, `mountinfo`, `mountstats`.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;

use kit::Answer;
use kit::mounts::{Mounts, Propagation, Tree, bind, move_to, tmpfs, umount};
use kit::prelude::*;
use kit::process::{NOBODY, as_user};
use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{chroot, getpid};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    they_describe_the_mounts_of_their_process,
    members_of_a_mount_namespace_read_the_same,
    proc_mounts_is_a_link_to_the_readers_own,
    mountstats_is_for_the_owner_of_the_process_alone,
    mountstats_names_what_is_mounted_where,
    a_change_of_the_own_mounts_can_be_polled,
    a_change_of_propagation_cannot_be_polled,
    a_change_of_propagation_can_be_polled,
    mounts_outside_the_root_directory_are_left_out,
    a_root_directory_that_is_no_mount_has_no_line,
    a_mount_point_with_blanks_is_escaped,
];

/// /proc/PID/mounts, mountinfo and mountstats describe the mounts of that process's mount namespace, not of the reader's.
#[claim(
    source = ["mount_namespaces(7) DESCRIPTION", "proc_pid_mounts(5)", "proc_pid_mountinfo(5)", "proc_pid_mountstats(5)"],
    needs = [Root],
)]
fn they_describe_the_mounts_of_their_process() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("inside")?.dir("outside")?;
    let there = spawn(CLONE_NEWNS, |outside| {
        tree.tmpfs("inside")?;
        outside.go()?;
        outside.wait()
    })?;
    there.recv::<()>()?;
    tree.tmpfs("outside")?;
    for file in FILES {
        for (pid, own, other) in [(there.pid(), "inside", "outside"), (getpid(), "outside", "inside")] {
            let text = text_of(pid, file)?;
            for (name, is_there) in [(own, true), (other, false)] {
                let place = format!(" {} ", tree.path(name).display());
                expect_eq!(text.contains(&place), is_there, "{name} in the {file} of the process whose mount is {own}");
            }
        }
    }
    holds()
}

/// Processes in one mount namespace with one root directory read the same mounts, mountinfo and mountstats.
#[claim(source = "mount_namespaces(7) DESCRIPTION", needs = [Root])]
fn members_of_a_mount_namespace_read_the_same() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?;
    let other = spawn(NONE, |outside| {
        outside.wait()?;
        unshare(CLONE_NEWNS)?;
        tree.tmpfs("a")?;
        outside.go()?;
        outside.wait()
    })?;
    for file in FILES {
        expect_eq!(text_of(other.pid(), file)?, text_of(getpid(), file)?, "{file}");
    }
    other.go()?;
    other.recv::<()>()?;
    for file in FILES {
        expect_ne!(text_of(other.pid(), file)?, text_of(getpid(), file)?, "{file}, of another mount namespace");
    }
    holds()
}

/// /proc/mounts is a symbolic link to self/mounts, and so shows the mounts of its reader.
#[claim(source = "proc_pid_mounts(5)", needs = [Root])]
fn proc_mounts_is_a_link_to_the_readers_own() -> Verdict {
    let tree = Tree::new()?;
    expect_eq!(fs::read_link("/proc/mounts")?.to_string_lossy(), "self/mounts");
    let shown = || Ok::<_, Failure>(fs::read_to_string("/proc/mounts")?.contains(" /mnt/a "));
    let inside = child(CLONE_NEWNS, || {
        tree.tmpfs("a")?;
        shown()
    })?;
    expect!(inside && !shown()?, "of a mount that a child has alone");
    holds()
}

/// mountstats can be read by the owner of the process alone; mounts and mountinfo by any user.
#[claim(source = "proc_pid_mountstats(5)", needs = [Root])]
fn mountstats_is_for_the_owner_of_the_process_alone() -> Verdict {
    let root = getpid();
    for (file, mode) in [("mounts", 0o444), ("mountinfo", 0o444), ("mountstats", 0o400)] {
        let permissions = fs::metadata(format!("/proc/{root}/{file}"))?.permissions();
        expect_eq!(permissions.mode() & 0o777, mode, "the mode of {file}");
        as_user(NOBODY, NONE, || {
            expect_ok!(fs::read(format!("/proc/self/{file}")), "the user's own {file}");
            let read = fs::read(format!("/proc/{root}/{file}"));
            if file == "mountstats" {
                expect_errno!(read, EACCES, "root's {file}");
            } else {
                expect_ok!(read, "root's {file}");
            }
            Ok(())
        })?;
        expect_ok!(fs::read(format!("/proc/{root}/{file}")), "by root, {file}");
    }
    holds()
}

/// In mountstats a mount is the line «device SOURCE mounted on POINT with fstype TYPE».
#[claim(source = "proc_pid_mountstats(5)", needs = [Root])]
fn mountstats_names_what_is_mounted_where() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?;
    for source in ["one", "other"] {
        let line = format!("device {source} mounted on {} with fstype tmpfs", tree.path("a").display());
        let lines = || text_of(getpid(), "mountstats").map(|text| text.lines().filter(|seen| *seen == line).count());
        expect_eq!(lines()?, 0, "before");
        mount(Some(source), &tree.path("a"), Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
        expect_eq!(lines()?, 1, "of {source}");
        tree.umount("a")?;
    }
    holds()
}

/// poll(2) tells once of each mount, move and unmount in the namespace, by POLLPRI and POLLERR for an open mounts or mountinfo.
///
/// Of changes in another mount namespace it tells nothing.
#[claim(source = "proc_pid_mounts(5)", needs = [Root])]
fn a_change_of_the_own_mounts_can_be_polled() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?.dir("b")?;
    let files = Polled::open()?;
    expect!(!files.have_news()?, "before");
    child(CLONE_NEWNS, || Ok(tree.tmpfs("a").map(drop)?))?;
    expect!(!files.have_news()?, "after a mount in another namespace");
    let changes: [(&str, &dyn Fn() -> Answer); 4] = [
        ("a mount", &|| tmpfs(tree.path("a"))),
        ("a move", &|| move_to(tree.path("a"), tree.path("b"))),
        ("a bind mount", &|| bind("/dev", tree.path("b"))),
        ("an unmount", &|| umount(tree.path("b"))),
    ];
    for (what, change) in changes {
        change()?;
        expect!(files.have_news()?, "after {what}");
        expect!(!files.have_news()?, "once more, after {what}");
    }
    holds()
}

/// poll(2) for an open mounts or mountinfo does not tell of a mount that became shared, though mountinfo shows that.
#[claim(source = "proc_pid_mounts(5)", until = "7.3", needs = [Root])]
fn a_change_of_propagation_cannot_be_polled() -> Verdict {
    let tree = Tree::new()?;
    let files = Polled::open()?;
    tree.shared("")?;
    expect!(!files.have_news()?, "after a mount was made shared");
    tree.tmpfs("a")?;
    expect!(files.have_news()?, "after a mount");
    holds()
}

/// poll(2) for an open mounts or mountinfo tells of a change of propagation as well.
#[claim(
    source = "fs/namespace.c do_change_type",
    since = "7.3",
    replaces = "a_change_of_propagation_cannot_be_polled",
    needs = [Root],
)]
fn a_change_of_propagation_can_be_polled() -> Verdict {
    let tree = Tree::new()?;
    let files = Polled::open()?;
    for wanted in Propagation::WITH_FLAG {
        tree.make("", wanted)?;
        expect!(files.have_news()?, "{wanted}");
        expect!(!files.have_news()?, "{wanted}, once more");
    }
    holds()
}

/// The files that can be polled for changes.
struct Polled([File; 2]);

impl Polled {
    fn open() -> Outcome<Self> {
        Ok(Self([File::open("/proc/self/mounts")?, File::open("/proc/self/mountinfo")?]))
    }

    /// Whether both tell of a change, by no other event than it should be.
    fn have_news(&self) -> Outcome<bool> {
        let changed = PollFlags::POLLPRI | PollFlags::POLLERR;
        let mut asked = self.0.each_ref().map(|file| PollFd::new(file.as_fd(), PollFlags::POLLPRI));
        poll(&mut asked, PollTimeout::ZERO).doing("poll")?;
        let told = asked.each_ref().map(PollFd::revents);
        expect!(told == [Some(changed); 2] || told == [Some(PollFlags::empty()); 2], "events {told:?}");
        Ok(told == [Some(changed); 2])
    }
}

/// mounts and mountinfo of a process leave out what is mounted outside its root directory, and name mount points from there.
#[claim(source = "proc_pid_mountinfo(5)", needs = [Root])]
fn mounts_outside_the_root_directory_are_left_out() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("jail")?.tmpfs("jail/in")?.tmpfs("jail/in/deep")?.tmpfs("beside")?;
    let inside = in_root(&tree, "jail")?;
    let expected = ["/", "/in", "/in/deep"];
    expect_eq!(Mounts::of(inside.pid())?.points(), expected, "mountinfo");
    let mut points = Vec::new();
    for line in text_of(inside.pid(), "mounts")?.lines() {
        points.push(line.split(' ').nth(1).unwrap_or_default().to_owned());
    }
    expect_eq!(points, expected, "mounts");
    let jail = tree.mounts()?;
    let seen = Mounts::of(inside.pid())?;
    expect_eq!(seen.at("/in")?.id, jail.at("jail/in")?.id, "the ID of a mount");
    let parent = seen.at("/")?.parent;
    expect!(seen.with_id(parent).is_none(), "the mount {parent} below its root is listed: {seen:?}");
    expect_eq!(jail.with_id(parent).map(|mount| mount.point.clone()), Some("".into()), "the mount below its root");
    holds()
}

/// A process whose root directory is no mount point has no line for it in its mountinfo, only those of the mounts in it.
#[claim(source = "proc_pid_mountinfo(5)", needs = [Root])]
fn a_root_directory_that_is_no_mount_has_no_line() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("jail/in")?;
    let inside = in_root(&tree, "jail")?;
    expect_eq!(Mounts::of(inside.pid())?.points(), ["/in"]);
    tree.bind("jail", "jail")?;
    let inside = in_root(&tree, "jail")?;
    expect_eq!(Mounts::of(inside.pid())?.points(), ["/"], "of a bind mount of it on itself");
    holds()
}

/// In mounts and mountinfo blank, tab, newline and backslash in a mount point are a backslash and three octal digits.
#[claim(source = ["proc_pid_mountinfo(5)", "proc_pid_mounts(5)"], needs = [Root])]
fn a_mount_point_with_blanks_is_escaped() -> Verdict {
    let tree = Tree::new()?;
    for (name, field) in [
        ("a b", r"/mnt/a\040b"),
        ("a\tb", r"/mnt/a\011b"),
        ("a\nb", r"/mnt/a\012b"),
        (r"a\b", r"/mnt/a\134b"),
        (r"a\040b", r"/mnt/a\134040b"),
        ("a-b", "/mnt/a-b"),
    ] {
        tree.tmpfs(name)?;
        for (file, place) in [("mounts", 1), ("mountinfo", 4)] {
            let text = text_of(getpid(), file)?;
            let found = text.lines().any(|line| line.split(' ').nth(place) == Some(field));
            expect!(found, "{field} in {file}: {text}");
        }
    }
    holds()
}

/// The three files.
const FILES: [&str; 3] = ["mounts", "mountinfo", "mountstats"];

fn text_of(pid: nix::unistd::Pid, file: &str) -> Outcome<String> {
    let path = format!("/proc/{pid}/{file}");
    let mut text = String::new();
    File::open(&path).and_then(|mut file| file.read_to_string(&mut text)).doing(format!("read {path}"))?;
    Ok(text)
}

/// A process whose root directory is this one of the tree.
fn in_root(tree: &Tree, name: &str) -> Outcome<Child<()>> {
    let process = spawn(NONE, |outside| {
        chroot(&tree.path(name)).doing("chroot")?;
        outside.go()?;
        outside.wait()
    })?;
    process.recv::<()>()?;
    Ok(process)
}
