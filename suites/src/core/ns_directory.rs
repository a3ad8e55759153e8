//! The ten links of a process's directory `ns`, for the cases about them: `namespaces(7)`.

use std::fmt;
use std::fs;

use harness::prelude::*;
use harness::sys::ns::get_nstype;
use rustix::fs::{Stat, stat};

/// One of the ten links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    name: &'static str,
    kind: Kind,
}

impl Link {
    /// All of them, sorted by name.
    pub(super) const ALL: [Self; 10] = [
        Self::own(Kind::Cgroup),
        Self::own(Kind::Ipc),
        Self::own(Kind::Mnt),
        Self::own(Kind::Net),
        Self::own(Kind::Pid),
        Self { name: "pid_for_children", kind: Kind::Pid },
        Self::own(Kind::Time),
        Self { name: "time_for_children", kind: Kind::Time },
        Self::own(Kind::User),
        Self::own(Kind::Uts),
    ];

    const fn own(kind: Kind) -> Self {
        Self { name: kind.name(), kind }
    }

    /// Its name in the directory.
    pub(super) const fn name(self) -> &'static str {
        self.name
    }

    /// The kind of the namespace that it leads to.
    pub(super) const fn kind(self) -> Kind {
        self.kind
    }

    /// Its path for a process, named as in `/proc`: a PID, `self` or `thread-self`.
    pub(super) fn of(self, process: impl fmt::Display) -> String {
        format!("/proc/{process}/ns/{}", self.name)
    }

    /// Its path for the calling thread.
    pub(super) fn mine(self) -> String {
        self.of("thread-self")
    }

    /// Which namespace comes of it for the caller: by reading its text, and by opening it. 5.10's late updates answer
    /// with success where nothing comes of it.
    pub(super) fn leads_to(self, process: impl fmt::Display) -> (Option<Inode>, Option<Inode>) {
        let path = self.of(process);
        let read = link_text(&path).ok();
        let number =
            read.and_then(|text| text.strip_prefix(&format!("{}:[", self.kind))?.strip_suffix(']')?.parse().ok());
        let opened = Namespace::at(&path).ok().filter(|file| get_nstype(file) == Ok(self.kind.flag()));
        (number, opened.and_then(|namespace| namespace.inode().ok()))
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The claim says that the caller can read and open all ten links of a process; `whose` describes it.
pub(super) fn expect_open(process: impl fmt::Display, whose: &str) -> Outcome<()> {
    for link in Link::ALL {
        let (read, opened) = link.leads_to(&process);
        expect!(read.is_some() && read == opened, "{link} of {whose}: by its text {read:?}, by opening it {opened:?}");
    }
    Ok(())
}

/// The claim says that for the caller nothing comes of any of the ten links of a process.
pub(super) fn expect_closed(process: impl fmt::Display, whose: &str) -> Outcome<()> {
    for link in Link::ALL {
        expect_eq!(link.leads_to(&process), (None, None), "{link} of {whose}, by its text and by opening it");
    }
    Ok(())
}

/// The names in a directory, sorted.
pub(super) fn names_in(directory: &str) -> std::io::Result<Vec<String>> {
    let mut names: Vec<_> =
        fs::read_dir(directory)?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    Ok(names)
}

/// Device and inode number of the file behind a path.
pub(super) fn identity(path: &str) -> Outcome<(u64, Inode)> {
    let Stat { st_dev, st_ino, .. } = stat(path).doing(format!("stat {path}"))?;
    Ok((st_dev, st_ino))
}
