//! `nsproof prove`: which claims notice when the kernel is altered?

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kit::{Case, Registry};
use results::proof::{Equivalent, Journal, Proof, Reach};
use results::{Shard, Timestamp};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use vm::accel::Accel;
use vm::kernels::Cache;

use crate::code::kind::Name;
use crate::machine_kind::MachineKind;
use crate::prove::ground::{Grounds, Item};
use crate::prove::reach::{Keeping, reach};
use crate::prove::sample::Sample;
use crate::prove::work::{Manner, carry_out};
use crate::runner::accelerator::{self, Accelerator};
use crate::runner::cache::open_cache;
use crate::runner::choice::Choice;
use crate::runner::filters::Filters;
use crate::runner::meant::did_you_mean;
use crate::runner::memory;
use crate::runner::virtual_kernel::{More, VirtualKernel};
use crate::terminal;

/// Where proofs are kept, and what is known of alterations that nobody can notice.
const FOLDER: &str = "results/proof";
const EQUIVALENT: &str = "equivalent.toml";

/// How many claims are tried with an alteration, if nobody says otherwise.
const MOST: usize = 48;

/// The exit code for: something survived.
const SURVIVED: u8 = 1;

/// The exit code for: no claim could be asked.
const UNTESTED: u8 = 125;

/// What a shell adds to a signal's number to make an exit status.
const KILLED_BY: i32 = 128;

/// For the command line of kernels that are altered: one that goes on after an oops mostly hangs, and that takes long to be seen.
const DIES_AT_ONCE: &str = "oops=panic";

/// What stands below the options.
pub(super) const HELP: &str = "\
An alteration is a few bytes of the kernel's code, changed in the memory of a machine that is frozen: a conditional jump turned \
round, never or always taken; an errno made another; a check of rights that says yes, or no; a limit off by one; a reference \
neither taken nor given back. The claims whose cases execute it are then tried in clones of that machine. It is
  noticed    if a claim that holds in the kernel as it is is violated
  fatal      if the kernel crashes, warns or hangs first
  survived   if claims execute it and none is violated
  unreached  if no claim's case executes it, or goes the way that it closes
A proof that was stopped goes on where it was when the same command is typed again.

Exit codes:
  0    every alteration that is reached is noticed, fatal, or told equivalent
  1    some survived; with --claims: some claims noticed nothing; with --against: some that were
       guarded are not any more
  2    wrong usage
  125  could not be tested: the kernel does not boot, or no claim holds on it

Examples:
  nsproof prove --kernel 6.12 --functions 'copy_pid_ns,create_user_ns'
  nsproof prove --kernel 6.12 --functions kernel/pid_namespace.c --suite pid
  nsproof prove --kernel 6.12 --functions copy_pid_ns+0xc8:jcc --all    all claims that notice it
  nsproof prove --kernel 6.12 --suite uts --claims                      which of these can fail?
  nsproof prove --kernel 7.3 --shard 1/4 --out part-1                   joined by `report merge`
  nsproof prove --kernel 6.12 --shard 1/99 --against results/proof      are these still noticed?
  nsproof run --kernel 6.12 --alter copy_pid_ns+0xc8:jcc --suite pid    one of them by hand";

/// What to alter, and whom to ask.
#[derive(Debug, Args)]
pub(super) struct ProveOptions {
    /// The kernel [6.12, 6.12.107, a bzImage, a build tree]
    #[arg(long, value_name = "KERNEL")]
    kernel: String,
    /// A folder of modules for a kernel given as a bzImage
    #[arg(long, value_name = "DIR")]
    modules: Option<PathBuf>,
    /// Functions by name, or by the file of the kernel's tree, with * and ? (*.c: all files that are known); or single alterations
    /// by their names [default: all functions of the files about namespaces]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    functions: Vec<String>,
    /// Load this module before anything runs, so that its functions can be altered; may be given more than once
    #[arg(long, value_name = "MODULE")]
    load: Vec<String>,
    #[command(flatten)]
    choice: Choice,
    /// Go on after the first claim that notices, and try every one that executes an alteration
    #[arg(long)]
    all: bool,
    /// How many claims are tried at most with an alteration before it has survived; one that waits for ever counts as ten
    #[arg(long, value_name = "N", default_value_t = MOST, conflicts_with = "all")]
    most: usize,
    /// Go on from what another build of nsproof found: claims that it had are not carried out again to see what they execute, and
    /// of what survived only new claims are asked
    #[arg(long)]
    keep: bool,
    /// With --keep: claims with this in their name are new
    #[arg(long, value_name = "FILTER,…", value_delimiter = ',', requires = "keep")]
    anew: Vec<String>,
    /// Ask claims, and not alterations: each that has noticed none yet about those that it executes, until it notices one; at most
    /// --most
    #[arg(long, conflicts_with_all = ["all", "shard", "against"])]
    claims: bool,
    /// Name the alterations, and alter nothing
    #[arg(long)]
    list: bool,
    /// One part of the alterations, the same on every machine [1/4, 2/4, …]
    #[arg(long, value_name = "I/N", value_parser = Shard::from_str)]
    shard: Option<Shard>,
    /// How many clones run at once [default: processors]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// The folder of the proof and its journal [default: results/proof; with --against none is kept]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Alterations that nobody can notice, each with a reason [default: equivalent.toml in the proof's folder, if it is there]
    #[arg(long, value_name = "FILE")]
    equivalent: Option<PathBuf>,
    /// Try again what was guarded in a kept proof, a folder or a record, with the claims that noticed it then: the exit code says
    /// whether something is not guarded any more
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
    /// What carries out a disposable kernel's instructions; under kvm it cannot be seen which claims execute what [tcg]
    #[arg(long, value_name = "ACCELERATOR", value_parser = accelerator::parse, default_value = "tcg")]
    accel: Accel,
    /// Ask only claims with this in their name; of several, with any of them
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
}

