//! Records for the tests of this crate.

use std::time::Duration;

use crate::baseline::Baseline;
use crate::diff::Diff;
use crate::record::{CaseRecord, Evidence, Kernel, Machine, Matrix, Place, Run};
use crate::verdict::Verdict;

/// A record with everything that every case has.
pub(crate) fn case(name: &str, verdict: Verdict) -> CaseRecord {
    let mut case = CaseRecord::new(name, verdict);
    case.theme = "basics".into();
    case.claim = format!("What {} says is so.", case.short_name());
    let page = format!("{}_namespaces(7)", case.suite);
    case.sources = vec![page.clone()];
    case.source_links = [(page, format!("https://example.org/{}#Notes", case.suite))].into();
    case.place = Place { file: format!("suites/src/{}/basics.rs", case.suite), line: 7 };
    case.duration = Duration::from_micros(1500);
    if verdict != Verdict::Holds {
        case.message = format!("this is why it is {verdict}");
    }
    case
}

/// A whole run of one kernel series.
pub(crate) fn run(word: &str, cases: impl IntoIterator<Item = CaseRecord>) -> Run {
    let release = match word {
        "host" => "6.18.44".into(),
        word => format!("{word}.9-cloud-amd64"),
    };
    Run {
        nsproof: "0.1.0".into(),
        kernel: Kernel {
            word: word.into(),
            version: format!("Linux version {release} (builder) #1 SMP"),
            release,
            origin: "Debian".into(),
            config_digest: Some("sha256:00ff".into()),
        },
        machine: Machine {
            accelerator: "tcg".into(),
            qemu: Some("QEMU emulator version 7.2.22".into()),
            isolation: "fresh".into(),
            arch: "x86_64".into(),
        },
        started: "2026-01-02T12:00:00Z".parse().unwrap(),
        wall: Duration::from_millis(2500),
        selection: None,
        shard: None,
        problem: None,
        unfinished: 0,
        cases: cases.into_iter().collect(),
    }
}

/// A case that is violated, with everything such a case can say.
pub(crate) fn violated() -> CaseRecord {
    let mut case = case("pid::nesting_stops_at_depth_32", Verdict::Violated);
    case.theme = "nesting".into();
    case.claim = "PID namespaces nest 32 deep and no deeper.".into();
    case.detail = "Linux 3.7 set the limit.".into();
    case.message = "the call for the 33rd level succeeded".into();
    case.expected = Some("ENOSPC (No space left on device)".into());
    case.seen = Some("a new namespace".into());
    case.call = Some("unshare(CLONE_NEWPID)".into());
    case.at = Some(Place { file: "suites/src/pid/nesting.rs".into(), line: 31 });
    case.evidence = vec![Evidence {
        label: "console".into(),
        text: "[    0.1] booted\r\n[    0.2] \x1b[31mwarning\x1b[0m ]]> <b>&amp;\n".into(),
    }];
    case
}

/// Three kernels, two suites, every verdict, and one kernel that does not boot.
pub(crate) fn small_matrix() -> Matrix {
    use Verdict::{Broken, Crashed, Holds, OutOfRange, TimedOut, Unmet};
    let with = |mut case: CaseRecord, message: &str| {
        case.message = message.into();
        case
    };
    let needs = |name| with(case(name, Unmet), "needs the module veth");
    let newer = || CaseRecord {
        since: Some("6.14".into()),
        ..with(case("pid::newer_rule", OutOfRange), "is about kernels since 6.14")
    };
    let mut erratum = case("uts::page_is_wrong", Holds);
    erratum.erratum = Some("The page says | otherwise.".into());
    let old = run(
        "5.10",
        [
            case("pid::first_child_is_init", Holds),
            case("pid::nesting_stops_at_depth_32", Holds),
            needs("pid::new_rule"),
            needs("pid::other_new_rule"),
            newer(),
            with(case("uts::starts_as_a_copy", Broken), "sethostname: EPERM (Operation not permitted)"),
            erratum.clone(),
        ],
    );
    let middle = run(
        "6.12",
        [
            case("pid::first_child_is_init", Holds),
            violated(),
            needs("pid::new_rule"),
            needs("pid::other_new_rule"),
            newer(),
            case("uts::starts_as_a_copy", Holds),
            erratum.clone(),
        ],
    );
    let new = run(
        "6.18",
        [
            with(case("pid::first_child_is_init", Crashed), "the kernel panicked: Attempted to kill init!"),
            violated(),
            case("pid::new_rule", Holds),
            CaseRecord { verdict: Holds, message: String::new(), ..newer() },
            with(case("pid::other_new_rule", TimedOut), "no answer after 10 s"),
            with(case("uts::starts_as_a_copy", Unmet), "needs root"),
            erratum,
        ],
    );
    let mut dead = run("7.3", []);
    dead.kernel.release.clear();
    dead.kernel.version.clear();
    dead.problem = Some("the kernel did not boot: no answer after 60 s".into());
    Matrix { runs: vec![old, middle, new, dead] }
}

/// The small matrix compared with an earlier one in which much was otherwise.
pub(crate) fn small_diff() -> Diff {
    let mut earlier = small_matrix();
    for run in &mut earlier.runs {
        run.kernel.release = run.kernel.release.replace(".9", ".8");
        for case in &mut run.cases {
            case.verdict = match case.verdict {
                Verdict::Holds if case.suite == "uts" => Verdict::Violated,
                Verdict::TimedOut => Verdict::Violated,
                _ => Verdict::Holds,
            };
        }
    }
    earlier.runs[0].cases.push(case("uts::old_case", Verdict::Holds));
    earlier.runs[1].cases.remove(0);
    earlier.runs.remove(3);
    Diff::between(&Baseline::of(&earlier), &small_matrix())
}
