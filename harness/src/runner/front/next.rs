//! What to type next, at the end of a run: two commands at most, none when all is well.

use results::{CaseRecord, Matrix, Verdict as Found};
use vm::kernels::Number;

use crate::runner::judgement::Judgement;
use crate::terminal::shell_word;

/// A command, and what it is good for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    command: String,
    why: &'static str,
}

impl Step {
    fn new(command: String, why: &'static str) -> Self {
        Self { command, why }
    }
}

/// A cell that somebody should look at.
struct Cell<'a> {
    kernel: &'a str,
    case: &'a CaseRecord,
}

/// What helps with the first thing that is not as it should be; crashes go first.
pub(super) fn steps(matrix: &Matrix, judgement: &Judgement) -> Vec<Step> {
    let cells: Vec<Cell<'_>> = matrix
        .runs
        .iter()
        .flat_map(|run| run.cases.iter().map(|case| Cell { kernel: &run.kernel.word, case }))
        .filter(|cell| judgement.concerns(&cell.case.name, cell.case.verdict, cell.kernel))
        .collect();
    let first = |wanted: &dyn Fn(Found) -> bool| cells.iter().find(|cell| wanted(cell.case.verdict));
    let refuted = first(&|verdict| verdict == Found::Crashed).or_else(|| first(&Found::is_against_the_kernel));
    if let Some(cell) = refuted.or_else(|| first(&|verdict| verdict == Found::Unmet)) {
        let explain = Step::new(format!("nsproof explain {}", cell.case.name), "what the claim says and needs");
        return [Some(explain), further(matrix, cell)].into_iter().flatten().collect();
    }
    if untested(matrix, judgement) {
        return vec![Step::new("nsproof doctor".to_owned(), "what works on this machine")];
    }
    let again = first(&|verdict| verdict == Found::Broken).map(|cell| {
        let kernel = match cell.kernel {
            "host" => String::new(),
            word => format!(" --kernel {}", shell_word(word)),
        };
        Step::new(format!("nsproof run{kernel} --nocapture --exact {}", cell.case.name), "the broken case alone")
    });
    again.into_iter().collect()
}

/// Whether a kernel could not be tested that could be before, if there was a before.
fn untested(matrix: &Matrix, judgement: &Judgement) -> bool {
    match judgement.diff() {
        Some(diff) => !diff.untested.is_empty(),
        None => matrix.runs.iter().any(|run| run.problem.is_some()),
    }
}

/// Where to look for more than the claim's own words.
fn further(matrix: &Matrix, cell: &Cell<'_>) -> Option<Step> {
    if cell.case.verdict == Found::Crashed && cell.kernel != "host" {
        let command = format!("nsproof shell --kernel {}", shell_word(cell.kernel));
        return Some(Step::new(command, "look around in the kernel that crashed"));
    }
    let (from, to) = turn(matrix, &cell.case.name)?;
    let command = format!("nsproof hunt {} --from {from} --to {to}", cell.case.name);
    Some(Step::new(command, "find where the verdict changed"))
}

/// The first two kernels of this matrix, by version, between which a claim's answer turned.
fn turn<'a>(matrix: &'a Matrix, claim: &str) -> Option<(&'a str, &'a str)> {
    let answer = |case: &CaseRecord| match case.verdict {
        Found::Unmet | Found::OutOfRange | Found::Broken => None,
        verdict => Some(verdict == Found::Holds),
    };
    let mut answers: Vec<(Number, &str, bool)> = matrix
        .runs
        .iter()
        .filter(|run| !run.kernel.word.contains('/'))
        .filter_map(|run| {
            let case = run.cases.iter().find(|case| case.name == claim)?;
            Some((Number::leading(&run.kernel.word)?, run.kernel.word.as_str(), answer(case)?))
        })
        .collect();
    answers.sort_by_key(|(number, ..)| *number);
    let pair = answers.windows(2).find(|pair| pair[0].2 != pair[1].2)?;
    Some((pair[0].1, pair[1].1))
}

/// The commands below each other, with what each is good for beside it.
pub(super) fn text(steps: &[Step]) -> String {
    let wide = steps.iter().map(|step| step.command.chars().count()).max().unwrap_or(0);
    let lines = steps.iter().enumerate().map(|(number, Step { command, why })| {
        let head = if number == 0 { "next:" } else { "" };
        format!("{head:<7} {command:<wide$}  # {why}\n")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use results::{Kernel, Machine, Run, Timestamp};
    use rstest::rstest;

    use super::*;
    use crate::runner::judgement::Yardstick;
    use Found::{Broken, Crashed, Holds, OutOfRange, Unmet, Violated};

    fn run(word: &str, verdicts: &[Found]) -> Run {
        let cases = verdicts.iter().zip('a'..).map(|(verdict, name)| CaseRecord::new(format!("pid::{name}"), *verdict));
        Run {
            nsproof: String::new(),
            kernel: Kernel { word: word.into(), ..Kernel::default() },
            machine: Machine::default(),
            started: Timestamp::UNIX_EPOCH,
            wall: Duration::ZERO,
            selection: None,
            shard: None,
            problem: None,
            unfinished: 0,
            cases: cases.collect(),
        }
    }

    fn told(runs: Vec<Run>) -> Vec<String> {
        let matrix = Matrix { runs };
        steps(&matrix, &Yardstick::default().judge(&matrix)).into_iter().map(|step| step.command).collect()
    }

    #[rstest]
    #[case::all_is_well("6.12", &[Holds, Unmet, OutOfRange], &[])]
    #[case::violated("host", &[Holds, Violated], &["nsproof explain pid::b"])]
    #[case::a_crash_goes_first("6.12", &[Violated, Crashed], &["nsproof explain pid::b", "nsproof shell --kernel 6.12"])]
    #[case::nobody_looks_around_on_the_host("host", &[Crashed], &["nsproof explain pid::a"])]
    #[case::broken("my tree/", &[Broken], &["nsproof run --kernel 'my tree/' --nocapture --exact pid::a"])]
    #[case::broken_here("host", &[Broken], &["nsproof run --nocapture --exact pid::a"])]
    fn the_first_fault_is_helped(#[case] word: &str, #[case] verdicts: &[Found], #[case] commands: &[&str]) {
        assert_eq!(told(vec![run(word, verdicts)]), commands);
    }

    #[test]
    fn an_answer_that_turned_is_hunted() {
        let others = [("5.10", OutOfRange), ("5.15", Holds), ("6.1", Holds), ("6.6", OutOfRange)];
        let others = others.iter().map(|(word, verdict)| run(word, &[*verdict]));
        let runs = [run("host", &[Holds]), run("6.12", &[Violated])].into_iter().chain(others).collect();
        assert_eq!(told(runs), ["nsproof explain pid::a", "nsproof hunt pid::a --from 6.1 --to 6.12"]);
    }

    #[test]
    fn a_kernel_that_does_not_boot_is_for_the_doctor() {
        let mut dead = run("6.12", &[Broken]);
        dead.problem = Some("the kernel did not boot".into());
        assert_eq!(told(vec![dead]), ["nsproof doctor"]);
    }

    #[test]
    fn commands_stand_below_each_other() {
        let steps = [Step::new("nsproof explain pid::a".into(), "one"), Step::new("nsproof doctor".into(), "other")];
        insta::assert_snapshot!(text(&steps), @"
        next:   nsproof explain pid::a  # one
                nsproof doctor          # other
        ");
        assert_eq!(text(&[]), "");
    }
}
