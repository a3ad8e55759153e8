//! Which claims are chosen by what they say, by who says so, and by what their tests need.

use anyhow::{Result, bail};
use clap::Args;
use kit::{Case, Need, Registry};

use super::guards::Guards;
use super::meant::nearest;

/// What stands for the needs of a claim that has none.
const NOTHING: &str = "nothing";

/// Options that choose claims otherwise than by name. An option that is given more than once means any of its values; different
/// options narrow each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(crate) struct Choice {
    /// Only this suite; may be given more than once
    #[arg(long, value_name = "SUITE")]
    pub(crate) suite: Vec<String>,

    /// Only claims that cite this; may be given more than once [pid_namespaces(7), kernel/nsproxy.c, clone(2) ERRORS]
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Vec<String>,

    /// Only claims with this in what they say; may be given more than once
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Vec<String>,

    /// Only claims whose test needs this; may be given more than once [root, CONFIG_TIME_NS, module, nothing]
    #[arg(long, value_name = "NEED")]
    pub(crate) needs: Vec<String>,

    #[command(flatten)]
    guarding: Guards,
}

impl Choice {
    /// The claims that it leaves. A value that fits none at all is refused: beside others nobody would miss its claims.
    pub(crate) fn cases(&self, registry: &Registry) -> Result<Vec<&'static Case>> {
        registry.check_suites(&self.suite)?;
        let all: Vec<&Case> = registry.all().collect();
        for source in &self.source {
            if !all.iter().any(|case| cites(case, source)) {
                let known =
                    all.iter().flat_map(|case| case.sources).flat_map(|source| [work(source.text), source.text]);
                bail!("no claim cites «{source}»{}: `nsproof list --json` shows all sources", nearest(source, known));
            }
        }
        for text in &self.text {
            if !all.iter().any(|case| says(case, text)) {
                bail!("no claim says «{text}»: `nsproof list --json` shows what all {} say", all.len());
            }
        }
        for need in &self.needs {
            if !all.iter().any(|case| needs(case, need)) {
                let known: Vec<String> = all.iter().flat_map(|case| in_words(case)).collect();
                let known = known.iter().map(String::as_str);
                bail!("no claim's test needs «{need}»{}: `nsproof list --json` shows all needs", nearest(need, known));
            }
        }
        self.guarding.pick(registry.of_suites(&self.suite).filter(|case| self.takes(case)))
    }

    fn takes(&self, case: &Case) -> bool {
        let any = |values: &[String], fits: fn(&Case, &str) -> bool| {
            values.is_empty() || values.iter().any(|value| fits(case, value))
        };
        any(&self.source, cites) && any(&self.text, says) && any(&self.needs, needs)
    }

    /// The options as they were typed.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> {
        let options = [("suite", &self.suite), ("source", &self.source), ("text", &self.text), ("needs", &self.needs)];
        options
            .into_iter()
            .flat_map(|(name, values)| values.iter().map(move |value| format!("--{name} {}", quoted(value))))
            .chain(self.guarding.words())
    }

    /// Where claims were looked for: `in any suite`.
    pub(crate) fn field(&self) -> String {
        let suites = match self.suite.as_slice() {
            [] => "in any suite".to_owned(),
            suites => format!("in suite {}", suites.join(", ")),
        };
        let others = self.words().skip(self.suite.len()).collect::<Vec<_>>().join(" ");
        if others.is_empty() { suites } else { format!("{suites} ({others})") }
    }
}

/// As a shell reads it as one word.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,=+@%".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

fn cites(case: &Case, part: &str) -> bool {
    case.sources.iter().any(|source| contains(source.text, part))
}

fn says(case: &Case, part: &str) -> bool {
    [case.claim, case.detail, case.erratum.map_or("", |erratum| erratum.text)].iter().any(|text| contains(text, part))
}

fn needs(case: &Case, part: &str) -> bool {
    in_words(case).iter().any(|need| contains(need, part))
}

fn in_words(case: &Case) -> Vec<String> {
    match case.needs {
        [] => vec![NOTHING.to_owned()],
        needs => needs.iter().map(Need::to_string).collect(),
    }
}

