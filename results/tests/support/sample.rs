//! Made-up matrices, the same every time.

use std::time::Duration;

use results::{CaseRecord, Evidence, Kernel, Machine, Matrix, Place, Run, Verdict};

const SUITES: [&str; 10] = ["core", "pid", "user", "mnt", "net", "uts", "ipc", "cgroup", "time", "recipes"];

/// Five kernels and a few claims with every kind of verdict, change and text.
pub(crate) fn small() -> Matrix {
    let words = ["5.10", "6.1", "6.12", "6.18", "7.3"];
    let runs = words.iter().enumerate().map(|(at, word)| {
        let mut cases = vec![
            case(
                "uts::starts_as_a_copy",
                "A new UTS namespace starts with a copy of its creator's hostname and NIS domain name.",
                Verdict::Holds,
            ),
            case(
                "uts::a_changed_name_is_seen_inside_only",
                "A hostname set inside is not seen outside.",
                Verdict::Holds,
            ),
            nesting(at),
            limits(at),
            erratum(),
            evil(at),
        ];
        for (number, verdict) in [Verdict::Broken, Verdict::Crashed, Verdict::TimedOut].into_iter().enumerate() {
            let verdict = if at == number + 1 { verdict } else { Verdict::Holds };
            let mut case = case(&format!("net::trouble_{number}"), "Something about devices is so.", verdict);
            if verdict != Verdict::Holds {
                case.message = format!("it was {verdict} for this reason");
            }
            cases.push(case);
        }
        cases.extend(rule(at));
        run(word, cases)
    });
    Matrix { runs: runs.collect() }
}

/// As many claims and kernels as asked, with one cell in thirty to look at and one in five unmet.
pub(crate) fn large(claims: usize, kernels: usize) -> Matrix {
    let runs = (0..kernels).map(|kernel| {
        let cases = (0..claims).map(|claim| {
            let suite = SUITES[claim * SUITES.len() / claims];
            let verdict = match (claim * 7919 + kernel * 104_729) % 30 {
                0 if claim % 2 == 0 => Verdict::Violated,
                1..=6 => Verdict::Unmet,
                _ => Verdict::Holds,
            };
            let name = format!("{suite}::a_claim_of_usual_length_that_says_something_{claim}");
            let text = format!(
                "A namespace of the kind {suite} does thing number {claim} when it is asked to, and nothing else."
            );
            let mut case = case(&name, &text, verdict);
            case.theme = format!("theme_{}", claim % 50 / 10);
            case.place.line = u32::try_from(claim).unwrap();
            match verdict {
                Verdict::Unmet => case.message = format!("needs the module m{}", claim % 9),
                Verdict::Violated => {
                    case.message = "another answer".into();
                    case.expected = Some("EPERM (Operation not permitted)".into());
                    case.seen = Some("0".into());
                    case.evidence = vec![Evidence {
                        label: "console".into(),
                        text: format!("[{kernel}.{claim:06}] a line of the console\n").repeat(40),
                    }];
                }
                _ => {}
            }
            case
        });
        run(&format!("6.{kernel}"), cases.collect())
    });
    Matrix { runs: runs.collect() }
}

fn case(name: &str, claim: &str, verdict: Verdict) -> CaseRecord {
    let mut case = CaseRecord::new(name, verdict);
    case.theme = "basics".into();
    case.claim = claim.into();
    let page = format!("{}_namespaces(7)", case.suite);
    case.sources = vec![page.clone(), "the talk".into()];
    case.source_links = [(page, format!("https://example.org/{}#Notes", case.suite))].into();
    case.place = Place { file: format!("suites/src/{}/basics.rs", case.suite), line: 7 };
    case.duration = Duration::from_micros(1500);
    case
}

fn nesting(at: usize) -> CaseRecord {
    let verdict = if at >= 3 { Verdict::Violated } else { Verdict::Holds };
    let mut case = case("pid::nesting_stops_at_depth_32", "PID namespaces nest 32 deep and no deeper.", verdict);
    case.detail = "Linux 3.7 set the limit.".into();
    if at >= 3 {
        case.message = "the call for the 33rd level succeeded".into();
        case.expected = Some("ENOSPC (No space left on device)".into());
        case.seen = Some("a new namespace".into());
        case.call = Some("unshare(CLONE_NEWPID)".into());
        case.evidence = vec![Evidence {
            label: "console".into(),
            text: "[    0.1] booted\n[    0.2] \x1b[31mwarning\x1b[0m <b>not markup</b>\n".into(),
        }];
    }
    case
}

fn limits(at: usize) -> CaseRecord {
    let verdict = if at >= 3 { Verdict::Holds } else { Verdict::OutOfRange };
    let mut case = case("pid::each_namespace_has_its_own_pid_max", "Each PID namespace has its own pid_max.", verdict);
    case.since = Some("6.14".into());
    if at < 3 {
        case.message = "is about kernels since 6.14".into();
    }
    case
}

/// The two claims of a rule that 6.14 changed.
fn rule(at: usize) -> [CaseRecord; 2] {
    let (first, second) =
        if at >= 3 { (Verdict::OutOfRange, Verdict::Holds) } else { (Verdict::Holds, Verdict::OutOfRange) };
    let mut first = case("mnt::first_rule", "The first rule is so.", first);
    first.until = Some("6.14".into());
    let mut second = case("mnt::second_rule", "The second rule is so.", second);
    (second.since, second.replaces) = (Some("6.14".into()), Some("mnt::first_rule".into()));
    [first, second]
}

fn erratum() -> CaseRecord {
    let mut case = case("user::a_map_may_have_more_lines", "A map may have up to 340 lines.", Verdict::Holds);
    case.erratum = Some("The page says that a map has at most 5 lines.".into());
    case
}

/// What a hostile guest would like the page to do.
fn evil(at: usize) -> CaseRecord {
    let mut case = case("user::evil_text_stays_text", "Text stays text.", Verdict::Holds);
    if at == 0 {
        case.verdict = Verdict::Broken;
        case.source_links = [("the talk".into(), "javascript:document.title='owned'".into())].into();
        case.message = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> /*DATA*/ \u{202e}".into();
    }
    case
}

fn run(word: &str, cases: Vec<CaseRecord>) -> Run {
    Run {
        nsproof: "0.1.0".into(),
        kernel: Kernel {
            word: word.into(),
            release: format!("{word}.9-cloud-amd64"),
            version: format!("Linux version {word}.9-cloud-amd64 (gcc) #1 SMP"),
            origin: "Debian".into(),
            config_digest: Some("sha256:e3b0c44298fc1c149afbf4c8996fb924".into()),
        },
        machine: Machine {
            accelerator: "tcg".into(),
            qemu: Some("QEMU emulator version 7.2.22 (Debian 1:7.2)".into()),
            isolation: "fresh".into(),
            arch: "x86_64".into(),
        },
        started: "2026-01-02T12:00:00Z".parse().unwrap(),
        wall: Duration::from_millis(2500),
        selection: None,
        shard: None,
        problem: None,
        unfinished: 0,
        cases,
    }
}