/// Proves, and shows what came of it.
pub(super) fn prove(registry: &Registry, options: &ProveOptions) -> Result<u8> {
    if options.accel == Accel::Kvm {
        bail!("under KVM it cannot be seen which claims execute what: prove with --accel tcg");
    }
    let sample = options.against.as_ref().map(|path| Sample::read(path, &options.kernel, options.shard)).transpose()?;
    let mut cases = chosen(registry, options)?;
    if let Some(sample) = &sample {
        let claims = sample.claims();
        cases.retain(|case| claims.contains(case.name().as_str()));
    }
    let cache = open_cache()?;
    let grounds = grounds(registry, options, &cases, sample.as_ref(), &cache)?;
    if options.list {
        let lines: String = grounds.items.iter().map(|item| format!("{}  {}\n", item.name, item.words)).collect();
        terminal::print(&lines)?;
        return Ok(0);
    }
    let aside = tempfile::tempdir().context("a folder for what is not kept could not be made")?;
    let out = match (&options.out, &sample) {
        (Some(out), _) => out.as_path(),
        (None, Some(_)) => aside.path(),
        (None, None) => Path::new(FOLDER),
    };
    let Some(proof) = carried_out(options, &grounds, &cases, out)? else {
        terminal::note("nsproof: no claim holds on this kernel as it is: there is nobody to notice anything");
        return Ok(UNTESTED);
    };
    let table = if options.claims { proof.silent_table() } else { proof.table() };
    terminal::print(&format!("\n{table}\n{}\n", proof.sentence()))?;
    if options.out.is_some() || sample.is_none() {
        let written = proof.write(out).context("the proof could not be written")?;
        let paths: String = written.iter().map(|path| format!("proof: {}\n", path.display())).collect();
        terminal::print(&paths)?;
    }
    let worse = match &sample {
        None if options.claims => proof.silent().any(|claim| claim.tried > 0),
        None => proof.open().next().is_some(),
        Some(sample) => is_worse(sample, &proof)?,
    };
    Ok(if worse { SURVIVED } else { 0 })
}

/// Whether something was guarded and is not any more; says what.
fn is_worse(sample: &Sample, proof: &Proof) -> Result<bool> {
    let worse = sample.worse(proof)?;
    let lines: String = worse.iter().map(|line| format!("worse: {line}\n")).collect();
    terminal::print(&lines)?;
    Ok(!worse.is_empty())
}

fn chosen(registry: &Registry, options: &ProveOptions) -> Result<Vec<&'static Case>> {
    let all = options.choice.cases(registry)?;
    let names = Filters::parts(&options.filters);
    let cases: Vec<_> = all.iter().filter(|case| names.pass(&case.name(), "")).copied().collect();
    if let (true, Some(first)) = (cases.is_empty(), options.filters.first()) {
        bail!("no claim {} has «{first}» in its name{}", options.choice.field(), did_you_mean(first, &all));
    }
    Ok(cases)
}

fn equivalent(options: &ProveOptions, out: &Path) -> Result<Vec<Equivalent>> {
    let usual = out.join(EQUIVALENT);
    let path = options.equivalent.as_deref().or_else(|| usual.exists().then_some(usual.as_path()));
    Ok(path.map(Equivalent::read).transpose()?.unwrap_or_default())
}

