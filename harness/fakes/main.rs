//! A conformance suite of fake cases, one for each way in which a case can go wrong. The tests of this crate run this
//! program as a person would and look at what it reports. Called by the name of the command, it is the command.

use kit::{Registry, Suite};

const ALL: Registry = Registry {
    suites: &[
        Suite { cases: &[fake::faults::CASES, fake::good::CASES], programs: &[] },
        Suite { cases: &[guest::faults::CASES, guest::stuck::CASES], programs: &[] },
        misuse::SUITE,
        Suite { cases: &[patient::crowding::CASES, patient::waiting::CASES], programs: &[] },
        Suite { cases: &[turning::versions::CASES], programs: &[] },
        Suite { cases: &[altered::names::CASES], programs: &[] },
    ],
    proposals: &[],
};

fn main() -> std::process::ExitCode {
    match std::env::args_os().next() {
        Some(name) if name == "nsproof" => harness::command(ALL),
        _ => harness::test_door(ALL),
    }
}

mod fake {
    pub(crate) mod faults;
    pub(crate) mod good;
}

mod misuse;

/// Not in `fake`, whose cases all end by themselves.
mod patient {
    pub(crate) mod crowding;
    pub(crate) mod waiting;
}

/// What only a disposable kernel survives, or not.
mod guest {
    pub(crate) mod faults;
    pub(crate) mod stuck;
}

/// What one kernel does and another does not.
mod turning {
    pub(crate) mod versions;
}

/// What kernels that are altered are asked.
mod altered {
    pub(crate) mod names;
}
