//! Which claims are chosen by name.

use anyhow::{Result, bail};
use kit::Case;
use libtest_mimic::{Conclusion, Trial};

use super::meant::did_you_mean;
use super::options::RunOptions;

/// What stands for a trial that the filters leave out. No claim has this name.
const LEFT_OUT: &str = "";

/// What was typed to choose claims by name.
pub(crate) struct Filters<'a> {
    any_of: Vec<&'a str>,
    none_of: &'a [String],
    exact: bool,
}

impl<'a> Filters<'a> {
    pub(crate) fn of(options: &'a RunOptions) -> Self {
        Self { any_of: options.names().collect(), none_of: &options.test.skip, exact: options.test.exact }
    }

    /// Any claim with one of these words in its name; with no words, every claim.
    pub(crate) fn parts(words: &'a [String]) -> Self {
        Self { any_of: words.iter().map(String::as_str).collect(), none_of: &[], exact: false }
    }

    /// The words themselves.
    pub(crate) fn words(&self) -> &[&'a str] {
        &self.any_of
    }

    /// Whether the claim of this name is chosen. The word of its kernel is no part of the name; only whole, as a list shows the
    /// two, does it stand for this claim on that kernel alone.
    pub(crate) fn pass(&self, claim: &str, kernel: &str) -> bool {
        let means = |filter: &str| match self.exact {
            true => claim == filter || format!("[{kernel}] {claim}") == filter,
            false => claim.contains(filter),
        };
        let chosen = self.any_of.is_empty() || self.any_of.iter().any(|filter| means(filter));
        chosen && !self.none_of.iter().any(|filter| means(filter))
    }

    /// Refuses a whole name that no claim on these kernels has: with several of them nobody would see that one is missing.
    pub(crate) fn refuse_unknown(&self, cases: &[&Case], kernels: &[&str], from: &str) -> Result<()> {
        if !self.exact {
            return Ok(());
        }
        let is_known = |name: &str| {
            let alone = Filters { any_of: vec![name], none_of: &[], exact: true };
            cases.iter().any(|case| kernels.iter().any(|kernel| alone.pass(&case.name(), kernel)))
        };
        match self.any_of.iter().find(|name| !is_known(name)) {
            None => Ok(()),
            Some(name) => {
                let all = cases.len();
                let hint = did_you_mean(name, cases);
                bail!("no case {from} is named «{name}»{hint}: `nsproof list` shows the names of all {all}")
            }
        }
    }
}

/// Has libtest-mimic run, or list, the trials that are chosen. Its own choice takes one filter and looks at kernels' words, too.
pub(crate) fn run(options: &RunOptions, trials: Vec<Trial>) -> Conclusion {
    let filters = Filters::of(options);
    let mut arguments = options.test.clone();
    // What is left out goes along under a name that is skipped: so it is counted.
    (arguments.filter, arguments.skip, arguments.exact) = (None, vec![LEFT_OUT.to_owned()], true);
    let trials = trials.into_iter().map(|trial| match filters.pass(trial.name(), trial.kind()) {
        true => trial,
        false => Trial::test(LEFT_OUT, || Ok(())),
    });
    libtest_mimic::run(&arguments, trials.collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_part(&["nest"], false, true)]
    #[case::another_part(&["depth", "uts"], false, true)]
    #[case::none_of_the_parts(&["uts", "ipc"], false, false)]
    #[case::the_kernels_word(&["6.12"], false, false)]
    #[case::a_part_of_the_kernels_word(&["linux"], false, false)]
    #[case::whole(&["uts::a", "pid::nesting"], true, true)]
    #[case::whole_as_it_is_listed(&["[../linux-6.12] pid::nesting"], true, true)]
    #[case::whole_on_another_kernel(&["[6.1] pid::nesting"], true, false)]
    #[case::no_whole(&["nesting"], true, false)]
    #[case::nothing_typed(&[], false, true)]
    fn claims_are_chosen_by_their_names(#[case] typed: &[&str], #[case] exact: bool, #[case] chosen: bool) {
        let filters = Filters { any_of: typed.to_vec(), none_of: &[], exact };
        assert_eq!(
            filters.pass("pid::nesting", "../linux-6.12") || filters.pass("pid::depth", "../linux-6.12"),
            chosen
        );
    }

    #[rstest]
    #[case("nest", false, false)]
    #[case("linux", false, true)]
    #[case("nesting", true, true)]
    #[case("pid::nesting", true, false)]
    fn what_is_skipped_is_not_chosen(#[case] skip: &str, #[case] exact: bool, #[case] chosen: bool) {
        let filters = Filters { any_of: vec!["pid::nesting"], none_of: &[skip.to_owned()], exact };
        assert_eq!(filters.pass("pid::nesting", "../linux-6.12"), chosen);
    }
}
