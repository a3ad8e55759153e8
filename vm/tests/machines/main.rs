//! Machines that boot, are cloned, and fail in every way there is.
//!
//! Those that need a real kernel take the newest in the cache, and are ignored with the reason where there is none.

mod broken;
mod guest_side;
mod real;

use libtest_mimic::{Arguments, Trial};

fn main() {
    if vm::guest::is_init() {
        guest_side::serve();
    }
    if broken::holds_a_machine() {
        return;
    }
    let trials: Vec<Trial> = broken::trials().into_iter().chain(real::trials()).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
