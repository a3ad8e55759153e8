//! Known deviations: refuted claims that somebody has looked at, with a reason and a date on which it is looked
//! at again.
//!
//! The file is TOML, one table a waiver, and every field but `kernels` is compulsory:
//!
//! ```toml
//! [[waiver]]
//! claim = "pid::nesting_stops_at_depth_32"
//! kernels = ["6.12"]                        # the words in the columns' heads; without it: every kernel
//! reason = "this distribution patches the limit"
//! link = "https://bugs.example/1234"
//! expires = 2027-01-31
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};

/// One known deviation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The claim's name.
    pub claim: String,
    /// The words of the kernels on which it may be refuted. Empty: on every kernel.
    #[serde(default)]
    pub kernels: Vec<String>,
    /// Why it may be.
    pub reason: String,
    /// Where that is kept track of: `https://…`.
    pub link: String,
    /// The last day on which it may be.
    #[serde(deserialize_with = "date")]
    pub expires: Date,
}

/// What stands in a file of waivers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<Waiver>,
}

/// Why a file of waivers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WaiverError {
    /// It cannot be read.
    #[error("failed to read the waivers {}: {source}: check the path", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not as it should be.
    #[error("{}:{line}: {what}: mend this waiver", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A waiver is not as it should be.
    #[error("{}: the waiver of {claim} {what}: mend this waiver", path.display())]
    Unfounded {
        /// The file.
        path: PathBuf,
        /// The claim's name.
        claim: String,
        /// What is wrong.
        what: &'static str,
    },
}

impl Waiver {
    /// Reads a file of waivers.
    ///
    /// # Errors
    /// If it cannot be read, is no TOML, lacks a field or has one that is not known, or if a waiver's claim, reason
    /// or link is empty, its link is none, or a claim is waived twice on one kernel.
    pub fn read(path: &Path) -> Result<Vec<Self>, WaiverError> {
        let io = |source| WaiverError::Io { path: path.into(), source };
        let text = fs::read_to_string(path).map_err(io)?;
        let file: File = toml::from_str(&text).map_err(|error| WaiverError::Broken {
            path: path.into(),
            line: error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count()),
            what: error.message().replace('\n', " "),
        })?;
        for (at, waiver) in file.waiver.iter().enumerate() {
            let what = match waiver {
                waiver if waiver.claim.trim().is_empty() => "names no claim",
                waiver if waiver.reason.trim().is_empty() => "gives no reason",
                waiver if !waiver.link.starts_with("https://") && !waiver.link.starts_with("http://") => {
                    "gives no link that begins with https://"
                }
                waiver if file.waiver[..at].iter().any(|other| other.overlaps(waiver)) => "stands there twice",
                _ => continue,
            };
            return Err(WaiverError::Unfounded { path: path.into(), claim: waiver.claim.clone(), what });
        }
        Ok(file.waiver)
    }

    /// True when it covers the kernel of this word.
    pub(crate) fn covers(&self, word: &str) -> bool {
        self.kernels.is_empty() || self.kernels.iter().any(|kernel| kernel == word)
    }

    /// True when both waive the same claim on the same kernel.
    fn overlaps(&self, other: &Self) -> bool {
        self.claim == other.claim
            && (self.kernels.is_empty()
                || other.kernels.is_empty()
                || self.kernels.iter().any(|word| other.covers(word)))
    }
}

/// A date as TOML writes it, without quotes.
fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let date = toml::value::Datetime::deserialize(from)?;
    date.to_string().parse().map_err(|_| serde::de::Error::custom(format!("{date} is no date: write YYYY-MM-DD")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const GOOD: &str = r#"
[[waiver]]
claim = "pid::a"
kernels = ["6.12"]
reason = "a patch"
link = "https://bugs.example/1"
expires = 2026-01-31
"#;

    fn read(text: &str) -> Result<Vec<Waiver>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("waivers.toml");
        fs::write(&path, text).unwrap();
        let prefix = format!("{}/", folder.path().display());
        Waiver::read(&path).map_err(|error| error.to_string().replace(&prefix, ""))
    }

    #[test]
    fn a_good_one_is_read() {
        let waivers = read(GOOD).unwrap();
        assert_eq!(waivers[0].expires, "2026-01-31".parse().unwrap());
        assert!(waivers[0].covers("6.12") && !waivers[0].covers("6.1"));
        assert_eq!(read("").unwrap(), []);
    }

    #[rstest]
    #[case::no_reason("reason = \"a patch\"\n", "", "waivers.toml:2: missing field `reason`: mend this waiver")]
    #[case::no_link(
        "link = \"https://bugs.example/1\"\n",
        "",
        "waivers.toml:2: missing field `link`: mend this waiver"
    )]
    #[case::no_date("expires = 2026-01-31\n", "", "waivers.toml:2: missing field `expires`: mend this waiver")]
    #[case::empty_reason("a patch", " ", "waivers.toml: the waiver of pid::a gives no reason: mend this waiver")]
    #[case::no_real_link(
        "https://bugs.example/1",
        "see the wiki",
        "waivers.toml: the waiver of pid::a gives no link that begins with https://: mend this waiver"
    )]
    #[case::a_time("2026-01-31", "07:30:00", "waivers.toml:7: 07:30:00 is no date: write YYYY-MM-DD: mend this waiver")]
    fn each_field_is_compulsory(#[case] from: &str, #[case] to: &str, #[case] sentence: &str) {
        assert_eq!(read(&GOOD.replace(from, to)).unwrap_err(), sentence);
    }

    #[test]
    fn a_field_that_is_not_known_is_told_with_its_line() {
        let error = read(&GOOD.replace("reason", "reasn")).unwrap_err();
        assert!(error.starts_with("waivers.toml:5: unknown field `reasn`"), "{error}");
    }

    #[rstest]
    #[case::on_the_same_kernel("[\"6.12\"]", true)]
    #[case::on_every_kernel("[]", true)]
    #[case::on_another_kernel("[\"6.1\"]", false)]
    fn a_claim_is_waived_once_a_kernel(#[case] kernels: &str, #[case] twice: bool) {
        let both = format!("{GOOD}{}", GOOD.replace("[\"6.12\"]", kernels));
        assert_eq!(read(&both).is_err(), twice);
    }

    #[test]
    fn a_file_that_is_not_there_is_told() {
        let error = Waiver::read(Path::new("/no/waivers.toml")).unwrap_err().to_string();
        assert!(error.starts_with("failed to read the waivers /no/waivers.toml: "), "{error}");
    }
}
