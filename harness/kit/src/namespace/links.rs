//! All the namespaces of a process at one look: the links in `/proc/PID/ns`, `namespaces(7)`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::file::Inode;
use super::kind::Kind;
use super::link::Link;
use crate::words::verdict::{Doing, Failure, Outcome};

/// What [`Links::changed_since`] returns when all lead where they led.
pub const NO_LINKS: [&str; 0] = [];

/// The inode numbers behind these links, at one moment.
///
/// A link may lead nowhere: `pid_for_children` between `unshare(CLONE_NEWPID)` and the first fork, before 7.1. And those of
/// kinds for which the kernel is not built are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links(BTreeMap<String, Inode>);

impl Links {
    /// The calling thread's.
    pub fn own() -> Outcome<Self> {
        Self::in_directory("/proc/thread-self/ns")
    }

    /// A process's or a thread's, named as in `/proc`: a PID, `self`, `PID/task/TID`.
    pub fn of(process: impl fmt::Display) -> Outcome<Self> {
        Self::in_directory(&format!("/proc/{process}/ns"))
    }

    /// Those whose texts a program has written, one a line: `net:[4026531840]`, as `readlink(1)` does. What children get
    /// is not told by these.
    pub fn told(texts: &str) -> Outcome<Self> {
        let link = |line: &str| {
            let (name, inode) = line.strip_suffix(']')?.split_once(":[")?;
            Kind::ALL.iter().find(|kind| kind.name() == name)?;
            Some((name.to_owned(), inode.parse().ok()?))
        };
        let understood =
            |line| link(line).ok_or_else(|| Failure::broken(format!("«{line}» is no link to a namespace")));
        Ok(Self(texts.lines().map(understood).collect::<Outcome<_>>()?))
    }

    fn in_directory(directory: &str) -> Outcome<Self> {
        // A process that has gone has no links either.
        fs::symlink_metadata(directory).doing(format!("stat {directory}"))?;
        let mut links = BTreeMap::new();
        for name in Link::ALL.map(Link::name) {
            let path = format!("{directory}/{name}");
            match fs::metadata(&path) {
                Ok(behind) => drop(links.insert(name.to_owned(), behind.ino())),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).doing(format!("stat {path}")),
            }
        }
        Ok(Self(links))
    }

    /// The namespace behind the link of this name.
    pub fn get(&self, name: &str) -> Outcome<Inode> {
        self.find(name).ok_or_else(|| Failure::broken(format!("the link {name} leads nowhere")))
    }

    /// The namespace behind the link of this name, if it leads anywhere.
    pub fn find(&self, name: &str) -> Option<Inode> {
        self.0.get(name).copied()
    }

    /// The names of the links that lead elsewhere than they did there, in order.
    pub fn changed_since(&self, before: &Self) -> Vec<&'static str> {
        Link::ALL.map(Link::name).into_iter().filter(|name| self.find(name) != before.find(name)).collect()
    }

    /// The kinds of the namespaces that are other ones than there, those of children aside.
    pub fn differing(&self, other: &Self) -> Vec<Kind> {
        Kind::ALL.into_iter().filter(|kind| self.find(kind.name()) != other.find(kind.name())).collect()
    }
}

/// In one line, for programs that print theirs.
impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Links {
    type Err = serde_json::Error;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(line)
    }
}

impl Kind {
    /// The link of a process's own that leads to another namespace once it has unshared this kind.
    pub const fn unshared_link(self) -> &'static str {
        match self {
            Self::Pid => "pid_for_children",
            Self::Time => "time_for_children",
            _ => self.name(),
        }
    }

    /// The links of a process's own that lead to another namespace once it has joined this kind of another process. No
    /// process leaves its PID namespace: its children do.
    pub const fn joined_links(self) -> &'static [&'static str] {
        match self {
            Self::Cgroup => &["cgroup"],
            Self::Ipc => &["ipc"],
            Self::Mnt => &["mnt"],
            Self::Net => &["net"],
            Self::Pid => &["pid_for_children"],
            Self::Time => &["time", "time_for_children"],
            Self::User => &["user"],
            Self::Uts => &["uts"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_writes_is_understood() {
        let links = Links::told("net:[4026531840]\nuts:[7]\n").unwrap();
        assert_eq!((links.get("net").unwrap(), links.get("uts").unwrap()), (4026531840, 7));
        assert!(links.get("pid").is_err());
        let others = Links::told("net:[4026531840]\nuts:[8]\n").unwrap();
        assert_eq!((links.differing(&others), links.changed_since(&others)), (vec![Kind::Uts], vec!["uts"]));
        for wrong in ["net:4026531840", "net:[x]", "nut:[7]", ""] {
            assert!(Links::told(&format!("{wrong}\n")).is_err(), "{wrong}");
        }
    }
}
