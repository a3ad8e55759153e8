//! What must be true of the tables of claims as a whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[test]
fn every_claim_has_a_name_of_its_own() {
    assert_eq!(suites::ALL.doubles(), Vec::<String>::new());
}

/// A case that stands in no table would be silent: it would never run.
#[test]
fn every_case_is_listed() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut listed: BTreeMap<String, usize> = BTreeMap::new();
    for case in suites::ALL.all() {
        *listed.entry(format!("{}/{}.rs", case.suite(), case.theme())).or_default() += 1;
    }
    let mut written = BTreeMap::new();
    for suite in fs::read_dir(source).expect("src").flatten().filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(suite.path()).expect("a suite's folder").flatten() {
            let text = fs::read_to_string(file.path()).expect("a source file");
            let cases = text.lines().filter(|line| line.starts_with("#[claim(")).count();
            if cases > 0 {
                written.insert(format!("{}/{}", suite.file_name().display(), file.file_name().display()), cases);
            }
        }
    }
    assert_eq!(listed, written);
}

#[test]
fn names_are_sentences_and_claims_end_with_a_full_stop() {
    for case in suites::ALL.all() {
        assert!(case.claim.ends_with('.'), "{}: «{}»", case.name(), case.claim);
        assert!(!case.sources.is_empty(), "{}", case.name());
    }
}
