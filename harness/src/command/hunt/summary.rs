//! What a hunt tells in the end: each change with the evidence of both sides, what was not asked, what to type next.

use std::fmt::Write;

use kit::Case;
use results::Verdict;

use super::probe::{Probe, is_beyond};
use super::search::Found;

/// The longest evidence that is shown, in characters; the end of it.
const EVIDENCE: usize = 4000;

/// Tells it; `probes` are in the order of `words`, none for a kernel that was not asked.
pub(super) fn tell(case: &Case, words: &[String], probes: &[Option<Probe>], found: &Found<Verdict>) -> String {
    let mut text = String::from("\n");
    let at = |place: usize| probes.get(place).and_then(Option::as_ref);
    let ends = found.ends.and_then(|(low, high)| Some((at(low)?, at(high)?)));
    match ends {
        None => {
            let _ = writeln!(
                text,
                "{}: fewer than two kernels gave an answer, so there is nothing to compare.",
                case.name()
            );
            return text;
        }
        Some((low, high)) if found.changes.is_empty() => {
            let same = answer(low);
            let _ = writeln!(
                text,
                "{}: {same} on {} and on {} alike, so the search between them ends here.",
                case.name(),
                low.word,
                high.word
            );
            untold(&mut text, case, words, probes, (&low.word, &high.word));
            let _ = writeln!(text, "next:   nsproof matrix --kernel all --exact {}  # ask every series", case.name());
            return text;
        }
        Some(_) => {}
    }
    for &(low, high) in &found.changes {
        if let (Some(before), Some(after)) = (at(low), at(high)) {
            change(&mut text, case, before, after, &probes[low + 1..high]);
        }
    }
    if let Some((low, high)) = ends {
        untold(&mut text, case, words, probes, (&low.word, &high.word));
    }
    text.push_str(&next(case, found, probes));
    text
}

fn answer(probe: &Probe) -> String {
    probe.answer.map_or_else(|| "no answer".to_owned(), |answer| answer.to_string())
}

fn change(text: &mut String, case: &Case, before: &Probe, after: &Probe, between: &[Option<Probe>]) {
    let (old, new) = (answer(before), answer(after));
    let _ = writeln!(text, "{}: {old} on {}, {new} on {}", case.name(), before.word, after.word);
    if [before, after].iter().any(|probe| probe.answer == Some(Verdict::OutOfRange)) {
        let _ = writeln!(text, "This is the claim's own edge, no discovery: it is about kernels {}.", case.range());
    }
    for probe in between.iter().flatten() {
        let remark = results::escape_line(&probe.remark, 300);
        let _ = writeln!(text, "{} lies between them and gave no answer: {remark}", probe.word);
    }
    text.push('\n');
    for probe in [before, after] {
        evidence(text, probe);
    }
}

/// What one side of a change has to show.
fn evidence(text: &mut String, probe: &Probe) {
    let origin = probe.run.as_ref().map(|run| format!(" ({}, {})", run.kernel.release, run.kernel.origin));
    let origin = results::escape_line(&origin.unwrap_or_default(), 300);
    let _ = writeln!(text, "  {}{origin}: {}", probe.word, answer(probe));
    let mut row = |label: &str, value: &str| {
        if !value.trim().is_empty() {
            let block = results::escape_block(value.trim_end(), EVIDENCE);
            let _ = writeln!(text, "    {label:<9} {}", block.trim_end().replace('\n', "\n              "));
        }
    };
    let Some(record) = probe.record() else {
        row("because", &probe.remark);
        text.push('\n');
        return;
    };
    row("because", &record.message);
    row("call", record.call.as_deref().unwrap_or_default());
    row("expected", record.expected.as_deref().unwrap_or_default());
    row("seen", record.seen.as_deref().unwrap_or_default());
    row("at", &record.at.as_ref().map(ToString::to_string).unwrap_or_default());
    for evidence in &record.evidence {
        row(&evidence.label, &evidence.text);
    }
    text.push('\n');
}

/// What the search took for granted. That a claim is not about a kernel is known without asking.
fn untold(text: &mut String, case: &Case, words: &[String], probes: &[Option<Probe>], (low, high): (&str, &str)) {
    let place = |word: &str| words.iter().position(|known| known == word).unwrap_or_default();
    let is_untold = |place: &usize| probes[*place].is_none() && !is_beyond(case, &words[*place]);
    let left: Vec<&str> = (place(low)..place(high)).filter(is_untold).map(|place| words[place].as_str()).collect();
    if !left.is_empty() {
        let _ = writeln!(text, "Not asked: {}. A change there and back again would not be seen.", left.join(", "));
    }
}

