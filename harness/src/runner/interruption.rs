//! SIGINT and SIGTERM: the run stops at once, and what is known by then is written.

use std::sync::Arc;

use anyhow::{Context, Result};
use kit::in_one_sentence;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::signal_name;

use super::engine::Plan;
use crate::terminal;

/// What a shell adds to a signal's number to make an exit status.
const KILLED_BY: i32 = 128;

/// From now on, ends the process in good order when it is asked to end.
pub(crate) fn watch(plan: &Arc<Plan>) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("signals cannot be caught")?;
    let plan = Arc::clone(plan);
    // Lives as long as the process.
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            plan.stop();
            let matrix = plan.matrix();
            let done: usize = matrix.runs.iter().map(|run| run.cases.len()).sum();
            let name = signal_name(signal).unwrap_or("a signal");
            match plan.write(&matrix, "") {
                Ok(Some(folder)) => terminal::note(format_args!(
                    "\nnsproof: stopped by {name}; {done} verdicts are in {}",
                    folder.display()
                )),
                Ok(None) => terminal::note(format_args!("\nnsproof: stopped by {name}")),
                Err(error) => {
                    terminal::note(format_args!("\nnsproof: stopped by {name}; {}", in_one_sentence(error.as_ref())))
                }
            }
            // Machines and workers are not waited for here: they end with this process, and one may just be booting.
            std::process::exit(KILLED_BY + signal);
        }
    });
    Ok(())
}
