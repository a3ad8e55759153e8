//! What a person sees while cases run, and after.

mod bars;
mod libtest;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use results::{Matrix, Outcome, Terminal};

use super::engine::Plan;
use super::interruption;

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
    interruption::watch(plan)?;
    match front {
        Front::Libtest => libtest::run(plan),
        Front::Bars => bars::run(plan),
    }
    let matrix = plan.matrix();
    let folder = plan.write(&matrix)?;
    // Tools that read libtest's own JSON want nothing else on that stream.
    if front == Front::Bars || plan.options().test.format.is_none() {
        show(&matrix, &folder);
    }
    Ok(Outcome::of(&matrix).exit_code())
}

/// Whether a person is looking.
pub(crate) fn on_terminal() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("CI").is_none()
}

fn show(matrix: &Matrix, folder: &Path) {
    let colour = on_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let width = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    println!("{}", results::table(matrix, Terminal { width: if width == 0 { 120 } else { width }, colour }).trim_end());
    println!("\nreports: {}", folder.display());
}
