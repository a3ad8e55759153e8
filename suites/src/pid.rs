//! The PID namespace: `pid_namespaces(7)`.

mod accounting;
mod ancestor_signals;
mod broadcast;
mod cgroup_members;
mod clone_flags;
mod creation;
mod event_senders;
mod file_owners;
mod init_death;
mod init_signals;
mod init_waits;
mod joining;
mod joining_rights;
mod last_pid;
mod memfd_noexec;
mod nesting;
mod nsfs;
mod nsfs_translation;
mod numbering;
mod orphans;
mod peer_processes;
mod pid_for_children;
mod pid_max;
mod pidfd;
mod pidfd_info;
mod pidfs_ends;
mod pidfs_files;
mod pidfs_info;
mod process_groups;
mod procfs;
mod procfs_content;
mod procfs_options;
mod reboot;
mod sent_signals;
mod set_tid;
mod sockets;
mod sysv_ipc;
mod terminals;
mod tools;
mod unsharing;
mod visibility;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        accounting::CASES,
        ancestor_signals::CASES,
        broadcast::CASES,
        cgroup_members::CASES,
        clone_flags::CASES,
        creation::CASES,
        event_senders::CASES,
        file_owners::CASES,
        init_death::CASES,
        init_signals::CASES,
        init_waits::CASES,
        joining::CASES,
        joining_rights::CASES,
        last_pid::CASES,
        memfd_noexec::CASES,
        nesting::CASES,
        nsfs::CASES,
        nsfs_translation::CASES,
        numbering::CASES,
        orphans::CASES,
        peer_processes::CASES,
        pid_for_children::CASES,
        pid_max::CASES,
        pidfd::CASES,
        pidfs_ends::CASES,
        pidfs_files::CASES,
        pidfs_info::CASES,
        process_groups::CASES,
        procfs::CASES,
        procfs_content::CASES,
        procfs_options::CASES,
        reboot::CASES,
        sent_signals::CASES,
        set_tid::CASES,
        sockets::CASES,
        sysv_ipc::CASES,
        terminals::CASES,
        tools::CASES,
        unsharing::CASES,
        visibility::CASES,
    ],
    programs: &[pid_for_children::PROGRAMS],
};
