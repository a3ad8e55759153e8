//! The files in `/proc/PID` that say which IDs a user namespace has: `user_namespaces(7)`. [`super::Maps`] writes them
//! where they are preparation; here the answer to each single call is the question.

use std::fmt::Display;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, write};
use rustix::thread::CapabilitySet;
use serde::{Deserialize, Serialize};

use super::child::{Child, child, spawn};
use super::credentials::{as_user, with_only, without};
use super::identity::become_user;
use crate::sys::clone::{CloneFlags, unshare};
use crate::words::refusal::{Portable, Refusal};
use crate::words::verdict::{Doing, Outcome};

const NONE: CloneFlags = CloneFlags::empty();

/// One of these files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the kernel's own names")]
pub enum MapFile {
    Uid,
    Gid,
    Projid,
    Setgroups,
}

impl MapFile {
    /// The three that map IDs.
    pub const MAPS: [Self; 3] = [Self::Uid, Self::Gid, Self::Projid];

    /// The path for a process, named as in `/proc`: a PID or `self`.
    pub fn path(self, process: impl Display) -> String {
        let name = match self {
            Self::Uid => "uid_map",
            Self::Gid => "gid_map",
            Self::Projid => "projid_map",
            Self::Setgroups => "setgroups",
        };
        format!("/proc/{process}/{name}")
    }

    /// What it says to the caller: lines without a newline at the end, their fields with one space in between.
    pub fn read(self, process: impl Display) -> Outcome<String> {
        let path = self.path(process);
        Ok(tidy(&fs::read_to_string(&path).doing(format!("read {path}"))?))
    }

    /// Opens it for writing.
    pub fn open(self, process: impl Display) -> nix::Result<OwnedFd> {
        open(self.path(process).as_str(), OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())
    }

    /// Opens it and writes `text` by one `write(2)`; the errno is that of the call that was refused.
    pub fn write(self, process: impl Display, text: &str) -> nix::Result<()> {
        write_once(self.open(process)?, text)
    }
}

/// The lines of a map with one space between their fields, and without a newline at the end.
pub fn tidy(map: &str) -> String {
    let lines = map.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

/// One `write(2)` of the whole text, where the file is.
pub fn write_once(file: impl AsFd, text: &str) -> nix::Result<()> {
    write(file, text.as_bytes()).map(drop)
}

/// Who writes to a map of a [`Newborn`].
#[derive(Debug, Clone, Copy)]
pub enum Writer {
    /// The process itself, which has all capabilities in its namespace.
    Itself,
    /// The process itself, with these capabilities and no other.
    ItselfWith(CapabilitySet),
    /// The process itself, with all capabilities but these.
    ItselfWithout(CapabilitySet),
    /// The caller, from outside.
    Caller,
    /// A child of the caller's that has these capabilities and no other.
    CallerWith(CapabilitySet),
    /// A child of the caller's that lacks these capabilities.
    CallerWithout(CapabilitySet),
    /// A child of the caller's that has become this user.
    User(u32),
}

/// A process in a new user namespace whose maps nobody has written yet. It writes there itself when it is asked to.
#[derive(Debug)]
pub struct Newborn {
    child: Child<()>,
}

/// What a newborn is asked to write, and the capabilities that it may use for that.
type Wish = (MapFile, String, u64);

impl Newborn {
    /// One whose namespace the caller's user owns.
    pub fn new() -> Outcome<Self> {
        Self::made_after(|| Ok(()))
    }

    /// One whose namespace this user owns, who is neither root nor the caller.
    pub fn of_user(id: u32) -> Outcome<Self> {
        Self::made_after(|| become_user(id))
    }

    /// One that has done something before it made its namespace.
    pub fn made_after(before: impl FnOnce() -> Outcome<()>) -> Outcome<Self> {
        let child = spawn(NONE, |asker| {
            before()?;
            unshare(CloneFlags::NEWUSER).doing("unshare a user namespace")?;
            asker.go()?;
            loop {
                let (file, text, kept): Wish = asker.recv()?;
                let kept = CapabilitySet::from_bits_retain(kept);
                asker.send(&with_only(kept, NONE, || Ok(file.write("self", &text).portable()))?)?;
            }
        })?;
        child.recv::<()>()?;
        Ok(Self { child })
    }

    /// Its PID.
    pub fn pid(&self) -> Pid {
        self.child.pid()
    }

    /// What the caller reads there.
    pub fn read(&self, file: MapFile) -> Outcome<String> {
        file.read(self.pid())
    }

    /// Has this text written to this file of its, by one `write(2)`. The inner result is the kernel's answer.
    pub fn write(&self, file: MapFile, text: &str, writer: Writer) -> Outcome<Result<(), Refusal>> {
        let from_outside = || Ok(file.write(self.pid(), text).portable());
        match writer {
            Writer::Itself => self.wish(file, text, CapabilitySet::all()),
            Writer::ItselfWith(kept) => self.wish(file, text, kept),
            Writer::ItselfWithout(lost) => self.wish(file, text, !lost),
            Writer::Caller => child(NONE, from_outside),
            Writer::CallerWith(kept) => with_only(kept, NONE, from_outside),
            Writer::CallerWithout(lost) => without(lost, NONE, from_outside),
            Writer::User(id) => as_user(id, NONE, from_outside),
        }
    }

    fn wish(&self, file: MapFile, text: &str, kept: CapabilitySet) -> Outcome<Result<(), Refusal>> {
        let wish: Wish = (file, text.to_owned(), kept.bits());
        self.child.send(&wish)?;
        self.child.recv()
    }
}
