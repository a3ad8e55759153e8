//! Asking one kernel about one claim.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use kit::{Case, KernelVersion, Registry, in_one_sentence};
use results::{CaseRecord, Run, Verdict};
use vm::kernels::{Cache, Number};

use crate::runner::accelerator::Accelerator;
use crate::runner::column::Column;
use crate::runner::options::Isolation;
use crate::runner::virtual_kernel::VirtualKernel;

/// One kernel and what came of asking it.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    /// The word that names the kernel.
    pub(super) word: String,
    /// Its number; none when it is not known.
    pub(super) number: Option<Number>,
    /// What the kernel says about the claim; none when it could not be asked.
    pub(super) answer: Option<Verdict>,
    /// Why there is no answer, or what there is to say to one.
    pub(super) remark: String,
    /// How long it took, the boot included.
    pub(super) took: Duration,
    /// The record; none when the kernel was not booted.
    pub(super) run: Option<Run>,
}

impl Probe {
    /// What the claim's case found.
    pub(super) fn record(&self) -> Option<&CaseRecord> {
        self.run.as_ref()?.cases.first()
    }

    /// The kernel's release; empty when it never came up.
    pub(super) fn release(&self) -> &str {
        self.run.as_ref().map_or("", |run| run.kernel.release.as_str())
    }

    fn without_boot(word: &str, answer: Option<Verdict>, remark: String) -> Self {
        let number = Number::leading(word).filter(|_| !word.contains('/'));
        Self { word: word.to_owned(), number, answer, remark, took: Duration::ZERO, run: None }
    }
}

/// Asks kernels about one claim, each in a machine of its own.
pub(super) struct Prober<'a> {
    registry: &'a Registry,
    case: &'static Case,
    cache: &'a Cache,
    accelerator: Arc<Accelerator>,
}

impl<'a> Prober<'a> {
    pub(super) fn new(
        registry: &'a Registry,
        case: &'static Case,
        cache: &'a Cache,
        accelerator: &Arc<Accelerator>,
    ) -> Self {
        Self { registry, case, cache, accelerator: Arc::clone(accelerator) }
    }

    /// Asks the kernel of this word. It is not even fetched when its series settles that the claim is about others.
    pub(super) fn ask(&self, word: &str) -> Probe {
        if is_beyond(self.case, word) {
            let remark = format!("the claim is about kernels {}; not booted", self.case.range());
            return Probe::without_boot(word, Some(Verdict::OutOfRange), remark);
        }
        let began = Instant::now();
        match self.boot(word) {
            Ok(probe) => Probe { took: began.elapsed(), ..probe },
            // One kernel that cannot be had is no reason to give up on the others.
            Err(error) => {
                Probe { took: began.elapsed(), ..Probe::without_boot(word, None, in_one_sentence(error.as_ref())) }
            }
        }
    }

    fn boot(&self, word: &str) -> Result<Probe> {
        let kernel = self.cache.resolve(word, None)?;
        let number = kernel.number();
        let kernel = VirtualKernel::new(kernel, self.registry, &self.accelerator)?;
        let column = Column::machines(kernel, Isolation::Fresh);
        let record = column.carry_out(self.case).context("the search was stopped")?;
        column.close();
        let run = column.run(&[self.case], Some(format!("--exact {}", self.case.name())), None);
        let (answer, remark) = answer(&record, &run);
        Ok(Probe { word: word.to_owned(), number, answer, remark, took: Duration::ZERO, run: Some(run) })
    }
}

/// Whether a series, or an exact version of one, settles that the claim is about other kernels.
pub(super) fn is_beyond(case: &Case, word: &str) -> bool {
    let Some(number) = Number::leading(word).filter(|_| !word.contains('/')) else { return false };
    let part = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    let version = |patch| KernelVersion::new(part(number.series.major), part(number.series.minor), patch);
    case.since.is_some_and(|since| version(u16::MAX) < since) || case.until.is_some_and(|until| until <= version(0))
}

/// What a record says about the claim. A case that is broken, a kernel that does not boot and a need that is missing
/// say nothing about it.
fn answer(record: &CaseRecord, run: &Run) -> (Option<Verdict>, String) {
    let remark = run.problem.clone().unwrap_or_else(|| record.message.clone());
    match record.verdict {
        Verdict::Unmet | Verdict::Broken => (None, remark),
        verdict => (Some(verdict), remark),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use kit::holds;

    fn case(since: Option<KernelVersion>, until: Option<KernelVersion>) -> Case {
        Case {
            function: "a",
            module: "suites::pid::a",
            claim: "",
            detail: "",
            sources: &[],
            since,
            until,
            replaces: None,
            needs: &[],
            erratum: None,
            deadline_seconds: None,
            file: "",
            line: 0,
            code: "",
            prompts: &[],
            body: holds,
        }
    }

    #[rstest]
    #[case("6.12", true)]
    #[case("6.12.999", true)]
    #[case("6.14", false)]
    #[case("6.14.2", false)]
    #[case::its_newest_is_not_known_yet("6.17", false)]
    #[case("6.18", true)]
    #[case("7.3", true)]
    #[case::a_tree_says_nothing_before_it_is_looked_at("6.12/", false)]
    #[case(".", false)]
    fn what_a_series_settles_is_not_booted(#[case] word: &str, #[case] beyond: bool) {
        let case = case(Some(KernelVersion::new(6, 14, 0)), Some(KernelVersion::new(6, 17, 5)));
        assert_eq!(is_beyond(&case, word), beyond);
    }

    #[test]
    fn a_claim_without_a_range_is_about_every_kernel() {
        assert!(!is_beyond(&case(None, None), "5.10"));
    }
}
