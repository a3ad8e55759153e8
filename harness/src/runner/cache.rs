//! Where kernels are kept.

use anyhow::Result;
use vm::kernels::Cache;

use crate::terminal;

/// The cache, which tells of downloads on standard error.
pub(crate) fn open_cache() -> Result<Cache> {
    Ok(Cache::open(None)?.on_notice(|notice| terminal::note(notice)))
}
