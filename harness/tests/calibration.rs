//! The kit is calibrated: where a case uses its helpers for a claim that is wrong they say so, with the right words, and
//! they say nothing where it is right. A helper that is blind would make a case hold that cannot fail.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::collections::BTreeSet;

use results::CaseRecord;
use results::Verdict::{self, Broken, Holds, OutOfRange, Unmet, Violated};
use support::Desk;

/// The verdict that each case of the suite «misuse» must have, and what must stand in its message.
const TABLE: &[(&str, Verdict, &str)] = &[
    // answers
    ("refusal_arrives", Holds, ""),
    ("refusal_is_another", Violated, "expected EINVAL (Invalid argument), saw EPERM"),
    ("refusal_is_a_success", Violated, "expected success, saw EPERM"),
    ("refusal_is_no_preparation", Broken, "set the hostname: EPERM"),
    ("limit_is_the_namespaces", Holds, ""),
    ("limit_is_that_of_all", Violated, "saw 7"),
    ("prepared_goes_on", Holds, ""),
    ("unprepared_goes_on", Broken, "the case was to have what it needs"),
    // becoming
    ("only_one_capability_is_left", Holds, ""),
    ("another_capability_is_left", Violated, "saw EPERM"),
    ("no_capability_is_left", Violated, "expected EPERM (Operation not permitted), saw success"),
    ("lost_capability_is_missing", Holds, ""),
    ("lost_capability_is_left", Violated, "saw EPERM"),
    ("ordinary_user_is_nobody_else", Holds, ""),
    ("ordinary_user_is_root", Violated, "expected 0, saw 54321"),
    ("ordinary_user_has_capabilities", Violated, "saw EPERM"),
    ("user_is_another", Violated, "expected 54321, saw 1234"),
    ("user_keeps_one_capability", Holds, ""),
    ("user_keeps_another_capability", Violated, "saw EPERM"),
    ("capable_user_is_capable", Holds, ""),
    ("capable_user_has_no_capability", Violated, "expected EPERM (Operation not permitted), saw success"),
    ("container_is_mapped", Holds, ""),
    ("container_is_not_mapped", Violated, "saw \"0 100000 1000\""),
    ("container_may_name_the_machine", Violated, "saw EPERM"),
    ("namespace_is_owned", Holds, ""),
    ("namespace_is_owned_by_root", Violated, "expected 0, saw 1234"),
    ("inner_root_may_not_name_the_machine", Holds, ""),
    (
        "inner_root_of_a_user_may",
        Violated,
        "saw EPERM (Operation not permitted) (root of an ordinary user's namespace)",
    ),
    (
        "inner_root_that_is_root_may",
        Violated,
        "saw EPERM (Operation not permitted) (root of a namespace that is root outside)",
    ),
    // children
    ("value_is_another", Violated, "expected 41, saw 42"),
    ("violated_in_a_child", Violated, "(in a child)"),
    ("violated_instead_of_a_word", Violated, "(instead of a word)"),
    ("unprepared_in_a_child", Broken, "prepare a child: No such file or directory"),
    ("unmet_in_a_child", Unmet, "something that a child found out"),
    ("panics_in_a_child", Broken, "the case panicked: in a child"),
    ("killed_before_its_result", Broken, "was killed by SIGKILL without a result"),
    ("exits_without_a_result", Broken, "exited with status 3 without a result"),
    ("exits_without_a_word", Broken, "ended without a word"),
    ("says_something_else", Broken, "invalid type: string \"a word\", expected u32"),
    ("killed_is_no_exit", Violated, "saw (Signaled(SIGKILL), None)"),
    ("fate_of_the_killed", Holds, ""),
    ("fate_of_the_killed_as_if_unharmed", Violated, "saw Signaled(SIGKILL)"),
    ("fate_of_the_unharmed", Holds, ""),
    ("lives_on_when_dropped", Violated, "saw ESRCH"),
    ("keeps_no_files", Holds, ""),
    ("keeps_files", Violated, "is_the_only_writer"),
    ("cannot_be_made", Violated, "saw EPERM"),
    // devices
    ("second_name_is_there", Holds, ""),
    ("second_name_is_not_there", Violated, "names_by(&here)?.is_empty()"),
    ("same_name_is_taken_twice", Violated, "saw EEXIST"),
    ("loopback_can_be_deleted", Violated, "saw EOPNOTSUPP"),
    ("device_is_missing", Broken, "there is no network device never"),
    ("name_is_where_it_was_given", Holds, ""),
    ("name_is_everywhere", Violated, "saw []"),
    ("socket_leads_back", Holds, ""),
    ("socket_leads_elsewhere", Violated, "own_inode(Kind::Net)?"),
    // entering
    ("enters_what_it_names", Holds, ""),
    ("enters_nothing", Violated, "enter(there.proc_pid()?"),
    ("enters_more_than_it_names", Violated, "enter(there.proc_pid()?"),
    ("enters_by_pidfd", Holds, ""),
    ("enters_nothing_by_pidfd", Violated, "enter_by(there.pidfd()"),
    ("body_runs_in_the_pid_namespace", Holds, ""),
    ("body_runs_outside_the_pid_namespace", Violated, "saw [2, 2]"),
    ("member_is_inside", Holds, ""),
    ("member_is_outside", Violated, "member(&inside"),
    ("next_child_is_outside", Holds, ""),
    ("next_child_is_inside", Violated, "after_a_member()?"),
    // grouped
    ("added_is_a_member", Holds, ""),
    ("expelled_is_a_member", Violated, "saw []"),
    ("added_is_no_member", Violated, "group.members()?.is_empty()"),
    // joined
    ("joins_what_it_names", Holds, ""),
    ("joins_nothing", Violated, "(the uts link of a thread that has joined [Uts])"),
    ("joins_one_more", Violated, "(the ipc link of a thread that has joined [Uts])"),
    ("joins_one_less", Violated, "(the ipc link of a thread that has joined [Uts, Ipc])"),
    ("joins_another_namespace", Violated, "(the uts link of a thread that has joined [Uts])"),
    ("joining_is_refused", Violated, "saw EINVAL (Invalid argument) (to join [Uts])"),
    ("stays_where_it_was", Holds, ""),
    ("stays_although_it_left", Violated, "(the uts link of a thread that has joined [])"),
    ("two_kinds_differ", Holds, ""),
    ("one_kind_differs", Violated, "saw [Ipc, Uts]"),
    // levels
    ("nests_as_deep_as_it_says", Holds, ""),
    ("nests_deeper_than_there_is", Violated, "expected 40, saw 3"),
    ("nests_less_deep_than_it_says", Violated, "expected 2, saw 3"),
    ("one_pid_level_more", Holds, ""),
    ("no_pid_level_more", Violated, "child(CLONE_NEWPID, pid_levels)?"),
    // links
    ("both_that_changed_are_named", Holds, ""),
    ("one_that_changed_is_not_named", Violated, "expected [\"uts\"], saw [\"ipc\", \"uts\"]"),
    ("none_that_changed_is_named", Violated, "expected [], saw [\"uts\"]"),
    ("of_another_process", Holds, ""),
    ("of_another_process_as_if_ours", Violated, "Links::of(other.proc_pid()?)?"),
    ("own_links_are_open", Holds, ""),
    ("own_links_are_closed", Violated, "of the caller, by its text and by opening it"),
    ("links_of_others_are_closed", Holds, ""),
    ("links_of_others_are_open", Violated, "of root's process: by its text None, by opening it None"),
    // listed
    ("living_is_listed", Holds, ""),
    ("gone_is_listed", Violated, "are_listed(&[gone])?"),
    ("gone_has_gone", Holds, ""),
    ("living_has_gone", Violated, "have_gone"),
    // living
    ("kept_once", Holds, ""),
    ("kept_twice", Violated, "saw ENOSPC (No space left on device) (the last reference to the twin has gone)"),
    ("kept_though_never_made", Violated, "(a namespace and its twin are referred to)"),
    ("twin_stays", Violated, "saw ENOSPC (No space left on device) (the last reference to the twin has gone)"),
    ("twin_takes_the_other_along", Violated, "(the namespace is still referred to)"),
    ("never_let_go", Violated, "saw ENOSPC (No space left on device) (the last reference to the namespace has gone)"),
    ("goes_in_spite_of_a_pidfd", Holds, ""),
    ("goes_in_spite_of_its_file", Violated, "saw ENOSPC (No space left on device) (its only process has ended)"),
    ("was_never_there", Violated, "(the namespace has a process)"),
    ("room_for_two", Holds, ""),
    ("room_for_one_more", Violated, "saw ENOSPC"),
    ("place_comes_free", Holds, ""),
    ("place_stays_taken", Violated, "saw ENOSPC"),
    ("kernel_has_caught_up", Holds, ""),
    // maps
    ("each_writer_may_what_it_may", Holds, ""),
    ("ordinary_user_may_write", Violated, "saw EACCES"),
    ("process_without_its_capability_may_write", Violated, "saw EPERM"),
    ("process_with_another_capability_may_write", Violated, "saw EPERM"),
    ("caller_without_its_capability_may_write", Violated, "saw EPERM"),
    ("caller_with_another_capability_may_write", Violated, "saw EPERM"),
    ("caller_may_not_write", Violated, "expected EPERM (Operation not permitted), saw success"),
    ("second_write_is_refused", Holds, ""),
    ("second_write_goes_through", Violated, "saw EPERM"),
    ("owner_may_not_write", Violated, "expected EPERM (Operation not permitted), saw success"),
    // messages
    ("sender_is_told", Holds, ""),
    ("sender_is_the_receiver", Violated, "sender_of_a_message()?.1"),
    ("sender_may_be_anybody", Violated, "saw EPERM"),
    ("sender_may_not_be_itself", Violated, "expected EPERM (Operation not permitted), saw success"),
    ("value_is_no_descriptor", Broken, "sent something else than a descriptor"),
    ("descriptor_is_no_value", Broken, "sent a descriptor instead of a value"),
    ("descriptor_is_the_same_file", Holds, ""),
    // mounted
    ("mountable_with_its_namespace", Holds, ""),
    (
        "mountable_without_its_namespace",
        Violated,
        "saw EPERM (Operation not permitted) (proc with namespaces of its own",
    ),
    ("needs_a_namespace_that_it_does_not", Violated, "(tmpfs with all namespaces but CLONE_NEWNET)"),
    ("refused_below_the_top", Holds, ""),
    ("refused_although_it_is_not", Violated, "expected EPERM (Operation not permitted), saw success"),
    ("refused_though_unknown", Violated, "saw ENODEV"),
    ("mount_is_there", Holds, ""),
    ("mount_is_not_there", Violated, "tree.is_mounted"),
    ("mount_is_elsewhere", Violated, "tree.is_mounted"),
    ("mount_is_seen_by_all", Violated, "Mounts::of"),
    ("each_type_is_told", Holds, ""),
    ("type_is_another", Violated, "saw Shared"),
    ("place_cannot_be_made", Broken, "make the directory /mnt/file/below"),
    // names
    ("change_is_seen_where_it_is_shared", Holds, ""),
    (
        "change_is_not_seen_where_it_is_shared",
        Violated,
        "saw Names { hostname: \"after\", domainname: \"after.example\" }",
    ),
    ("change_is_not_seen_elsewhere", Holds, ""),
    ("change_is_seen_elsewhere", Violated, "saw Names { hostname: \"before\", domainname: \"before.example\" }"),
    ("one_name_is_the_other", Violated, "saw (\"before\", \"set\")"),
    // numbers
    ("new_procfs_lists_its_own", Holds, ""),
    ("old_procfs_lists_its_own", Holds, ""),
    ("old_procfs_lists_the_new_ones", Violated, "listed_pids()?: expected [1], saw [1, "),
    ("numbers_on_both_levels", Holds, ""),
    ("number_on_one_level", Violated, ", 1]"),
    ("first_child_is_init", Holds, ""),
    ("next_child_is_init", Violated, "next_child_pid()?: expected 1"),
    ("child_is_known_by_its_number", Violated, "saw 2"),
    ("child_is_known_by_another_number", Holds, ""),
    // programs
    ("program_has_its_status", Holds, ""),
    ("program_has_another_status", Violated, "saw Some(7)"),
    ("program_is_unknown", Violated, "saw Some(127)"),
    ("program_succeeds", Holds, ""),
    ("program_that_fails_succeeds", Violated, "saw (Some(1), \"\") (status and complaints of «sh -c exit 1»)"),
    ("program_that_complains_succeeds", Violated, "saw (Some(0), \"no\\n\") (status and complaints of"),
    ("program_fails", Holds, ""),
    ("program_that_succeeds_fails", Violated, "expected Some(1), saw Some(0)"),
    ("program_fails_in_other_words", Violated, "complains: no"),
    ("preparation_fails", Broken, "a program failed"),
    // settling
    ("comes_after_some_looks", Holds, ""),
    ("never_comes", Violated, "eventually(|| Ok(false))?"),
    ("last_answer_is_told", Holds, ""),
    ("first_answer_is_told", Violated, "expected 1, saw 5"),
    ("question_fails", Broken, "there is nothing to ask"),
    // signals
    ("changes_one_after_the_other", Holds, ""),
    ("stopped_is_ended", Violated, "saw Stopped(SIGSTOP)"),
    ("waiting_has_ended", Violated, "Change::has_ended"),
    ("survives_unharmed", Holds, ""),
    ("survives_its_end", Violated, "saw Signaled(SIGKILL) (a process that is to live on)"),
    ("survives_a_stop", Violated, "saw Stopped(SIGSTOP) (a process that is to live on)"),
    ("plain_dies_of_what_is_ignored", Holds, ""),
    ("plain_lives_on_as_who_ignores", Violated, "saw Signaled(SIGTERM) (a process that is to live on)"),
    ("signal_arrives", Holds, ""),
    ("signal_arrives_that_nobody_sent", Violated, "arrived()?.is_some()"),
    ("signal_arrives_unnoticed", Violated, "arrived()?.is_none()"),
    ("signal_is_another", Violated, "expected 12, saw 10"),
    // threads
    ("thread_stays_until_its_end", Holds, ""),
    ("thread_is_none", Violated, "saw EINVAL"),
    ("thread_goes_by_itself", Violated, "eventually"),
    ("thread_stays_after_its_end", Violated, "expected EINVAL (Invalid argument), saw success"),
    ("thread_is_where_it_went", Holds, ""),
    ("thread_is_where_we_are", Violated, "seen_by_a_thread_elsewhere()?"),
    ("thread_expects_in_vain", Violated, "(in a thread)"),
];