/// The way from two neighbours to a commit, for the first change of a kernel's answer.
fn next(case: &Case, found: &Found<Verdict>, probes: &[Option<Probe>]) -> String {
    let at = |place: usize| probes.get(place).and_then(Option::as_ref);
    // The command that is printed exits 125 where the claim is unmet: that is passed over, and is neither of the two.
    let holds = |probe: &Probe| match probe.answer? {
        Verdict::OutOfRange => None,
        verdict => Some(verdict == Verdict::Holds),
    };
    for &(low, high) in &found.changes {
        let (Some(before), Some(after)) = (at(low), at(high)) else { continue };
        let (Some(held), Some(hold)) = (holds(before), holds(after)) else { continue };
        let (Some(old), Some(new)) = (before.number, after.number) else { continue };
        let tag = |number: vm::kernels::Number| match number.patch {
            0 => format!("v{}", number.series),
            _ => format!("v{number}"),
        };
        let (old, new) = (tag(old), tag(new));
        let run = format!("nsproof run --kernel . --exact {}", case.name());
        let build = "make -j$(nproc) bzImage || exit 125";
        return match (held, hold) {
            (true, false) => format!(
                "next:   in a tree of the stable kernels, with a .config:\n        git bisect start {new} {old}\n        \
                 git bisect run sh -c 'make olddefconfig; {build}; {run}'\n"
            ),
            // `git bisect run` takes 0 for the old answer.
            (false, true) => format!(
                "next:   in a tree of the stable kernels, with a .config:\n        \
                 git bisect start --term-old=refuted --term-new=holds {new} {old}\n        \
                 git bisect run sh -c 'make olddefconfig; {build}; {run}; case $? in 0) exit 1;; 1) exit 0;; *) exit 125;; esac'\n"
            ),
            _ => continue,
        };
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use results::{CaseRecord, Evidence, Kernel, Machine, Run, Timestamp};

    use super::*;
    use crate::command::hunt::search::search;
    use Verdict::{Holds, Violated};
    use kit::KernelVersion;
    use kit::holds;

    const CASE: Case = Case {
        function: "counts",
        module: "suites::pid::a",
        claim: "A.",
        detail: "",
        sources: &[],
        since: Some(KernelVersion::new(6, 1, 0)),
        until: None,
        replaces: None,
        needs: &[],
        erratum: None,
        deadline_seconds: None,
        file: "",
        line: 0,
        code: "",
        prompts: &[],
        body: holds,
    };

    fn probe(word: &str, answer: Option<Verdict>) -> Probe {
        let mut probe = Probe {
            word: word.to_owned(),
            number: vm::kernels::Number::leading(&format!("{word}.9")),
            answer,
            remark: "needs the module veth".to_owned(),
            took: Duration::ZERO,
            run: None,
        };
        let Some(verdict) = answer.filter(|verdict| *verdict != Verdict::OutOfRange) else { return probe };
        let mut record = CaseRecord::new("pid::counts", verdict);
        if verdict == Violated {
            record.message = "counted wrongly".into();
            record.expected = Some("2".into());
            record.seen = Some("1".into());
            record.evidence.push(Evidence { label: "console".into(), text: "[1.0] one\u{1b}\n[2.0] two\n".into() });
        }
        probe.run = Some(Run {
            nsproof: String::new(),
            kernel: Kernel {
                word: word.into(),
                release: format!("{word}.9"),
                origin: "Debian sid".into(),
                ..Kernel::default()
            },
            machine: Machine::default(),
            started: Timestamp::UNIX_EPOCH,
            wall: Duration::ZERO,
            selection: None,
            shard: None,
            problem: None,
            unfinished: 0,
            cases: vec![record],
        });
        probe
    }

    /// The tale of a hunt over kernels with these answers.
    fn told(kernels: &[(&str, Option<Verdict>)]) -> String {
        let words: Vec<String> = kernels.iter().map(|(word, _)| (*word).to_owned()).collect();
        let mut probes = vec![None; kernels.len()];
        let found = search(kernels.len(), 0..0, |place| {
            let (word, answer) = kernels[place];
            probes[place] = Some(probe(word, answer));
            Ok::<_, std::convert::Infallible>(answer)
        });
        tell(&CASE, &words, &probes, &found.unwrap()).trim().to_owned()
    }

    const HOLDS: Option<Verdict> = Some(Holds);
    const VIOLATED: Option<Verdict> = Some(Violated);
    const OUT: Option<Verdict> = Some(Verdict::OutOfRange);

    #[test]
    fn a_change_comes_with_both_sides_and_the_way_to_its_commit() {
        let kernels =
            [("6.1", HOLDS), ("6.12", HOLDS), ("6.16", HOLDS), ("6.18", None), ("7.0", VIOLATED), ("7.2", VIOLATED)];
        insta::assert_snapshot!(told(&kernels));
    }

    #[test]
    fn a_claim_that_holds_since_some_kernel_is_bisected_the_other_way_round() {
        insta::assert_snapshot!(told(&[("6.1", VIOLATED), ("6.12", HOLDS)]));
    }

    #[test]
    fn the_edge_of_a_claims_range_is_no_discovery() {
        insta::assert_snapshot!(told(&[("5.10", OUT), ("6.1", HOLDS), ("6.12", HOLDS)]), @"
        pid::counts: out of range on 5.10, holds on 6.1
        This is the claim's own edge, no discovery: it is about kernels since 6.1.

          5.10: out of range
            because   needs the module veth

          6.1 (6.1.9, Debian sid): holds
        ");
    }

    #[test]
    fn equal_ends_are_said_to_be_all_that_is_known() {
        insta::assert_snapshot!(told(&[("6.1", HOLDS), ("6.12", VIOLATED), ("6.18", HOLDS)]), @"
        pid::counts: holds on 6.1 and on 6.18 alike, so the search between them ends here.
        Not asked: 6.12. A change there and back again would not be seen.
        next:   nsproof matrix --kernel all --exact pid::counts  # ask every series
        ");
    }

    #[test]
    fn one_answer_is_nothing_to_compare() {
        insta::assert_snapshot!(told(&[("6.1", None), ("6.12", HOLDS), ("6.18", None)]), @"pid::counts: fewer than two kernels gave an answer, so there is nothing to compare.");
    }
}
