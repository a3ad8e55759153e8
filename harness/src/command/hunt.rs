//! `nsproof hunt`: between which kernels did a claim's verdict change?

mod probe;
mod search;
mod span;
mod summary;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use kit::{Case, Registry};
use results::{Matrix, OutDir};
use vm::accel::Accel;
use vm::kernels::Cache;

use self::probe::{Probe, Prober};
use self::span::{End, Field};
use super::explain;
use crate::runner::accelerator::{self, Accelerator};
use crate::runner::cache::{megabytes, open_cache, to_download};
use crate::runner::guards::Guards;
use crate::terminal;

/// The exit code for: both ends agree.
const NO_CHANGE: u8 = 1;

/// The exit code for: too few kernels gave an answer.
const UNTESTED: u8 = 125;

/// What stands below the options.
pub(super) const HELP: &str = "\
Only the kernels that the search needs are fetched and booted: about 5 of 11; how much that may be is told first. \
With --cached the search goes over the newest kernel of each series in the cache, and nothing is looked up or fetched. \
A kernel that the claim is not about is «out of range», an answer like others and known without a boot. \
A kernel that does not boot, or on which the case is broken or lacks something, gives no answer and is passed over. \
The search takes for granted that what is the same on two kernels is the same between them.

Exit codes:
  0    a change was found
  1    both ends agree
  2    wrong usage
  125  fewer than two kernels gave an answer, or a report could not be written

Examples:
  nsproof hunt pid::nesting_stops_at_depth_32
  nsproof hunt pid::nesting_stops_at_depth_32 --from 6.1 --to 6.18
  nsproof hunt stops_at_depth_32 --cached              without network
  nsproof hunt stops_at_depth_32 --to ../linux         up to a kernel of your own
  nsproof hunt --guards copy_pid_ns                    each claim that a proof saw guard it";

/// What to hunt for, and where.
#[derive(Debug, Args)]
pub(super) struct HuntOptions {
    /// The claim's name, or a part of it that no other has
    #[arg(required_unless_present = "guards", conflicts_with = "guards")]
    claim: Option<String>,
    #[command(flatten)]
    guarding: Guards,
    /// The older end [6.12, 6.12.107, a bzImage, a build tree] [default: the oldest series on offer]
    #[arg(long, value_name = "KERNEL")]
    from: Option<String>,
    /// The newer end [default: the newest series on offer]
    #[arg(long, value_name = "KERNEL")]
    to: Option<String>,
    /// Stay offline: only kernels that are in the cache
    #[arg(long)]
    cached: bool,
    /// Write all reports of the kernels that were booted to this folder
    #[arg(long, value_name = "DIR", conflicts_with = "guards")]
    out: Option<PathBuf>,
    /// What carries out a disposable kernel's instructions [kvm, tcg] [default: kvm where it was seen to boot]
    #[arg(long, value_name = "ACCELERATOR", value_parser = accelerator::parse)]
    accel: Option<Accel>,
}

/// Hunts, and prints every step of it.
pub(super) fn hunt(registry: &Registry, options: &HuntOptions) -> Result<u8> {
    let cases = match &options.claim {
        Some(claim) => vec![explain::find(registry, claim)?],
        None => options.guarding.pick(registry.all())?,
    };
    let cache = if options.cached { open_cache()?.offline() } else { open_cache()? };
    let accelerator = Accelerator::new(options.accel, &cache);
    let hunts = cases.into_iter().map(|case| hunt_one(registry, case, options, &cache, &accelerator));
    let codes = hunts.collect::<Result<Vec<_>>>()?;
    // One change is one; what could not be asked is no answer beside one that could.
    Ok([0, NO_CHANGE].into_iter().find(|code| codes.contains(code)).unwrap_or(UNTESTED))
}

