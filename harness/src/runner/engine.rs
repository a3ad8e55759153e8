//! From what a person chose to columns and cases, and from their records to reports.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, bail};
use kit::{Case, Registry, in_one_sentence};
use libtest_mimic::{Completion, Failed, Trial};
use results::{CaseRecord, Evidence, Matrix, OutDir, Verdict as Found};

use super::accelerator::Accelerator;
use super::cache::{megabytes, open_cache, refuse_modules_without_image, to_download};
use super::column::Column;
use super::filters::Filters;
use super::judgement::{Judgement, Yardstick};
use super::meant::did_you_mean;
use super::memory;
use super::options::{Isolation, RunOptions, is_under_nextest};
use super::virtual_kernel::{More, VirtualKernel};
use crate::terminal;

/// What is going to be carried out: every case in every column.
pub(crate) struct Plan {
    pub(crate) columns: Vec<Arc<Column>>,
    pub(crate) cases: Vec<&'static Case>,
    options: RunOptions,
    yardstick: Yardstick,
    /// Where reports go; made before anything runs, so that nobody waits for verdicts that have no place.
    out: OnceLock<OutDir>,
}

impl Plan {
    /// Takes the options at their word; what they name and is not there is an error.
    pub(crate) fn new(registry: &Registry, mut options: RunOptions) -> Result<Self> {
        let cases = options.choice.cases(registry)?;
        refuse_modules_without_image(options.modules.as_deref(), &options.kernel)?;
        options.refuse_altered_host()?;
        // Before kernels are fetched: whoever mistyped a file's name wants to know at once.
        if !options.test.list {
            options.check_places()?;
        }
        let yardstick = match options.test.list {
            true => Yardstick::default(),
            false => Yardstick::read(options.waivers.as_deref(), options.baseline.as_deref())?
                .with_unmet(options.unmet)
                .of_each_alone(is_under_nextest()),
        };
        let columns = columns(registry, &options)?;
        yardstick.refuse_other_kernels(columns.iter().map(|column| column.word()))?;
        if !options.test.list && columns.iter().any(|column| column.has_machines()) {
            options.test.test_threads = Some(memory::bound(options.threads()));
        }
        let plan = Self { columns, cases, options, yardstick, out: OnceLock::new() };
        for column in &plan.columns {
            column.expect(plan.chosen(column).len());
        }
        Ok(plan)
    }

    pub(crate) fn options(&self) -> &RunOptions {
        &self.options
    }

    /// The cases of one column that are this shard's; all of them when the run is not divided.
    pub(crate) fn part(&self, column: &Column) -> impl Iterator<Item = &'static Case> {
        let takes = |case: &&Case| self.options.shard.is_none_or(|shard| shard.takes(column.word(), &case.name()));
        self.cases.iter().copied().filter(takes)
    }

    /// The cases of one column that are this shard's and that the filters let pass.
    pub(crate) fn chosen(&self, column: &Arc<Column>) -> Vec<&'static Case> {
        self.part(column).filter(|case| self.passes(column, case)).collect()
    }

    fn passes(&self, column: &Column, case: &Case) -> bool {
        let known = !self.options.test.ignored || column.is_known_to_be_out_of_range(case);
        known && Filters::of(&self.options).pass(&case.name(), column.word())
    }

    /// Refuses a choice that leaves nothing to do. That a shard gets nothing of a small choice is no mistake.
    pub(crate) fn refuse_nothing(&self) -> Result<()> {
        let from = self.options.choice.field();
        let filters = Filters::of(&self.options);
        let kernels: Vec<&str> = self.columns.iter().map(|column| column.word()).collect();
        filters.refuse_unknown(&self.cases, &kernels, &from)?;
        if self.columns.iter().any(|column| self.cases.iter().any(|case| self.passes(column, case))) {
            return Ok(());
        }
        let what = match filters.words() {
            [word] => format!("has «{word}» in its name{}", did_you_mean(word, &self.cases)),
            _ => "is left by these filters".to_owned(),
        };
        bail!("no case {from} {what}: `nsproof list` shows the names of all {}", self.cases.len())
    }

    /// Carries a case out, and keeps what it found. None when it was interrupted.
    pub(crate) fn carry_out(&self, column: &Column, case: &'static Case) -> Option<CaseRecord> {
        let record = column.carry_out(case);
        if let Some(out) = self.out.get() {
            // What cannot be written now cannot at the end either, and is told then.
            column.keep(|| drop(out.write_run(&self.run(column))));
        }
        record
    }

    /// One case in one column, as libtest-mimic runs it.
    pub(crate) fn trial(self: &Arc<Self>, column: &Arc<Column>, case: &'static Case) -> Trial {
        let (this, on) = (Arc::clone(self), Arc::clone(column));
        let talkative = self.options.test.nocapture;
        let trial = Trial::ignorable_test(case.name(), move || match this.carry_out(&on, case) {
            Some(record) => completion(&record, talkative),
            None => Ok(Completion::ignored_with("interrupted")),
        });
        // Test tools list first what they then run or leave out. A run by hand is to record these, too, and not to pass them over.
        let test = &self.options.test;
        let asks = test.list || test.ignored || test.include_ignored;
        let trial = trial.with_ignored_flag(asks && column.is_known_to_be_out_of_range(case));
        // The running kernel's cases go by their plain names, which test runners follow over time.
        if column.word() == "host" { trial } else { trial.with_kind(column.word()) }
    }

    /// No verdict that comes from now on counts: workers may die of what stops the run.
    pub(crate) fn stop(&self) {
        for column in &self.columns {
            column.stop();
        }
    }

    /// Lets go of everything that cases ran in.
    pub(crate) fn close(&self) {
        for column in &self.columns {
            column.close();
        }
    }

    /// All that has been found.
    pub(crate) fn matrix(&self) -> Matrix {
        Matrix { runs: self.columns.iter().map(|column| self.run(column)).collect() }
    }

    /// What the matrix comes to, by the waivers and the baseline that were chosen.
    pub(crate) fn judge(&self, matrix: &Matrix) -> Judgement {
        self.yardstick.judge(matrix)
    }

    /// Makes the folder for reports, if there is to be one.
    pub(crate) fn open_reports(&self) -> Result<()> {
        if !self.options.has_reports() {
            return Ok(());
        }
        let out = OutDir::create(self.options.out.as_deref()).context("the reports have no place")?;
        for column in &self.columns {
            out.check_run(column.word()).context("the reports have no place")?;
        }
        // Nobody else sets it: a plan is carried out once.
        let _ = self.out.set(out);
        Ok(())
    }

    fn run(&self, column: &Column) -> results::Run {
        column.run(&self.cases, self.options.selection(), self.options.shard)
    }

    /// Writes the records, and every report, with `appendix` at the end of the Markdown. What cannot be written keeps nothing
    /// else from being.
    pub(crate) fn write(&self, matrix: &Matrix, appendix: &str) -> Written {
        let mut failures = Vec::new();
        let mut note = |answer: Result<()>| failures.extend(answer.err());
        if let Some(out) = self.out.get() {
            note(out.write(matrix).map(drop).context("not all reports could be written"));
            let summary = out.path().join("matrix.md");
            if summary.is_file() {
                note(append(&summary, appendix).context("the summary could not be written to its end"));
            }
        }
        if let Some(path) = &self.options.junit {
            note(results::write_junit(matrix, path).context("the JUnit file could not be written"));
        }
        Written { folder: self.out.get().map(|out| out.path().to_owned()), failures }
    }
}