fn grounds(
    registry: &Registry,
    options: &ProveOptions,
    cases: &[&'static Case],
    sample: Option<&Sample>,
    cache: &Cache,
) -> Result<Grounds> {
    let [word] = cache.expand(&options.kernel)?.try_into().ok().context("a proof is of one kernel, such as 6.12")?;
    if word == "host" {
        bail!("only a disposable kernel can be altered: name one with --kernel, such as 6.12");
    }
    let kernel = cache.resolve(&word, options.modules.as_deref())?;
    let more = More { load: &options.load, arguments: &[DIES_AT_ONCE.to_owned()], ..More::default() };
    let accelerator = Accelerator::new(Some(options.accel), cache);
    let kernel = VirtualKernel::with_more(kernel, registry, &accelerator, &more)?;
    let mut kinds: Vec<_> = cases.iter().map(|case| MachineKind::of(case)).collect();
    kinds.push(MachineKind::SHARED);
    kinds.sort_unstable();
    kinds.dedup();
    if options.list {
        kinds.truncate(1);
    }
    let (single, mut functions) = functions(options)?;
    if let (true, Some(sample)) = (functions.is_empty(), sample) {
        functions = sample.functions();
    }
    let mut grounds = Grounds::of(kernel, &kinds, &functions)?;
    if let Some(name) = single.iter().find(|name| grounds.items.iter().all(|item| item.name != **name)) {
        bail!(
            "{name} is no alteration of this kernel: `nsproof prove --list --functions {}` names those there are",
            name.function
        );
    }
    // A function that was asked for whole is asked for whole.
    let is_whole =
        |item: &Item| functions.len() > single.len() && !single.iter().any(|name| name.function == item.name.function);
    grounds.items.retain(|item| single.is_empty() || single.contains(&item.name) || is_whole(item));
    grounds.items.retain(|item| sample.is_none_or(|sample| sample.has(&item.name)));
    Ok(grounds)
}

/// The alterations that were named, and all functions that are needed.
fn functions(options: &ProveOptions) -> Result<(Vec<Name>, Vec<String>)> {
    let is_single = |word: &&String| word.contains(':');
    let single: Vec<Name> =
        options.functions.iter().filter(is_single).map(|word| word.parse()).collect::<Result<_, _>>()?;
    let whole = options.functions.iter().filter(|word| !is_single(word)).cloned();
    let functions = single.iter().map(|name| name.function.clone()).chain(whole).collect();
    Ok((single, functions))
}

/// `None` if there is no claim that holds.
fn carried_out(
    options: &ProveOptions,
    grounds: &Grounds,
    cases: &[&'static Case],
    out: &Path,
) -> Result<Option<Proof>> {
    let equivalent = equivalent(options, out)?;
    std::fs::create_dir_all(out).with_context(|| format!("failed to make the folder {}", out.display()))?;
    let started = Timestamp::now();
    let word = &grounds.kernel.kernel.word;
    let threads = memory::bound(options.threads.unwrap_or_else(processors));
    let reach_path = Reach::path(out, word);
    let keeping = Keeping { path: &reach_path, keep: options.keep, anew: &options.anew };
    let bar = bar("reach");
    let reached = reach(grounds, cases, keeping, threads, &bar)?;
    bar.finish_and_clear();
    if reached.takers.iter().all(|taker| taker.verdict != results::Verdict::Holds) {
        return Ok(None);
    }
    let journal = Journal::path(out, word);
    let manner = Manner {
        all: options.all,
        shard: options.shard,
        most: options.most,
        threads,
        journal,
        keep: options.keep,
        claims: options.claims,
    };
    leave_at_once_when_asked(&manner.journal)?;
    let bar = self::bar("proof");
    let done = carry_out(grounds, &reached, &manner, &bar)?;
    bar.finish_and_clear();
    let hello = grounds.by_kind.values().next().map(|ground| ground.hello.clone()).unwrap_or_default();
    let mut proof = Proof {
        nsproof: env!("CARGO_PKG_VERSION").to_owned(),
        kernel: results::Kernel {
            word: word.clone(),
            release: hello.release,
            version: hello.version,
            origin: grounds.kernel.kernel.origin.to_string(),
            config_digest: grounds.kernel.config_digest(),
        },
        machine: results::Machine {
            accelerator: options.accel.to_string(),
            qemu: vm::machine::qemu_version(None).ok(),
            isolation: "fresh".to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
        },
        started,
        wall: done.wall,
        selection: selection(options),
        all: options.all,
        shard: options.shard,
        functions: done.functions,
        claims: done.claims,
    };
    for stale in proof.excuse(&equivalent) {
        terminal::note(format_args!(
            "nsproof: {stale} is told equivalent, and is not: it was noticed, or something else stands there"
        ));
    }
    Ok(Some(proof))
}

/// A signal ends the process at once: what is known is in the journal, and machines end with us.
fn leave_at_once_when_asked(journal: &Path) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("signals cannot be caught")?;
    let journal = journal.display().to_string();
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            terminal::note(format_args!("\nnsproof: stopped; the same command goes on from {journal}"));
            std::process::exit(KILLED_BY + signal);
        }
    });
    Ok(())
}

fn selection(options: &ProveOptions) -> Option<String> {
    let mut words = Vec::new();
    words.extend((!options.functions.is_empty()).then(|| format!("--functions {}", options.functions.join(","))));
    words.extend(options.load.iter().map(|module| format!("--load {module}")));
    words.extend(options.choice.words());
    words.extend(options.filters.iter().cloned());
    (!words.is_empty()).then(|| words.join(" "))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if !terminal::is_watched() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{prefix:>6} {bar:30} {pos:>5}/{len} {elapsed:>4} (left: {eta})");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(what);
    bar
}
