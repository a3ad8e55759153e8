//! The claims: one folder a suite, one file a theme of its page.

use harness::Registry;

/// The PID namespace: `pid_namespaces(7)`.
pub mod pid {
    pub mod ancestor_signals;
    pub mod clone_flags;
    pub mod creation;
    pub mod init_death;
    pub mod init_signals;
    pub mod joining;
    pub mod joining_rights;
    pub mod nesting;
    pub mod nsfs;
    pub mod numbering;
    pub mod pid_for_children;
    mod plain_init;
    pub mod reboot;
    pub mod unsharing;
    pub mod visibility;
}

/// The UTS namespace: `uts_namespaces(7)`.
pub mod uts {
    pub mod copying;
    pub mod handles;
    pub mod isolation;
    pub mod joining;
    pub mod limits;
    pub mod privileges;
    pub mod sysctl;
    pub mod sysctl_privileges;
    pub mod uname;
}

/// Everything that nsproof claims.
pub const ALL: Registry = Registry {
    cases: &[
        pid::ancestor_signals::CASES,
        pid::clone_flags::CASES,
        pid::creation::CASES,
        pid::init_death::CASES,
        pid::init_signals::CASES,
        pid::joining::CASES,
        pid::joining_rights::CASES,
        pid::nesting::CASES,
        pid::nsfs::CASES,
        pid::numbering::CASES,
        pid::pid_for_children::CASES,
        pid::reboot::CASES,
        pid::unsharing::CASES,
        pid::visibility::CASES,
        uts::copying::CASES,
        uts::handles::CASES,
        uts::isolation::CASES,
        uts::joining::CASES,
        uts::limits::CASES,
        uts::privileges::CASES,
        uts::sysctl::CASES,
        uts::sysctl_privileges::CASES,
        uts::uname::CASES,
    ],
    programs: &[pid::pid_for_children::PROGRAMS, uts::copying::PROGRAMS],
};
