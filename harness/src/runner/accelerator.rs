//! Which accelerator machines run under: the one that was asked for, or the one that was seen to work.

use anyhow::Result;
use vm::accel::Accel;
use vm::kernels::Cache;
use vm::probe::{Probe, probe};

use super::virtual_kernel::VirtualKernel;
use crate::terminal;

/// Finds out, by booting this kernel if nobody has before, and says so once.
pub(crate) fn choose(wanted: Option<Accel>, cache: &Cache, kernel: &VirtualKernel) -> Result<Accel> {
    if let Some(accel) = wanted {
        return Ok(accel);
    }
    let Probe { accel, why } = probe(cache.root(), &kernel.setup())?;
    terminal::note(format_args!("accelerator: {accel} ({why})"));
    Ok(accel)
}

/// Reads the value of `--accel`.
pub(crate) fn parse(text: &str) -> Result<Accel, String> {
    [Accel::Kvm, Accel::Tcg]
        .into_iter()
        .find(|accel| accel.to_string() == text)
        .ok_or_else(|| "there are kvm and tcg".to_owned())
}
