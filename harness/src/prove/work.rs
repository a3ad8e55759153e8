//! All alterations, side by side: each is journalled when it is done, so that a proof goes on where it was stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use indicatif::ProgressBar;
use results::Shard;
use results::proof::{Altered, AlteredFunction, Asked, Entry, Fate, Journal, JournalHead, Line, Prover};

use super::earlier::{Before, was_tired_early};
use super::ground::Grounds;
use super::kept::Kept;
use super::reach::Reached;
use super::silent::Silence;
use super::trial::Bench;
use crate::code::kind::{Kind, Name};
use crate::terminal;

/// How to go about it.
#[derive(Debug)]
pub(crate) struct Manner {
    /// Whether to try every claim that reaches an alteration, or only those up to the first that notices.
    pub(crate) all: bool,
    /// Which part of the alterations; none: all.
    pub(crate) shard: Option<Shard>,
    /// How many claims are tried at most.
    pub(crate) most: usize,
    pub(crate) threads: usize,
    pub(crate) journal: PathBuf,
    /// Whether what another build found is taken over.
    pub(crate) keep: bool,
    /// Whether claims are asked one by one, and not alterations.
    pub(crate) claims: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) functions: Vec<AlteredFunction>,
    pub(crate) claims: Vec<Prover>,
    /// How long it took, with the parts that were done before.
    pub(crate) wall: Duration,
}

/// Carries out what the journal does not know yet.
pub(crate) fn carry_out(grounds: &Grounds, reached: &Reached, manner: &Manner, bar: &ProgressBar) -> Result<Done> {
    let began = Instant::now();
    let chosen = chosen(grounds, manner.shard);
    let (journal, known) = open(&manner.journal, reached, manner)?;
    let before: u64 = known.iter().map(Line::ms).sum();
    let (found, asked) = recognised(grounds, known);
    let mut open: Vec<usize> =
        chosen.iter().copied().filter(|number| is_open(reached, &found, *number, manner.most)).collect();
    bar.set_length(chosen.len() as u64);
    bar.set_position((chosen.len() - open.len()) as u64);
    let kept = Mutex::new(Kept { journal, found, asked });
    // Who notices that a jump is turned round most likely notices half of it, too: the halves come after all others.
    let is_half = |number: &usize| grounds.items[*number].name.kind.is_half();
    open.sort_by_key(|number| (is_half(number), *number));
    let halves = open.split_off(open.partition_point(|number| !is_half(number)));
    let bench = || Bench::new(grounds, reached, manner.all, manner.most);
    if manner.claims {
        let silence = Silence::new(grounds, reached, manner.most);
        let silent = silence.open(&kept.lock().unwrap_or_else(PoisonError::into_inner));
        bar.set_length(silent.len() as u64);
        bar.set_position(0);
        side_by_side(&silent, manner.threads, bench, |bench, at| silence.ask(bench, at, &kept, bar))?;
    } else {
        for numbers in [open, halves] {
            side_by_side(&numbers, manner.threads, bench, |bench, number| {
                one(bench, grounds, reached, number, &kept, bar)
            })?;
        }
    }
    let Kept { found, asked, .. } = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
    // What was done before was done by as many threads, as far as anybody knows.
    let wall = began.elapsed() + Duration::from_millis(before) / u32::try_from(manner.threads).unwrap_or(1);
    let chosen: BTreeSet<_> = chosen.into_iter().collect();
    let found = found.into_iter().filter(|(number, _)| chosen.contains(number));
    let found = found.map(|(number, (altered, _))| (number, altered)).collect();
    Ok(Done { functions: functions(grounds, found), claims: claims(grounds, reached, &asked), wall })
}

/// Whether an alteration is still to be tried, or to be tried with cases that came since then or that nobody had the patience for.
fn is_open(reached: &Reached, found: &BTreeMap<usize, (Altered, usize)>, number: usize, most: usize) -> bool {
    let Some((altered, build)) = found.get(&number) else { return true };
    let came_since = || reached.reaching(number).iter().any(|at| reached.takers[*at].build > *build);
    let is_early = altered.fate == Fate::Survived && was_tired_early(altered, most);
    matches!(altered.fate, Fate::Survived | Fate::Unreached) && (is_early || came_since())
}

/// Each of these, by threads that have a bench each.
fn side_by_side<'a>(
    numbers: &[usize],
    threads: usize,
    bench: impl Fn() -> Bench<'a> + Sync,
    each: impl Fn(&mut Bench<'a>, usize) -> Result<()> + Sync,
) -> Result<()> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| -> Result<()> {
        let work = || -> Result<()> {
            let mut bench = bench();
            while let Some(number) =
                numbers.get(next.fetch_add(1, Ordering::Relaxed)).filter(|_| !stop.load(Ordering::Relaxed))
            {
                // One thread's trouble is everybody's: the machine is full, or QEMU is gone.
                each(&mut bench, *number).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            }
            Ok(())
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(anyhow!("a thread panicked"))))
    })
}

