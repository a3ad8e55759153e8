//! Looking up what is on offer, and keeping the answer.

use std::fs;
use std::time::{Duration, SystemTime};

use super::apt::Apt;
use super::error::KernelError;
use super::mirror::Mirror;
use super::offer::Offer;
use super::store::{Store, replace};

/// The file of the cache that keeps the answer.
const OFFER: &str = "offer.json";
/// How long an answer is good enough to say that a word names no kernel.
const FRESH: Duration = Duration::from_secs(3600);
/// Bytes that Debian's lists of packages take before they are cut down to kernels.
const LISTS: u64 = 500_000_000;

/// What was on offer when it was last looked up.
pub(super) fn known(store: &Store) -> Result<Option<Offer>, KernelError> {
    store.read_json(OFFER)
}

/// Looks up what is on offer now. Who waited while another run did so takes that one's answer.
pub(super) fn look_up(store: &Store, notice: &dyn Fn(&str)) -> Result<Offer, KernelError> {
    let before = answered_at(store);
    let _lock = store.lock("offer")?;
    if answered_at(store) != before
        && let Some(offer) = known(store)?
    {
        return Ok(offer);
    }
    store.need(LISTS, "fetch Debian's lists of kernels to")?;
    notice("looking up which kernels Debian offers");
    let scratch = store.scratch()?;
    let state = scratch.path().join("apt");
    fs::create_dir(&state).map_err(|source| KernelError::io("create", &state, source))?;
    let lists = Apt { state: &state, scratch: scratch.path() }.update(&Mirror::of_this_machine()?)?;
    let mut texts = Vec::new();
    for list in lists {
        let text = fs::read_to_string(&list.file).map_err(|source| KernelError::io("read", &list.file, source))?;
        texts.push((list.suite, text));
    }
    let offer = Offer::read(texts.iter().map(|(suite, text)| (suite.as_str(), text.as_str())));
    replace(&state, &store.root.join("apt"))?;
    store.write_json_whole(OFFER, &offer)?;
    Ok(offer)
}

/// Whether it was looked up a moment ago: whoever mistyped a word need not wait for the same answer again.
pub(super) fn is_fresh(store: &Store) -> bool {
    answered_at(store).and_then(|time| time.elapsed().ok()).is_some_and(|age| age < FRESH)
}

fn answered_at(store: &Store) -> Option<SystemTime> {
    fs::metadata(store.root.join(OFFER)).and_then(|file| file.modified()).ok()
}
