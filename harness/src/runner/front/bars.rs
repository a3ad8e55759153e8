//! A bar a kernel on a terminal; elsewhere one line for each thing that somebody should look at.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use kit::Case;
use results::{CaseRecord, Verdict as Found};

use crate::runner::column::Column;
use crate::runner::engine::Plan;
use crate::terminal;

/// How often a bar's clock is drawn while nothing else happens: a person should see that it goes on.
const TICK: Duration = Duration::from_millis(500);

/// Runs a plan, kernel after kernel, as many cases at once as were asked for.
pub(super) fn run(plan: &Plan) {
    let bars = MultiProgress::new();
    if !terminal::is_watched() {
        bars.set_draw_target(ProgressDrawTarget::hidden());
    }
    let lanes: Vec<Lane> = plan.columns.iter().filter_map(|column| Lane::new(column, plan, &bars)).collect();
    let queue: VecDeque<(usize, &'static Case)> =
        lanes.iter().enumerate().flat_map(|(index, lane)| lane.cases.iter().map(move |case| (index, *case))).collect();
    let queue = Mutex::new(queue);
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    thread::scope(|scope| {
        for _ in 0..plan.options().threads() {
            scope.spawn(|| {
                while let Some((index, case)) = next() {
                    lanes[index].carry_out(case, plan, &bars);
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
    begun: Once,
    records: Mutex<Vec<Found>>,
}

impl Lane {
    /// None where nothing is to be done, as in a small shard.
    fn new(column: &Arc<Column>, plan: &Plan, bars: &MultiProgress) -> Option<Self> {
        let cases = plan.chosen(column);
        if cases.is_empty() {
            return None;
        }
        let bar = bars.add(ProgressBar::new(cases.len() as u64));
        bar.set_style(waiting());
        bar.set_prefix(column.word().to_owned());
        bar.tick();
        Some(Self { column: Arc::clone(column), cases, bar, begun: Once::new(), records: Mutex::default() })
    }

    fn carry_out(&self, case: &'static Case, plan: &Plan, bars: &MultiProgress) {
        // A kernel waits for those before it; its clock begins with its first case.
        self.begun.call_once(|| {
            self.bar.set_style(working());
            self.bar.reset_elapsed();
            self.bar.enable_steady_tick(TICK);
        });
        self.bar.set_message(case.name());
        let Some(record) = plan.carry_out(&self.column, case) else {
            tell(&format!("{}  interrupted {}", self.column.word(), case.name()), bars);
            return;
        };
        if record.verdict.needs_attention() {
            tell(&format!("{}  {}", self.column.word(), line(&record)), bars);
        }
        let done = {
            let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            records.push(record.verdict);
            (records.len() == self.cases.len()).then(|| summary(&records))
        };
        self.bar.inc(1);
        if let Some(summary) = done {
            self.bar.finish_with_message(summary.clone());
            if bars.is_hidden() {
                tell(&format!("{}  {summary}", self.column.word()), bars);
            }
        }
    }
}

fn waiting() -> ProgressStyle {
    style("{prefix:>12} {bar:20} {pos:>4}/{len}")
}

fn working() -> ProgressStyle {
    style("{prefix:>12} {bar:20} {pos:>4}/{len} {rate:>7} {elapsed:>4}  {wide_msg}").with_key("rate", rate)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Cases a second since the first one began: the mean, which does not jump about.
fn rate(state: &ProgressState, out: &mut dyn Write) {
    let seconds = state.elapsed().as_secs_f64();
    if state.pos() > 0 && seconds > 0.0 {
        let _ = write!(out, "{:.1}/s", state.pos() as f64 / seconds);
    }
}

fn tell(line: &str, bars: &MultiProgress) {
    // A hidden MultiProgress swallows lines.
    if bars.is_hidden() {
        // Whoever read this is gone; the reports are written all the same.
        let _ = terminal::print(&format!("{line}\n"));
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
    let counts: Vec<_> = counts.collect();
    if counts.is_empty() { "no claim is about this kernel".to_owned() } else { counts.join(", ") }
}
