//! `nsproof errata`: what documents have wrong, and patches that put it right.

mod patch;
mod proposal;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use kit::{Case, Erratum, Registry};

use crate::terminal;
use patch::Patch;
use proposal::Proposal;

/// What to do with errata.
#[derive(Debug, Args)]
pub(super) struct ErrataOptions {
    /// Only those of this page or document; may be given more than once [clone(2), clone]
    #[arg(long, value_name = "PAGE")]
    page: Vec<String>,
    /// Write a patch for every erratum about a page of man-pages into this folder
    #[arg(long, value_name = "DIR", requires = "pages")]
    patch: Option<PathBuf>,
    /// The unpacked source of man-pages, which has the pages in man/man2 and so on
    #[arg(long, value_name = "DIR")]
    pages: Option<PathBuf>,
    /// The author of the patches
    #[arg(long, value_name = "NAME <ADDRESS>")]
    author: Option<String>,
}

pub(super) const HELP: &str = "With --patch: each patch is tried on the pages with patch(1). Those that were written by hand replace \
the sentence that is wrong; the others add what is true to the section, for somebody to word. Each is a change to the page as it \
is: of two in one place, the second is to be moved by hand when the first is in.

Examples:
  nsproof errata --page 'user_namespaces(7)'
  apt-get source manpages/sid
  nsproof errata --patch fixes --pages manpages-6.20";

/// A claim with what it refutes.
type Refuted = (&'static Case, Erratum);

/// Lists the errata, or makes patches of them.
pub(super) fn errata(registry: &Registry, options: &ErrataOptions) -> Result<u8> {
    let by_page = by_page(registry, &options.page)?;
    match (&options.patch, &options.pages) {
        (Some(folder), Some(pages)) => patches(registry, &by_page, folder, pages, options.author.as_deref()),
        _ => {
            let text: String = by_page.iter().map(|(page, refuted)| listed(page, refuted)).collect();
            terminal::print(&text)?;
            Ok(0)
        }
    }
}

/// The errata of the documents that are asked for, by document.
fn by_page(registry: &Registry, wanted: &[String]) -> Result<BTreeMap<&'static str, Vec<Refuted>>> {
    let mut pages: BTreeMap<_, Vec<Refuted>> = BTreeMap::new();
    for case in registry.all() {
        if let Some(erratum) = case.erratum {
            pages.entry(document(&erratum)).or_default().push((case, erratum));
        }
    }
    let is_meant = |page: &str, wanted: &String| page == wanted || page.split('(').next() == Some(wanted.as_str());
    if let Some(unknown) = wanted.iter().find(|wanted| !pages.keys().any(|page| is_meant(page, wanted))) {
        let known: Vec<&str> = pages.keys().copied().collect();
        bail!("there is no erratum of «{unknown}»: there are some of {}", known.join(", "));
    }
    pages.retain(|page, _| wanted.is_empty() || wanted.iter().any(|wanted| is_meant(page, wanted)));
    Ok(pages)
}

/// The page, or the document as a whole.
fn document(erratum: &Erratum) -> &'static str {
    erratum.page().map_or(erratum.place.text, |(page, _)| page)
}

/// A page's errata for people.
fn listed(page: &str, refuted: &[Refuted]) -> String {
    let edition = refuted.iter().find_map(|(_, erratum)| erratum.edition);
    let mut text = format!("{page}{}\n", edition.map(|edition| format!(", {edition}")).unwrap_or_default());
    for (case, erratum) in refuted {
        let heading = erratum.page().map_or("", |(_, heading)| heading);
        let rows = [
            ("section", heading.to_owned()),
            ("it has", erratum.quote.map(|quote| format!("“{quote}”")).unwrap_or_default()),
            ("it says", erratum.says.to_owned()),
            ("true is", case.claim.to_owned()),
            ("kernels", if case.range().is_empty() { "all".to_owned() } else { case.range() }),
            ("evidence", format!("nsproof run --exact {}", case.name())),
        ];
        for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
            text.push_str(&format!("  {name:<9} {value}\n"));
        }
        text.push('\n');
    }
    text
}

/// Writes a patch for each erratum about a page of man-pages that can be found below `pages`.
fn patches(
    registry: &Registry,
    by_page: &BTreeMap<&str, Vec<Refuted>>,
    folder: &Path,
    pages: &Path,
    author: Option<&str>,
) -> Result<u8> {
    if !pages.join("man/man2").is_dir() {
        bail!("{} has no folder man/man2: --pages names the unpacked source of man-pages", pages.display());
    }
    let by_hand = registry.proposals.iter().map(|text| Proposal::parse(text)).collect::<Result<Vec<_>>>()?;
    fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
    let mut told = String::new();
    let (mut written, mut failed) = (0, 0);
    for (case, erratum) in by_page.values().flatten().filter(|(_, erratum)| erratum.edition.is_some()) {
        let mine = by_hand.iter().find(|proposal| proposal.claim == case.name());
        let made = match mine {
            Some(proposal) => Patch::by_hand(proposal, case, pages),
            None => Patch::of_section(case, erratum, pages),
        };
        let path = folder.join(format!("{}.patch", case.name().replace("::", "-")));
        let result = made.and_then(|patch| {
            fs::write(&path, patch.text(author)).with_context(|| format!("failed to write {}", path.display()))?;
            patch::check(&path, pages)
        });
        match result {
            Ok(()) => {
                written += 1;
                let how = if mine.is_some() { "by hand" } else { "to be worded" };
                told.push_str(&format!("{}  {how}, applies\n", path.display()));
            }
            Err(error) => {
                failed += 1;
                told.push_str(&format!("{}  {error:#}\n", case.name()));
            }
        }
    }
    told.push_str(&format!("{written} patches, {failed} errata without one\n"));
    terminal::print(&told)?;
    Ok(u8::from(failed > 0))
}

#[cfg(test)]
mod tests;
