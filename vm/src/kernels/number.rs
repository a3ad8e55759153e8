//! Kernel numbers and the order of Debian's package versions.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A series of kernels that share everything but fixes: `6.12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Series {
    /// The first number, 6 of `6.12`.
    pub major: u32,
    /// The second number, 12 of `6.12`.
    pub minor: u32,
}

/// The number of one kernel: `6.12.107`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    /// The series it belongs to.
    pub series: Series,
    /// The third number, 107 of `6.12.107`; 0 where there is none.
    pub patch: u32,
}

impl Number {
    /// The number that a release, a package version or a banner begins with: `6.1.176-1` gives 6.1.176, `7.4-rc2` gives 7.4.0.
    /// `None` when the text does not begin with two numbers.
    pub fn leading(text: &str) -> Option<Number> {
        let digits_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let mut numbers = text[..digits_end].split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        let patch = numbers.next().and_then(|patch| patch.parse().ok()).unwrap_or(0);
        Some(Number { series: Series { major, minor }, patch })
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.series, self.patch)
    }
}

impl From<Series> for String {
    fn from(series: Series) -> String {
        series.to_string()
    }
}

impl TryFrom<String> for Series {
    type Error = NotASeries;
    fn try_from(text: String) -> Result<Series, NotASeries> {
        text.parse()
    }
}

impl FromStr for Series {
    type Err = NotASeries;
    fn from_str(text: &str) -> Result<Series, NotASeries> {
        let parsed = text.split_once('.').and_then(|(major, minor)| {
            let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
            (all_digits(major) && all_digits(minor))
                .then(|| Some(Series { major: major.parse().ok()?, minor: minor.parse().ok()? }))
                .flatten()
        });
        parsed.ok_or_else(|| NotASeries(text.to_owned()))
    }
}

/// A text that names no series.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a series of kernels: one is written as two numbers, like 6.12")]
pub struct NotASeries(String);

/// Compares two Debian versions the way deb-version(7) says (no kernel package has an epoch).
///
/// `~` sorts before everything, even the end, so that a backport (`6.12.94-1~bpo12+1`) is older than what it was made from.
pub(super) fn compare_debian_versions(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        let words = (take(&mut a, |c| !c.is_ascii_digit()), take(&mut b, |c| !c.is_ascii_digit()));
        let word_order = compare_words(words.0, words.1);
        if word_order.is_ne() {
            return word_order;
        }
        let numbers = (take(&mut a, |c| c.is_ascii_digit()), take(&mut b, |c| c.is_ascii_digit()));
        let number_order = compare_digits(numbers.0, numbers.1);
        if number_order.is_ne() {
            return number_order;
        }
    }
    Ordering::Equal
}

fn take<'a>(text: &mut &'a [u8], wanted: impl Fn(u8) -> bool) -> &'a [u8] {
    let end = text.iter().position(|&c| !wanted(c)).unwrap_or(text.len());
    let (head, tail) = text.split_at(end);
    *text = tail;
    head
}

fn compare_words(a: &[u8], b: &[u8]) -> Ordering {
    let weight = |c: Option<&u8>| match c {
        Some(b'~') => -1,
        None => 0,
        Some(c) if c.is_ascii_alphabetic() => i32::from(*c),
        Some(c) => i32::from(*c) + 256,
    };
    (0..a.len().max(b.len()))
        .map(|i| weight(a.get(i)).cmp(&weight(b.get(i))))
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn compare_digits(a: &[u8], b: &[u8]) -> Ordering {
    let trim = |digits: &[u8]| digits.iter().copied().skip_while(|&d| d == b'0').collect::<Vec<u8>>();
    let (a, b) = (trim(a), trim(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("6.1.176-1", "6.1.176")]
    #[case("6.12.107+deb13-cloud-amd64", "6.12.107")]
    #[case("7.4-rc2", "7.4.0")]
    #[case("6.12.94-1~bpo12+1", "6.12.94")]
    fn a_number_is_read_from_the_front(#[case] text: &str, #[case] number: &str) {
        assert_eq!(Number::leading(text).unwrap().to_string(), number);
    }

    #[rstest]
    #[case("")]
    #[case("linux")]
    #[case("6")]
    #[case("6.")]
    fn text_without_two_numbers_has_no_number(#[case] text: &str) {
        assert_eq!(Number::leading(text), None);
    }

    #[rstest]
    #[case("6.12.9-1", "6.12.10-1")]
    #[case("6.12.94-1~bpo12+1", "6.12.94-1")]
    #[case("6.12.90-1", "6.12.90-2~bpo12+1")]
    #[case("6.1.99-1", "6.12.1-1")]
    #[case("7.4~rc1-1", "7.4-1")]
    fn older_sorts_first(#[case] older: &str, #[case] newer: &str) {
        assert_eq!(compare_debian_versions(older, newer), Ordering::Less);
        assert_eq!(compare_debian_versions(newer, older), Ordering::Greater);
        assert_eq!(compare_debian_versions(newer, newer), Ordering::Equal);
    }
}
