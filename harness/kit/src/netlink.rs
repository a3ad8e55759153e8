//! Network devices over rtnetlink: one socket, one request, one answer, and the kernel's errno for cases to judge.
//!
//! The messages are those of `rtnetlink` and its builders. Its connection is not used: a case's process forks, may
//! have one thread only and waits for each answer anyway, so that a plain socket does without a runtime.

mod connection;
mod datagrams;
mod device;
mod events;
mod nsid;
mod reason;

pub use connection::{Answer, Elsewhere, Netlink};
pub use device::Device;
pub use events::Events;
pub use nsid::{Named, message as nsid_message};
