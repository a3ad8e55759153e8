//! Claims that are each other's before and after: what was so until a version, and what is so since.

use std::collections::HashMap;

use crate::record::CaseRecord;

/// Which claims are one rule.
#[derive(Default)]
pub(crate) struct Chains<'a> {
    /// For a claim the one that it replaces.
    before: HashMap<&'a str, &'a str>,
}

impl<'a> Chains<'a> {
    /// As the claims themselves say.
    pub(crate) fn of(cases: impl Iterator<Item = &'a CaseRecord>) -> Self {
        let mut chains = Self::default();
        for case in cases {
            if let Some(replaced) = case.replaces.as_deref().filter(|&replaced| replaced != case.name) {
                chains.before.insert(&case.name, replaced);
            }
        }
        chains
    }

    /// The first claim of the rule that `claim` belongs to. A record may say anything, so a circle ends somewhere.
    pub(crate) fn first(&self, claim: &'a str) -> &'a str {
        let mut first = claim;
        for _ in 0..self.before.len() {
            match self.before.get(first) {
                Some(before) => first = before,
                None => break,
            }
        }
        first
    }

    /// The claims after `was` and before `is`, the oldest first, if the one leads to the other.
    pub(crate) fn between(&self, was: &str, is: &str) -> Option<Vec<&'a str>> {
        let mut passed = Vec::new();
        let mut at = *self.before.get(is)?;
        while at != was && passed.len() < self.before.len() {
            passed.push(at);
            at = *self.before.get(at)?;
        }
        passed.reverse();
        Some(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::case;
    use crate::verdict::Verdict::Holds;

    fn replacing(name: &str, replaced: &str) -> CaseRecord {
        CaseRecord { replaces: Some(replaced.into()), ..case(name, Holds) }
    }

    #[test]
    fn a_rule_that_changed_twice_is_one_and_a_circle_ends() {
        let cases = [replacing("pid::c", "pid::b"), replacing("pid::b", "pid::a"), case("pid::a", Holds)];
        let chains = Chains::of(cases.iter());
        assert_eq!(
            ["pid::c", "pid::b", "pid::a", "pid::d"].map(|name| chains.first(name)),
            ["pid::a", "pid::a", "pid::a", "pid::d"]
        );
        assert_eq!(chains.between("pid::a", "pid::c"), Some(vec!["pid::b"]));
        assert_eq!(chains.between("pid::b", "pid::c"), Some(vec![]));
        assert_eq!(chains.between("pid::c", "pid::a"), None);
        let circle = [replacing("pid::c", "pid::b"), replacing("pid::b", "pid::c")];
        let circle = Chains::of(circle.iter());
        circle.first("pid::c");
        circle.between("pid::a", "pid::c");
    }
}
