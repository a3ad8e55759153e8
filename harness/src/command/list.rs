//! `nsproof list`.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use kit::{Case, Registry};
use serde::Serialize;

use crate::runner::choice::Choice;
use crate::runner::filters::Filters;
use crate::runner::meant::did_you_mean;
use crate::terminal;

/// A claim as `--json` shows it.
#[derive(Serialize)]
struct Listed {
    name: String,
    suite: &'static str,
    theme: &'static str,
    claim: &'static str,
    detail: &'static str,
    sources: Vec<&'static str>,
    /// Where they can be opened, by their texts.
    source_links: BTreeMap<&'static str, &'static str>,
    since: Option<String>,
    until: Option<String>,
    needs: Vec<String>,
    /// The claim that was so until this one is.
    replaces: Option<String>,
    erratum: Option<&'static str>,
    file: &'static str,
    line: u32,
}

impl From<&Case> for Listed {
    fn from(case: &Case) -> Self {
        Self {
            name: case.name(),
            suite: case.suite(),
            theme: case.theme(),
            claim: case.claim,
            detail: case.detail,
            sources: case.sources.iter().map(|source| source.text).collect(),
            source_links: case.sources.iter().filter_map(|source| Some((source.text, source.link?))).collect(),
            since: case.since.map(|version| version.to_string()),
            until: case.until.map(|version| version.to_string()),
            needs: case.needs.iter().map(ToString::to_string).collect(),
            replaces: case.replaces.map(|replaced| format!("{}::{replaced}", case.suite())),
            erratum: case.erratum.map(|erratum| erratum.text),
            file: case.file,
            line: case.line,
        }
    }
}

/// Prints the names of the claims, or all that is known of them.
pub(super) fn list(registry: &Registry, choice: &Choice, filters: &[String], json: bool) -> Result<u8> {
    let field = choice.cases(registry)?;
    let names = Filters::parts(filters);
    let chosen: Vec<_> = field.iter().filter(|case| names.pass(&case.name(), "")).collect();
    if chosen.is_empty() {
        let what = match filters {
            [word] => format!("has «{word}» in its name{}", did_you_mean(word, &field)),
            _ => "is left".to_owned(),
        };
        bail!("no claim {} {what}", choice.field());
    }
    let text = if json {
        let all: Vec<Listed> = chosen.iter().map(|case| Listed::from(**case)).collect();
        serde_json::to_string_pretty(&all)? + "\n"
    } else {
        chosen.iter().map(|case| case.name() + "\n").collect()
    };
    terminal::print(&text)?;
    Ok(0)
}
