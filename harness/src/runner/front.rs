//! What a person sees while cases run: the lines of libtest, which every test tool knows.

use anyhow::Result;
use results::{Matrix, Outcome};

use super::engine::Plan;

/// Runs a plan with libtest-mimic's output; answers the exit code.
pub(crate) fn libtest(plan: &Plan) -> Result<u8> {
    let trials = || {
        plan.columns
            .iter()
            .flat_map(|column| plan.cases.iter().map(|case| plan.trial(column, case)))
            .collect::<Vec<_>>()
    };
    let arguments = plan.options().test.clone();
    if arguments.list {
        let _ = libtest_mimic::run(&arguments, trials());
        return Ok(0);
    }
    plan.refuse_nothing()?;
    let _ = libtest_mimic::run(&arguments, trials());
    let matrix = plan.matrix();
    let folder = plan.write(&matrix)?;
    // Beside libtest's own lines only people want this; tools that read them as JSON do not.
    if arguments.format.is_none() {
        print!("{}", table(&matrix));
        println!("reports: {}", folder.display());
    }
    Ok(Outcome::of(&matrix).exit_code())
}

fn table(matrix: &Matrix) -> String {
    results::table(matrix, results::Terminal { width: 120, colour: false })
}
