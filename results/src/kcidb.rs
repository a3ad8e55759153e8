//! KCIDB's report format, schema 5.0: what kernel CI systems hand to the common database of kernel testing.

use serde_json::{Value, json};

use crate::record::{CaseRecord, Matrix, Run};
use crate::text::{escape_block, escape_line};
use crate::verdict::Verdict;

/// The longest comment, in columns.
const COMMENT: usize = 500;

/// The most bytes of a log that are handed in. The schema allows 16 KiB, and escapes make text longer.
const EXCERPT: usize = 4 * 1024;

/// A name of a CI system that KCIDB does not allow.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin:?} is no name of a CI system for KCIDB: use lower-case letters, digits and underscores")]
pub struct OriginError {
    /// The name.
    pub origin: String,
}

/// `matrix` as a report of the CI system `origin`, in JSON.
///
/// The status says who is to blame. FAIL, the kernel: violated, crashed, timed out. ERROR, the case: broken.
/// MISS, what should have carried it out: a kernel that could not be tested, as the test `boot`. SKIP, nobody:
/// unmet. PASS: holds. A claim that is about other versions is no test of this kernel and has no entry.
///
/// # Errors
/// If `origin` is not of lower-case letters, digits and underscores.
pub fn kcidb(matrix: &Matrix, origin: &str) -> Result<String, OriginError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if origin.is_empty() || !origin.chars().all(allowed) {
        return Err(OriginError { origin: origin.into() });
    }
    let (mut checkouts, mut builds, mut tests) = (Vec::new(), Vec::new(), Vec::new());
    for run in &matrix.runs {
        let ids = Ids::of(run, origin);
        // One kernel under two words is one build.
        push_new(&mut checkouts, checkout(run, &ids));
        push_new(&mut builds, build(run, &ids));
        tests.push(boot(run, &ids));
        for (number, case) in run.cases.iter().enumerate() {
            tests.extend(status(case.verdict).map(|status| test(run, case, number, status, &ids)));
        }
    }
    let report = json!({
        "version": { "major": 5, "minor": 0 },
        "checkouts": checkouts,
        "builds": builds,
        "tests": tests,
    });
    Ok(format!("{report:#}\n"))
}

/// How the objects of one run are known. The schema wants every one to begin with the CI system's name.
struct Ids<'a> {
    origin: &'a str,
    checkout: String,
    build: String,
    tests: String,
}

impl<'a> Ids<'a> {
    fn of(run: &Run, origin: &'a str) -> Self {
        let kernel = &run.kernel;
        let release = match kernel.release.as_str() {
            "" => &kernel.word,
            release => release,
        };
        let release = escape_line(release, COMMENT);
        let config = kernel.config_digest.as_deref().unwrap_or("unknown");
        let started = run.started.strftime("%Y%m%dT%H%M%S%3fZ");
        Self {
            origin,
            checkout: format!("{origin}:nsproof-{release}"),
            build: format!("{origin}:nsproof-{release}-{}-{}", run.machine.arch, escape_line(config, COMMENT)),
            tests: format!("{origin}:nsproof-{started}-{}", escape_line(&kernel.word, COMMENT)),
        }
    }
}

/// The source of a kernel: all that is known of it here is what it became.
fn checkout(run: &Run, ids: &Ids<'_>) -> Value {
    json!({
        "id": ids.checkout,
        "origin": ids.origin,
        "comment": escape_line(&run.kernel.origin, COMMENT),
        "valid": true,
    })
}

/// The kernel itself.
fn build(run: &Run, ids: &Ids<'_>) -> Value {
    let architecture: String =
        run.machine.arch.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_').collect();
    // The schema forbids null.
    let misc = match &run.kernel.config_digest {
        Some(digest) => json!({ "config_digest": escape_line(digest, COMMENT) }),
        None => json!({}),
    };
    json!({
        "id": ids.build,
        "checkout_id": ids.checkout,
        "origin": ids.origin,
        "comment": escape_line(&run.kernel.version, COMMENT),
        "architecture": architecture,
        "status": "PASS",
        "misc": misc,
    })
}

/// That the kernel came up, or why it is not known what it does.
fn boot(run: &Run, ids: &Ids<'_>) -> Value {
    let (status, comment) = match &run.problem {
        Some(problem) => ("MISS", escape_line(problem, COMMENT)),
        None => ("PASS", "the kernel could be tested".into()),
    };
    json!({
        "id": format!("{}-boot", ids.tests),
        "build_id": ids.build,
        "origin": ids.origin,
        "path": "boot",
        "comment": comment,
        "status": status,
        "start_time": run.started.to_string(),
        "environment": environment(run),
    })
}

