//! The two names that a UTS namespace holds: `uts_namespaces(7)`.

use nix::sys::utsname::uname;
use serde::{Deserialize, Serialize};

use crate::process::{Child, spawn};
use crate::sys::clone::CloneFlags;
use crate::sys::uts;
pub use crate::sys::uts::{setdomainname, sethostname};
use crate::words::verdict::{Doing, Outcome};

/// A hostname and a NIS domain name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// What `uname(2)` calls `nodename`.
    pub hostname: String,
    /// What `uname(2)` calls `domainname`.
    pub domainname: String,
}

impl Names {
    /// These two.
    pub fn new(hostname: &str, domainname: &str) -> Self {
        Self { hostname: hostname.to_owned(), domainname: domainname.to_owned() }
    }

    /// Those that `uname(2)` tells the caller.
    pub fn own() -> Outcome<Self> {
        Ok(Self { hostname: hostname()?, domainname: domainname()? })
    }

    /// Gives them to the caller's UTS namespace.
    pub fn set(&self) -> Outcome<()> {
        sethostname(&self.hostname).doing("sethostname")?;
        setdomainname(&self.domainname).doing("setdomainname")
    }
}

/// The caller's hostname, by `uname(2)`.
pub fn hostname() -> Outcome<String> {
    Ok(uname().doing("uname")?.nodename().to_string_lossy().into_owned())
}

/// The caller's NIS domain name, by `uname(2)`.
pub fn domainname() -> Outcome<String> {
    Ok(uname().doing("uname")?.domainname().to_string_lossy().into_owned())
}

/// Which of the two names: for what is true of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// The hostname.
    Host,
    /// The NIS domain name.
    Domain,
}

impl Name {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Host, Self::Domain];

    /// Reads it by `uname(2)`.
    pub fn get(self) -> Outcome<String> {
        match self {
            Self::Host => hostname(),
            Self::Domain => domainname(),
        }
    }

    /// `sethostname(2)` or `setdomainname(2)`.
    pub fn set(self, value: impl AsRef<[u8]>) -> nix::Result<()> {
        match self {
            Self::Host => sethostname(value),
            Self::Domain => setdomainname(value),
        }
    }

    /// The same with any address and length: meant to be refused.
    pub fn set_at(self, address: usize, length: i32) -> nix::Result<()> {
        match self {
            Self::Host => uts::sethostname_at(address, length),
            Self::Domain => uts::setdomainname_at(address, length),
        }
    }

    /// Its file in `/proc/sys`.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Host => "/proc/sys/kernel/hostname",
            Self::Domain => "/proc/sys/kernel/domainname",
        }
    }
}

/// A process that lives in a UTS namespace and tells, whenever asked, what names it sees.
#[derive(Debug)]
pub struct Onlooker {
    process: Child<()>,
}

impl Onlooker {
    /// One that is made with `flags`: in the caller's UTS namespace, or with `CLONE_NEWUTS` in a new one.
    pub fn new(flags: CloneFlags) -> Outcome<Self> {
        Self::prepared(flags, || Ok(()))
    }

    /// One that first does something by itself.
    pub fn prepared(flags: CloneFlags, first: impl FnOnce() -> Outcome<()>) -> Outcome<Self> {
        let process = spawn(flags, |parent| {
            first()?;
            loop {
                parent.send(&Names::own()?)?;
                parent.wait()?;
            }
        })?;
        process.recv::<Names>()?;
        Ok(Self { process })
    }

    /// The names it sees now.
    pub fn names(&self) -> Outcome<Names> {
        self.process.go()?;
        self.process.recv()
    }

    /// The process.
    pub fn process(&self) -> &Child<()> {
        &self.process
    }

    /// Kills it, and returns when it is gone.
    pub fn end(self) -> Outcome<()> {
        self.process.kill(libc::SIGKILL)?;
        self.process.wait().map(drop)
    }
}
