//! What a person sees while cases run, and after.

mod bars;
mod libtest;
mod next;

use std::sync::Arc;

use anyhow::Result;

use super::engine::Plan;
use super::interruption;
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
    let folder = plan.write(&matrix, &judgement.markdown())?;
    let page = terminal::terminal();
    let judged = judgement.table(page);
    // Tools that read libtest's own JSON want nothing else on that stream.
    if front == Front::Libtest && plan.options().test.format.is_some() {
        terminal::aside(&judged);
        return Ok(judgement.exit_code);
    }
    let table = results::table(&matrix, page);
    let gap = if judged.is_empty() { "" } else { "\n" };
    let report = folder.map(|folder| format!("report: {}\n", folder.join("matrix.html").display())).unwrap_or_default();
    let next = next::text(&next::steps(&matrix, &judgement));
    terminal::print(&format!("{}\n{gap}{judged}\n{report}{next}", table.trim_end()))?;
    Ok(judgement.exit_code)
}