/// One case. Its number keeps apart what was carried out twice.
fn test(run: &Run, case: &CaseRecord, number: usize, status: &str, ids: &Ids<'_>) -> Value {
    let mut comment = case.claim.clone();
    if !case.message.is_empty() {
        comment = format!("{comment} {}: {}", case.verdict, case.message);
    }
    json!({
        "id": format!("{}-{}-{number}", ids.tests, path(case)),
        "build_id": ids.build,
        "origin": ids.origin,
        "path": path(case),
        "comment": escape_line(&comment, COMMENT),
        "status": status,
        "start_time": run.started.to_string(),
        "duration": case.duration.as_secs_f64(),
        "log_excerpt": excerpt(case),
        "environment": environment(run),
        "misc": {
            "nsproof": run.nsproof,
            "verdict": case.verdict.as_str(),
            "sources": case.sources,
        },
    })
}

/// Who is to blame, in KCIDB's words; none where nothing was asked.
const fn status(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Holds => Some("PASS"),
        Verdict::Violated | Verdict::Crashed | Verdict::TimedOut => Some("FAIL"),
        Verdict::Broken => Some("ERROR"),
        Verdict::Unmet => Some("SKIP"),
        Verdict::OutOfRange => None,
    }
}

/// The case's place in KCIDB's tree of tests: `nsproof.pid.nesting_stops_at_depth_32`.
fn path(case: &CaseRecord) -> String {
    let clean = |name: &str| {
        let clean: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect();
        match clean.is_empty() {
            true => "unnamed".into(),
            false => clean,
        }
    };
    format!("nsproof.{}.{}", clean(&case.suite), clean(case.short_name()))
}

/// What is there to read beside the verdict.
fn excerpt(case: &CaseRecord) -> String {
    let evidence: Vec<_> = case.evidence.iter().map(|evidence| evidence.text.as_str()).collect();
    escape_block(&evidence.join("\n"), EXCERPT)
}

/// What it ran on, without the machine's name.
fn environment(run: &Run) -> Value {
    let machine = &run.machine;
    let qemu = machine.qemu_version().unwrap_or("none");
    let text = format!("accelerator {}, QEMU {qemu}, isolation {}", machine.accelerator, machine.isolation);
    json!({ "comment": escape_line(&text, COMMENT) })
}

/// Appends `object` unless one with its id is there.
fn push_new(objects: &mut Vec<Value>, object: Value) {
    if objects.iter().all(|known| known["id"] != object["id"]) {
        objects.push(object);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::fixtures::{case, run, small_matrix, violated};

    #[test]
    fn a_violation_and_a_kernel_that_does_not_boot() {
        let mut dead = run("7.3", []);
        dead.kernel.release.clear();
        dead.problem = Some("the kernel did not boot".into());
        let matrix = Matrix { runs: vec![run("6.12", [violated()]), dead] };
        insta::assert_snapshot!(kcidb(&matrix, "my_ci").unwrap());
    }

    #[test]
    fn every_id_is_there_once_and_begins_with_the_origin() {
        let text = kcidb(&small_matrix(), "my_ci").unwrap();
        let report: Value = serde_json::from_str(&text).unwrap();
        for kind in ["checkouts", "builds", "tests"] {
            let objects = report[kind].as_array().unwrap();
            let mut ids: Vec<_> = objects.iter().map(|object| object["id"].as_str().unwrap()).collect();
            assert!(ids.iter().all(|id| id.starts_with("my_ci:")));
            let all = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), all, "{kind}");
        }
    }

    #[test]
    fn a_claim_about_other_versions_is_no_test() {
        let matrix = Matrix { runs: vec![run("6.12", [case("pid::a", Verdict::OutOfRange), violated()])] };
        let report: Value = serde_json::from_str(&kcidb(&matrix, "x").unwrap()).unwrap();
        let paths: Vec<_> = report["tests"].as_array().unwrap().iter().map(|test| test["path"].as_str()).collect();
        assert_eq!(paths, [Some("boot"), Some("nsproof.pid.nesting_stops_at_depth_32")]);
    }

    #[rstest]
    #[case("")]
    #[case("My-CI")]
    #[case("a:b")]
    fn an_origin_that_kcidb_refuses_is_told(#[case] origin: &str) {
        assert_eq!(
            kcidb(&small_matrix(), origin).unwrap_err().to_string(),
            format!("{origin:?} is no name of a CI system for KCIDB: use lower-case letters, digits and underscores")
        );
    }

    #[test]
    fn no_text_holds_a_nul() {
        let mut bad = violated();
        bad.message = "a\0b".into();
        bad.name = "pid::a\0.b/c".into();
        bad.evidence[0].text = "\0".repeat(1 << 20);
        let mut run = run("6.12\0", [bad]);
        run.kernel.version = "\0".into();
        let text = kcidb(&Matrix { runs: vec![run] }, "x").unwrap();
        assert!(!text.contains("\\u0000"), "{text}");
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["tests"][1]["path"], "nsproof.pid.abc");
        assert!(report["tests"][1]["log_excerpt"].as_str().unwrap().len() <= 16 * 1024 + 100);
    }
}