/// The page, the file or the document of a source: `clone(2)` of `clone(2) ERRORS`.
fn work(source: &str) -> &str {
    source.split(' ').next().unwrap_or(source)
}

#[cfg(test)]
mod tests {
    use kit::{Suite, cases, claim, holds};
    use rstest::rstest;

    use super::*;

    /// One thing is said of orphans.
    #[claim(source = ["pid_namespaces(7)", "kernel 6.12 kernel/pid_namespace.c copy_pid_ns"], needs = [Root])]
    fn first() -> Verdict {
        holds()
    }

    /// Another is said.
    ///
    /// Not of orphans, though.
    #[claim(source = "clone(2) ERRORS", needs = [Root, Config("TIME_NS")])]
    fn second() -> Verdict {
        holds()
    }

    /// Nothing is needed.
    #[claim(source = "clone(2) DESCRIPTION", erratum = "clone(2), DESCRIPTION: init is needed.")]
    fn third() -> Verdict {
        holds()
    }

    const CASES: &[Case] = cases![first, second, third];
    const REGISTRY: Registry = Registry { suites: &[Suite { cases: &[CASES], programs: &[] }], proposals: &[] };

    fn choice(words: &[&str]) -> Choice {
        #[derive(clap::Parser)]
        struct Door {
            #[command(flatten)]
            choice: Choice,
        }
        let words = std::iter::once("door").chain(words.iter().copied());
        <Door as clap::Parser>::parse_from(words).choice
    }

    #[rstest]
    #[case::a_page(&["--source", "clone(2)"], "second third")]
    #[case::a_section(&["--source", "clone(2) errors"], "second")]
    #[case::a_file(&["--source", "kernel/pid_namespace.c"], "first")]
    #[case::any_of_two(&["--source", "pid_namespaces(7)", "--source", "ERRORS"], "first second")]
    #[case::what_is_said(&["--text", "ORPHANS"], "first second")]
    #[case::an_erratum(&["--text", "init is needed"], "third")]
    #[case::a_need(&["--needs", "root"], "first second")]
    #[case::an_option(&["--needs", "CONFIG_TIME_NS"], "second")]
    #[case::no_need(&["--needs", "nothing"], "third")]
    #[case::both(&["--needs", "root", "--source", "clone(2)"], "second")]
    #[case::both_leave_none(&["--needs", "nothing", "--text", "orphans"], "")]
    fn claims_are_chosen(#[case] words: &[&str], #[case] names: &str) {
        let chosen = choice(words).cases(&REGISTRY).unwrap();
        let functions: Vec<_> = chosen.iter().map(|case| case.function).collect();
        assert_eq!(functions.join(" "), names);
    }

    #[rstest]
    #[case(&["--source", "clone(2)", "--source", "pid_namespace(7)"], "no claim cites «pid_namespace(7)» (did you mean pid_namespaces(7)?)")]
    #[case(&["--source", "seccomp"], "no claim cites «seccomp»: ")]
    #[case(&["--text", "orfans"], "no claim says «orfans»: `nsproof list --json` shows what all 3 say")]
    #[case(&["--needs", "CONFIG_TIMENS"], "no claim's test needs «CONFIG_TIMENS» (did you mean CONFIG_TIME_NS?)")]
    fn a_value_that_fits_no_claim_is_refused(#[case] words: &[&str], #[case] sentence: &str) {
        let told = choice(words).cases(&REGISTRY).unwrap_err().to_string();
        assert!(told.starts_with(sentence), "{told}");
    }

    #[test]
    fn what_was_typed_can_be_typed_again() {
        let choice = choice(&["--source", "clone(2) ERRORS", "--suite", "pid", "--text", "it's"]);
        let words: Vec<_> = choice.words().collect();
        assert_eq!(words.join(" "), r"--suite pid --source 'clone(2) ERRORS' --text 'it'\''s'");
        assert_eq!(choice.field(), r"in suite pid (--source 'clone(2) ERRORS' --text 'it'\''s')");
        assert_eq!(Choice::default().field(), "in any suite");
    }
}
