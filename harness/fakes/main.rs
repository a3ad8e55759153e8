//! A conformance suite of fake cases, one for each way in which a case can go wrong. The tests of this crate run this
//! program as a person would and look at what it reports.

fn main() -> std::process::ExitCode {
    harness::test_door(harness::Registry {
        cases: &[fake::faults::CASES, fake::good::CASES, guest::faults::CASES, patient::waiting::CASES],
        programs: &[],
    })
}

mod fake {
    pub(crate) mod faults;
    pub(crate) mod good;
}

/// Not in `fake`, whose cases all end by themselves.
mod patient {
    pub(crate) mod waiting;
}

/// What only a disposable kernel survives, or not.
mod guest {
    pub(crate) mod faults;
}
