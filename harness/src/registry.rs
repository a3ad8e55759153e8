//! All there is to run: the suites' cases and programs.

use std::collections::BTreeMap;

use crate::claim::Case;
use crate::process::Program;

/// The suites' tables.
#[derive(Debug, Clone, Copy)]
pub struct Registry {
    /// The tables of cases, one a file.
    pub cases: &'static [&'static [Case]],
    /// The programs that cases execute.
    pub programs: &'static [&'static [Program]],
}

impl Registry {
    /// Every case, in the order of the tables.
    pub fn all(&self) -> impl Iterator<Item = &'static Case> + use<> {
        let tables = self.cases;
        tables.iter().flat_map(|table| table.iter())
    }

    /// The names of the suites, sorted.
    pub fn suites(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.all().map(Case::suite).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The cases of these suites; of all when none is named.
    pub(crate) fn of_suites(&self, suites: &[String]) -> impl Iterator<Item = &'static Case> {
        self.all().filter(|case| suites.is_empty() || suites.iter().any(|suite| suite == case.suite()))
    }

    /// Refuses a suite that does not exist.
    pub(crate) fn check_suites(&self, suites: &[String]) -> anyhow::Result<()> {
        let known = self.suites();
        match suites.iter().find(|suite| !known.contains(&suite.as_str())) {
            Some(suite) => anyhow::bail!("there is no suite «{suite}»: there are {}", known.join(", ")),
            None => Ok(()),
        }
    }

    /// Names that more than one case has: there must be none.
    pub fn doubles(&self) -> Vec<String> {
        let mut counts = BTreeMap::new();
        for case in self.all() {
            *counts.entry(case.name()).or_insert(0) += 1;
        }
        counts.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name).collect()
    }
}
