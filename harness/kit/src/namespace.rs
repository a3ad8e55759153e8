//! Namespaces as a process sees them: kinds, links in `/proc/PID/ns`, and their files.

pub mod directory;
mod file;
mod kind;
mod link;
mod links;

pub use file::{Inode, Namespace, inode_at, inode_of, link_text, own_inode};
pub use kind::Kind;
pub use link::Link;
pub use links::{Links, NO_LINKS};
