//! Machines that boot, are cloned, and fail in every way there is; and downloads of what boots in them.
//!
//! Those that need a real kernel take the newest in the cache, and are ignored with the reason where there is none.

mod broken;
mod downloads;
mod guest_side;
mod real;

use libtest_mimic::{Arguments, Trial};

fn main() {
    if vm::guest::is_init() {
        guest_side::serve();
    }
    if broken::holds_a_machine() || downloads::is_a_run() {
        return;
    }
    let trials: Vec<Trial> = [broken::trials(), downloads::trials(), real::trials()].into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
