//! What runner and worker say to each other: one JSON object a line, requests down, events up.
//!
//! The runner believes nothing of it: an event comes from a kernel under test.

use kit::Case;
use serde::{Deserialize, Serialize};

use crate::needs::Lack;

/// Changes when the two sides would no longer understand each other. They are the same executable, so this only
/// guards against a kernel that answers with somebody else's words.
pub(crate) const PROTOCOL: u32 = 2;

/// The longest line that the runner reads. A worker's own lines stay far below.
pub(crate) const LONGEST_LINE: usize = 256 * 1024;

/// The most that is kept of what a case prints.
pub(crate) const LONGEST_OUTPUT: usize = 16 * 1024;

/// Runner to worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Carry out this case, and end it after so many milliseconds.
    Run { case: String, deadline_ms: u64 },
    /// Say which functions the kernel has, and where.
    Symbols,
    /// End a stage like this case's on which nothing was done.
    End { case: String },
}

/// Worker, or sentry, to runner.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// The worker is up.
    Ready(Hello),
    /// The worker cannot come up, and this is why.
    Failed(String),
    /// This case is about to be carried out: whatever happens next is its doing.
    Started { case: String },
    /// This is what the case found, and its stage is about to be ended: whatever becomes of that.
    Found { case: String, report: Box<Report> },
    /// This case is over.
    Finished { case: String, report: Box<Report> },
    /// A part of the kernel's functions ([`crate::code::symbols`]), compressed and in letters; the last one says so.
    Symbols { part: String, last: bool },
    /// The stage on which nothing was done has ended, or why it cannot be.
    Ended { stuck: Option<String> },
}

impl Event {
    /// As it goes over the line.
    pub(crate) fn line(&self) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }
}

/// What the worker's kernel says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) protocol: u32,
    /// As `uname -r` prints it.
    pub(crate) release: String,
    /// `/proc/version`.
    pub(crate) version: String,
}

/// How a case ended, without what the runner knows already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) verdict: results::Verdict,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seen: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<String>,
    /// What the case printed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) output: String,
    /// The stage's processes, when the case was ended by its deadline.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) processes: String,
    /// Why what the case ran in could not be ended, although all of it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stuck: Option<String>,
    /// Something of the case is still there, so that no other can follow it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) traces: bool,
    pub(crate) duration_us: u64,
}

impl Report {
    /// For a case whose claim is about other versions than this kernel's.
    pub(crate) fn out_of_range(case: &Case) -> Self {
        Self::new(results::Verdict::OutOfRange, format!("is about kernels {}", case.range()))
    }

    /// A verdict with a message and nothing else.
    pub(crate) fn new(verdict: results::Verdict, message: impl Into<String>) -> Self {
        Self {
            verdict,
            message: message.into(),
            call: None,
            expected: None,
            seen: None,
            at: None,
            output: String::new(),
            processes: String::new(),
            stuck: None,
            traces: false,
            duration_us: 0,
        }
    }

    /// Makes it one of a crash, in these words. What the case found before stays in it.
    pub(crate) fn crashed(&mut self, how: &str) {
        let said = match self.verdict {
            _ if self.message.is_empty() => String::new(),
            results::Verdict::Violated => format!(" (the case said: violated: {})", self.message),
            _ => format!(" (the case said: {})", self.message),
        };
        self.verdict = results::Verdict::Crashed;
        self.message = format!("{how}{said}");
    }

    /// Adds what came after the case had said what it found. What speaks against the kernel stays the verdict; anything else
    /// gives way to `verdict`, and is told first.
    pub(crate) fn then(&mut self, verdict: results::Verdict, what: &str) {
        let said = match self.verdict {
            results::Verdict::Holds => String::new(),
            found if found.is_against_the_kernel() || found == verdict => format!("{}; then ", self.message),
            found => format!("{found}: {}; then ", self.message),
        };
        self.message = format!("{said}{what}");
        if !self.verdict.is_against_the_kernel() {
            self.verdict = verdict;
        }
    }
}

impl From<Lack> for Report {
    fn from(lack: Lack) -> Self {
        match lack {
            Lack::Unmet(reason) => Self::new(results::Verdict::Unmet, reason),
            Lack::Broken(reason) => Self::new(results::Verdict::Broken, reason),
        }
    }
}
