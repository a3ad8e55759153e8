//! What a person may type to name a kernel.

use std::path::{Path, PathBuf};

use super::number::{Number, Series};

/// One word that names a kernel, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// `all`: the newest kernel of every series on offer.
    All,
    /// `6.12`: the newest kernel of the series.
    Series(Series),
    /// `6.12.107`, a release as uname(2) tells it, or a package version.
    Exact(String),
    /// A bzImage, or a kernel tree that was built.
    Path(PathBuf),
}

impl Word {
    /// Reads a word; `None` when it can name nothing.
    ///
    /// What looks like a number is a number even if a file has that name: `./6.12` names the file.
    pub(super) fn parse(word: &str) -> Option<Word> {
        if word == "all" {
            return Some(Word::All);
        }
        if let Ok(series) = word.parse() {
            return Some(Word::Series(series));
        }
        if word.contains('/') || word == "." || word == ".." {
            return Some(Word::Path(PathBuf::from(word)));
        }
        if Number::leading(word).is_some() {
            return Some(Word::Exact(word.to_owned()));
        }
        Path::new(word).exists().then(|| Word::Path(PathBuf::from(word)))
    }
}

/// Whether an exact word means the kernel with this release and package version.
pub(super) fn is_exactly(word: &str, release: &str, version: &str) -> bool {
    word == release || word == version || Number::leading(version).is_some_and(|number| number.to_string() == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("all", Word::All)]
    #[case("6.12", Word::Series(Series { major: 6, minor: 12 }))]
    #[case("6.12.107", Word::Exact("6.12.107".into()))]
    #[case("6.1.0-50-cloud-amd64", Word::Exact("6.1.0-50-cloud-amd64".into()))]
    #[case("6.12.90-2~bpo12+1", Word::Exact("6.12.90-2~bpo12+1".into()))]
    #[case(".", Word::Path(".".into()))]
    #[case("./6.12", Word::Path("./6.12".into()))]
    #[case("/boot/vmlinuz", Word::Path("/boot/vmlinuz".into()))]
    #[case("Cargo.toml", Word::Path("Cargo.toml".into()))]
    fn words_are_read(#[case] word: &str, #[case] meaning: Word) {
        assert_eq!(Word::parse(word), Some(meaning));
    }

    #[rstest]
    #[case("")]
    #[case("newest")]
    #[case("6")]
    fn words_that_name_nothing_are_refused(#[case] word: &str) {
        assert_eq!(Word::parse(word), None);
    }

    #[rstest]
    #[case("6.1.176", true)]
    #[case("6.1.0-50-cloud-amd64", true)]
    #[case("6.1.176-1", true)]
    #[case("6.1.17", false)]
    #[case("6.1.0", false)]
    fn an_exact_word_is_a_number_a_release_or_a_version(#[case] word: &str, #[case] same: bool) {
        assert_eq!(is_exactly(word, "6.1.0-50-cloud-amd64", "6.1.176-1"), same);
    }
}
