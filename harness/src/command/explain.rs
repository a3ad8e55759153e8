//! `nsproof explain`.

use anyhow::{Result, bail};
use kit::{Case, Erratum, Registry, Source};

use crate::runner::meant::did_you_mean;
use crate::terminal;

/// Prints what claims say and what their tests need.
pub(super) fn explain(registry: &Registry, names: &[String]) -> Result<u8> {
    // All or nothing: a name that is not there would be lost among the others.
    let found = names.iter().map(|name| Ok((name, meant(registry, name)?))).collect::<Result<Vec<_>>>()?;
    let texts: Vec<String> = found
        .iter()
        .map(|(name, meant)| match meant {
            Meant::Whole(cases) => cases.iter().map(|case| text(registry, case)).collect::<Vec<_>>().join("\n"),
            Meant::Part(cases) => in_short(name, cases),
        })
        .collect();
    terminal::print(&texts.join("\n"))?;
    Ok(0)
}

/// The one claim of this name, or the one that has it in its own.
pub(super) fn find(registry: &Registry, name: &str) -> Result<&'static Case> {
    let (Meant::Whole(cases) | Meant::Part(cases)) = meant(registry, name)?;
    match cases.as_slice() {
        [one] => Ok(one),
        several => {
            let names: Vec<_> = several.iter().take(10).map(|case| case.name()).collect();
            bail!(
                "{} claims have «{name}» in their names, for example {}: `nsproof explain {name}` tells of all",
                several.len(),
                names.join(", ")
            )
        }
    }
}

/// The claims that a name stands for; there is at least one.
enum Meant {
    /// It is their name, with or without the suite, or a part that no other has.
    Whole(Vec<&'static Case>),
    /// It is a part of their names.
    Part(Vec<&'static Case>),
}

fn meant(registry: &Registry, name: &str) -> Result<Meant> {
    let all: Vec<_> = registry.all().collect();
    let of = |fits: &dyn Fn(&Case) -> bool| all.iter().copied().filter(|case| fits(case)).collect::<Vec<_>>();
    let (exact, like) =
        (of(&|case| case.name() == name || case.function == name), of(&|case| case.name().contains(name)));
    if !exact.is_empty() {
        return Ok(Meant::Whole(exact));
    }
    match like.as_slice() {
        [] => bail!(
            "no claim has «{name}» in its name{}: `nsproof list` shows the names of all {}",
            did_you_mean(name, &all),
            all.len()
        ),
        [_] => Ok(Meant::Whole(like)),
        _ => Ok(Meant::Part(like)),
    }
}

/// Claims with a part of their names in common, each with what it says.
fn in_short(part: &str, cases: &[&Case]) -> String {
    let mut text = format!("{} claims have «{part}» in their names\n", cases.len());
    for case in cases {
        let range = if case.range().is_empty() { String::new() } else { format!(" ({})", case.range()) };
        text.push_str(&format!("\n  {}{range}\n    {}\n", case.name(), case.claim));
    }
    text
}

fn text(registry: &Registry, case: &Case) -> String {
    let mut text = format!("{}\n\n  {}\n", case.name(), case.claim);
    if !case.detail.is_empty() {
        text.push_str(&format!("  {}\n", case.detail));
    }
    text.push('\n');
    let needs: Vec<_> = case.needs.iter().map(ToString::to_string).collect();
    let sources: Vec<_> = case.sources.iter().map(said_by).collect();
    let rows = [
        ("says", sources.join("\n")),
        ("kernels", if case.range().is_empty() { "all".to_owned() } else { case.range() }),
        ("needs", if needs.is_empty() { "nothing".to_owned() } else { needs.join(", ") }),
        ("history", history(registry, case)),
        ("erratum", case.erratum.map(|erratum| corrected(&erratum)).unwrap_or_default()),
        ("types", typed(case)),
        ("deadline", format!("{} s", case.deadline().as_secs())),
        ("case", format!("{}:{}", case.file, case.line)),
        ("run it", format!("nsproof run --exact {}", case.name())),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!("  {name:<9} {}\n", value.replace('\n', "\n            ")));
    }
    text
}

/// The lines that its case types at a prompt, each once.
fn typed(case: &Case) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in case.prompts.iter().map(|line| format!("$ {}", line.replace('\n', "\n> "))) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// What was so before the claim, and what is so after it, oldest first; empty when the rule never changed.
fn history(registry: &Registry, case: &Case) -> String {
    let of_suite =
        |wanted: &dyn Fn(&Case) -> bool| registry.all().find(|other| other.suite() == case.suite() && wanted(other));
    let before = |case: &Case| case.replaces.and_then(|name| of_suite(&|other| other.function == name));
    let after = |case: &Case| of_suite(&|other| other.replaces == Some(case.function));
    let mut rule: Vec<&Case> = std::iter::successors(before(case), |earlier| before(earlier)).collect();
    rule.reverse();
    rule.extend(std::iter::successors(after(case), |later| after(later)));
    rule.iter()
        .map(|other| format!("{}: {} ({})", other.range(), results::without_version(other.claim), other.name()))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What a document says, its own words, and where they are.
fn corrected(erratum: &Erratum) -> String {
    let quote = erratum.quote.map(|quote| format!("\n“{quote}”"));
    let edition = erratum.edition.map(|edition| format!("\n{edition}"));
    let link = erratum.place.link.map(|link| format!("\n{link}"));
    [Some(erratum.text.to_owned()), quote, edition, link].into_iter().flatten().collect()
}

/// A source with what it is, and its link on a line of its own.
fn said_by(source: &Source) -> String {
    let link = source.link.map(|link| format!("\n{link}")).unwrap_or_default();
    format!("{source}: {}{link}", source.about)
}

#[cfg(test)]
mod tests {
    use kit::{Suite, cases, claim, holds};

    use super::*;

    /// Something counts.
    #[claim(source = ["clone(2) ERRORS", "What's in a name(space)?"])]
    fn counts() -> Verdict {
        holds()
    }

    /// It was so.
    #[claim(source = "clone(2)", until = "6.1")]
    fn was_so() -> Verdict {
        holds()
    }

    /// It is so.
    #[claim(
        source = "clone(2)",
        since = "6.1",
        replaces = "was_so",
        erratum = "clone(2), ERRORS: it is not so.",
        quote = "not so"
    )]
    fn is_so() -> Verdict {
        holds()
    }

