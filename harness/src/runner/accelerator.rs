//! Which accelerator machines run under: the one that was asked for, or the one that was seen to work.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use vm::accel::Accel;
use vm::kernels::Cache;
use vm::machine::{MachineError, Setup};
use vm::probe::{Probe, probe};

use crate::terminal;

/// The accelerator of all machines of a run. It is found out when the first of them is to be booted, which may be never.
#[derive(Debug)]
pub(crate) struct Accelerator {
    /// Where it is kept what was found out before.
    cache: PathBuf,
    known: Mutex<Option<Accel>>,
}

impl Accelerator {
    /// The one that is wanted, or what will be found out.
    pub(crate) fn new(wanted: Option<Accel>, cache: &Cache) -> Arc<Self> {
        Arc::new(Self { cache: cache.root().to_owned(), known: Mutex::new(wanted) })
    }

    /// The one that was chosen; none as long as nothing had to be booted.
    pub(crate) fn known(&self) -> Option<Accel> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds out, by booting this if nobody has before, and says so once.
    pub(crate) fn choose(&self, setup: &Setup<'_>) -> Result<Accel, MachineError> {
        // Who comes second waits for the answer.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(accel) = *known {
            return Ok(accel);
        }
        let Probe { accel, why } = probe(&self.cache, setup)?;
        terminal::note(format_args!("accelerator: {accel} ({why})"));
        *known = Some(accel);
        Ok(accel)
    }
}

/// Reads the value of `--accel`.
pub(crate) fn parse(text: &str) -> Result<Accel, String> {
    [Accel::Kvm, Accel::Tcg]
        .into_iter()
        .find(|accel| accel.to_string() == text)
        .ok_or_else(|| "there are kvm and tcg".to_owned())
}
