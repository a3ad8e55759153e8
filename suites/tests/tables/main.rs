//! What must be true of the tables of claims as a whole. Runs beside the conformance suite, and takes its options.

mod peers;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Failed, Trial};

fn main() -> ExitCode {
    harness::own_tests(vec![
        Trial::test("every_name_is_given_once", every_name_is_given_once),
        Trial::test("every_claim_is_listed", || {
            all_are_listed("#[claim(", |file| {
                suites::ALL.all().filter(|case| format!("{}/{}.rs", case.suite(), case.theme()) == file).count()
            })
        }),
        Trial::test("every_program_is_listed", every_program_is_listed),
        Trial::test("claims_that_are_shown_are_real_ones", claims_that_are_shown_are_real_ones),
        Trial::test("every_proposal_is_about_an_erratum", every_proposal_is_about_an_erratum),
        Trial::test("documents_name_claims_that_there_are", documents_name_claims_that_there_are),
        Trial::test("what_is_replaced_ends_where_the_other_begins", what_is_replaced_ends_where_the_other_begins),
        Trial::test("what_ended_is_replaced", what_ended_is_replaced),
        Trial::test("answers_to_peers_name_claims", peers::answers_name_claims),
    ])
}

fn every_name_is_given_once() -> Result<(), Failed> {
    match suites::ALL.doubles() {
        doubles if doubles.is_empty() => Ok(()),
        doubles => Err(format!("given more than once: {}", doubles.join(", ")).into()),
    }
}

/// A case that stands in no table would be silent: it would never run.
fn all_are_listed(mark: &str, listed: impl Fn(&str) -> usize) -> Result<(), Failed> {
    for (file, text) in sources()? {
        let written = text.lines().filter(|line| line.starts_with(mark)).count();
        let listed = listed(&file);
        if written != listed {
            return Err(format!("{file} has {written} × «{mark}», and {listed} of them are registered").into());
        }
    }
    Ok(())
}

/// A rule that changed is a chain of claims, each of which begins with the version with which the one before ends.
fn what_is_replaced_ends_where_the_other_begins() -> Result<(), Failed> {
    let mut replaced = BTreeMap::new();
    for case in suites::ALL.all() {
        let Some(name) = case.replaces else { continue };
        let whole = format!("{}::{name}", case.suite());
        let Some(other) = suites::ALL.all().find(|other| other.name() == whole) else {
            return Err(format!("{} replaces {whole}, which is no claim", case.name()).into());
        };
        if other.until != case.since {
            let (ends, begins) = (other.range(), case.range());
            return Err(format!("{} is about kernels {begins} and replaces {whole}, {ends}", case.name()).into());
        }
        if let Some(rival) = replaced.insert(whole.clone(), case.name()) {
            return Err(format!("both {} and {rival} replace {whole}", case.name()).into());
        }
    }
    Ok(())
}

/// Claims that end and that no other replaces, and why. All others that end have a successor, with which reports tell of them as
/// of one rule.
const ENDED: [(&str, &str); 5] = [
    (
        "ipc::next_ids_are_written_by_root_old",
        "what came with 5.11 is claimed as it is since 5.19: no series lies between",
    ),
    (
        "net::buffer_sizes_are_in_the_initial_network_only",
        "between 6.1 and 6.12 it is not known which version changed it",
    ),
    ("net::settings_hidden_in_an_older_series", "between 6.1 and 6.12 it is not known which version changed it"),
    ("net::settings_hidden_in_the_oldest_series", "between 5.10 and 6.1 it is not known which version changed it"),
    (
        "user::security_xattrs_let_through_by_bpf_lsm",
        "what replaces it replaces the rule of kernels without the fault, too",
    ),
];

fn what_ended_is_replaced() -> Result<(), Failed> {
    let all = || suites::ALL.all();
    let is_replaced = |case: &kit::Case| {
        all().any(|other| other.suite() == case.suite() && other.replaces == case.name().split("::").nth(1))
    };
    let ended: Vec<_> = all().filter(|case| case.until.is_some() && !is_replaced(case)).map(kit::Case::name).collect();
    if let Some(name) = ended.iter().find(|name| !ENDED.iter().any(|(known, _)| known == *name)) {
        return Err(format!("{name} ends and no claim `replaces` it: say which, or here why there is none").into());
    }
    match ENDED.iter().find(|(known, _)| !ended.iter().any(|name| name == known)) {
        Some((known, _)) => Err(format!("{known} is replaced or does not end: it is no exception").into()),
        None => Ok(()),
    }
}

/// Each file in `errata/` is registered, and stands beside the erratum that it is about.
fn every_proposal_is_about_an_erratum() -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("errata");
    let written = fs::read_dir(folder)?.count();
    let listed = suites::ALL.proposals.len();
    if written != listed {
        return Err(format!("{written} proposals are written, {listed} registered").into());
    }
    for proposal in suites::ALL.proposals {
        let name = proposal.lines().find_map(|line| line.strip_prefix("Claim: ")).unwrap_or_default();
        if !suites::ALL.all().any(|case| case.name() == name && case.erratum.is_some()) {
            return Err(format!("a proposal is for «{name}», which has no erratum").into());
        }
    }
    Ok(())
}

/// The kept comparison of two kernels names the claims as they are called now.
fn documents_name_claims_that_there_are() -> Result<(), Failed> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/changes/6.12-to-7.3.md"))?;
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|word| word.contains("::")).collect();
    match named.iter().find(|name| !suites::ALL.all().any(|case| case.name() == **name)) {
        _ if named.is_empty() => Err("no claim is named".into()),
        Some(name) => Err(format!("{name} is no claim: make the file anew with `nsproof report diff`").into()),
        None => Ok(()),
    }
}

fn every_program_is_listed() -> Result<(), Failed> {
    let written: usize = sources()?.iter().map(|(_, text)| text.matches("Program { name:").count()).sum();
    let listed = suites::ALL.programs().count();
    if written == listed { Ok(()) } else { Err(format!("{written} programs are written, {listed} registered").into()) }
}

/// The worked examples of the documents stand in the tree as they are printed.
fn claims_that_are_shown_are_real_ones() -> Result<(), Failed> {
    let sources = sources()?;
    for document in ["README.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(document))?;
        for shown in text.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            if !sources.iter().any(|(_, source)| source.contains(shown)) {
                return Err(format!("{document} shows what no suite has:\n{shown}").into());
            }
        }
    }
    Ok(())
}

/// The files of all suites, as `<suite>/<theme>.rs`, with their text.
fn sources() -> io::Result<Vec<(String, String)>> {
    let mut sources = Vec::new();
    for suite in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))? {
        let suite = suite?;
        if suite.file_type()?.is_dir() {
            for file in fs::read_dir(suite.path())? {
                let file = file?;
                let name = format!("{}/{}", suite.file_name().display(), file.file_name().display());
                sources.push((name, fs::read_to_string(file.path())?));
            }
        }
    }
    Ok(sources)
}
