//! Joining the parts of a proof.

use super::record::{AlteredFunction, Proof, Prover};
use crate::merge::MergeError;
use crate::record::Shard;

/// Joins the parts of proofs into one proof a kernel, kernels in the order in which they are met.
///
/// # Errors
/// If two parts about one kernel do not fit together.
pub fn merge(parts: impl IntoIterator<Item = Proof>) -> Result<Vec<Proof>, MergeError> {
    let mut kernels: Vec<Vec<Proof>> = Vec::new();
    for part in parts {
        match kernels.iter_mut().find(|known| known[0].kernel.word == part.kernel.word) {
            Some(known) => known.push(part),
            None => kernels.push(vec![part]),
        }
    }
    let wholes = kernels.into_iter().filter_map(|parts| join(parts).transpose());
    wholes.collect()
}

/// Joins parts about one kernel; none of no parts.
fn join(parts: Vec<Proof>) -> Result<Option<Proof>, MergeError> {
    let mut shards: Vec<Shard> = parts.iter().filter_map(|part| part.shard).collect();
    shards.sort_by_key(|shard| shard.index);
    shards.dedup();
    let mut parts = parts.into_iter();
    let Some(mut whole) = parts.next() else { return Ok(None) };
    for part in parts {
        fits(&whole, &part)?;
        whole.started = whole.started.min(part.started);
        whole.wall += part.wall;
        part.functions.into_iter().for_each(|function| add_function(&mut whole.functions, function));
        part.claims.into_iter().for_each(|claim| add_claim(&mut whole.claims, claim));
    }
    for function in &mut whole.functions {
        function.alterations.sort_by(|one, other| place(&one.at).cmp(&place(&other.at)));
    }
    // Those that are there may be all, or some.
    if shards.first().is_some_and(|shard| shards.len() == shard.count as usize) {
        whole.shard = None;
    }
    Ok(Some(whole))
}

fn add_function(all: &mut Vec<AlteredFunction>, new: AlteredFunction) {
    match all.iter_mut().find(|known| known.name == new.name) {
        None => all.push(new),
        Some(known) => {
            let others = new.alterations.into_iter().filter(|one| known.alterations.iter().all(|old| old.at != one.at));
            let others: Vec<_> = others.collect();
            known.alterations.extend(others);
        }
    }
}

fn add_claim(all: &mut Vec<Prover>, new: Prover) {
    if all.iter().all(|known| known.name != new.name) {
        all.push(new);
    }
}

/// `0xc8:jcc` as something that sorts by addresses.
fn place(at: &str) -> (u64, &str) {
    let (offset, kind) = at.split_once(':').unwrap_or((at, ""));
    (u64::from_str_radix(offset.trim_start_matches("0x"), 16).unwrap_or(0), kind)
}

fn fits(whole: &Proof, part: &Proof) -> Result<(), MergeError> {
    let same = |what: &'static str, one: &str, other: &str| match one == other {
        true => Ok(()),
        false => {
            let word = whole.kernel.word.clone();
            Err(MergeError::Differ { word, what, one: one.to_owned(), other: other.to_owned() })
        }
    };
    same("nsproof version", &whole.nsproof, &part.nsproof)?;
    same("word", &whole.kernel.word, &part.kernel.word)?;
    same("version", &whole.kernel.version, &part.kernel.version)?;
    let config = |proof: &Proof| proof.kernel.config_digest.clone().unwrap_or_default();
    same("configuration", &config(whole), &config(part))?;
    let selection = |proof: &Proof| proof.selection.clone().unwrap_or_default();
    same("selection", &selection(whole), &selection(part))?;
    match (whole.shard, part.shard) {
        (Some(one), Some(other)) if one.count != other.count => {
            Err(MergeError::Shards { word: whole.kernel.word.clone(), one, other })
        }
        _ => Ok(()),
    }
}
