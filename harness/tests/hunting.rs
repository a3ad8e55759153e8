//! `nsproof hunt`: what it refuses, what it knows without booting anything, and, in machines, what it finds.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use rstest::rstest;
use support::{Desk, Said};

/// Hunts with an offer of our own, of which nothing is in the cache.
fn hunt(words: &[&str]) -> Said {
    let desk = Desk::new();
    put_offer(&desk);
    desk.nsproof_with(&[&["hunt"], words].concat(), &[("NSPROOF_CACHE", &desk.path("cache"))])
}

fn put_offer(desk: &Desk) {
    let kernel = |series: &str| {
        format!(
            r#"{{"release": "{series}.9-cloud-amd64", "version": "{series}.9-1", "suite": "sid", "packages": [],
            "modules": true, "size": 1}}"#
        )
    };
    let kernels = ["5.10", "6.1", "6.12", "7.3"].map(kernel).join(",");
    desk.put("cache/offer.json", &format!(r#"{{"kernels": [{kernels}]}}"#));
}

#[rstest]
#[case(&["no_such_claim"], "no claim has «no_such_claim» in its name")]
#[case(&["holds"], "claims have «holds» in their names, for example")]
#[case(&["holds_always", "--from", "6.13"], "no series 6.13 is on offer: there are 5.10, 6.1, 6.12, 7.3")]
#[case(&["holds_always", "--from", "6.12", "--to", "6.1"], "--from 6.12 is newer than --to 6.1: the older one is --from")]
#[case(&["holds_always", "--to", "5.10"], "between 5.10 and itself nothing changes: name two kernels")]
#[case(&["holds_always", "--to", "all"], "an end is one kernel, such as 6.12")]
#[case(&["holds_always", "--to", "host"], "no kernel is called `host`: on offer are 5.10, 6.1, 6.12, 7.3")]
#[case(&[], "<CLAIM>")]
fn what_cannot_be_hunted_is_told_in_a_sentence(#[case] words: &[&str], #[case] sentence: &str) {
    hunt(words).is_refused(sentence);
}

#[test]
fn an_end_that_is_not_there_is_no_answer_of_the_kernel() {
    let said = hunt(&["holds_always", "--to", "./nothing"]);
    assert_eq!(said.code, Some(125), "{said:?}");
    assert!(said.err.contains("failed to find `./nothing`"), "{said:?}");
}

/// No kernel is there to be booted, so this also shows that none is.
#[test]
fn kernels_that_the_claim_is_not_about_are_not_booted() {
    let said = hunt(&["is_about_another_kernel"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{said:?}");
    insta::assert_snapshot!(said.out, @"
    hunting fake::is_about_another_kernel over 5.10 6.1 6.12 7.3
      5.10  out of range  the claim is about kernels since 99.0; not booted
      7.3   out of range  the claim is about kernels since 99.0; not booted

    fake::is_about_another_kernel: out of range on 5.10 and on 7.3 alike, so the search between them ends here.
    next:   nsproof matrix --kernel all --exact fake::is_about_another_kernel  # ask every series
    ");
}

/// How much there may be to download is told before anything is; here nothing can be.
#[test]
fn what_is_not_in_the_cache_is_told_with_its_size() {
    let desk = Desk::new();
    put_offer(&desk);
    let nothing = desk.path("nothing");
    let variables = [("NSPROOF_CACHE", desk.path("cache")), ("PATH", nothing)];
    let variables = variables.each_ref().map(|(name, path)| (*name, path.as_path()));
    let said = desk.nsproof_with(&["hunt", "holds_always", "--from", "6.1", "--to", "6.12"], &variables);
    let told = "not in the cache: 6.1 (1 MB), 6.12 (1 MB); those that are asked are downloaded, 1 MB at most; --cached does without";
    assert_eq!(said.out.lines().nth(1), Some(told), "{said:?}");
    assert!(said.out.contains("6.1   no answer     apt-get is not installed"), "{said:?}");
    let said = desk.nsproof_with(&["run", "--kernel", "all"], &variables);
    assert!(said.err.starts_with("4 kernels are not in the cache: 1 MB to download\n"), "{said:?}");
}

/// Neither the offer nor apt-get is asked.
#[test]
fn a_hunt_in_the_cache_goes_over_what_is_there() {
    let desk = Desk::new();
    put_offer(&desk);
    for (release, version) in [("6.1.0-50-cloud-amd64", "6.1.176-1"), ("7.3.4+deb13-cloud-amd64", "7.3.4-1")] {
        let card = format!(r#"{{"release": "{release}", "version": "{version}", "origin": "file"}}"#);
        desk.put(&format!("cache/kernels/{release}/kernel.json"), &card);
        desk.put(&format!("cache/kernels/{release}/vmlinuz"), "");
    }
    desk.put("cache/words.json", r#"{"7.3": "7.3.4+deb13-cloud-amd64"}"#);
    let hunt = |words: &[&str]| {
        let words = [&["hunt", "--cached", "is_about_another_kernel"], words].concat();
        desk.nsproof_with(&words, &[("NSPROOF_CACHE", &desk.path("cache")), ("PATH", &desk.path("nothing"))])
    };
    let said = hunt(&[]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{said:?}");
    assert!(said.out.starts_with("hunting fake::is_about_another_kernel over 6.1.176 7.3\n  6.1.176"), "{said:?}");
    hunt(&["--to", "6.12"]).is_refused("no series 6.12 is in the cache: there are 6.1.176, 7.3");
}

/// In machines: needs QEMU, and kernels in the cache or a network to fetch them.
#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_change_is_found_with_the_evidence_of_both_sides() {
    let desk = Desk::new();
    let said = desk.nsproof(&["hunt", "changed_in_6_14", "--from", "6.1", "--to", "6.18", "--out", "kept"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for words in [
        "turning::changed_in_6_14: holds on 6.12, violated on 6.16\n",
        "evidence of this kernel",
        "git bisect start v6.16",
    ] {
        assert!(said.out.contains(words), "{words}: {said:?}");
    }
    assert_eq!(results::read(&desk.path("kept")).expect("records").runs.len(), 4);
}

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn the_edge_of_a_range_is_found_and_called_so() {
    let said = Desk::new().nsproof(&["hunt", "is_about_6_14_and_newer", "--from", "5.10", "--to", "6.18"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("out of range on 6.12, holds on 6.16\nThis is the claim's own edge"), "{said:?}");
}

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn kernels_without_an_answer_are_passed_over() {
    let said = Desk::new().nsproof(&["hunt", "has_no_answer_between", "--from", "6.1", "--to", "7.2"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("holds on 6.1, violated on 7."), "{said:?}");
    assert!(said.out.contains("6.12 lies between them and gave no answer: prepare the case: EPERM"), "{said:?}");
}
