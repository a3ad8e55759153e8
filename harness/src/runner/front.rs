//! What a person sees while cases run, and after.

mod bars;
mod libtest;
mod next;

use std::sync::Arc;

use anyhow::Result;

use super::engine::{Plan, Written};
use super::interruption;
use super::judgement::{Judgement, REFUTED, UNTESTED};
use crate::terminal;

/// How to show what is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    /// The lines of libtest, which every test tool knows.
    Libtest,
    /// A bar a kernel on a terminal; elsewhere a line for what is not as it should be, and one a kernel.
    Bars,
}

/// Carries a plan out, shows and writes what came of it; answers the exit code.
pub(crate) fn carry_out(plan: Plan, front: Front) -> Result<u8> {
    let plan = &Arc::new(plan);
    if plan.options().test.list {
        return libtest::list(plan);
    }
    plan.refuse_nothing()?;
    plan.open_reports()?;
    let interruption = interruption::watch(plan)?;
    match front {
        Front::Libtest => libtest::run(plan)?,
        Front::Bars => bars::run(plan),
    }
    interruption.give_way();
    plan.close();
    let matrix = plan.matrix();
    let judgement = plan.judge(&matrix);
    let written = plan.write(&matrix, &judgement.markdown());
    let page = terminal::terminal();
    let judged = judgement.table(page);
    // Tools that read libtest's own JSON want nothing else on that stream.
    if front == Front::Libtest && plan.options().test.format.is_some() {
        terminal::aside(&judged);
        return Ok(exit_code(&judgement, &written));
    }
    let table = results::table(&matrix, page);
    let gap = if judged.is_empty() { "" } else { "\n" };
    let page = written.folder.as_ref().map(|folder| folder.join("matrix.html")).filter(|page| page.is_file());
    let report = page.map(|page| format!("report: {}\n", page.display())).unwrap_or_default();
    let next = next::text(&next::steps(&matrix, &judgement));
    terminal::print(&format!("{}\n{gap}{judged}\n{report}{next}", table.trim_end()))?;
    Ok(exit_code(&judgement, &written))
}

/// What was found against a kernel stands though it could not be written down; what else was found is nothing to rely on then.
fn exit_code(judgement: &Judgement, written: &Written) -> u8 {
    match written.tell_failures() {
        true if judgement.exit_code != REFUTED => UNTESTED,
        _ => judgement.exit_code,
    }
}
