//! SIGINT and SIGTERM: the run stops at once, and what is known by then is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::signal_name;

use super::engine::Plan;
use crate::terminal;

/// What a shell adds to a signal's number to make an exit status.
const KILLED_BY: i32 = 128;

/// What ends the process in good order when it is asked to end.
pub(crate) struct Watch {
    asked: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watch {
    /// Leaves the end of the process, and its last words, to the signal if one has come; else returns.
    pub(crate) fn give_way(self) {
        if self.asked.load(Ordering::SeqCst) {
            let _ = self.thread.join();
        }
    }
}

/// Watches from now on.
pub(crate) fn watch(plan: &Arc<Plan>) -> Result<Watch> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("signals cannot be caught")?;
    let plan = Arc::clone(plan);
    let asked = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&asked);
    // Lives as long as the process.
    let thread = std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // First: what stops gives way to it.
            heard.store(true, Ordering::SeqCst);
            plan.stop();
            let matrix = plan.matrix();
            let done: usize = matrix.runs.iter().map(|run| run.cases.len()).sum();
            let name = signal_name(signal).unwrap_or("a signal");
            let written = plan.write(&matrix, "");
            let kept = written.folder.as_ref().map(|folder| format!("; {done} verdicts are in {}", folder.display()));
            terminal::note(format_args!("\nnsproof: stopped by {name}{}", kept.unwrap_or_default()));
            written.tell_failures();
            // Machines and workers are not waited for here: they end with this process, and one may just be booting.
            std::process::exit(KILLED_BY + signal);
        }
    });
    Ok(Watch { asked, thread })
}
