//! Joining runs that are parts of one matrix.

use std::collections::BTreeMap;

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
    let unfinished = unfinished(&part);
    let mut shards: Vec<Shard> = part.iter().filter_map(|run| run.shard).collect();
    let mut runs = part.into_iter();
    let Some(mut whole) = runs.next() else {
        return Ok(None);
    };
    for run in runs {
        fits(&whole, &run)?;
        whole.started = whole.started.min(run.started);
        whole.wall += run.wall;
        // Of a kernel that came up only once, that run says what it is, and what it ran on.
        if whole.kernel.release.is_empty() {
            (whole.kernel, whole.machine) = (run.kernel, run.machine);
        }
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
    (whole.selection, whole.unfinished) = (selection, unfinished);
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

/// How many cases are missing in the runs together: of a part that was begun more than once, as few as in the best try.
fn unfinished(part: &[Run]) -> usize {
    let mut parts: BTreeMap<u32, usize> = BTreeMap::new();
    for run in part {
        let index = run.shard.map_or(0, |shard| shard.index);
        parts.entry(index).and_modify(|known| *known = run.unfinished.min(*known)).or_insert(run.unfinished);
    }
    // A run that is no shard is the whole already.
    parts.get(&0).copied().unwrap_or_else(|| parts.values().sum())
}

/// Refuses a run that is no part of the same whole.
fn fits(whole: &Run, run: &Run) -> Result<(), MergeError> {
    let same = |what: &'static str, one: &str, other: &str| match one == other {
        true => Ok(()),
        false => {
            Err(MergeError::Differ { word: whole.kernel.word.clone(), what, one: one.into(), other: other.into() })
        }
    };
    same("nsproof version", &whole.nsproof, &run.nsproof)?;
    // A kernel that never came up in one of the runs does not say what it is: it did not boot, or a shard had nothing
    // to ask it.
    let came_up = |run: &Run| run.problem.is_none() && !run.kernel.release.is_empty();
    if came_up(whole) && came_up(run) {
        same("release", &whole.kernel.release, &run.kernel.release)?;
        same("version", &whole.kernel.version, &run.kernel.version)?;
        let config = |run: &Run| run.kernel.config_digest.clone().unwrap_or_default();
        same("configuration", &config(whole), &config(run))?;
        same("accelerator", &whole.machine.accelerator, &run.machine.accelerator)?;
        let qemu = |run: &Run| run.machine.qemu.clone().unwrap_or_default();
        same("QEMU version", &qemu(whole), &qemu(run))?;
    }
    same("architecture", &whole.machine.arch, &run.machine.arch)?;
    same("isolation", &whole.machine.isolation, &run.machine.isolation)?;
    match (whole.shard, run.shard) {
        (Some(one), Some(other)) if one.count != other.count => {
            Err(MergeError::Shards { word: whole.kernel.word.clone(), one, other })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::Verdict;
    use crate::fixtures::{case, run, small_matrix};
    use crate::grid::Grid;

    fn part(index: u32, name: &str, verdict: Verdict) -> Matrix {
        let mut run = run("6.12", [case(name, verdict)]);
        run.shard = Some(Shard { index, count: 2 });
        Matrix { runs: vec![run] }
    }

    #[test]
    fn shards_become_the_whole() {
        let whole = merge([part(2, "pid::b", Verdict::Holds), part(1, "pid::a", Verdict::Unmet)]).unwrap();
        let run = &whole.runs[0];
        assert_eq!(whole.runs.len(), 1);
        assert_eq!(run.cases.len(), 2);
        assert_eq!((run.shard, &run.selection), (None, &None));
        assert_eq!(run.wall.as_millis(), 5000);
    }

    #[test]
    fn a_missing_shard_is_not_forgotten() {
        let mut parts = [part(1, "pid::a", Verdict::Holds), part(3, "pid::b", Verdict::Holds)];
        for matrix in &mut parts {
            matrix.runs[0].shard.as_mut().unwrap().count = 3;
            matrix.runs[0].selection = Some("--suite pid".into());
        }
        let whole = merge(parts).unwrap();
        assert_eq!(whole.runs[0].selection.as_deref(), Some("--suite pid --shard 1/3 3/3"));
    }

    #[test]
    fn what_was_not_asked_is_counted_once() {
        let shard = |index, unfinished| {
            let mut matrix = part(index, "pid::a", Verdict::Holds);
            matrix.runs[0].unfinished = unfinished;
            matrix
        };
        let of = |parts: Vec<Matrix>| merge(parts).unwrap().runs[0].unfinished;
        assert_eq!(of(vec![shard(1, 3), shard(2, 4)]), 7);
        assert_eq!(of(vec![shard(1, 3), shard(2, 4), shard(1, 0)]), 4);
    }

    #[test]
    fn kernels_stand_side_by_side() {
        let matrix = small_matrix();
        let single = matrix.runs.iter().map(|run| Matrix { runs: vec![run.clone()] });
        assert_eq!(merge(single).unwrap(), matrix);
        assert_eq!(merge([]).unwrap(), Matrix::default());
    }

    #[test]
    fn equal_answers_are_kept_once_and_different_ones_both() {
        let whole = merge([
            part(1, "pid::a", Verdict::Holds),
            part(2, "pid::a", Verdict::Holds),
            part(2, "pid::a", Verdict::Violated),
        ])
        .unwrap();
        let grid = Grid::of(&whole);
        assert_eq!(whole.runs[0].cases.len(), 2);
        assert!(grid.rows[0].cells[0].is_flaky());
    }

    #[test]
    fn a_shard_that_had_nothing_to_ask_fits() {
        let mut idle = part(2, "pid::b", Verdict::Holds);
        idle.runs[0].cases.clear();
        idle.runs[0].kernel.release.clear();
        idle.runs[0].kernel.version.clear();
        let busy = part(1, "pid::a", Verdict::Holds);
        for parts in [[idle.clone(), busy.clone()], [busy.clone(), idle]] {
            let run = &merge(parts).unwrap().runs[0];
            assert_eq!((run.kernel.clone(), run.shard, run.cases.len()), (busy.runs[0].kernel.clone(), None, 1));
        }
    }

    #[test]
    fn a_kernel_that_came_up_once_says_what_it_is() {
        let mut dead = run("6.12", []);
        dead.kernel.release.clear();
        dead.problem = Some("the kernel did not boot".into());
        let whole = merge([Matrix { runs: vec![dead] }, part(1, "pid::a", Verdict::Holds)]).unwrap();
        assert_eq!(whole.runs[0].kernel.release, "6.12.9-cloud-amd64");
        assert!(whole.runs[0].problem.is_some());
    }

    #[rstest]
    #[case::release(|run: &mut Run| run.kernel.release = "6.12.10".into(), "release (\"6.12.9-cloud-amd64\" and \"6.12.10\")")]
    #[case::version(|run: &mut Run| run.nsproof = "0.2.0".into(), "nsproof version (\"0.1.0\" and \"0.2.0\")")]
    #[case::config(|run: &mut Run| run.kernel.config_digest = None, "configuration (\"sha256:00ff\" and \"\")")]
    #[case::accelerator(|run: &mut Run| run.machine.accelerator = "kvm".into(), "accelerator (\"tcg\" and \"kvm\")")]
    fn what_does_not_fit_is_refused(#[case] change: fn(&mut Run), #[case] what: &str) {
        let mut other = part(2, "pid::b", Verdict::Holds);
        change(&mut other.runs[0]);
        let error = merge([part(1, "pid::a", Verdict::Holds), other]).unwrap_err().to_string();
        assert_eq!(error, format!("two runs of 6.12 differ in their {what}: merge only parts of one matrix"));
    }

    #[test]
    fn shards_of_another_division_are_refused() {
        let mut other = part(2, "pid::b", Verdict::Holds);
        other.runs[0].shard = Some(Shard { index: 2, count: 3 });
        let error = merge([part(1, "pid::a", Verdict::Holds), other]).unwrap_err().to_string();
        assert_eq!(error, "two runs of 6.12 are shards 1/2 and 2/3: merge shards of one division");
    }
}