    /// It is typed.
    #[claim(source = "clone(2)")]
    fn typed_so() -> Verdict {
        for line in ["no", "literal"] {
            kit::process::prompt(line)?;
        }
        kit::process::prompt("id -u")?;
        kit::process::Shell::with("PID", 1).try_prompt("ps -p $PID\nid")?;
        kit::process::prompt("id -u")?;
        holds()
    }

    const CASES: &[Case] = cases![counts, was_so, is_so, typed_so];
    const ALL: Registry = Registry { suites: &[Suite { cases: &[CASES], programs: &[] }], proposals: &[] };

    #[test]
    fn a_rule_comes_with_its_history_and_an_erratum_with_its_place() {
        let lines = |case: &Case| -> Vec<String> {
            let text = text(&ALL, case);
            let lines =
                text.lines().skip_while(|line| !line.contains("history")).take_while(|line| !line.contains("deadline"));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(lines(&was_so()), ["  history   since 6.1: It is so. (command::is_so)"]);
        assert_eq!(
            lines(&is_so()),
            [
                "  history   before 6.1: It was so. (command::was_so)",
                "  erratum   clone(2), ERRORS: it is not so.",
                "            “not so”",
                "            man-pages 6.20",
                "            https://manpages.debian.org/unstable/manpages-dev/clone.2.en.html#ERRORS",
            ]
        );
    }

    #[test]
    fn lines_that_are_typed_can_be_copied() {
        let text = text(&ALL, &typed_so());
        let (_, text) = text.split_once("  types ").expect("the lines");
        let (text, _) = text.split_once("  deadline ").expect("what comes after them");
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        assert_eq!(lines, ["$ id -u", "$ ps -p $PID", "> id"]);
    }

    #[test]
    fn each_source_comes_with_what_it_is_and_its_link() {
        let text = text(&ALL, &counts());
        let (text, _) = text.split_once("  case ").expect("where the case stands");
        insta::assert_snapshot!(text, @r"
        command::counts

          Something counts.

          says      clone(2) ERRORS: creating a process, in new namespaces if so wished (man-pages)
                    https://manpages.debian.org/unstable/manpages-dev/clone.2.en.html#ERRORS
                    What's in a name(space)?: the talk
          kernels   all
          needs     nothing
          deadline  10 s
        ");
    }
}
