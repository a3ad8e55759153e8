//! What a whole matrix comes to, as an exit code.

use crate::record::Matrix;
use crate::verdict::Verdict;

/// What a whole matrix comes to. The exit codes are a contract, made so that `git bisect run` can use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Some claim holds, and every other that was asked holds or is unmet.
    Holds,
    /// Some claim is violated, crashed its kernel or timed out. Wins over [`Untested`](Self::Untested): one
    /// wrong answer stands, however much else could not be asked.
    Refuted,
    /// Nothing speaks against a kernel, but a case is broken, a kernel could not be tested at all or to the end, or no claim
    /// was answered: all are unmet or about other versions, or there are none.
    Untested,
}

impl Outcome {
    /// What `matrix` comes to.
    #[must_use]
    pub fn of(matrix: &Matrix) -> Self {
        let verdicts = || matrix.runs.iter().flat_map(|run| &run.cases).map(|case| case.verdict);
        if verdicts().any(Verdict::is_against_the_kernel) {
            Self::Refuted
        } else if !verdicts().any(|verdict| verdict == Verdict::Holds)
            || matrix.runs.iter().any(|run| run.problem.is_some() || run.unfinished > 0)
            || verdicts().any(|verdict| verdict == Verdict::Broken)
        {
            Self::Untested
        } else {
            Self::Holds
        }
    }

    /// 0 holds, 1 refuted, 125 could not be tested (`git bisect run` skips such a commit).
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Holds => 0,
            Self::Refuted => 1,
            Self::Untested => 125,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::fixtures::{case, run};
    use Verdict::{Broken, Crashed, Holds, OutOfRange, TimedOut, Unmet, Violated};

    #[rstest]
    #[case::all_hold(&[Holds, Holds], 0)]
    #[case::unmet_is_no_fault(&[Holds, Unmet], 0)]
    #[case::about_others_is_no_fault(&[Holds, OutOfRange], 0)]
    #[case::only_unmet(&[Unmet, Unmet], 125)]
    #[case::only_about_others(&[OutOfRange], 125)]
    #[case::one_answer_is_enough(&[Unmet, OutOfRange, Holds], 0)]
    #[case::violated_among_the_unmet(&[Unmet, Violated], 1)]
    #[case::violated(&[Holds, Violated], 1)]
    #[case::crashed(&[Crashed], 1)]
    #[case::timed_out(&[TimedOut], 1)]
    #[case::broken(&[Holds, Broken], 125)]
    #[case::violated_wins_over_broken(&[Broken, Violated], 1)]
    #[case::nothing_was_asked(&[], 125)]
    fn exit_code_is_the_contract(#[case] verdicts: &[Verdict], #[case] code: u8) {
        let cases = verdicts.iter().map(|&verdict| case("pid::a", verdict));
        let matrix = Matrix { runs: vec![run("6.12", cases)] };
        assert_eq!(Outcome::of(&matrix).exit_code(), code);
    }

    #[test]
    fn a_run_that_was_stopped_is_untested_unless_it_found_something() {
        for (verdict, code) in [(Holds, 125), (Violated, 1)] {
            let mut stopped = run("6.12", [case("pid::a", verdict)]);
            stopped.unfinished = 3;
            assert_eq!(Outcome::of(&Matrix { runs: vec![stopped] }).exit_code(), code);
        }
    }

    #[rstest]
    #[case::beside_a_good_one(Holds, 125)]
    #[case::beside_a_violated_one(Violated, 1)]
    fn a_kernel_that_does_not_boot_is_untested(#[case] other: Verdict, #[case] code: u8) {
        let mut dead = run("7.3", []);
        dead.problem = Some("the kernel did not boot".into());
        let matrix = Matrix { runs: vec![run("6.12", [case("pid::a", other)]), dead] };
        assert_eq!(Outcome::of(&matrix).exit_code(), code);
    }
}
