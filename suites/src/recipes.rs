//! Command lines that people copy: the tools of util-linux, iproute2 and others, and what the kernel does for them.

mod containers;
mod engines;
mod ip_netns;
mod joining;
mod keeping;
mod limits;
mod listing;
mod nat;
mod new_namespaces;
mod processes;
mod reading;
mod table;
mod wires;

use kit::Suite;

/// The suite's cases.
pub const SUITE: Suite = Suite {
    cases: &[
        containers::CASES,
        engines::CASES,
        ip_netns::CASES,
        joining::CASES,
        keeping::CASES,
        limits::CASES,
        listing::CASES,
        nat::CASES,
        new_namespaces::CASES,
        processes::CASES,
        table::CASES,
        wires::CASES,
    ],
    programs: &[],
};
