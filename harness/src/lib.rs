//! What a case of nsproof is and how it is carried out.
//!
//! [`claim`](macro@claim) makes a case of a function; [`process`], [`namespace`], [`sys`] and [`expect`] are what its
//! body is made of. The rest carries cases out: a runner that a person talks to, a worker in the kernel under test,
//! and a stage for each case.
#![warn(clippy::print_stderr, reason = "it panics when nobody reads it any more: terminal::note does not")]

pub mod cgroup;
mod claim;
mod command;
mod config;
mod door;
pub mod expect;
pub mod file_capability;
pub mod limits;
pub mod links;
pub mod namespace;
mod needs;
pub mod netlink;
mod pace;
pub mod process;
mod protocol;
mod registry;
pub mod room;
mod runner;
mod settle;
mod stage;
mod start;
pub mod sys;
pub mod sysctl;
mod terminal;
pub mod unix_credentials;
pub mod uts;
mod verdict;
mod worker;

pub use claim::{Case, DEFAULT_DEADLINE, KernelVersion, NotAVersion};
pub use config::configured;
pub use door::{command, test_door};
pub use harness_macros::claim;
pub use links::{Links, NO_LINKS};
pub use needs::{Behaviour, Ground, Need};
pub use pace::Pace;
pub use registry::Registry;
pub use room::Room;
pub use settle::{eventually, settle};
pub use verdict::{Doing, Failure, Finding, Holds, Outcome, Verdict, holds};

/// What a file of cases uses.
pub mod prelude {
    pub use crate::namespace::{Inode, Kind, Namespace, inode_at, inode_of, link_text, own_inode};
    pub use crate::process::{
        Child, Ended, IdMap, Maps, Peer, Spawn, Thread, child, enter, enter_by, spawn, try_fork, unprivileged,
        user_namespace, waiting,
    };
    pub use crate::sys::clone::flags::*;
    pub use crate::sys::clone::{CloneArgs, CloneFlags, setns, unshare};
    pub use crate::{
        Case, Doing, Failure, Outcome, Verdict, cases, claim, expect, expect_eq, expect_errno, expect_ne, expect_ok,
        holds,
    };
}
