//! Mounts: what there is, by `/proc/PID/mountinfo`, and the calls that make, copy, move and change them.
//!
//! - [`Mounts`] reads a mount list; a [`Mount`] is one entry of it, with its [`Tags`] (`shared:1 master:2`);
//! - [`Propagation`] is a mount's type, by name: `Propagation::Slave.make(path)`, `Propagation::of(&mount)`;
//! - [`bind`], [`move_to`], [`remount`], … are the operations of `mount(2)` and `umount(2)` on any path;
//! - [`Tree`] has the same for mounts below one place, and makes the directories that they need;
//! - [`expect_mountable`] and [`expect_refused`] say in which user namespaces a file system can be mounted;
//! - [`Detached`] is a mount that is in no mount namespace, as `open_tree(2)` and `fsmount(2)` make it.
//!
//! Calls answer with a [`Refusal`](crate::Refusal), so that each is preparation with `?`, an answer in `expect_errno!(…, EINVAL)`, and can be
//! sent to another process.

mod allowed;
mod calls;
mod detached;
mod list;
mod mount;
mod options;
mod propagation;
mod tags;
mod tree;
mod typed;

pub use allowed::{EVERY, expect_mountable, expect_refused};
pub use calls::{
    MS_NOSYMFOLLOW, bind, bind_remount, detach, make_read_only, mount_kind, move_to, rbind, remount, set_attributes,
    tmpfs, umount, umount_by,
};
pub use detached::{Detached, RECURSIVE, unique_id};
pub use list::Mounts;
pub use mount::Mount;
pub use options::Options;
pub use propagation::Propagation;
pub use tags::Tags;
pub use tree::Tree;
pub use typed::{master_of, peer_of};
