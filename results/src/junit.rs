//! JUnit XML, as CI systems read it: one `testsuite` a kernel and suite.
//!
//! violated is a `failure`; broken, crashed and timed out are each an `error` with its own `type`; unmet is
//! `skipped` with its reason; what is out of range is not there, since CI systems count what is skipped. A case is known by its class name, kernel as typed and suite (`6.12.pid`), and its
//! name: no exact release stands there, so a CI system follows it from one run to the next.

use junit_report::{Duration as JunitDuration, OffsetDateTime, Report, TestCase, TestResult, TestSuite};

use crate::flaw::Flaw;
use crate::grid::Grid;
use crate::record::{CaseRecord, Matrix, Run};
use crate::verdict::Verdict;
use crate::xml::{attribute, cdata};

/// `matrix` as JUnit XML.
#[must_use]
pub fn junit(matrix: &Matrix) -> String {
    let grid = Grid::of(matrix);
    let mut report = Report::new();
    for (at, column) in grid.columns.iter().enumerate() {
        let flaws = column.run.flaws();
        if !flaws.is_empty() {
            report.add_testsuite(flawed(column.run, &flaws));
        }
        for (name, rows) in Grid::by_suite(&grid.rows) {
            let mut suite = suite(column.run, name);
            for row in rows {
                for case in row.cells[at].records() {
                    if let Some(result) = result(case) {
                        suite.add_testcase(testcase(column.run, case, result));
                    }
                }
            }
            if !suite.testcases.is_empty() {
                report.add_testsuite(suite);
            }
        }
    }
    let mut xml = Vec::new();
    // Writing to memory cannot fail, and the texts are cleaned.
    let written = report.write_xml(&mut xml);
    debug_assert!(written.is_ok(), "{written:?}");
    String::from_utf8_lossy(&xml).into_owned()
}

/// An empty suite for one kernel, which tells what kernel it was.
fn suite(run: &Run, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(&attribute(&format!("{} {name}", run.kernel.word)));
    suite.package = class(run, name);
    if let Ok(started) = OffsetDateTime::from_unix_timestamp(run.started.as_second()) {
        suite.set_timestamp(started);
    }
    suite.set_system_out(&cdata(&about(run)));
    suite
}

/// The suite of a kernel that could not be tested, or not to the end.
fn flawed(run: &Run, flaws: &[Flaw]) -> TestSuite {
    let mut suite = suite(run, "kernel");
    for flaw in flaws {
        let mut case = error(flaw.name, flaw.kind, &flaw.why);
        case.set_classname(&class(run, "kernel"));
        suite.add_testcase(case);
    }
    suite
}

/// An error with its whole message as its text.
fn error(name: &str, kind: &str, message: &str) -> TestCase {
    let mut case = TestCase::error(name, JunitDuration::ZERO, kind, &attribute(message));
    if let TestResult::Error { cause, .. } = &mut case.result {
        *cause = Some(cdata(message));
    }
    case
}

/// What came of a case; none where nothing was asked.
fn result(case: &CaseRecord) -> Option<TestResult> {
    let kind = case.verdict.as_str().replace(' ', "-");
    let message = attribute(&case.message);
    let text = Some(cdata(&explain(case)));
    Some(match case.verdict {
        Verdict::Holds => TestResult::Success,
        Verdict::Unmet => TestResult::SkippedWithCause { type_: kind, message, cause: None },
        Verdict::Violated => TestResult::Failure { type_: kind, message, cause: text },
        Verdict::Broken | Verdict::Crashed | Verdict::TimedOut => {
            TestResult::Error { type_: kind, message, cause: text }
        }
        Verdict::OutOfRange => return None,
    })
}

/// One case.
fn testcase(run: &Run, case: &CaseRecord, result: TestResult) -> TestCase {
    let name = attribute(case.short_name());
    let mut testcase = TestCase::success(&name, JunitDuration::ZERO);
    testcase.result = result;
    testcase.time = case.duration.try_into().unwrap_or(JunitDuration::MAX);
    testcase.set_classname(&class(run, &case.suite));
    if !case.place.file.is_empty() {
        testcase.set_filepath(&attribute(&case.place.file));
    }
    if !case.evidence.is_empty() {
        let evidence: Vec<_> =
            case.evidence.iter().map(|evidence| format!("--- {}\n{}", evidence.label, evidence.text)).collect();
        testcase.set_system_out(&cdata(&evidence.join("\n")));
    }
    testcase
}

/// The class name: kernel as typed, a dot, suite. Some CI systems take what stands before the last dot as a
/// folder: the kernel.
fn class(run: &Run, suite: &str) -> String {
    attribute(&format!("{}.{suite}", run.kernel.word))
}

/// What a person needs who sees only this one failure.
fn explain(case: &CaseRecord) -> String {
    let at = case.at.as_ref().unwrap_or(&case.place).to_string();
    lines(&[
        ("claim", &case.claim),
        ("source", &case.sources.join(", ")),
        ("message", &case.message),
        ("call", case.call.as_deref().unwrap_or_default()),
        ("expected", case.expected.as_deref().unwrap_or_default()),
        ("seen", case.seen.as_deref().unwrap_or_default()),
        ("at", &at),
    ])
}

