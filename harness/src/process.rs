//! Processes of a case: children in new namespaces, what they say to their parent, and as whom they run.

mod child;
mod credentials;
mod enter;
mod peer;
mod processor;
mod program;
mod status;
mod thread;
mod userns;

pub use child::{Child, Spawn, child, spawn, try_clone3, try_fork, waiting};
pub(crate) use child::{guarded, next_generation};
pub use credentials::{NOBODY, as_user, become_user, capabilities, unprivileged, with_only, without};
pub use enter::{enter, enter_by};
pub use peer::Peer;
pub use processor::stay_on_one_processor;
pub(crate) use program::run_as_program;
pub use program::{Program, program_command};
pub use status::Ended;
pub use thread::Thread;
pub use userns::{IdMap, Maps, map_self, user_namespace, user_namespace_with};
