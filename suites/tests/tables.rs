//! What must be true of the tables of claims as a whole.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_claim_has_a_name_of_its_own() {
    assert_eq!(suites::ALL.doubles(), Vec::<String>::new());
}

/// A file that no table lists would be silent: its cases would never run.
#[test]
fn every_file_of_claims_is_listed() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let listed: BTreeSet<String> =
        suites::ALL.all().map(|case| format!("{}/{}.rs", case.suite(), case.theme())).collect();
    let mut there = BTreeSet::new();
    for suite in fs::read_dir(source).expect("src").flatten().filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(suite.path()).expect("a suite's folder").flatten() {
            let text = fs::read_to_string(file.path()).expect("a source file");
            if text.contains("#[claim(") {
                there.insert(format!("{}/{}", suite.file_name().display(), file.file_name().display()));
            }
        }
    }
    assert_eq!(listed, there);
}

#[test]
fn names_are_sentences_and_claims_end_with_a_full_stop() {
    for case in suites::ALL.all() {
        assert!(case.claim.ends_with('.'), "{}: «{}»", case.name(), case.claim);
        assert!(!case.sources.is_empty(), "{}", case.name());
    }
}
