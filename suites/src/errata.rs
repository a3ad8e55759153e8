//! Proposals to the authors of man-pages: what a page should say instead, one file each in `suites/errata/`.
//!
//! `nsproof errata --patch DIR` makes patches of them. How such a file is written stands in
//! `harness/src/command/errata/proposal.rs`.

/// All of them.
pub const PROPOSALS: &[&str] = &[
    include_str!("../errata/an_inheritable_file_mask_alone_keeps_nothing.txt"),
    include_str!("../errata/blocked_signal_is_queued_for_init_without_handler.txt"),
    include_str!("../errata/domainname_limit_is_64_without_nul.txt"),
    include_str!("../errata/exec_enters_time_for_children.txt"),
    include_str!("../errata/exec_securebits_survive.txt"),
    include_str!("../errata/fh_open_own_unprivileged.txt"),
    include_str!("../errata/ipc_goes_though_its_mqueue_is_mounted.txt"),
    include_str!("../errata/ipc_lives_by_an_attached_segment.txt"),
    include_str!("../errata/kill_zero_crosses_namespace_boundary.txt"),
    include_str!("../errata/life_socket_pins_net.txt"),
    include_str!("../errata/map_files_readlink_needs_no_init_capability.txt"),
    include_str!("../errata/map_pwrite_espipe.txt"),
    include_str!("../errata/map_range_must_fit_one_parent_extent.txt"),
    include_str!("../errata/map_writer_needs_no_setuid_in_target.txt"),
    include_str!("../errata/nesting_stops_at_depth_33.txt"),
    include_str!("../errata/new_named_cgroup1_needs_the_initial_cgroup_namespace.txt"),
    include_str!("../errata/newpid_with_clone_parent_makes_an_init_beside_the_caller.txt"),
    include_str!("../errata/newuser_with_clone_parent_makes_a_sibling.txt"),
    include_str!("../errata/overflow_files_in_fs_are_independent.txt"),
    include_str!("../errata/pid_for_children_enoent_before_first_child.txt"),
    include_str!("../errata/pid_for_children_valid_before_first_child.txt"),
    include_str!("../errata/procns_for_children_prefix.txt"),
    include_str!("../errata/queues_max_limits_queues_of_an_ipc.txt"),
    include_str!("../errata/reboot_checks_owner_of_pidns.txt"),
    include_str!("../errata/rmid_forced_spares_segments_of_live_creators.txt"),
    include_str!("../errata/set_tid_with_checkpoint_cap.txt"),
    include_str!("../errata/setns_pidfd_zombie_esrch.txt"),
    include_str!("../errata/setns_to_own_namespace_allows_another_unshare.txt"),
    include_str!("../errata/unshare_newpid_works_in_a_multithreaded_process.txt"),
    include_str!("../errata/unshare_thread_allowed_with_shared_mm.txt"),
    include_str!("../errata/userns_does_not_change_root_directory.txt"),
    include_str!("../errata/userns_does_not_mount_bpf.txt"),
    include_str!("../errata/userns_nesting_overflow_enospc.txt"),
];
