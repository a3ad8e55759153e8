//! What a case is: a claim, where it is written, and the function that tests it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::need::Need;
use super::source::{Erratum, Source};
use super::verdict::Verdict;

/// How long a case may take when it does not say so itself. Longer on slow machines.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// One claim and its test. Made by [`#[claim]`](crate::claim), listed by [`cases!`](crate::cases).
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The function's name, which is the claim's name within its suite.
    pub function: &'static str,
    /// The module path, `suites::<suite>::<theme>`.
    pub module: &'static str,
    /// The claim: one sentence, present tense, 160 characters at most.
    pub claim: &'static str,
    /// What stands after that sentence; may be empty.
    pub detail: &'static str,
    /// Who says so.
    pub sources: &'static [Source],
    /// The first mainline version the claim is about.
    pub since: Option<KernelVersion>,
    /// The first mainline version the claim is no longer about.
    pub until: Option<KernelVersion>,
    /// The function of the claim, of the same suite, that was so until [`Case::since`].
    pub replaces: Option<&'static str>,
    /// What a test of the claim needs.
    pub needs: &'static [Need],
    /// What a document says and the kernel does not do.
    pub erratum: Option<Erratum>,
    /// Seconds the case may take, where [`DEFAULT_DEADLINE`] is too short.
    pub deadline_seconds: Option<u64>,
    /// The source file, relative to the workspace.
    pub file: &'static str,
    /// The line of the attribute in that file.
    pub line: u32,
    /// The test as it is written, from its opening brace to its closing one.
    pub code: &'static str,
    /// The lines in it that are typed at a prompt (`kit::process::Shell`), in their order.
    pub prompts: &'static [&'static str],
    /// The test.
    pub body: fn() -> Verdict,
}

impl Case {
    /// The suite: the folder the case's file lies in.
    pub fn suite(&self) -> &'static str {
        self.module.split("::").nth(1).unwrap_or(self.module)
    }

    /// The theme: the name of the case's file.
    pub fn theme(&self) -> &'static str {
        self.module.split("::").nth(2).unwrap_or_default()
    }

    /// The name that selects the case everywhere, `pid::nesting_stops_at_depth_32`.
    pub fn name(&self) -> String {
        format!("{}::{}", self.suite(), self.function)
    }

    /// How long the case may take on a machine of ordinary speed.
    pub fn deadline(&self) -> Duration {
        self.deadline_seconds.map_or(DEFAULT_DEADLINE, Duration::from_secs)
    }

    /// Whether the claim is about this kernel version.
    pub fn covers(&self, version: KernelVersion) -> bool {
        self.since.is_none_or(|since| version >= since) && self.until.is_none_or(|until| version < until)
    }

    /// The range of versions in words, for people; empty when the claim is about every kernel.
    pub fn range(&self) -> String {
        match (self.since, self.until) {
            (None, None) => String::new(),
            (Some(since), None) => format!("since {since}"),
            (None, Some(until)) => format!("before {until}"),
            (Some(since), Some(until)) => format!("since {since} and before {until}"),
        }
    }
}

/// A version of the Linux kernel, as far as claims care: `6.12` or `6.12.107`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KernelVersion {
    major: u16,
    minor: u16,
    patch: u16,
}

impl KernelVersion {
    /// The version `major.minor.patch`.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch != 0 {
            write!(f, ".{}", self.patch)?;
        }
        Ok(())
    }
}

/// A text that does not begin like a kernel release.
#[derive(Debug, thiserror::Error)]
#[error("«{0}» does not begin with a kernel version such as 6.12")]
pub struct NotAVersion(String);

impl FromStr for KernelVersion {
    type Err = NotAVersion;

    /// Reads the beginning of a release as `uname -r` prints it, `6.12.107+deb13-cloud-amd64`.
    fn from_str(release: &str) -> Result<Self, NotAVersion> {
        let wrong = || NotAVersion(release.to_owned());
        let end = release.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(release.len());
        let mut parts = release[..end].split('.').filter(|part| !part.is_empty()).map(str::parse::<u16>);
        let mut next = || parts.next().transpose().map_err(|_| wrong());
        match (next()?, next()?, next()?) {
            (Some(major), Some(minor), patch) => Ok(Self::new(major, minor, patch.unwrap_or(0))),
            _ => Err(wrong()),
        }
    }
}

/// Lists cases in a file's table: `pub(super) const CASES: &[Case] = cases![one, another];`.
///
/// A function with `#[claim]` that stands in no table is never called, which the compiler reports as `dead_code`.
#[macro_export]
macro_rules! cases {
    ($($case:ident),* $(,)?) => { &[$($case()),*] };
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::debian("6.12.107+deb13-cloud-amd64", 6, 12, 107)]
    #[case::candidate("7.3-rc1-amd64", 7, 3, 0)]
    #[case::short("5.10", 5, 10, 0)]
    #[case::four_parts("4.19.0.17-generic", 4, 19, 0)]
    fn releases_are_read(#[case] text: &str, #[case] major: u16, #[case] minor: u16, #[case] patch: u16) {
        assert_eq!(text.parse::<KernelVersion>().unwrap(), KernelVersion::new(major, minor, patch));
    }

    #[rstest]
    #[case("")]
    #[case("linux")]
    #[case("6")]
    #[case("99999.1")]
    fn other_texts_are_refused(#[case] text: &str) {
        assert!(text.parse::<KernelVersion>().is_err());
    }
}
