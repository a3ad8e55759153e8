//! A bar a kernel on a terminal; elsewhere one line for each thing that somebody should look at.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use results::{CaseRecord, Verdict as Found};

use crate::claim::Case;
use crate::runner::column::Column;
use crate::runner::engine::Plan;

/// Runs a plan, kernel after kernel, as many cases at once as were asked for.
pub(super) fn run(plan: &Plan) {
    let bars = MultiProgress::new();
    if !super::on_terminal() {
        bars.set_draw_target(ProgressDrawTarget::hidden());
    }
    let lanes: Vec<Lane> = plan.columns.iter().map(|column| Lane::new(column, plan, &bars)).collect();
    let queue: VecDeque<(usize, &'static Case)> =
        lanes.iter().enumerate().flat_map(|(index, lane)| lane.cases.iter().map(move |case| (index, *case))).collect();
    let queue = Mutex::new(queue);
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    thread::scope(|scope| {
        for _ in 0..plan.options().threads() {
            scope.spawn(|| {
                while let Some((index, case)) = next() {
                    lanes[index].carry_out(case, &bars);
                }
            });
        }
    });
}

/// One kernel's cases and its bar.
struct Lane {
    column: Arc<Column>,
    cases: Vec<&'static Case>,
    bar: ProgressBar,
    records: Mutex<Vec<Found>>,
}

impl Lane {
    fn new(column: &Arc<Column>, plan: &Plan, bars: &MultiProgress) -> Self {
        let cases = plan.chosen(column);
        let bar = bars.add(ProgressBar::new(cases.len() as u64));
        let style = ProgressStyle::with_template("{prefix:>12} {bar:30} {pos:>4}/{len} {elapsed:>4} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(column.word().to_owned());
        Self { column: Arc::clone(column), cases, bar, records: Mutex::default() }
    }

    fn carry_out(&self, case: &'static Case, bars: &MultiProgress) {
        self.bar.set_message(case.name());
        let record = self.column.carry_out(case);
        if !matches!(record.verdict, Found::Holds | Found::Unmet) {
            tell(&format!("{}  {}", self.column.word(), line(&record)), bars);
        }
        let done = {
            let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            records.push(record.verdict);
            (records.len() == self.cases.len()).then(|| summary(&records))
        };
        self.bar.inc(1);
        if let Some(summary) = done {
            self.column.close();
            self.bar.finish_with_message(summary.clone());
            if bars.is_hidden() {
                println!("{}  {summary}", self.column.word());
            }
        }
    }
}

fn tell(line: &str, bars: &MultiProgress) {
    // A hidden MultiProgress swallows lines.
    if bars.is_hidden() {
        println!("{line}");
    } else {
        let _ = bars.println(line);
    }
}

fn line(record: &CaseRecord) -> String {
    format!("{} {}: {}", record.verdict, record.name, results::escape_line(&record.message, 300))
}

fn summary(records: &[Found]) -> String {
    let all = [Found::Holds, Found::Violated, Found::Crashed, Found::TimedOut, Found::Broken, Found::Unmet];
    let counts = all.iter().filter_map(|verdict| {
        let count = records.iter().filter(|found| *found == verdict).count();
        (count > 0).then(|| format!("{count} {verdict}"))
    });
    counts.collect::<Vec<_>>().join(", ")
}
