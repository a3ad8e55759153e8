//! A comparison as Markdown: of two kernels it reads like the notes to a release.

use std::fmt::Write as _;

use crate::counts::count;
use crate::diff::Diff;
use crate::difference::{Difference, DifferenceKind, Former};
use crate::difftext::{step, words_of};
use crate::fold::fold;
use crate::markdown::{cell, code, sentence};
use crate::release::Release;
use crate::text::{capital, first_line, without_version};
use crate::verdict::Verdict;

impl Diff {
    /// As Markdown: what got worse, what else was answered differently, then the rules that changed, by theme.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = match self.two_kernels() {
            Some((old, new)) => format!(
                "## Namespaces from {} to {}\n\n{}. Each was tried on both kernels; `nsproof explain NAME` tells more of a \
                 claim, by the name in brackets.\n\n",
                cell(old),
                cell(new),
                cell(&self.summary())
            ),
            None => format!("## Compared: {}\n\n", cell(&self.sentence())),
        };
        for note in self.notes() {
            let _ = writeln!(out, "{}.\n", cell(&capital(&note)));
        }
        for (kind, differences) in self.by_kind() {
            if !kind.is_by_rule() && kind != DifferenceKind::New {
                let _ = writeln!(out, "### {} ({})\n", capital(kind.as_str()), differences.len());
                for difference in differences {
                    item(&mut out, &[difference], self.is_one());
                }
                out.push('\n');
            }
        }
        self.by_theme(&mut out, "Rules that changed, began or ended", DifferenceKind::is_by_rule);
        self.by_theme(&mut out, "New cases", |kind| kind == DifferenceKind::New);
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }

    /// The differences of these kinds, below a heading a theme.
    fn by_theme(&self, out: &mut String, title: &str, is_meant: impl Fn(DifferenceKind) -> bool) {
        let mut meant: Vec<_> = self.changes.iter().filter(|change| is_meant(change.kind)).collect();
        if meant.is_empty() {
            return;
        }
        let _ = writeln!(out, "### {title} ({})\n", meant.len());
        let since = |change: &Difference| change.since.as_deref().map(Release::parse);
        meant.sort_by_cached_key(|change| (&change.suite, &change.theme, change.kind, since(change), &change.claim));
        for theme in meant.chunk_by(|a, b| (&a.suite, &a.theme) == (&b.suite, &b.theme)) {
            let (suite, name) = (&theme[0].suite, theme[0].theme.replace('_', " "));
            let heading = [suite.as_str(), &name].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
            let _ = writeln!(out, "#### {}\n", cell(&heading.join(": ")));
            let mut left = theme;
            while let Some(first) = left.first() {
                let alike = left.iter().take_while(|other| are_alike(first, other)).count();
                let says: Vec<_> = left[..alike.max(1)].iter().map(|change| shown(change)).collect();
                let (together, rest) = left.split_at(fold(&says).map_or(1, |(number, _)| number));
                item(out, together, self.is_one());
                left = rest;
            }
            out.push('\n');
        }
    }

    /// The two kernels, if it is no more than two that are compared.
    fn two_kernels(&self) -> Option<(&str, &str)> {
        match self.releases.as_slice() {
            [(label, ..)] if self.is_one() => label.split_once(" → "),
            _ => None,
        }
    }

    /// How much there is of what: `3 rules changed, 5 are new`, then what it comes to.
    fn summary(&self) -> String {
        let many = |kind| self.changes.iter().filter(|change| change.kind == kind).count();
        let rules = match many(DifferenceKind::Changed) {
            0 => None,
            number => Some(format!("{} changed", count(number, "rule"))),
        };
        let others = [(DifferenceKind::Begins, "new"), (DifferenceKind::Ends, "no longer so")];
        let others = others.into_iter().filter(|&(kind, _)| many(kind) > 0);
        let parts: Vec<_> =
            rules.into_iter().chain(others.map(|(kind, what)| format!("{} {what}", many(kind)))).collect();
        let detail = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        format!("{}{detail}", capital(&self.sentence()))
    }

    /// Whether every difference is about the same kernels, so that it need not be said of each.
    fn is_one(&self) -> bool {
        self.changes.windows(2).all(|pair| pair[0].kernels == pair[1].kernels)
            && self.changes.first().is_none_or(|change| change.kernels.len() == 1)
    }
}

/// Whether one item can be made of the two: nothing is otherwise but what they say.
fn are_alike(one: &Difference, other: &Difference) -> bool {
    let of = |change: &Difference| (label(change), change.kernels.clone());
    [one, other].iter().all(|change| change.kind.is_by_rule() && change.was.is_none()) && of(one) == of(other)
}

/// Differences that are one but for a word or two, as an item of a list: what is so now, what was so before, and the claims'
/// names.
fn item(out: &mut String, together: &[&Difference], is_one: bool) {
    let Some(difference) = together.first() else { return };
    let says: Vec<_> = together.iter().map(|change| shown(change)).collect();
    let says = fold(&says).map_or_else(|| says[0].clone(), |(_, folded)| folded);
    let _ = write!(out, "- **{}:** {}", cell(&label(difference)), sentence(&says));
    for passed in difference.between.iter().rev() {
        let says = without_version(words_of(&passed.says, &passed.claim));
        let _ = write!(out, " *From {}:* {}", cell(&passed.since), sentence(&says));
    }
    if let Some(was) = &difference.was {
        if !is_again(difference) {
            let _ = write!(out, " *Before:* {}", sentence(&without_version(words_of(&was.says, &was.claim))));
        }
        if was.verdict != Verdict::Holds {
            let _ = write!(out, " ({} there)", was.verdict);
        }
    }
    if !difference.message.is_empty() && !difference.kind.is_by_rule() {
        let _ = write!(out, " *Now:* {}", cell(first_line(&difference.message)));
    }
    let names: Vec<_> = together.iter().map(|change| code(&change.claim)).collect();
    let mut names = vec![names.join(", ")];
    names.extend(difference.between.iter().rev().map(|passed| code(&passed.claim)));
    names.extend(difference.was.as_ref().map(|was| code(&was.claim)));
    let _ = write!(out, " ({}", names.join(", before "));
    if !is_one {
        let _ = write!(out, "; on {}", cell(&difference.kernels.join(", ")));
    }
    out.push_str(")\n");
}

/// What stands before a difference: since when it is so, or the verdicts.
fn label(difference: &Difference) -> String {
    match (difference.kind, &difference.since, &difference.until) {
        (DifferenceKind::Changed, Some(since), _) if is_again(difference) => format!("Again since {since}"),
        (DifferenceKind::Changed, Some(since), _) if difference.was.is_some() => format!("Since {since}"),
        (DifferenceKind::Changed, ..) => "Now".into(),
        (DifferenceKind::Begins, Some(since), _) => format!("New in {since}"),
        (DifferenceKind::Begins, ..) => "New".into(),
        (DifferenceKind::Ends, _, Some(until)) => format!("No longer so since {until}"),
        (DifferenceKind::Ends, ..) => "No longer so".into(),
        _ => step(difference),
    }
}

/// Whether the rule is what it was, and was another on versions between.
fn is_again(difference: &Difference) -> bool {
    let same = |was: &Former| without_version(&was.says) == without_version(&difference.says);
    !difference.between.is_empty() && difference.was.as_ref().is_some_and(same)
}

/// What a difference's claim says, as it stands behind its label.
fn shown(difference: &Difference) -> String {
    let says = words_of(&difference.says, &difference.claim);
    if difference.kind.is_by_rule() { without_version(says) } else { says.to_owned() }
}

#[cfg(test)]
mod tests;
