//! Patches for a page that is made up.

use kit::{Suite, cases, claim, holds};

use super::*;

/// A call succeeds.
#[claim(source = "clone(2)", erratum = "clone(2), ERRORS: it fails.", quote = "fails with")]
fn succeeds() -> Verdict {
    holds()
}

/// Another call succeeds, since 6.1.
#[claim(source = "clone(2)", since = "6.1", erratum = "clone(2), CLONE_FS: it fails.")]
fn succeeds_too() -> Verdict {
    holds()
}

/// This is a matter of another project.
#[claim(source = "lsns(8)", erratum = "lsns(8), DESCRIPTION: it is not.")]
fn is_elsewhere() -> Verdict {
    holds()
}

const CASES: &[Case] = cases![succeeds, succeeds_too, is_elsewhere];
const PROPOSAL: &str = "Claim: command::succeeds\nPage: man/man2/clone.2\nSubject: ERRORS: it does not fail\n\nIt \
                        does not.\n\n<<<<\nIt fails.\n====\nIt does\n.I not\nfail.\n>>>>\n";
const ALL: Registry = Registry { suites: &[Suite { cases: &[CASES], programs: &[] }], proposals: &[PROPOSAL] };

const PAGE: &str = ".TH clone 2\n.SH DESCRIPTION\n.TP\n.B CLONE_FS\nIt shares.\n.TP\n.B CLONE_VM\nIt, too.\n.SH \
                    ERRORS\nIt fails.\n.\\\"\n.SH SEE ALSO\n.BR fork (2)\n";

fn pages() -> tempfile::TempDir {
    let pages = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(pages.path().join("man/man2")).expect("a folder");
    fs::write(pages.path().join("man/man2/clone.2"), PAGE).expect("a file");
    pages
}

#[test]
fn what_is_wrong_is_replaced_and_the_rest_is_added_to_its_section() {
    let pages = pages();
    let out = pages.path().join("out");
    let by_page = by_page(&ALL, &[]).expect("errata");
    assert_eq!(patches(&ALL, &by_page, &out, pages.path(), Some("A <a@example.org>")).expect("patches"), 0);
    let read = |name: &str| fs::read_to_string(out.join(name)).expect("a patch");
    insta::assert_snapshot!(read("command-succeeds.patch"));
    insta::assert_snapshot!(read("command-succeeds_too.patch"));
    assert!(!out.join("command-is_elsewhere.patch").exists(), "another project's page");
}

#[test]
fn an_edition_without_the_sentence_is_told() {
    let pages = pages();
    fs::write(pages.path().join("man/man2/clone.2"), PAGE.replace("It fails.", "It works.")).expect("a file");
    let proposal = Proposal::parse(PROPOSAL).expect("a proposal");
    let error = Patch::by_hand(&proposal, &succeeds(), pages.path()).expect_err("no such line");
    assert_eq!(error.to_string(), "man/man2/clone.2 does not have the lines that are to be changed: another edition?");
}

#[test]
fn each_erratum_is_listed_below_its_page() {
    let text: String = by_page(&ALL, &["clone(2)".into()])
        .expect("errata")
        .iter()
        .map(|(page, refuted)| listed(page, refuted))
        .collect();
    insta::assert_snapshot!(text);
    let without_section = by_page(&ALL, &["clone".into()]).expect("errata");
    assert_eq!(without_section.into_keys().collect::<Vec<_>>(), ["clone(2)"]);
    let error = by_page(&ALL, &["fork(2)".into()]).expect_err("no such page");
    assert_eq!(error.to_string(), "there is no erratum of «fork(2)»: there are some of clone(2), lsns(8)");
}

#[test]
fn pages_that_are_none_are_told_once() {
    let pages = by_page(&ALL, &[]).expect("errata");
    let empty = tempfile::tempdir().expect("a folder");
    let error = patches(&ALL, &pages, &empty.path().join("new"), empty.path(), None).expect_err("no pages there");
    assert!(
        error.to_string().ends_with(" has no folder man/man2: --pages names the unpacked source of man-pages"),
        "{error}"
    );
    assert!(!empty.path().join("new").exists());
}