fn hunt_one(
    registry: &Registry,
    case: &'static Case,
    options: &HuntOptions,
    cache: &Cache,
    accelerator: &Arc<Accelerator>,
) -> Result<u8> {
    let out =
        options.out.as_deref().map(|folder| OutDir::check(Some(folder)).and_then(|()| OutDir::create(Some(folder))));
    let out = out.transpose().context("the reports have no place")?;
    let field = Field { words: cache.expand("all")?, cached: options.cached };
    let end = |word: &Option<String>| word.as_deref().map(|word| end(cache, word)).transpose();
    let words = span::span(&field, end(&options.from)?, end(&options.to)?)?;
    terminal::print(&format!("hunting {} over {}\n", case.name(), words.join(" ")))?;
    let asked = words.iter().filter(|word| !probe::is_beyond(case, word));
    terminal::print(&downloads(&to_download(cache, asked)?))?;

    let prober = Prober::new(registry, case, cache, accelerator);
    // What the claim is not about costs no boot and is known beforehand.
    let is_about = |word: &String| !probe::is_beyond(case, word);
    let first = words.iter().position(is_about).unwrap_or(0);
    let end = words.iter().rposition(is_about).map_or(0, |place| place + 1);

    let mut probes: Vec<Option<Probe>> = vec![None; words.len()];
    let wide = words.iter().map(|word| word.chars().count()).max().unwrap_or(0);
    let Ok(found) = search::search(words.len(), first..end, |place| {
        let probe = watched(&words[place], || prober.ask(&words[place]));
        // A reader that has gone does not stop the search: there may be reports to write.
        let _ = terminal::print(&line(&probe, wide));
        if let (Some(out), Some(run)) = (&out, &probe.run) {
            // What cannot be written now cannot at the end either, and is told then.
            let _ = out.write_run(run);
        }
        let answer = probe.answer;
        probes[place] = Some(probe);
        Ok::<_, Infallible>(answer)
    });
    terminal::print(&summary::tell(case, &words, &probes, &found))?;
    if let Some(out) = &out {
        let runs = probes.iter().flatten().filter_map(|probe| probe.run.clone());
        if let Err(error) = out.write(&Matrix { runs: runs.collect() }) {
            terminal::note(format_args!("nsproof: not all reports could be written: {error}"));
            return Ok(UNTESTED);
        }
        terminal::print(&format!("report: {}\n", out.path().join("matrix.html").display()))?;
    }
    Ok(match (found.ends, found.changes.is_empty()) {
        (None, _) => UNTESTED,
        (Some(_), true) => NO_CHANGE,
        (Some(_), false) => 0,
    })
}

/// What may have to be downloaded, in a line; nothing when all is there.
fn downloads(missing: &[(String, u64)]) -> String {
    let list: Vec<_> = missing.iter().map(|(word, size)| format!("{word} ({})", megabytes(*size))).collect();
    match list.as_slice() {
        [] => String::new(),
        [one] => format!("not in the cache: {one}, downloaded if it is asked; --cached does without\n"),
        several => format!(
            "not in the cache: {}; those that are asked are downloaded, {} at most; --cached does without\n",
            several.join(", "),
            megabytes(missing.iter().map(|(_, size)| size).sum())
        ),
    }
}

/// One end as it was typed: a version, or a kernel's file or tree, whose number is looked up.
fn end(cache: &Cache, word: &str) -> Result<End> {
    if let Some(end) = End::of_version(word) {
        return Ok(end);
    }
    let [word] = cache.expand(word)?.try_into().ok().context("an end is one kernel, such as 6.12")?;
    let number = cache.resolve(&word, None)?.number();
    let number = number.with_context(|| format!("{word} has no version to stand in a row by: name another kernel"))?;
    Ok(End { word, number })
}

/// Shows on a terminal which kernel is being asked.
fn watched(word: &str, ask: impl FnOnce() -> Probe) -> Probe {
    let sign = ProgressBar::new_spinner();
    if !terminal::is_watched() {
        sign.set_draw_target(ProgressDrawTarget::hidden());
    }
    sign.set_message(format!("asking {word}"));
    sign.enable_steady_tick(std::time::Duration::from_millis(200));
    let probe = ask();
    sign.finish_and_clear();
    probe
}

/// A kernel, its answer and what there is to say to it.
fn line(probe: &Probe, wide: usize) -> String {
    let answer = probe.answer.map_or_else(|| "no answer".to_owned(), |answer| answer.to_string());
    let mut parts = Vec::new();
    if probe.run.is_some() {
        parts.push(format!("{} in {:.1} s", results::escape_line(probe.release(), 80), probe.took.as_secs_f64()));
    }
    if probe.answer.is_none() || probe.run.is_none() {
        parts.push(results::escape_line(&probe.remark, 200));
    }
    format!("  {:<wide$}  {answer:<12}  {}\n", probe.word, parts.join(": "))
}
