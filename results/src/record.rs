//! What is recorded: a case, a run, a matrix. Plain data; every report is made from it and from nothing else.
//!
//! The types say what is kept, `SCHEMA.md` beside this crate's manifest says how it is
//! written down. Texts may hold anything, bytes of a guest included: each format cleans what it writes.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// What one case found on one kernel, with everything a reader needs to understand it alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// The case's full name, which is its claim's name and stays the same over time: `pid::nesting_stops_at_depth_32`.
    pub name: String,
    /// The suite it belongs to: `pid`.
    pub suite: String,
    /// The theme of the suite's page it belongs to, the file's name without `.rs`: `nesting`.
    pub theme: String,
    /// The claim: the first sentence of the case's doc comment.
    pub claim: String,
    /// The rest of the doc comment: what changed when. Empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What says so: `pid_namespaces(7)`, a file of the kernel's tree, a document's title.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Where those of [`CaseRecord::sources`] that can be opened are found, by their texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub source_links: BTreeMap<String, String>,
    /// The first kernel version the claim covers, `6.14`; none: all from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The first kernel version the claim no longer covers, `6.18`; none: all to this day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The name of the claim that was so until [`CaseRecord::since`], and that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// What a document says and the kernel does not do, in the words of the claim's author. The case asserts what really happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erratum: Option<String>,
    /// Where the document says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erratum_in: Option<Passage>,
    /// Where the case's function stands.
    pub place: Place,
    /// What was found.
    pub verdict: Verdict,
    /// How long the case took, in JSON as whole microseconds.
    #[serde(rename = "duration_us", with = "crate::wire::micros")]
    pub duration: Duration,
    /// Why, for every verdict but holds: what was wrong, missing or in the way. Empty when there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What the failing expectation expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What it saw instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// The call it asked, as it stands in the source: `unshare(CLONE_NEWPID)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Where the failing expectation stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// What else was kept: the console's last lines, what the case printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

impl CaseRecord {
    /// A record with the given name and verdict, the suite taken from the name's first part, and all else empty.
    #[must_use]
    pub fn new(name: impl Into<String>, verdict: Verdict) -> Self {
        let name = name.into();
        let suite = name.split("::").next().unwrap_or_default().to_owned();
        Self {
            name,
            suite,
            theme: String::new(),
            claim: String::new(),
            detail: String::new(),
            sources: Vec::new(),
            source_links: BTreeMap::new(),
            since: None,
            until: None,
            replaces: None,
            erratum: None,
            erratum_in: None,
            place: Place::default(),
            verdict,
            duration: Duration::ZERO,
            message: String::new(),
            expected: None,
            seen: None,
            call: None,
            at: None,
            evidence: Vec::new(),
        }
    }

    /// Each source, and the address it can be opened at. Only addresses that a page may lead to: a record may come from anywhere.
    pub(crate) fn cited(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let link = |source| self.source_links.get(source).map(String::as_str);
        self.sources
            .iter()
            .map(move |source| (source.as_str(), link(source).filter(|link| link.starts_with("https://"))))
    }

    /// The name without its suite: `nesting_stops_at_depth_32`.
    #[must_use]
    pub fn short_name(&self) -> &str {
        self.name.strip_prefix(self.suite.as_str()).and_then(|rest| rest.strip_prefix("::")).unwrap_or(&self.name)
    }
}

/// A passage of a document that is refuted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The manual page, `clone(2)`, or the document.
    pub page: String,
    /// The heading below which it stands; empty when it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub heading: String,
    /// What it says, in the words of the claim's author.
    pub says: String,
    /// A few of its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// The edition that was read: `man-pages 6.20`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// Where it can be opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A line of a source file, relative to the project's root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file: `suites/src/pid/nesting.rs`.
    pub file: String,
    /// The line, counted from 1; 0 when it is not known.
    pub line: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Text kept beside a verdict. Never searched for a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is: `console`, `output`, [`Evidence::PROMPT`].
    pub label: String,
    /// The text itself, as it came.
    pub text: String,
}

impl Evidence {
    /// The label of a line that the case typed at a shell's prompt, with what it printed.
    pub const PROMPT: &str = "prompt";
}

/// The kernel of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// The word that was typed to name it, the column's head in every table: `6.12`, `host`, `.`.
    pub word: String,
    /// Its release, as `uname -r` says: `6.12.107+deb13-cloud-amd64`. Empty when it never came up.
    pub release: String,
    /// All of `/proc/version`, one line. Empty when it never came up.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Where it came from: `Debian trixie, linux-image-…`, `the running kernel`, a path.
    pub origin: String,
    /// A digest of its configuration with the digest's name, `sha256:…`; none when the kernel does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_digest: Option<String>,
}

/// What a run ran on. It names no host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Who carried out the instructions: `tcg`, `kvm`; `none` for the running kernel, and for one that was not booted.
    pub accelerator: String,
    /// What QEMU says of its version, `QEMU emulator version 7.2.22 (Debian …)`; none for the running kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qemu: Option<String>,
    /// How cases were kept apart: `fresh`, `shared`, `stage`.
    pub isolation: String,
    /// The architecture, as `uname -m` says: `x86_64`.
    pub arch: String,
}

impl Machine {
    /// QEMU's version as it stands behind its name: `7.2.22 (Debian …)`.
    pub(crate) fn qemu_version(&self) -> Option<&str> {
        self.qemu.as_deref().map(|said| said.strip_prefix("QEMU emulator version ").unwrap_or(said))
    }
}

/// Which part of the whole a run is: part `index` of `count`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Which part, from 1 to `count`.
    pub index: u32,
    /// How many parts there are.
    pub count: u32,
}

/// All verdicts for one kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The version of nsproof that ran: `0.1.0`.
    pub nsproof: String,
    /// The kernel.
    pub kernel: Kernel,
    /// The machine.
    pub machine: Machine,
    /// When the run started; in JSON RFC 3339 in UTC.
    pub started: Timestamp,
    /// How long it took by the clock on the wall, in JSON as whole milliseconds.
    #[serde(rename = "wall_ms", with = "crate::wire::millis")]
    pub wall: Duration,
    /// What the cases were narrowed to, as typed (`--suite pid`); none: every case was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<String>,
    /// Which shard it is; none: not sharded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Why the kernel could not be tested at all, for instance because it does not boot; none: it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// How many cases that were asked for have no record, because the run was stopped or still goes on; 0: none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unfinished: usize,
    /// What the cases found. A name that stands here more than once was carried out more than once: if its
    /// verdicts differ it is flaky.
    pub cases: Vec<CaseRecord>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Several runs side by side, in the order in which tables show them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// The runs, one a kernel.
    pub runs: Vec<Run>,
}
