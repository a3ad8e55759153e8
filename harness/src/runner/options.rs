//! What a person chooses: suites, kernels, filters, and where reports go.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::{Arg, Args, ValueEnum};
use results::{OutDir, Shard};
use vm::accel::Accel;

use super::accelerator;
use super::choice::Choice;
use crate::code::kind::Name;

/// clap's own layout. libtest-mimic's options bring one along that says nothing of the command.
pub(crate) const HELP: &str = "{about}\n\n{usage-heading} {usage}\n\n{all-args}\n\n{after-help}";

/// What the exit codes of a run say, for its help.
pub(crate) const EXIT_CODES: &str = "Exit codes:
  0    every claim that was answered holds or is waived; some may be unmet
  1    some claim is violated, or the kernel crashed or hung under it;
       or a waiver has expired or is no longer needed
  2    wrong usage
  125  could not be tested: the kernel does not boot, cases are broken, or no
       claim was answered, since all are unmet or about other kernels;
       or nothing was refuted, and a report could not be written

Exit codes with --baseline:
  0    nothing got worse; what was violated before may still be
  1    something got worse: a claim is newly violated or crashes the kernel,
       or one that held is unmet or has vanished (waived claims aside);
       or a waiver has expired or is no longer needed
  2    wrong usage, also a baseline without any of these kernels
  125  only what can be tested got worse: a kernel does not boot any more,
       or cases are newly broken";

/// Options that every way of running cases has.
#[derive(Debug, Clone, Args)]
#[command(mut_args(in_our_words))]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) choice: Choice,

    /// Test this kernel; may be given more than once [6.12, 6.12.107, a bzImage, a build tree, all, host]
    #[arg(long, value_name = "KERNEL")]
    pub(crate) kernel: Vec<String>,

    /// A folder of modules for a kernel given as a bzImage
    #[arg(long, value_name = "DIR")]
    pub(crate) modules: Option<PathBuf>,

    /// Write JUnit XML to this file too
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// Write all reports to this folder [default: results/runs/<UTC time>]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Compare with this baseline, or with the folder of an earlier run: the exit code then says what got worse
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Known deviations, each with a reason, a link and a last day [default: results/waivers.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) waivers: Option<PathBuf>,

    /// Exit with another code than 0 where a claim is unmet, even if others were answered
    #[arg(long, value_enum, value_name = "HOW", conflicts_with = "baseline")]
    pub(crate) unmet: Option<Unmet>,

    /// Run one part of all kernels and claims, the same on every machine [1/4, 2/4, …]
    #[arg(long, value_name = "I/N", value_parser = Shard::from_str)]
    pub(crate) shard: Option<Shard>,

    /// A kernel for each case, or one for many
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) isolation: Option<Isolation>,

    /// What carries out a disposable kernel's instructions [kvm, tcg] [default: kvm where it was seen to boot]
    #[arg(long, value_name = "ACCELERATOR", value_parser = accelerator::parse)]
    pub(crate) accel: Option<Accel>,

    /// Alter a disposable kernel in its memory first, as `nsproof prove` does; may be given more than once
    #[arg(long, value_name = "FUNCTION+0xOFFSET:KIND", value_parser = Name::from_str)]
    pub(crate) alter: Vec<Name>,

    /// Load this module in a disposable kernel before anything runs, so that it can be altered; may be given more than once
    #[arg(long, value_name = "MODULE", requires = "alter")]
    pub(crate) load: Vec<String>,

    #[command(flatten)]
    pub(crate) test: libtest_mimic::Arguments,

    /// Run only claims with this in their name; of several, with any of them
    #[arg(value_name = "FILTER")]
    pub(crate) filters: Vec<String>,
}

/// libtest-mimic's options, said as they are here.
fn in_our_words(argument: Arg) -> Arg {
    match argument.get_id().as_str() {
        "nocapture" => argument.help("Show what cases print"),
        "ignored" => argument.help("Only claims that are about other versions than the running kernel's"),
        "include_ignored" => argument.help("Accepted for tools' sake: every claim is carried out anyway"),
        "test" | "bench" | "show_output" | "unstable_flags" => argument.hide(true),
        // The first of several, which are ours.
        "filter" => argument.hide(true),
        "skip" => argument.help("Leave out claims with this in their name; may be given more than once"),
        "exact" => argument.help("Each FILTER and --skip is a whole name"),
        "list" => argument.help("List the claims instead of running them"),
        "quiet" => argument.help("One character a claim").long_help("One character a claim"),
        "test_threads" => argument.value_parser(at_least_one).help("How many cases run at once [default: processors]"),
        "format" => argument.help("How claims are printed while they run").hide_possible_values(true),
        "color" => argument.help("Whether output is coloured").hide_possible_values(true),
        "logfile" => argument.help("Write the lines to this file instead"),
        _ => argument,
    }
}

fn at_least_one(text: &str) -> std::result::Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one case runs at a time".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(error.to_string()),
    }
}

/// What a claim that is unmet comes to. One that is about other versions is not unmet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unmet {
    /// It could not be tested: 125, which `git bisect run` passes over
    Skip,
    /// It failed: 1
    Fail,
}

/// Whether this process was started for one case, by a runner that makes its own report of many.
pub(crate) fn is_under_nextest() -> bool {
    std::env::var_os("NEXTEST").is_some()
}

/// How cases in disposable kernels are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Isolation {
    /// Every case gets a kernel that nothing has touched, which goes with all that is left in it
    Fresh,
    /// Cases follow each other in one kernel, and one that leaves something behind is broken
    Shared,
}

impl Isolation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Shared => "shared",
        }
    }
}

impl RunOptions {
    /// What narrowed the cases, as it was typed; none when nothing did.
    pub(crate) fn selection(&self) -> Option<String> {
        let mut words = Vec::new();
        words.extend(self.choice.words());
        words.extend(self.alter.iter().map(|name| format!("--alter {name}")));
        words.extend(self.test.exact.then(|| "--exact".to_owned()));
        words.extend(self.test.skip.iter().map(|skip| format!("--skip {skip}")));
        words.extend(self.test.ignored.then(|| "--ignored".to_owned()));
        words.extend(self.names().map(str::to_owned));
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// Refuses to alter the kernel that is running, which nothing here could.
    pub(crate) fn refuse_altered_host(&self) -> Result<()> {
        if !self.alter.is_empty() && self.kernel.iter().all(|word| word == "host") {
            bail!("--alter is for disposable kernels: name one with --kernel, such as 6.12");
        }
        Ok(())
    }

    /// What was typed to choose claims by name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.test.filter.iter().chain(&self.filters).map(String::as_str)
    }

    /// Whether reports are written to a folder. A runner that asks for one case a process and reports itself gets none unasked.
    pub(crate) fn has_reports(&self) -> bool {
        self.out.is_some() || !is_under_nextest()
    }

    /// Finds out whether all that is going to be written can be. No file is changed; a log that is not there is begun.
    pub(crate) fn check_places(&self) -> Result<()> {
        if self.has_reports() {
            OutDir::check(self.out.as_deref()).context("the reports have no place")?;
        }
        if let Some(path) = &self.junit {
            results::check_writable(path).context("the JUnit file has no place")?;
        }
        if let Some(path) = &self.test.logfile {
            let opened = OpenOptions::new().append(true).create(true).open(path);
            opened.with_context(|| format!("the log has no place: failed to write {path}"))?;
        }
        Ok(())
    }

    /// How many cases are carried out at once.
    pub(crate) fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.test.test_threads.unwrap_or(cores)
    }
}
