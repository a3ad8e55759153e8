//! Joining runs that are parts of one matrix.

use crate::record::{Matrix, Run, Shard};

/// Why runs cannot be joined.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Two runs of one word are not of the same kernel, machine or version.
    #[error("two runs of {word} differ in their {what} ({one:?} and {other:?}): merge only parts of one matrix")]
    Differ {
        /// The kernel's word.
        word: String,
        /// What differs.
        what: &'static str,
        /// What one run has.
        one: String,
        /// What the other has.
        other: String,
    },
    /// Two runs are parts of different wholes.
    #[error("two runs of {word} are shards {one} and {other}: merge shards of one division")]
    Shards {
        /// The kernel's word.
        word: String,
        /// One shard.
        one: Shard,
        /// The other.
        other: Shard,
    },
}

/// Joins runs, kernels in the order in which they are met, into one run a kernel.
///
/// What two runs of a kernel found alike is kept once. What they found differently is kept twice, and so is
/// flaky. A joined run began when the first one did and took as long as all together. If shards are missing,
/// its selection says which there are.
///
/// # Errors
/// If two runs of one kernel do not fit together.
pub fn merge(matrices: impl IntoIterator<Item = Matrix>) -> Result<Matrix, MergeError> {
    let mut parts: Vec<Vec<Run>> = Vec::new();
    for run in matrices.into_iter().flat_map(|matrix| matrix.runs) {
        match parts.iter_mut().find(|part| part[0].kernel.word == run.kernel.word) {
            Some(part) => part.push(run),
            None => parts.push(vec![run]),
        }
    }
    let runs = parts.into_iter().filter_map(|part| join(part).transpose());
    Ok(Matrix { runs: runs.collect::<Result<_, _>>()? })
}

/// Joins the runs of one kernel; none of no runs.
fn join(part: Vec<Run>) -> Result<Option<Run>, MergeError> {
    let selection = selection(&part);
    let mut shards: Vec<Shard> = part.iter().filter_map(|run| run.shard).collect();
    let mut runs = part.into_iter();
    let Some(mut whole) = runs.next() else {
        return Ok(None);
    };
    for run in runs {
        fits(&whole, &run)?;
        whole.started = whole.started.min(run.started);
        whole.wall += run.wall;
        whole.problem = whole.problem.or(run.problem);
        for case in run.cases {
            let alike = |known: &crate::CaseRecord| known.name == case.name && known.verdict == case.verdict;
            if !whole.cases.iter().any(alike) {
                whole.cases.push(case);
            }
        }
    }
    shards.sort_by_key(|shard| shard.index);
    shards.dedup();
    whole.selection = selection;
    // A run that is no shard is the whole already.
    if whole.shard.is_some() && shards.len() > 1 {
        whole.shard = None;
        if shards.len() < shards[0].count as usize {
            let there: Vec<_> = shards.iter().map(Shard::to_string).collect();
            let there = format!("--shard {}", there.join(" "));
            whole.selection = Some(whole.selection.map_or(there.clone(), |text| format!("{text} {there}")));
        }
    }
    Ok(Some(whole))
}

/// What the runs were narrowed to together: nothing, if one of them was not.
fn selection(part: &[Run]) -> Option<String> {
    let mut all: Vec<&str> = part.iter().map(|run| run.selection.as_deref()).collect::<Option<_>>()?;
    all.sort_unstable();
    all.dedup();
    Some(all.join(" + "))
}

/// Refuses a run that is no part of the same whole.
fn fits(whole: &Run, run: &Run) -> Result<(), MergeError> {
    let same = |what: &'static str, one: &str, other: &str| match one == other {
        true => Ok(()),
        false => Err(MergeError::Differ {
            word: whole.kernel.word.clone(),
            what,
            one: one.into(),
            other: other.into(),
        }),
    };
    same("nsproof version", &whole.nsproof, &run.nsproof)?;
    // A kernel that never came up in one of the runs does not say what it is.
    if whole.problem.is_none() && run.problem.is_none() {
        same("release", &whole.kernel.release, &run.kernel.release)?;
        same("version", &whole.kernel.version, &run.kernel.version)?;
        let config = |run: &Run| run.kernel.config_digest.clone().unwrap_or_default();
        same("configuration", &config(whole), &config(run))?;
    }
    same("architecture", &whole.machine.arch, &run.machine.arch)?;
    same("accelerator", &whole.machine.accelerator, &run.machine.accelerator)?;
    let qemu = |run: &Run| run.machine.qemu.clone().unwrap_or_default();
    same("QEMU version", &qemu(whole), &qemu(run))?;
    same("isolation", &whole.machine.isolation, &run.machine.isolation)?;
    match (whole.shard, run.shard) {
        (Some(one), Some(other)) if one.count != other.count => {
            Err(MergeError::Shards { word: whole.kernel.word.clone(), one, other })
        }
        _ => Ok(()),
    }
}
