//! Processes of a case: children in new namespaces, what they say to their parent, and as whom they run.

mod change;
mod child;
mod credentials;
mod enter;
mod fate;
mod guard;
mod inbox;
mod map_file;
mod member;
mod numbers;
mod peer;
mod proc_mount;
mod processor;
mod program;
mod status;
mod thread;
mod userns;

pub use change::Change;
pub(crate) use child::next_generation;
pub use child::{Child, Spawn, child, spawn, try_clone3, try_fork, waiting};
pub use credentials::{NOBODY, as_user, become_user, capabilities, unprivileged, with_only, without};
pub use enter::{enter, enter_by};
pub use fate::fate;
pub(crate) use guard::guarded;
pub use inbox::Inbox;
pub use map_file::{MapFile, Newborn, Writer, tidy, write_once};
pub use member::member;
pub use numbers::{listed_pids, mount_proc, next_child_pid, ns_pids, status};
pub use peer::Peer;
pub use proc_mount::{mount_proc_at, pids_at};
pub use processor::stay_on_one_processor;
pub(crate) use program::run_as_program;
pub use program::{Program, program_command};
pub use status::Ended;
pub use thread::Thread;
pub use userns::{IdMap, Maps, become_root_inside, map_self, user_namespace, user_namespace_with};
