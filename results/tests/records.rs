//! The record as it lies on disk: files that were kept, and files that are not what they should be.

use std::fs;
use std::path::{Path, PathBuf};

use rstest::rstest;

use results::{Baseline, Diff, Matrix, Run, Shard, Verdict};

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The error of reading `text` as a record, the file's folder replaced by nothing.
fn error_of(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run-6.12.json");
    fs::write(&path, text).unwrap();
    let error = Run::read(&path).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn schema_2_is_read_and_written_to_the_byte() {
    let path = kept("run-schema-2.json");
    let run = Run::read(&path).unwrap();
    assert_eq!(run.cases[3].verdict, Verdict::OutOfRange);
    assert_eq!(run.kernel.word, "6.12");
    assert_eq!(run.shard, Some(Shard { index: 1, count: 2 }));
    assert_eq!(run.cases[1].verdict, Verdict::TimedOut);
    assert_eq!(run.cases[1].duration.as_secs(), 10);
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("again.json");
    run.write(&again).unwrap();
    assert_eq!(fs::read_to_string(again).unwrap(), fs::read_to_string(path).unwrap());
}

#[test]
fn links_of_sources_are_kept() {
    let mut run = Run::read(&kept("run-schema-1.json")).unwrap();
    assert!(run.cases[0].source_links.is_empty(), "an older record has none");
    run.cases[0].source_links = [("uts_namespaces(7)".into(), "https://example.org/uts".into())].into();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run-6.12.json");
    run.write(&path).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains(r#""uts_namespaces(7)": "https://example.org/uts""#));
    assert_eq!(Run::read(&path).unwrap(), run);
}

/// It had one word for what is missing and for what the claim is not about.
#[test]
fn schema_1_is_read_and_means_the_same() {
    let run = Run::read(&kept("run-schema-1.json")).unwrap();
    let mut newer = Run::read(&kept("run-schema-2.json")).unwrap();
    assert_eq!(newer.cases.remove(3).verdict, Verdict::OutOfRange);
    assert_eq!(run, newer);
    let text = fs::read_to_string(kept("run-schema-1.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run-6.12.json");
    fs::write(&path, text.replace("needs Linux 6.14 or newer", "is about kernels since 6.14")).unwrap();
    let verdicts: Vec<_> = Run::read(&path).unwrap().cases.iter().map(|case| case.verdict).collect();
    assert_eq!(verdicts, [Verdict::Holds, Verdict::TimedOut, Verdict::OutOfRange]);
}

/// Nothing is otherwise in a matrix that tells apart what a baseline of schema 1 has one word for.
#[test]
fn what_schema_1_has_one_word_for_is_no_difference() {
    let baseline = Baseline::read(&kept("baseline-schema-1.json")).unwrap();
    let mut now = Run::read(&kept("run-schema-2.json")).unwrap();
    (now.selection, now.shard) = (None, None);
    for verdict in [Verdict::Unmet, Verdict::OutOfRange] {
        assert_eq!(baseline.claims["uts::starts_as_a_copy"]["6.12"], Verdict::Unmet);
        now.cases[0].verdict = verdict;
        now.cases.truncate(2);
        assert_eq!(Diff::between(&baseline, &Matrix { runs: vec![now.clone()] }).changes, []);
    }
}

/// The one that the scheduled run compares with.
#[test]
fn the_baseline_of_all_series_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline/debian.json");
    let baseline = Baseline::read(&path).unwrap();
    assert!(baseline.kernels.len() > 5 && baseline.claims.len() > 500);
}

#[test]
fn a_baseline_of_schema_2_is_read_and_written_to_the_byte() {
    let path = kept("baseline-schema-2.json");
    let baseline = Baseline::read(&path).unwrap();
    assert_eq!(Baseline::read(&kept("baseline-schema-1.json")).unwrap(), {
        let mut without = baseline.clone();
        without.claims.remove("pid::needs_a_newer_kernel");
        without
    });
    assert_eq!(baseline.claims["pid::nesting_stops_at_depth_32"]["6.12"], Verdict::TimedOut);
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("again.json");
    baseline.write(&again).unwrap();
    assert_eq!(fs::read_to_string(again).unwrap(), fs::read_to_string(path).unwrap());
}

#[test]
fn a_baseline_that_is_none_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baseline.json");
    for (text, part) in [
        (r#"{"kind": "baseline", "schema": 3}"#, "has schema 3, and this nsproof reads schemas up to 2"),
        (r#"{"kind": "diff", "schema": 1}"#, "is a diff, but a baseline (*.json) is needed"),
        ("[]", "is JSON of no kind that nsproof writes"),
        ("{", "is not a whole baseline (*.json) (EOF"),
    ] {
        fs::write(&path, text).unwrap();
        let error = Baseline::read(&path).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn fields_that_a_later_version_adds_are_passed_over() {
    let text = fs::read_to_string(kept("run-schema-1.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run-6.12.json");
    let more = text
        .replace("\"kernel\": {", "\"mood\": \"good\",\n  \"kernel\": {\n    \"colour\": 7,")
        .replace("\"theme\":", "\"weather\": [],\n      \"theme\":");
    fs::write(&path, more).unwrap();
    assert_eq!(Run::read(&path).unwrap(), Run::read(&kept("run-schema-1.json")).unwrap());
}

#[rstest]
#[case::newer(
    r#"{"kind": "run", "schema": 99, "all": "new"}"#,
    "run-6.12.json has schema 99, and this nsproof reads schemas up to 2: read it with the nsproof that wrote it, or \
     update this one"
)]
#[case::older(
    r#"{"kind": "run", "schema": 0}"#,
    "run-6.12.json has schema 0, and this nsproof reads schemas from 1: make it again, or read it with an older nsproof"
)]
#[case::cut_short(
    r#"{"kind": "run", "schema": 1, "nsproof": "0."#,
    "run-6.12.json is not a whole record of a run (run-<kernel>.json) (EOF while parsing a string at line 1 column 43): \
     copy it again, or make it again"
)]
#[case::empty(
    "",
    "run-6.12.json is not a whole record of a run (run-<kernel>.json) (EOF while parsing a value at line 1 column 0): \
     copy it again, or make it again"
)]
#[case::lacks_a_field(
    r#"{"kind": "run", "schema": 1}"#,
    "run-6.12.json is not a whole record of a run (run-<kernel>.json) (missing field `nsproof` at line 1 column 28): \
     copy it again, or make it again"
)]
#[case::a_stranger(
    r#"{"name": "left-pad"}"#,
    "run-6.12.json is JSON of no kind that nsproof writes, but a record of a run (run-<kernel>.json) is needed: give a \
     file that nsproof wrote as such"
)]
#[case::a_baseline(
    r#"{"kind": "baseline", "schema": 1}"#,
    "run-6.12.json is a baseline, but a record of a run (run-<kernel>.json) is needed: give a file that nsproof wrote \
     as such"
)]
fn what_cannot_be_read_is_told_in_one_sentence(#[case] text: &str, #[case] sentence: &str) {
    assert_eq!(error_of(text), sentence);
}