fn one(
    bench: &mut Bench<'_>,
    grounds: &Grounds,
    reached: &Reached,
    number: usize,
    kept: &Mutex<Kept>,
    bar: &ProgressBar,
) -> Result<()> {
    let item = &grounds.items[number];
    let began = Instant::now();
    let before = before(grounds, number, &kept.lock().unwrap_or_else(PoisonError::into_inner).found);
    let altered = bench.carry_out(number, &before).with_context(|| format!("{} could not be tried", item.name))?;
    let entry = Entry {
        function: item.name.function.clone(),
        altered: altered.clone(),
        ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        build: reached.build,
    };
    if altered.fate == Fate::Survived {
        let line = format!("survived  {}  {} (reached by {})", item.name, item.words, altered.reached);
        bar.suspend(|| terminal::print(&format!("{line}\n")))?;
    }
    kept.lock().unwrap_or_else(PoisonError::into_inner).keep(number, entry)?;
    bar.inc(1);
    Ok(())
}

/// What is known of an alteration, and who noticed that its jump is turned round.
fn before(grounds: &Grounds, number: usize, found: &BTreeMap<usize, (Altered, usize)>) -> Before {
    let name = &grounds.items[number].name;
    let turned = Name { kind: Kind::Jump, ..name.clone() };
    // An instruction's alterations follow each other.
    let near = number.saturating_sub(Kind::ALL.len())..=number;
    let turned = found.range(near).find(|(other, _)| name.kind.is_half() && grounds.items[**other].name == turned);
    Before {
        known: found.get(&number).cloned(),
        hint: turned.and_then(|(_, (altered, _))| altered.by.first().cloned()),
    }
}

/// The alterations that are this shard's.
fn chosen(grounds: &Grounds, shard: Option<Shard>) -> Vec<usize> {
    let word = &grounds.kernel.kernel.word;
    let is_ours = |number: &usize| shard.is_none_or(|shard| shard.takes(word, &grounds.items[*number].name.place()));
    (0..grounds.items.len()).filter(is_ours).collect()
}

fn open(path: &Path, reached: &Reached, manner: &Manner) -> Result<(Journal, Vec<Line>)> {
    let head = JournalHead {
        kernel: reached.kernel.clone(),
        claims: reached.claims.clone(),
        shard: manner.shard.map(|shard| shard.to_string()).unwrap_or_default(),
        all: manner.all,
    };
    Ok(Journal::open(path, &head, manner.keep)?)
}

/// What became of alterations, with the builds that found it; and what claims were asked.
type Recognised = (BTreeMap<usize, (Altered, usize)>, BTreeMap<String, Asked>);

/// What a journal says of alterations that there are, and of claims.
fn recognised(grounds: &Grounds, known: Vec<Line>) -> Recognised {
    let names = grounds.items.iter().enumerate().map(|(number, item)| (item.name.to_string(), number));
    let names: BTreeMap<String, usize> = names.collect();
    let (mut found, mut claims) = (BTreeMap::new(), BTreeMap::new());
    for line in known {
        match line {
            Line::Alteration(entry) => {
                if let Some(number) = names.get(&format!("{}+{}", entry.function, entry.altered.at)) {
                    found.insert(*number, (entry.altered, entry.build));
                }
            }
            Line::Claim(asked) => {
                claims.insert(asked.claim.clone(), asked);
            }
        }
    }
    (found, claims)
}

/// The alterations by function.
fn functions(grounds: &Grounds, found: BTreeMap<usize, Altered>) -> Vec<AlteredFunction> {
    let mut functions: Vec<AlteredFunction> = Vec::new();
    for (number, altered) in found {
        let item = &grounds.items[number];
        match functions.last_mut() {
            Some(last) if last.name == item.name.function => last.alterations.push(altered),
            _ => functions.push(AlteredFunction {
                name: item.name.function.clone(),
                file: item.file.unwrap_or_default().to_owned(),
                alterations: vec![altered],
            }),
        }
    }
    functions
}

/// The claims that hold in the kernel as it is.
fn claims(grounds: &Grounds, reached: &Reached, asked: &BTreeMap<String, Asked>) -> Vec<Prover> {
    let holding = reached.takers.iter().filter(|taker| taker.verdict == results::Verdict::Holds);
    let prover = |taker: &super::reach::Taker| Prover {
        name: taker.case.name(),
        claim: taker.case.claim.to_owned(),
        reaches: (0..grounds.items.len()).filter(|number| reached.is_reached(*number, taker)).count(),
        tried: asked.get(&taker.case.name()).map_or(0, |asked| asked.tried),
    };
    holding.map(prover).collect()
}