/// What cannot be had on some host, and is there in a machine of 7.3.
const ELSEWHERE: &[&str] = &["needs ", "only in a disposable kernel", "is about kernels since 6.19"];

/// Runs the suite, and compares; `missing` are reasons for which a case need not be carried out here.
fn compare(arguments: &[&str], missing: &[&str]) {
    let desk = Desk::new();
    let said = desk.test_door(&[&["--suite", "misuse", "--out", "now"], arguments].concat());
    let matrix = results::read(&desk.path("now")).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let found: Vec<CaseRecord> = matrix.runs.into_iter().flat_map(|run| run.cases).collect();
    let names: BTreeSet<String> = found.iter().map(|case| case.name.clone()).collect();
    let known: BTreeSet<String> = TABLE.iter().map(|(name, ..)| format!("misuse::{name}")).collect();
    assert_eq!(names, known, "the cases that there are, and those of the table");
    let wrong: Vec<String> = TABLE.iter().filter_map(|row| contradiction(row, &found, missing)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn contradiction(row: &(&str, Verdict, &str), found: &[CaseRecord], missing: &[&str]) -> Option<String> {
    let (name, verdict, words) = row;
    let case = found.iter().find(|case| case.name == format!("misuse::{name}"))?;
    let is_right = case.verdict == *verdict && case.message.contains(words);
    let is_missing =
        matches!(case.verdict, Unmet | OutOfRange) && missing.iter().any(|reason| case.message.contains(reason));
    let told = || format!("{name} must be {verdict:?} «{words}», and is {:?} «{}»", case.verdict, case.message);
    (!is_right && !is_missing).then(told)
}

#[test]
fn each_misuse_has_its_verdict() {
    compare(&[], ELSEWHERE);
}

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn each_misuse_has_its_verdict_in_a_machine() {
    compare(&["--kernel", "7.3"], &[]);
}
