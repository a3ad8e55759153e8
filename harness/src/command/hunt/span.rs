//! The kernels that a hunt goes over: from one end to the other, with every series on offer between them.

use anyhow::{Context, Result, bail};
use vm::kernels::{Number, Series};

/// One end of the field: a word that names a kernel, and that kernel's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) word: String,
    pub(super) number: Number,
}

impl End {
    /// Reads a word that begins like a version, such as `6.12` or `6.12.107`; none for others.
    pub(super) fn of_version(word: &str) -> Option<Self> {
        let number = Number::leading(word).filter(|_| !word.contains('/'))?;
        Some(Self { word: word.to_owned(), number })
    }

    fn is_series(&self) -> bool {
        self.word.parse::<Series>().is_ok()
    }
}

/// The kernels that there are to choose from.
#[derive(Debug)]
pub(super) struct Field {
    /// A word for the newest kernel of each series, oldest first.
    pub(super) words: Vec<String>,
    /// Whether these are those in the cache, of all on offer.
    pub(super) cached: bool,
}

/// The words of the kernels to search, oldest first. What is not given is the end of the field.
pub(super) fn span(Field { words: offer, cached }: &Field, from: Option<End>, to: Option<End>) -> Result<Vec<String>> {
    let place_of_it = if *cached { "in the cache" } else { "on offer" };
    for end in [&from, &to].into_iter().flatten() {
        if end.is_series() && !offer.contains(&end.word) {
            bail!("no series {} is {place_of_it}: there are {}", end.word, offer.join(", "));
        }
    }
    let outermost = |word: Option<&String>| word.and_then(|word| End::of_version(word));
    let nothing = match cached {
        true => "no kernel is in the cache: `nsproof kernels fetch 6.1 6.12` downloads two",
        false => "no series is on offer: `nsproof kernels list --refresh` looks again",
    };
    let from = from.or_else(|| outermost(offer.first())).context(nothing)?;
    let to = to.or_else(|| outermost(offer.last())).context(nothing)?;
    if from.word == to.word {
        bail!("between {} and itself nothing changes: name two kernels with --from and --to", from.word);
    }
    if place(&from) > place(&to) {
        bail!("--from {} is newer than --to {}: the older one is --from", from.word, to.word);
    }
    let between = offer.iter().filter(|word| {
        let series = Number::leading(word).map(|number| number.series);
        series.is_some_and(|series| from.number.series < series && series < to.number.series)
    });
    let between: Vec<String> = between.cloned().collect();
    Ok([vec![from.word], between, vec![to.word]].concat())
}

/// Where a kernel stands. A series means its newest kernel.
fn place(end: &End) -> (Series, u32) {
    (end.number.series, if end.is_series() { u32::MAX } else { end.number.patch })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn told(from: Option<&str>, to: Option<&str>) -> Result<String, String> {
        told_of(&["5.10", "6.1", "6.12", "6.18", "7.3"], false, from, to)
    }

    fn told_of(words: &[&str], cached: bool, from: Option<&str>, to: Option<&str>) -> Result<String, String> {
        let field = Field { words: words.iter().map(|word| (*word).to_owned()).collect(), cached };
        let end = |word: Option<&str>| word.map(|word| End::of_version(word).unwrap());
        span(&field, end(from), end(to)).map(|words| words.join(" ")).map_err(|error| error.to_string())
    }

    #[rstest]
    #[case::everything(None, None, "5.10 6.1 6.12 6.18 7.3")]
    #[case::from_one(Some("6.12"), None, "6.12 6.18 7.3")]
    #[case::between_two(Some("6.1"), Some("6.18"), "6.1 6.12 6.18")]
    #[case::neighbours(Some("6.1"), Some("6.12"), "6.1 6.12")]
    #[case::exact_kernels(Some("6.1.170"), Some("7.0.9"), "6.1.170 6.12 6.18 7.0.9")]
    #[case::within_a_series(Some("6.12.90"), Some("6.12.107"), "6.12.90 6.12.107")]
    #[case::up_to_the_newest(Some("6.12.90"), Some("6.12"), "6.12.90 6.12")]
    fn the_field_is_laid_out(#[case] from: Option<&str>, #[case] to: Option<&str>, #[case] words: &str) {
        assert_eq!(told(from, to), Ok(words.to_owned()));
    }

    #[rstest]
    #[case(Some("6.13"), None, "no series 6.13 is on offer: there are 5.10, 6.1, 6.12, 6.18, 7.3")]
    #[case(Some("7.3"), Some("6.1"), "--from 7.3 is newer than --to 6.1: the older one is --from")]
    #[case(Some("6.12"), Some("6.12.90"), "--from 6.12 is newer than --to 6.12.90: the older one is --from")]
    #[case(Some("7.3"), None, "between 7.3 and itself nothing changes: name two kernels with --from and --to")]
    fn what_is_no_field_is_told(#[case] from: Option<&str>, #[case] to: Option<&str>, #[case] sentence: &str) {
        assert_eq!(told(from, to), Err(sentence.to_owned()));
    }

    #[rstest]
    #[case::all(&["5.10", "6.1.176", "6.12"], None, None, Ok("5.10 6.1.176 6.12"))]
    #[case::between(&["5.10", "6.1.176", "6.12", "7.3"], Some("5.10"), Some("7.3"), Ok("5.10 6.1.176 6.12 7.3"))]
    #[case::one_is_missing(&["5.10", "6.1"], Some("6.12"), None, Err("no series 6.12 is in the cache: there are 5.10, 6.1"))]
    #[case::none(&[], None, None, Err("no kernel is in the cache: `nsproof kernels fetch 6.1 6.12` downloads two"))]
    fn the_cache_is_a_field_too(
        #[case] words: &[&str],
        #[case] from: Option<&str>,
        #[case] to: Option<&str>,
        #[case] said: Result<&str, &str>,
    ) {
        assert_eq!(told_of(words, true, from, to), said.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn a_path_is_no_version() {
        assert_eq!(End::of_version("6.12/bzImage"), None);
        assert_eq!(End::of_version("."), None);
    }
}
