//! From what a person chose to columns and cases, and from their records to reports.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, bail};
use kit::{Case, Registry};
use libtest_mimic::{Completion, Failed, Trial};
use results::{CaseRecord, Matrix, OutDir, Verdict as Found};

use super::accelerator::Accelerator;
use super::cache::{open_cache, refuse_modules_without_image};
use super::column::Column;
use super::filters::{Filters, did_you_mean};
use super::judgement::{Judgement, Yardstick};
use super::memory;
use super::options::{Isolation, RunOptions};
use super::virtual_kernel::VirtualKernel;

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
        registry.check_suites(&options.suite)?;
        refuse_modules_without_image(options.modules.as_deref(), &options.kernel)?;
        options.refuse_altered_host()?;
        // Before kernels are fetched: whoever mistyped a file's name wants to know at once.
        let yardstick = match options.test.list {
            true => Yardstick::default(),
            false => Yardstick::read(options.waivers.as_deref(), options.baseline.as_deref())?
                .with_unmet(options.unmet)
                .of_each_alone(is_under_nextest()),
        };
        let cases = options.guarding.pick(registry.of_suites(&options.suite))?;
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
        let from = match self.options.suite.as_slice() {
            [] => "in any suite".to_owned(),
            suites => format!("in suite {}", suites.join(", ")),
        };
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

    /// One case in one column, as libtest-mimic runs it.
    pub(crate) fn trial(&self, column: &Arc<Column>, case: &'static Case) -> Trial {
        let executor = Arc::clone(column);
        let talkative = self.options.test.nocapture;
        let trial = Trial::ignorable_test(case.name(), move || match executor.carry_out(case) {
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

    /// Makes the folder for reports. A runner that asks for one case a process and reports itself gets none unasked.
    pub(crate) fn open_reports(&self) -> Result<()> {
        if self.options.out.is_none() && is_under_nextest() {
            return Ok(());
        }
        let out = OutDir::create(self.options.out.as_deref()).context("the reports have no place")?;
        // Nobody else sets it: a plan is carried out once.
        let _ = self.out.set(out);
        Ok(())
    }

    /// Writes the record of a kernel that is done, so that it is kept whatever becomes of the others.
    pub(crate) fn keep(&self, column: &Column) -> Result<()> {
        let Some(out) = self.out.get() else { return Ok(()) };
        out.write_run(&self.run(column))
            .with_context(|| format!("the record of {} could not be written", column.word()))?;
        Ok(())
    }

    fn run(&self, column: &Column) -> results::Run {
        column.run(&self.cases, self.options.selection(), self.options.shard)
    }

    /// Writes every report, with `appendix` at the end of the Markdown; answers where, if anywhere.
    pub(crate) fn write(&self, matrix: &Matrix, appendix: &str) -> Result<Option<PathBuf>> {
        if let Some(path) = &self.options.junit {
            results::write_junit(matrix, path).context("the JUnit file could not be written")?;
        }
        let Some(out) = self.out.get() else { return Ok(None) };
        out.write(matrix).context("the reports could not be written")?;
        append(&out.path().join("matrix.md"), appendix).context("the reports could not be written")?;
        Ok(Some(out.path().to_owned()))
    }
}

/// Whether this process was started for one case, by a runner that makes its own report of many.
fn is_under_nextest() -> bool {
    std::env::var_os("NEXTEST").is_some()
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
    for word in &options.kernel {
        if word == "host" {
            columns.push(Arc::new(Column::host()));
            continue;
        }
        for word in cache.expand(word)? {
            let kernel = cache.resolve(&word, options.modules.as_deref())?;
            let kernel = VirtualKernel::with_more(kernel, registry, &accelerator, &[], &options.load)?;
            let kernel = kernel.altered(&options.alter);
            let isolation = options.isolation.unwrap_or(Isolation::Fresh);
            columns.push(Arc::new(Column::machines(kernel, isolation)));
        }
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

fn completion(record: &CaseRecord, talkative: bool) -> Result<Completion, Failed> {
    if talkative {
        for evidence in record.evidence.iter().filter(|evidence| evidence.label == "output") {
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
