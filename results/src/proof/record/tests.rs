//! A proof is kept, joined, compared and told.

use rstest::rstest;

use super::*;
use crate::proof::fixtures::{altered, small};
use crate::proof::{Equivalent, merge};

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut proof = small();
    proof.functions[0].alterations[2].disturbed.broken = 7;
    let written = proof.write(folder.path()).unwrap();
    assert_eq!(Proof::read(&written[0]).unwrap(), proof);
    assert_eq!(Proof::read_all(folder.path()).unwrap(), [proof]);
    let text = fs::read_to_string(&written[0]).unwrap();
    assert!(text.contains("\n    {\"at\": \"0x10:jcc\", \"fate\": \"noticed\""), "a line an alteration: {text}");
}

#[rstest]
#[case("copy_pid_ns", Some(1))]
#[case("pid_namespace.c", Some(1))]
#[case("kernel/pid_namespace.c", Some(1))]
#[case("namespace.c", None)]
#[case("copy_utsname", None)]
fn claims_are_known_by_what_they_guard(#[case] what: &str, #[case] claims: Option<usize>) {
    assert_eq!(small().guards_of(what).map(|claims| claims.len()), claims);
}

#[test]
fn what_cannot_be_noticed_is_told_and_what_is_no_longer_so_as_well() {
    let told = |alteration: &str, instruction: &str| Equivalent {
        kernel: "6.12".to_owned(),
        alteration: alteration.to_owned(),
        instruction: instruction.to_owned(),
        reason: "nobody sees it".to_owned(),
    };
    let mut proof = small();
    assert_eq!(proof.excuse(&[told("copy_pid_ns+0x10:never", "jne")]), ["copy_pid_ns+0x10:never"]);
    assert_eq!(proof.open().count(), 1);
    assert_eq!(
        proof.excuse(&[told("copy_pid_ns+0x10", "je "), told("copy_pid_ns+0x10:jcc", "")]),
        ["copy_pid_ns+0x10:jcc"]
    );
    assert_eq!(proof.open().count(), 0);
    insta::assert_snapshot!(proof.sentence(), @"4 alterations of 6.12: 1 noticed, 1 fatal, 0 survived, 1 equivalent, 1 unreached; of those reached 100.0 % are guarded");
}

#[test]
fn what_is_guarded_no_more_is_worse() {
    let (old, mut new) = (small(), small());
    assert!(new.worse_than(&old).is_empty(), "what survived before may survive");
    new.functions[0].alterations[0] = altered("0x10:jcc", Fate::Survived, &[]);
    new.functions[0].alterations.push(altered("0x99:jcc", Fate::Survived, &[]));
    assert_eq!(new.worse_than(&old), ["copy_pid_ns+0x10:jcc survived, which was noticed by pid::nesting"]);
}

#[test]
fn shards_become_the_whole() {
    let whole = small();
    let part = |index: u32, keep: fn(usize) -> bool| {
        let mut part = whole.clone();
        part.shard = Some(Shard { index, count: 2 });
        let mut at = 0..;
        part.functions[0].alterations.retain(|_| at.next().is_some_and(keep));
        part
    };
    let joined = &merge([part(2, |at| at % 2 == 1), part(1, |at| at % 2 == 0)]).unwrap()[0];
    assert_eq!(joined.shard, None);
    let names = |proof: &Proof| {
        let mut names: Vec<_> = proof.alterations().map(|(_, altered)| altered.at.clone()).collect();
        names.sort();
        names
    };
    assert_eq!(names(joined), names(&whole));
    let mut other = part(2, |_| true);
    other.kernel.version = "another".to_owned();
    assert!(merge([part(1, |_| true), other.clone()]).is_err());
    other.kernel.word = "6.1".to_owned();
    assert_eq!(merge([part(1, |_| true), other]).unwrap().len(), 2, "kernels stand side by side");
}

#[test]
fn a_summary_names_what_survived() {
    let mut proof = small();
    proof.functions[0].alterations.push(altered("0x30:errno", Fate::Survived, &[]));
    proof.functions[0].alterations[2].disturbed = Disturbance { broken: 3, stalled: 1, unmet: 0 };
    let text = proof.markdown();
    assert!(text.contains("- `copy_pid_ns+0x10:never` je copy_pid_ns+0x40 → nop; nop; reached by 2 claims; preparations fail in 3; waits without end in 1"), "{text}");
    assert!(text.contains("| kernel/pid_namespace.c | 1 | 1 | 2 | 0 | 1 | 50.0 % | 20.0 % |"), "{text}");
    assert!(text.contains("2 claims took part; 1 reach an alteration and were not seen to fail"), "{text}");
    assert!(proof.table().contains("survived:\n  copy_pid_ns+0x10:never"), "{}", proof.table());
}