/// What kernel and machine a suite ran on.
fn about(run: &Run) -> String {
    let Run { kernel, machine, .. } = run;
    let setup = format!("{}, accelerator {}, isolation {}", machine.arch, machine.accelerator, machine.isolation);
    lines(&[
        ("kernel", &kernel.release),
        ("from", &kernel.origin),
        ("version", &kernel.version),
        ("machine", &setup),
        ("qemu", machine.qemu_version().unwrap_or_default()),
        ("nsproof", &run.nsproof),
    ])
}

/// A line for each text that is not empty.
fn lines(texts: &[(&str, &str)]) -> String {
    let lines: Vec<_> =
        texts.iter().filter(|(_, text)| !text.is_empty()).map(|(label, text)| format!("{label}: {text}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use roxmltree::{Document, Node};

    use super::*;
    use crate::fixtures::{case, run, small_matrix, violated};
    use crate::record::Evidence;

    /// The only element below `node` with the given name.
    fn one<'a>(node: Node<'a, 'a>, tag: &str) -> Node<'a, 'a> {
        let mut found = node.descendants().filter(|node| node.has_tag_name(tag));
        let first = found.next().unwrap();
        assert_eq!(found.next(), None, "only one {tag}");
        first
    }

    #[test]
    fn the_small_matrix() {
        // Each element on a line of its own, as far as they have no text.
        insta::assert_snapshot!(junit(&small_matrix()).replace("><", ">\n<"));
    }

    #[test]
    fn verdicts_are_told_apart() {
        use Verdict::{Broken, Crashed, Holds, OutOfRange, TimedOut, Unmet, Violated};
        for (verdict, tag) in [
            (Holds, None),
            (Violated, Some(("failure", "violated"))),
            (Broken, Some(("error", "broken"))),
            (Crashed, Some(("error", "crashed"))),
            (TimedOut, Some(("error", "timed-out"))),
            (Unmet, Some(("skipped", "unmet"))),
        ] {
            let cases = [case("pid::a", verdict), case("pid::about_others", OutOfRange)];
            let xml = junit(&Matrix { runs: vec![run("6.12", cases)] });
            let document = Document::parse(&xml).unwrap();
            let testcase = one(document.root(), "testcase");
            assert_eq!(testcase.attribute("classname"), Some("6.12.pid"));
            assert_eq!(testcase.attribute("name"), Some("a"));
            assert_eq!(testcase.attribute("time"), Some("0.0015"));
            let found = testcase.first_element_child().map(|result| {
                let message = result.attribute("message").unwrap();
                assert_eq!(message, format!("this is why it is {verdict}"));
                (result.tag_name().name(), result.attribute("type").unwrap())
            });
            assert_eq!(found, tag);
        }
    }

    #[test]
    fn any_message_gives_a_file_that_another_parser_reads() {
        let nasty = [
            "\x1b[31mred\x1b[0m",
            "nul \0 bell \x07 c1 \u{9b}",
            "]]>",
            "]]]]>>",
            "<![CDATA[ x ]]>",
            "<!-- &amp; \" ' -->",
            "\u{fffe} \u{ffff} \u{fffd}",
            &String::from_utf8_lossy(b"\xff\xfe invalid"),
            "\r\n\r lines \u{2028}",
            &"]]>".repeat(1 << 19),
        ]
        .map(str::to_owned);
        for text in nasty {
            let mut cases = [violated(), violated(), violated(), violated()];
            for (case, verdict) in
                cases.iter_mut().zip([Verdict::Violated, Verdict::Unmet, Verdict::Broken, Verdict::Holds])
            {
                case.verdict = verdict;
                case.claim.clone_from(&text);
                case.message.clone_from(&text);
                case.seen = Some(text.clone());
                case.place.file.clone_from(&text);
                case.evidence = vec![Evidence { label: text.clone(), text: text.clone() }];
            }
            let mut run = run(&text, cases);
            run.problem = Some(text.clone());
            run.kernel.version.clone_from(&text);
            let xml = junit(&Matrix { runs: vec![run] });
            assert!(xml.len() < 4 << 20, "{} bytes", xml.len());
            let document =
                Document::parse(&xml).unwrap_or_else(|error| panic!("{error}: {:?}", &text[..text.len().min(20)]));
            let testcases = document.descendants().filter(|node| node.has_tag_name("testcase"));
            assert_eq!(testcases.count(), 5);
        }
    }

    #[test]
    fn what_xml_allows_comes_back_as_it_was() {
        let mut case = violated();
        case.message = "a ]]> b\n<c> & \"d\"".into();
        case.seen = None;
        let xml = junit(&Matrix { runs: vec![run("6.12", [case])] });
        let document = Document::parse(&xml).unwrap();
        let failure = one(document.root(), "failure");
        let text: String = failure.children().filter_map(|node| node.text()).collect();
        assert!(text.contains("message: a ]]> b\n<c> & \"d\"\n"), "{text}");
        assert_eq!(failure.attribute("message"), Some("a ]]> b\\n<c> & \"d\""));
    }

    #[test]
    fn names_do_not_follow_the_exact_release() {
        let names = |release: &str| {
            let mut run = run("6.12", [case("pid::a", Verdict::Holds)]);
            run.kernel.release = release.into();
            let xml = junit(&Matrix { runs: vec![run] });
            let document = Document::parse(&xml).unwrap();
            let attributes = |node: Node<'_, '_>| {
                let names = ["name", "classname", "package"];
                names.map(|name| node.attribute(name).map(String::from))
            };
            document.descendants().map(attributes).collect::<Vec<_>>()
        };
        assert_eq!(names("6.12.107+deb13-cloud-amd64"), names("6.12.110"));
    }
}
