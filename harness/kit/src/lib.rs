//! What a claim is, and what the bodies of cases are made of.
//!
//! Two parts. [`words`] are what the project talks about: the claim and its case, what it needs, what it expects, what it
//! finds. Everything else is the kit: what a body does things with.
//!
//! - [`process`]: children in new namespaces, what they say, and as whom they run;
//! - [`namespace`]: kinds, links in `/proc/PID/ns` and their files; [`listed`]: the numbers that `listns(2)` tells;
//! - [`joining`]: that a thread has joined namespaces, and no others;
//! - [`lifetime`]: what keeps a namespace in existence; [`room`]: whether it still exists;
//! - [`mounts`]: what is mounted, trees of mounts, and every call that changes them;
//! - [`cgroup`], [`netlink`], [`uts`], [`file_capability`], [`unix_credentials`]: one thing of the kernel each;
//! - [`sysctl`], [`limits`], [`configured`]: how the kernel is set up;
//! - [`flags`]: flags by their names;
//! - [`settle`], [`eventually`]: waiting for what the kernel does in its own time;
//! - [`sys`]: system calls that no crate wraps, and the only place with `unsafe`.
//!
//! How cases are carried out is the business of the crate above, `harness`, of which nothing is known here.

pub mod cgroup;
pub mod config;
pub mod file_capability;
pub mod flags;
pub mod joining;
pub mod lifetime;
pub mod limits;
pub mod listed;
pub mod mounts;
pub mod namespace;
pub mod netlink;
pub mod process;
pub mod room;
mod settle;
pub mod sys;
pub mod sysctl;
pub mod unix_credentials;
pub mod uts;
pub mod words;

pub use config::configured;
pub use kit_macros::claim;
pub use namespace::{Links, NO_LINKS};
pub use room::Room;
pub use settle::{begin_case, eventually, settle};
pub use words::claim::{Case, DEFAULT_DEADLINE, KernelVersion, NotAVersion};
pub use words::expect;
pub use words::need::{Behaviour, Need};
pub use words::prepared::prepared;
pub use words::program::Program;
pub use words::refusal::{Answer, Portable, Refusal};
pub use words::registry::{Registry, Suite};
pub use words::sentence::in_one_sentence;
pub use words::source::{Erratum, Source};
pub use words::verdict::{Doing, Failure, Finding, Holds, Outcome, Verdict, holds};

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
        Case, Doing, Failure, Outcome, Portable, Refusal, Verdict, cases, claim, expect, expect_eq, expect_errno,
        expect_ne, expect_ok, holds,
    };
}
