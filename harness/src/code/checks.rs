//! Functions of the kernel whose calls can be altered: what asks for rights, and what counts references.

/// How a check says yes and no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// 1 and 0.
    Truth,
    /// 0 and `-EPERM`.
    Errno,
}

/// Checks of rights whose answer is a `bool` (include/linux/capability.h, include/linux/fs.h, include/linux/ptrace.h).
const TRUTHS: [&str; 22] = [
    "bpf_capable",
    "capable",
    "capable_wrt_inode_uidgid",
    "checkpoint_restore_ns_capable",
    "file_ns_capable",
    "groups_search",
    "has_capability",
    "has_capability_noaudit",
    "has_ns_capability",
    "has_ns_capability_noaudit",
    "in_group_p",
    "inode_owner_or_capable",
    "mount_capable",
    "netlink_capable",
    "netlink_net_capable",
    "netlink_ns_capable",
    "ns_capable",
    "ns_capable_noaudit",
    "ns_capable_setid",
    "privileged_wrt_inode_uidgid",
    "ptrace_may_access",
    "ptracer_capable",
];

/// Checks of rights that answer an errno or 0.
const ERRNOS: [&str; 6] = [
    "cap_capable",
    "inode_permission",
    "security_capable",
    "security_create_user_ns",
    "security_ptrace_access_check",
    "security_task_kill",
];

/// What takes a reference and returns its argument, or nothing.
const TAKES: [&str; 12] = [
    "__get_task_struct",
    "dget",
    "get_cred",
    "get_fs_root",
    "get_net",
    "get_pid_ns",
    "get_task_struct",
    "get_user_ns",
    "get_uts_ns",
    "ihold",
    "mntget",
    "path_get",
];

/// Parts of the names of functions that give references back.
const GIVES_FRONT: [&str; 3] = ["put_", "__put_", "dec_"];
const GIVES_BACK: [&str; 3] = ["_put", "_put_ns", "_dec_and_test"];
const GIVES: [&str; 7] = ["dput", "fput", "iput", "mntput", "__mntput", "path_put", "deactivate_super"];

/// Whether, and how, a function of this name says whether something is allowed.
pub(super) fn check(name: &str) -> Option<Says> {
    if TRUTHS.contains(&name) { Some(Says::Truth) } else { ERRNOS.contains(&name).then_some(Says::Errno) }
}

/// Whether a function of this name takes a reference or gives one back.
pub(super) fn counts_references(name: &str) -> bool {
    TAKES.contains(&name)
        || GIVES.contains(&name)
        || GIVES_FRONT.iter().any(|front| name.starts_with(front))
        || GIVES_BACK.iter().any(|back| name.ends_with(back))
}
