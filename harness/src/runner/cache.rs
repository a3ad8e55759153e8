//! Where kernels are kept.

use std::path::Path;

use anyhow::{Result, bail};
use vm::kernels::{Cache, is_path};

use crate::terminal;

/// The cache, which tells of downloads on standard error.
pub(crate) fn open_cache() -> Result<Cache> {
    Ok(Cache::open(None)?.on_notice(|notice| terminal::note(notice)))
}

/// Which of these kernels would have to be downloaded, with its size in bytes.
pub(crate) fn to_download<'a>(
    cache: &Cache,
    words: impl IntoIterator<Item = &'a String>,
) -> Result<Vec<(String, u64)>> {
    let sizes = words.into_iter().map(|word| Ok(cache.to_download(word)?.map(|size| (word.clone(), size))));
    sizes.filter_map(Result::transpose).collect()
}

/// Bytes as a person reads them.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

/// Refuses modules for kernels none of which is named by its path: the others bring their own.
pub(crate) fn refuse_modules_without_image(modules: Option<&Path>, words: &[String]) -> Result<()> {
    let Some(folder) = modules.filter(|_| !words.iter().any(|word| is_path(word))) else { return Ok(()) };
    let named = match words {
        [] => "none is named".to_owned(),
        words => format!("{} is none", words.join(", ")),
    };
    bail!("--modules {} is for a kernel that --kernel gives the path of, and {named}", folder.display())
}