/// What became of the reports.
#[derive(Debug)]
pub(crate) struct Written {
    /// Where they are, if anywhere.
    pub(crate) folder: Option<PathBuf>,
    failures: Vec<anyhow::Error>,
}

impl Written {
    /// Tells what could not be written; answers whether there was anything.
    pub(crate) fn tell_failures(&self) -> bool {
        for failure in &self.failures {
            terminal::note(format_args!("nsproof: {}", in_one_sentence(failure.as_ref())));
        }
        !self.failures.is_empty()
    }
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    match text {
        "" => Ok(()),
        text => OpenOptions::new().append(true).open(path)?.write_all(format!("\n{text}").as_bytes()),
    }
}

fn columns(registry: &Registry, options: &RunOptions) -> Result<Vec<Arc<Column>>> {
    // Of no kernel at all, too; and no cache is needed for it.
    if options.kernel.iter().all(|word| word == "host") {
        return Ok(vec![Arc::new(Column::host())]);
    }
    let cache = open_cache()?;
    let mut columns: Vec<Arc<Column>> = Vec::new();
    let accelerator = Accelerator::new(options.accel, &cache);
    let expanded =
        options.kernel.iter().map(|word| if word == "host" { Ok(vec![word.clone()]) } else { cache.expand(word) });
    let words = expanded.collect::<Result<Vec<_>, _>>()?.concat();
    announce(&to_download(&cache, &words)?);
    for word in words {
        if word == "host" {
            columns.push(Arc::new(Column::host()));
            continue;
        }
        let kernel = cache.resolve(&word, options.modules.as_deref())?;
        let more = More { load: &options.load, ..More::default() };
        let kernel = VirtualKernel::with_more(kernel, registry, &accelerator, &more)?.altered(&options.alter);
        let isolation = options.isolation.unwrap_or(Isolation::Fresh);
        columns.push(Arc::new(Column::machines(kernel, isolation)));
    }
    let mut words: Vec<String> = Vec::new();
    columns.retain(|column| {
        let word = column.word().to_owned();
        let new = !words.contains(&word);
        words.push(word);
        new
    });
    Ok(columns)
}

/// Says how much is going to be downloaded, where it is more than the one that tells of itself.
fn announce(downloads: &[(String, u64)]) {
    if downloads.len() > 1 {
        let sum = megabytes(downloads.iter().map(|(_, size)| size).sum());
        terminal::note(format_args!("{} kernels are not in the cache: {sum} to download", downloads.len()));
    }
}

fn completion(record: &CaseRecord, talkative: bool) -> Result<Completion, Failed> {
    if talkative {
        for evidence in
            record.evidence.iter().filter(|evidence| ["output", Evidence::PROMPT].contains(&evidence.label.as_str()))
        {
            print!("{}", results::escape_block(&evidence.text, crate::protocol::LONGEST_OUTPUT));
        }
    }
    match record.verdict {
        Found::Holds => Ok(Completion::Completed),
        Found::Unmet | Found::OutOfRange => Ok(Completion::ignored_with(results::escape_line(&record.message, 400))),
        verdict => Err(Failed::from(in_full(record, verdict))),
    }
}

fn in_full(record: &CaseRecord, verdict: Found) -> String {
    let mut text = format!("{verdict}: {}\n  claim: {}", results::escape_block(&record.message, 8000), record.claim);
    if let Some(at) = &record.at {
        text.push_str(&format!("\n  at {at}"));
    }
    for evidence in &record.evidence {
        text.push_str(&format!("\n  {}:\n{}", evidence.label, results::escape_block(&evidence.text, 4000)));
    }
    text
}
