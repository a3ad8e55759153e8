//! What must be true of the tables of claims as a whole. Runs beside the conformance suite, and takes its options.

mod peers;

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
