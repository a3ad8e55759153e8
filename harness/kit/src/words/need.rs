//! What a test of a claim needs of the kernel, the machine and the user.
//!
//! Whether it is there is found out by the crate above.

use std::fmt;

/// Something a case cannot do without.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// Root, with the capabilities over the initial user namespace that make it root.
    Root,
    /// An ordinary user can make user namespaces.
    UserNamespaces,
    /// The initial namespaces, not a stage's: only in a disposable kernel.
    InitialNamespaces,
    /// The case changes the kernel for everyone: only in a disposable kernel.
    Disposable,
    /// A cgroup v2 hierarchy whose root the case may change: only in a disposable kernel.
    Cgroup2,
    /// A module of the kernel, or the same built in.
    Module(&'static str),
    /// An option of the kernel's configuration, without `CONFIG_`, as `y`.
    Config(&'static str),
    /// A program in `PATH`.
    Tool(&'static str),
    /// A capability of root's that rented machines may lack, as `CAP_SYS_RESOURCE`.
    Capability(&'static str),
    /// At least so many processors.
    Cpus(u32),
    /// A behaviour that no version range can tell, because it was backported.
    Behaviour(&'static Behaviour),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("root"),
            Self::UserNamespaces => f.write_str("user namespaces for ordinary users"),
            Self::InitialNamespaces => f.write_str("the initial namespaces"),
            Self::Disposable => f.write_str("a disposable kernel"),
            Self::Cgroup2 => f.write_str("a cgroup hierarchy of its own"),
            Self::Module(name) => write!(f, "module {name}"),
            Self::Config(name) => write!(f, "CONFIG_{name}"),
            Self::Tool(name) => write!(f, "program {name}"),
            Self::Capability(name) => f.write_str(name),
            Self::Cpus(count) => write!(f, "{count} processors"),
            Self::Behaviour(behaviour) => write!(f, "a kernel that {}", behaviour.what),
        }
    }
}

/// A question about the kernel whose answer decides whether a claim is about it.
#[derive(Debug)]
pub struct Behaviour {
    /// What the kernel does, to continue «needs a kernel that …».
    pub what: &'static str,
    /// Asks; carried out in a child of its own, which must leave nothing in its namespaces.
    pub probe: fn() -> bool,
}
