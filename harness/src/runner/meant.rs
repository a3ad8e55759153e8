//! What somebody may have meant who typed a word that stands for nothing.

use kit::Case;

/// How alike two names are that may be the same but for a slip, of 1.
const ALIKE: f64 = 0.85;

/// What a name that no claim has may have been meant for, in words; empty when there is none like it.
pub(crate) fn did_you_mean(name: &str, cases: &[&Case]) -> String {
    let mut meant: Vec<String> = cases.iter().filter(|case| case.function == name).map(|case| case.name()).collect();
    if meant.is_empty() {
        let likeness =
            |case: &&&Case| strsim::jaro_winkler(name, &case.name()).max(strsim::jaro_winkler(name, case.function));
        let best = cases.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        meant.extend(best.filter(|case| likeness(case) >= ALIKE).map(|case| case.name()));
    }
    meant_in_words(&meant)
}

/// The same for a word that stands for none of `known`.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let likeness = |known: &str| strsim::jaro_winkler(word, known);
    let best = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    meant_in_words(&best.filter(|best| likeness(best) >= ALIKE).map(str::to_owned).into_iter().collect::<Vec<_>>())
}

fn meant_in_words(meant: &[String]) -> String {
    if meant.is_empty() { String::new() } else { format!(" (did you mean {}?)", meant.join(" or ")) }
}
