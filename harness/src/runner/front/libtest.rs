//! The lines of libtest.

use std::sync::Arc;

use anyhow::{Context, Result};
use libtest_mimic::Trial;

use crate::runner::engine::Plan;
use crate::runner::filters;
use crate::terminal::PatientOutput;

/// Lists the cases that the filters let pass.
pub(super) fn list(plan: &Arc<Plan>) -> Result<u8> {
    run(plan)?;
    Ok(0)
}

/// Runs them. What libtest-mimic concludes is dropped: the records say more, and the exit code is made from them.
pub(super) fn run(plan: &Arc<Plan>) -> Result<()> {
    // `nsproof run | head` carries every case out and writes the reports all the same.
    let _output = PatientOutput::begin().context("standard output cannot be used")?;
    let _ = filters::run(plan.options(), trials(plan));
    Ok(())
}

fn trials(plan: &Arc<Plan>) -> Vec<Trial> {
    plan.columns.iter().flat_map(|column| plan.part(column).map(|case| plan.trial(column, case))).collect()
}
