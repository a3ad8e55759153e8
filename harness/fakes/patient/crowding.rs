//! A case that a machine others work on must not bear.

use kit::prelude::*;
use kit::sys::clone::{CloneArgs, CloneFlags, Side, clone3};

pub(crate) const CASES: &[Case] = cases![makes_ever_more_processes];

/// More than any case has use for, and fewer than would do harm.
const ENOUGH: usize = 6000;

/// The case makes process after process and then waits.
#[claim(source = "namespaces(7)", deadline = 120)]
fn makes_ever_more_processes() -> Verdict {
    for _ in 0..ENOUGH {
        // Without a line to it: descriptors would run out first.
        if matches!(clone3(&CloneArgs::new(CloneFlags::empty()))?, Side::Child) {
            break;
        }
    }
    loop {
        nix::unistd::pause();
    }
}