#[test]
fn a_verdict_that_is_not_known_is_told_with_its_place() {
    let text = fs::read_to_string(kept("run-schema-1.json")).unwrap();
    let error = error_of(&text.replace("\"holds\"", "\"perhaps\""));
    assert!(error.contains("unknown variant `perhaps`") && error.contains("at line 38"), "{error}");
}

#[test]
fn a_folder_without_records_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = results::read(folder.path()).unwrap_err().to_string();
    assert!(
        error.ends_with("holds no record of a run (run-<kernel>.json): give the folder of a run, or the file itself"),
        "{error}"
    );
    let missing = folder.path().join("no");
    let error = results::read(&missing).unwrap_err().to_string();
    assert!(error.ends_with("(os error 2): check the path"), "{error}");
}

#[test]
fn a_folder_is_read_with_the_oldest_kernel_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Run::read(&kept("run-schema-1.json")).unwrap();
    for (word, release) in [("6.12", "6.12.1"), ("5.10", "5.10.9"), ("6.1", "6.1.9"), ("x", "")] {
        run.kernel.word = word.into();
        run.kernel.release = release.into();
        run.write(&folder.path().join(format!("run-{word}.json"))).unwrap();
    }
    let words: Vec<_> = results::read(folder.path()).unwrap().runs.into_iter().map(|run| run.kernel.word).collect();
    assert_eq!(words, ["5.10", "6.1", "6.12", "x"]);
}
