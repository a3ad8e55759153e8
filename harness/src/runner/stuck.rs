//! Whose fault it is that what a case ran in cannot be ended.
//!
//! All of it was killed, and is still there: that is the kernel's doing, and nobody's who wants to know whether a claim holds. But a
//! kernel that lets no stage go says nothing about this case, and one that lets all others go does.

use results::Verdict as Found;

use crate::protocol::Report;

/// Adds to what a case found that its end was waited for in vain, `stuck` saying how. `untouched` tries the end of a stage on
/// which nothing was done: whether it has ended, or why that could not be tried.
pub(crate) fn add(report: &mut Report, stuck: &str, untouched: impl FnOnce() -> Result<bool, String>) {
    let found = match report.verdict {
        Found::Holds => "the claim holds".to_owned(),
        Found::Unmet => format!("the claim is unmet ({})", report.message),
        // What it found stands, and is more than its end could say.
        verdict => return report.then(verdict, stuck),
    };
    let (verdict, message) = match untouched() {
        Ok(true) => (
            Found::TimedOut,
            format!(
                "{found}, but the kernel does not let go of the case: {stuck}, where one on which nothing was done ends"
            ),
        ),
        Ok(false) => (
            report.verdict,
            format!("{found}; {stuck}, and so is one on which nothing was done: this kernel lets none go"),
        ),
        Err(why) => (
            Found::Broken,
            format!("{found}, but {stuck}; whether one on which nothing was done ends could not be tried: {why}"),
        ),
    };
    (report.verdict, report.message) = (verdict, message);
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const STUCK: &str = "the stage was killed and is still there after 20 s";

    #[rstest]
    #[case::violated(Found::Violated, "wrong answer")]
    #[case::broken(Found::Broken, "EPERM")]
    #[case::late(Found::TimedOut, "the case did not end")]
    fn what_was_found_stays_and_nothing_is_tried(#[case] verdict: Found, #[case] message: &str) {
        let mut report = Report::new(verdict, message);
        add(&mut report, STUCK, || panic!("tried"));
        assert_eq!((report.verdict, report.message), (verdict, format!("{message}; then {STUCK}")));
    }

    #[rstest]
    #[case::its_own(
        Ok(true),
        Found::TimedOut,
        "the claim holds, but the kernel does not let go of the case: the stage was killed and is still there after 20 s, where \
         one on which nothing was done ends"
    )]
    #[case::every_stages(
        Ok(false),
        Found::Holds,
        "the claim holds; the stage was killed and is still there after 20 s, and so is one on which nothing was done: this \
         kernel lets none go"
    )]
    #[case::unknown(
        Err("no machine came up".to_owned()),
        Found::Broken,
        "the claim holds, but the stage was killed and is still there after 20 s; whether one on which nothing was done ends \
         could not be tried: no machine came up"
    )]
    fn of_a_case_that_found_nothing_wrong_it_is_said_whose_fault_it_is(
        #[case] untouched: Result<bool, String>,
        #[case] verdict: Found,
        #[case] message: &str,
    ) {
        let mut report = Report::new(Found::Holds, "");
        add(&mut report, STUCK, || untouched);
        assert_eq!((report.verdict, report.message.as_str()), (verdict, message));
    }

    #[test]
    fn an_unmet_need_is_not_forgotten() {
        let mut report = Report::new(Found::Unmet, "needs veth");
        add(&mut report, STUCK, || Ok(false));
        assert_eq!(report.verdict, Found::Unmet);
        assert!(
            report.message.starts_with("the claim is unmet (needs veth); the stage was killed"),
            "{}",
            report.message
        );
    }
}
