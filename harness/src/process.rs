//! Processes of a case: children in new namespaces, what they say to their parent, and as whom they run.

mod capability_sets;
mod change;
mod child;
mod credentials;
mod enter;
mod fate;
mod inbox;
mod member;
mod numbers;
mod owned;
mod peer;
mod proc_mount;
mod program;
mod status;
mod thread;
mod userns;

pub use capability_sets::{Sets, every_capability, raise_ambient, raise_inheritable};
pub use change::Change;
pub use child::{Child, Spawn, child, spawn, try_clone3, try_fork, waiting};
pub(crate) use child::{guarded, next_generation};
pub use credentials::{NOBODY, as_user, become_user, capabilities, unprivileged, with_only, without};
pub use enter::{enter, enter_by};
pub use fate::fate;
pub use inbox::Inbox;
pub use member::member;
pub use numbers::{listed_pids, mount_proc, next_child_pid, ns_pids, status};
pub use owned::{become_ids, owned_by};
pub use peer::Peer;
pub use proc_mount::{mount_proc_at, pids_at};
pub(crate) use program::run_as_program;
pub use program::{Program, program_command};
pub use status::Ended;
pub use thread::Thread;
pub use userns::{IdMap, Maps, map_self, user_namespace, user_namespace_with};
