//! All there is to run: the suites, with their cases and programs.

use std::collections::BTreeMap;

use super::claim::Case;
use super::program::Program;

/// One suite's tables.
#[derive(Debug, Clone, Copy)]
pub struct Suite {
    /// The tables of cases, one a theme.
    pub cases: &'static [&'static [Case]],
    /// The programs that its cases execute.
    pub programs: &'static [&'static [Program]],
}

/// A name that no suite has.
#[derive(Debug, thiserror::Error)]
#[error("there is no suite «{name}»: there are {known}")]
pub struct NoSuite {
    name: String,
    known: String,
}

/// All suites.
#[derive(Debug, Clone, Copy)]
pub struct Registry {
    /// In the order in which their cases run.
    pub suites: &'static [Suite],
    /// Texts of proposals to the authors of the manual; may be empty.
    pub proposals: &'static [&'static str],
}

impl Registry {
    /// Every case, in the order of the tables.
    pub fn all(&self) -> impl Iterator<Item = &'static Case> + use<> {
        self.suites.iter().flat_map(|suite| suite.cases).flat_map(|table| table.iter())
    }

    /// Every program that a case can execute.
    pub fn programs(&self) -> impl Iterator<Item = &'static Program> + use<> {
        self.suites.iter().flat_map(|suite| suite.programs).flat_map(|table| table.iter())
    }

    /// The names of the suites, sorted.
    pub fn suites(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.all().map(Case::suite).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The cases of these suites; of all when none is named.
    pub fn of_suites(&self, suites: &[String]) -> impl Iterator<Item = &'static Case> {
        self.all().filter(|case| suites.is_empty() || suites.iter().any(|suite| suite == case.suite()))
    }

    /// Refuses a suite that does not exist.
    pub fn check_suites(&self, suites: &[String]) -> Result<(), NoSuite> {
        let known = self.suites();
        match suites.iter().find(|suite| !known.contains(&suite.as_str())) {
            Some(suite) => Err(NoSuite { name: suite.clone(), known: known.join(", ") }),
            None => Ok(()),
        }
    }

    /// Names that more than one case, or more than one program, has: there must be none.
    pub fn doubles(&self) -> Vec<String> {
        let mut counts = BTreeMap::new();
        let programs = self.programs().map(|program| format!("program {}", program.name));
        for name in self.all().map(Case::name).chain(programs) {
            *counts.entry(name).or_insert(0) += 1;
        }
        counts.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name).collect()
    }
}
