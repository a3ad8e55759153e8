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
    pub mod last_pid;
    pub mod numbering;
    pub mod orphans;
    pub mod pid_for_children;
    mod plain_init;
    pub mod reboot;
    pub mod pid_max;
    pub mod procfs;
    pub mod procfs_content;
    pub mod procfs_options;
    pub mod set_tid;
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
        pid::last_pid::CASES,
        pid::numbering::CASES,
        pid::orphans::CASES,
        pid::pid_for_children::CASES,
        pid::reboot::CASES,
        pid::pid_max::CASES,
        pid::procfs::CASES,
        pid::procfs_content::CASES,
        pid::procfs_options::CASES,
        pid::set_tid::CASES,
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
