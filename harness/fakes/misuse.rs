//! The calibration of the kit: claims that are wrong about the kernel or about themselves, which its helpers must say, and
//! right ones beside them, made in the same way. The test «calibration» knows which verdict each must have.

mod answers;
mod becoming;
mod children;
mod devices;
mod entering;
mod grouped;
mod joined;
mod levels;
mod links;
mod listed;
mod living;
mod maps;
mod messages;
mod mounted;
mod names;
mod numbers;
mod programs;
mod settling;
mod signals;
mod threads;

use kit::Suite;

/// The suite's cases and programs.
pub(crate) const SUITE: Suite = Suite {
    cases: &[
        answers::CASES,
        becoming::CASES,
        children::CASES,
        devices::CASES,
        entering::CASES,
        grouped::CASES,
        joined::CASES,
        levels::CASES,
        links::CASES,
        listed::CASES,
        living::CASES,
        maps::CASES,
        messages::CASES,
        mounted::CASES,
        names::CASES,
        numbers::CASES,
        programs::CASES,
        settling::CASES,
        signals::CASES,
        threads::CASES,
    ],
    programs: &[programs::PROGRAMS],
};
