//! A kernel to be booted: everything that is the same for all machines that run it.

use vm::accel::Accel;
use vm::initramfs::{Contents, Initramfs};
use vm::kernels::Kernel;
use vm::machine::{Machine, Setup};

use super::seat::{Seat, SeatError};
use crate::needs::Need;
use crate::pace::Pace;
use crate::registry::Registry;

/// How often a machine's boot is tried. A case is never tried again, but a boot says nothing about a claim.
const BOOTS: usize = 3;

/// One kernel, and what its machines are made of.
#[derive(Debug)]
pub(crate) struct VirtualKernel {
    pub(crate) kernel: Kernel,
    pub(crate) initramfs: Initramfs,
    pub(crate) accel: Accel,
}

impl VirtualKernel {
    /// Packs what a machine with this kernel needs to carry out every case there is.
    pub(crate) fn new(kernel: Kernel, accel: Accel, registry: &Registry) -> anyhow::Result<Self> {
        let needs: Vec<Need> = registry.all().flat_map(|case| case.needs).copied().collect();
        let mut modules: Vec<&str> = needs.iter().filter_map(|need| named(need, "module")).collect();
        let mut programs: Vec<&str> = needs.iter().filter_map(|need| named(need, "program")).collect();
        for list in [&mut modules, &mut programs] {
            list.sort_unstable();
            list.dedup();
        }
        let init = std::env::current_exe()?;
        let contents = Contents { init: &init, kernel: &kernel, modules: &modules, programs: &programs };
        let initramfs = Initramfs::build(&contents)?;
        Ok(Self { kernel, initramfs, accel })
    }

    /// A worker in a machine that was booted for it.
    pub(crate) fn boot(&self) -> Result<Seat, SeatError> {
        let mut setup = Setup::new(&self.kernel, &self.initramfs);
        setup.accel = self.accel;
        let mut attempt = 1;
        loop {
            match Machine::boot(&setup)
                .map_err(SeatError::from)
                .and_then(|machine| Seat::in_machine(machine, self.pace()))
            {
                Err(SeatError::Machine { why, console }) if attempt < BOOTS && !console.is_empty() => {
                    eprintln!("{}: boot {attempt} of {BOOTS} failed: {why}", self.kernel.word);
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }

    fn pace(&self) -> Pace {
        match self.accel {
            Accel::Kvm => Pace::Native,
            Accel::Tcg => Pace::Emulated,
        }
    }
}

fn named(need: &Need, what: &str) -> Option<&'static str> {
    match (need, what) {
        (Need::Module(name), "module") | (Need::Tool(name), "program") => Some(name),
        _ => None,
    }
}
