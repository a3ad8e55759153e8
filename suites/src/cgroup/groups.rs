//! Cgroups that the suite's cases make, who is in them, and as what they are seen.

use std::fmt::Display;
use std::fs;
use std::io;

use kit::mounts::mount_kind;
use kit::prelude::*;
use nix::mount::MsFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where the hierarchy is mounted.
pub(super) const TOP: &str = "/mnt";

/// Groups of the case's own. With this value they go again.
#[derive(Debug)]
pub(super) struct Groups(Vec<String>);

impl Groups {
    /// Mounts the hierarchy of version 2 on [`TOP`], and makes these groups there, the upper ones before the lower.
    pub(super) fn new(names: &[&str]) -> Outcome<Self> {
        mount_kind("cgroup2", TOP, MsFlags::empty(), None)?;
        Self::in_mounted(names)
    }

    /// Makes groups in what is mounted there.
    pub(super) fn in_mounted(names: &[&str]) -> Outcome<Self> {
        let mut made = Self(Vec::new());
        for name in names {
            let path = path(name);
            fs::create_dir(&path).doing(format!("make the cgroup {name}"))?;
            made.0.push(path);
        }
        Ok(made)
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        // Members have been killed before. Where the kernel has not yet noticed, an empty group stays behind.
        for path in self.0.iter().rev() {
            let _ = fs::remove_dir(path);
        }
    }
}

/// A group's directory; the empty name is the top's.
pub(super) fn path(group: &str) -> String {
    format!("{TOP}/{group}").trim_end_matches('/').to_owned()
}

/// A file of a group.
pub(super) fn file(group: &str, name: &str) -> String {
    format!("{}/{name}", path(group))
}

/// Writes to a file of a group, which must be there.
pub(super) fn set(group: &str, name: &str, text: impl Display) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).open(file(group, name))?;
    io::Write::write_all(&mut file, text.to_string().as_bytes())
}

/// What a file of a group says, without its last line's end.
pub(super) fn get(group: &str, name: &str) -> Outcome<String> {
    let path = file(group, name);
    Ok(fs::read_to_string(&path).doing(format!("read {path}"))?.trim_end().to_owned())
}

/// Moves a process into a group; 0 is the caller.
pub(super) fn move_to(group: &str, pid: impl Display) -> io::Result<()> {
    set(group, "cgroup.procs", pid)
}

/// A process in a group, with new namespaces by `flags` that it has made there. It waits.
pub(super) fn member(group: &str, flags: CloneFlags) -> Outcome<Child<()>> {
    let member = spawn(NONE, |case| {
        move_to(group, 0).doing(format!("enter {group}"))?;
        unshare(flags).doing("unshare")?;
        case.go()?;
        case.wait()
    })?;
    member.recv::<()>()?;
    Ok(member)
}

/// Runs `body` in a child that is in a group, with new namespaces by `flags` that it has made there.
pub(super) fn in_group<T>(group: &str, flags: CloneFlags, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(NONE, || {
        move_to(group, 0).doing(format!("enter {group}"))?;
        unshare(flags).doing("unshare")?;
        body()
    })
}

/// Runs `body` in a child that has joined this cgroup namespace, from the group in which the caller is.
pub(super) fn looking_from<T>(namespace: &Namespace, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(NONE, || {
        setns(namespace, CLONE_NEWCGROUP).doing("setns")?;
        body()
    })
}

/// The cgroup of version 2 of a process, named as in `/proc`, as the caller sees it.
pub(super) fn seen(process: impl Display) -> Outcome<String> {
    let file = format!("/proc/{process}/cgroup");
    in_text(&fs::read_to_string(&file).doing(format!("read {file}"))?)
}

/// The cgroup of version 2 that such a file names.
pub(super) fn in_text(text: &str) -> Outcome<String> {
    let path = text.lines().find_map(|line| line.strip_prefix("0::"));
    path.map(str::to_owned).ok_or_else(|| Failure::broken(format!("no cgroup of version 2 is named: {text}")))
}

/// The cgroup of version 2 of a child, as the caller sees it.
pub(super) fn seen_of(child: &Child<()>) -> Outcome<String> {
    seen(child.proc_pid()?)
}

/// A process's namespace.
pub(super) fn namespace_of(child: &Child<()>) -> Outcome<Namespace> {
    child.namespace(Kind::Cgroup)
}
