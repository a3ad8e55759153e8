//! A change to a page as a patch: its commit message, and the difference with three lines around it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use kit::{Case, Erratum};

use super::proposal::Proposal;

/// How many unchanged lines stand around a change.
const AROUND: usize = 3;

/// How wide the lines of a message and of a page's source are.
const WIDE: usize = 72;

/// A change to one page.
#[derive(Debug)]
pub(super) struct Patch {
    subject: String,
    why: String,
    page: String,
    /// The lines of the page.
    lines: Vec<String>,
    /// At which of them the change stands, how many go, and what comes.
    at: usize,
    gone: usize,
    new: Vec<String>,
}

impl Patch {
    /// The change that somebody wrote.
    ///
    /// # Errors
    /// If the page is not there, or does not have the lines, or more than once.
    pub(super) fn by_hand(proposal: &Proposal<'_>, case: &Case, pages: &Path) -> Result<Self> {
        let lines = read(pages, proposal.page)?;
        let old = &proposal.old;
        let places: Vec<usize> = lines
            .windows(old.len())
            .enumerate()
            .filter(|(_, window)| window.iter().zip(old).all(|(line, old)| line == old))
            .map(|(at, _)| at)
            .collect();
        let at = match places.as_slice() {
            [at] => *at,
            [] => bail!("{} does not have the lines that are to be changed: another edition?", proposal.page),
            several => bail!("{} has the lines that are to be changed {} times", proposal.page, several.len()),
        };
        Ok(Self {
            subject: proposal.subject.to_owned(),
            why: format!("{}\n\n{}", proposal.why, evidence(case)),
            page: proposal.page.to_owned(),
            lines,
            at,
            gone: old.len(),
            new: proposal.new.iter().map(|line| (*line).to_owned()).collect(),
        })
    }

    /// What is true, as a paragraph at the end of the section that has it wrong.
    ///
    /// # Errors
    /// If the page is not there.
    pub(super) fn of_section(case: &Case, erratum: &Erratum, pages: &Path) -> Result<Self> {
        let (name, heading) = erratum.page().context("no page of the manual")?;
        let (name, section) = name.trim_end_matches(')').split_once('(').context("no page of the manual")?;
        let mut page = format!("man/man{section}/{name}.{section}");
        let mut lines = read(pages, &page)?;
        // A page that only leads to another one.
        if let Some(other) = lines.first().and_then(|line| line.strip_prefix(".so ")).map(str::to_owned) {
            page = format!("man/{other}");
            lines = read(pages, &page)?;
        }
        let at = end_of(&lines, heading);
        let mut new = vec![".P".to_owned(), format!(".\\\" Shown by nsproof, {}", case.name())];
        new.extend(wrap(&as_source(case.claim)));
        let says = wrap(&format!("The page says: {}", erratum.says)).join("\n");
        let why = format!("{says}\n\n{}", evidence(case));
        Ok(Self { subject: heading_or(heading), why, page, lines, at, gone: 0, new })
    }

    /// The whole patch.
    pub(super) fn text(&self, author: Option<&str>) -> String {
        let from = author.map(|author| format!("From: {author}\n")).unwrap_or_default();
        let Self { subject, why, page, .. } = self;
        format!("{from}Subject: [PATCH] {page}: {subject}\n\n{why}\n---\n--- a/{page}\n+++ b/{page}\n{}", self.hunk())
    }

    fn hunk(&self) -> String {
        let from = self.at.saturating_sub(AROUND);
        let after = self.at + self.gone;
        let to = (after + AROUND).min(self.lines.len());
        let (before, now) = (to - from, to - from - self.gone + self.new.len());
        let mut hunk = format!("@@ -{},{before} +{},{now} @@\n", from + 1, from + 1);
        let mut push = |mark: char, lines: &[String]| {
            for line in lines {
                hunk.push_str(&format!("{mark}{line}\n"));
            }
        };
        push(' ', &self.lines[from..self.at]);
        push('-', &self.lines[self.at..after]);
        push('+', &self.new);
        push(' ', &self.lines[after..to]);
        hunk
    }
}

/// Tries the patch `file` on the pages below `pages`, which stay as they are.
pub(super) fn check(file: &Path, pages: &Path) -> Result<()> {
    let file = file.canonicalize().with_context(|| format!("failed to find {}", file.display()))?;
    let tried = Command::new("patch")
        .args(["--dry-run", "--force", "--fuzz=0", "-p1", "--directory"])
        .arg(pages)
        .arg("--input")
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .context("failed to run patch(1): install the package patch")?;
    if !tried.status.success() {
        bail!("{} does not apply: {}", file.display(), String::from_utf8_lossy(&tried.stdout).trim());
    }
    Ok(())
}

fn read(pages: &Path, page: &str) -> Result<Vec<String>> {
    let path = pages.join(page);
    let text = fs::read_to_string(&path).with_context(|| {
        format!("failed to read {}: --pages names the unpacked source of man-pages", path.display())
    })?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The line before which the section of this heading ends, or the entry of this name in a list; the end of the page's text if
/// neither is there.
fn end_of(lines: &[String], heading: &str) -> usize {
    let plain = |text: &str| -> String {
        text.replace("\\[dq]", "").chars().filter(|c| c.is_alphanumeric() || "/_".contains(*c)).collect()
    };
    let wanted = plain(heading);
    let is_section = |line: &str| line.starts_with(".SH ") || line.starts_with(".SS ");
    let title = lines.iter().position(|line| is_section(line) && plain(&line[4..]) == wanted);
    let entry = || {
        let is_tag = |pair: &[String]| pair[0] == ".TP" && plain(&pair[1]).contains(&wanted);
        lines.windows(2).position(is_tag).map(|at| at + 1)
    };
    let ends = |from: usize, is_end: &dyn Fn(&str) -> bool| {
        let end = lines[from + 1..].iter().position(|line| is_end(line)).map_or(lines.len(), |at| from + 1 + at);
        // Comments before a heading belong to the heading.
        let kept = lines[..end].iter().rev().take_while(|line| line.starts_with(".\\\"")).count();
        end - kept
    };
    if let Some(title) = title.filter(|_| !wanted.is_empty()) {
        return ends(title, &is_section);
    }
    if let Some(entry) = (!wanted.is_empty()).then(entry).flatten() {
        return ends(entry, &|line| line == ".TP" || is_section(line));
    }
    lines.iter().position(|line| line == ".SH SEE ALSO").unwrap_or(lines.len())
}

/// What a patch's message says of how it is known.
fn evidence(case: &Case) -> String {
    let range = if case.range().is_empty() {
        "all series from 5.10 to 7.3".to_owned()
    } else {
        format!("kernels {}", case.range())
    };
    let text = format!("{} This is what {range} do; nsproof shows it with the case {}.", case.claim, case.name());
    wrap(&text).join("\n")
}

fn heading_or(heading: &str) -> String {
    if heading.is_empty() { "What the kernel does".to_owned() } else { format!("{heading}: What the kernel does") }
}

/// A sentence as the source of a page: nothing in it is taken for a request.
fn as_source(text: &str) -> String {
    text.replace('\\', "\\e").replace('`', "").replace('«', "\\[lq]").replace('»', "\\[rq]")
}

/// `text` in lines of at most [`WIDE`] characters, broken between words. None begins with what would be a request.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        if let Some(line) = lines.last_mut() {
            if line.is_empty() {
                line.push_str(word);
            } else if line.chars().count() + 1 + word.chars().count() <= WIDE {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
    }
    lines.iter().map(|line| if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.clone() }).collect()
}
