//! A comparison on a terminal and in JSON.

use super::*;
use crate::baseline::Baseline;
use crate::fixtures::{case, run, small_diff, small_matrix};
use crate::record::Matrix;

#[test]
fn on_a_terminal() {
    insta::assert_snapshot!(small_diff().table(Terminal { width: 80, colour: false }));
    for width in [40, 80] {
        let text = small_diff().table(Terminal { width, colour: false });
        assert!(text.lines().all(|line| crate::text::width(line) <= width), "{text}");
    }
}

#[test]
fn in_json() {
    let json: serde_json::Value = serde_json::from_str(&small_diff().json()).unwrap();
    insta::assert_snapshot!(format!("{:#}", json["diff"]["changes"][0]));
    assert_eq!(json["diff"]["only_now"][0], "7.3");
}

#[test]
fn files_have_every_difference() {
    let many = |verdict| {
        let cases = (0..400).map(|number| case(&format!("pid::number_{number}"), verdict));
        Matrix { runs: vec![run("6.12", cases)] }
    };
    let diff = Diff::between(&Baseline::of(&many(Verdict::Holds)), &many(Verdict::Violated));
    for text in [diff.markdown(), diff.json()] {
        assert_eq!(text.matches("pid::number_").count(), 400);
    }
    assert!(
        diff.table(Terminal { width: 80, colour: false }).contains("… 350 more: --markdown and --json have them all")
    );
}

#[test]
fn nothing_otherwise_is_one_line() {
    let diff = Diff::between(&Baseline::of(&small_matrix()), &small_matrix());
    assert_eq!(diff.table(Terminal { width: 80, colour: false }), "nothing is otherwise\n");
}
