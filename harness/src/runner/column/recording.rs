//! What is written down of a case and its kernel.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kit::Case;
use kit::words::prompts;
use results::{CaseRecord, Evidence, Place, Verdict};

use crate::deadlines::KEEP;
use crate::recorded;
use crate::runner::executor::Served;

/// What a record says of a kernel beside what the kernel says of itself. It takes a while to find out, and stays the same.
pub(super) struct Facts {
    pub(super) origin: String,
    pub(super) config_digest: Option<String>,
    pub(super) qemu: Option<String>,
}

/// When a record was last written while its run goes on.
#[derive(Default)]
pub(super) struct Upkeep(Mutex<Option<Instant>>);

impl Upkeep {
    /// Writes what is due: at once when all is done, and before so often that a run that is killed loses no more than a
    /// moment's verdicts.
    pub(super) fn when_due(&self, done: bool, write: impl FnOnce()) {
        let kept = match done {
            true => Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)),
            // Who writes now has it up to date.
            false => self.0.try_lock().ok(),
        };
        let Some(mut kept) = kept else { return };
        if done || kept.is_none_or(|at| at.elapsed() >= KEEP) {
            write();
            *kept = Some(Instant::now());
        }
    }

    /// Waits until nobody writes: an older record must not take a newer one's place.
    pub(super) fn await_writer(&self) {
        drop(self.0.lock());
    }
}

/// Records in the order of these cases.
pub(super) fn in_order(records: &[CaseRecord], order: &[&Case]) -> Vec<CaseRecord> {
    let places: HashMap<String, usize> = order.iter().enumerate().map(|(place, case)| (case.name(), place)).collect();
    let mut records = records.to_vec();
    records.sort_by_key(|record| places.get(&record.name).copied());
    records
}

/// What a case found, with all that its claim says.
pub(super) fn record_of(case: &Case, served: Served) -> CaseRecord {
    let Served { report, mut evidence, .. } = served;
    let (prompts, output) = prompts::split(&report.output);
    evidence.extend(prompts.into_iter().map(|text| Evidence { label: Evidence::PROMPT.to_owned(), text }));
    for (label, text) in [("output", output), ("processes", report.processes)] {
        if !text.is_empty() {
            evidence.push(Evidence { label: label.to_owned(), text });
        }
    }
    let mut record = recorded::about(case, report.verdict);
    record.duration = Duration::from_micros(report.duration_us);
    record.message = report.message;
    record.expected = report.expected;
    record.seen = report.seen;
    record.call = report.call;
    record.at = report.at.as_deref().map(place_of);
    // What failed may be an expectation of a helper's answer: the body says which calls that makes.
    if report.verdict == Verdict::Violated && !case.code.is_empty() {
        let text = format!("fn {}() -> Verdict {}", case.function, case.code);
        evidence.push(Evidence { label: "case".to_owned(), text });
    }
    record.evidence = evidence;
    record
}

/// Reads `file:line`.
fn place_of(text: &str) -> Place {
    let (file, line) = text.rsplit_once(':').unwrap_or((text, ""));
    Place { file: file.to_owned(), line: line.parse().unwrap_or(0) }
}
