//! Bisection over kernels that stand in order, some of which may give no answer.

use std::collections::BTreeMap;
use std::ops::Range;

/// What a search found out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<A> {
    /// What was asked, by place: the answer, or none where there was none.
    pub(super) asked: BTreeMap<usize, Option<A>>,
    /// The first and the last place that gave an answer; none when fewer than two did.
    pub(super) ends: Option<(usize, usize)>,
    /// The places on both sides of each change that was found. No place between the two of a pair gave an answer.
    pub(super) changes: Vec<(usize, usize)>,
}

/// Finds where the answer changes between the first and the last of `count` places, asking as few as it can.
///
/// The search believes that what is the same at two places is the same between them. Where that is so, each change is
/// found with about log₂ `count` questions. Where it is not, whatever is reported is still true, since the answers on
/// both sides of it were given; but a change there and back between two equal answers is not seen.
///
/// When the middle agrees with neither side, there are changes in both halves, and both are searched. The ends of
/// `span` are asked as well: a part of the row that is known to differ from the rest, such as the kernels that a claim
/// is about, and whose answers would else be missed between two equal ends.
///
/// # Errors
/// What `ask` fails with, at once.
pub(super) fn search<A: Clone + PartialEq, E>(
    count: usize,
    span: Range<usize>,
    ask: impl FnMut(usize) -> Result<Option<A>, E>,
) -> Result<Found<A>, E> {
    let mut search = Search { ask, found: Found { asked: BTreeMap::new(), ends: None, changes: Vec::new() } };
    let Some(low) = search.first_answer(0..count)? else { return Ok(search.found) };
    let Some(high) = search.first_answer((low.0 + 1..count).rev())? else { return Ok(search.found) };
    search.found.ends = Some((low.0, high.0));
    let inner = span.start.max(low.0 + 1)..span.end.min(high.0);
    let mut points = vec![low.clone(), high.clone()];
    if !span.contains(&low.0) {
        points.extend(search.first_answer(inner.clone())?);
    }
    if !span.contains(&high.0) {
        points.extend(search.first_answer(inner.rev())?);
    }
    points.sort_by_key(|(place, _)| *place);
    for pair in points.windows(2) {
        search.narrow(pair[0].clone(), pair[1].clone())?;
    }
    Ok(search.found)
}

struct Search<A, F> {
    ask: F,
    found: Found<A>,
}

impl<A: Clone + PartialEq, E, F: FnMut(usize) -> Result<Option<A>, E>> Search<A, F> {
    /// Asks one place after the other until one gives an answer. No place is asked twice.
    fn first_answer(&mut self, places: impl Iterator<Item = usize>) -> Result<Option<(usize, A)>, E> {
        for place in places {
            let answer = match self.found.asked.get(&place) {
                Some(known) => known.clone(),
                None => (self.ask)(place)?,
            };
            self.found.asked.insert(place, answer.clone());
            if let Some(answer) = answer {
                return Ok(Some((place, answer)));
            }
        }
        Ok(None)
    }

    fn narrow(&mut self, low: (usize, A), high: (usize, A)) -> Result<(), E> {
        if low.1 == high.1 {
            return Ok(());
        }
        match self.first_answer(from_the_middle(low.0, high.0))? {
            None => self.found.changes.push((low.0, high.0)),
            Some(middle) => {
                self.narrow(low, middle.clone())?;
                self.narrow(middle, high)?;
            }
        }
        Ok(())
    }
}

/// The places strictly between two, those in the middle first.
fn from_the_middle(low: usize, high: usize) -> impl Iterator<Item = usize> {
    let mut places: Vec<usize> = (low + 1..high).collect();
    // Twice the distance from the middle, which may lie between two places.
    places.sort_by_key(|place| (place * 2).abs_diff(low + high));
    places.into_iter()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use rstest::rstest;

    use super::*;

    /// Searches the letters of a word, `.` being no answer and `o` outside the span: the changes, and the places in the
    /// order in which they were asked.
    fn searched(word: &str) -> (Vec<(usize, usize)>, Vec<usize>) {
        let letters: Vec<char> = word.chars().collect();
        let inside = |letter: &char| *letter != 'o';
        let start = letters.iter().position(inside).unwrap_or(0);
        let end = letters.iter().rposition(inside).map_or(0, |place| place + 1);
        let mut order = Vec::new();
        let found = search(letters.len(), start..end, |place| {
            order.push(place);
            Ok::<_, Infallible>(Some(letters[place]).filter(|letter| *letter != '.'))
        });
        (found.unwrap().changes, order)
    }

    #[rstest]
    #[case::in_the_middle("hhhhvvvv", &[(3, 4)])]
    #[case::at_the_beginning("hvvvvvvv", &[(0, 1)])]
    #[case::at_the_end("hhhhhhhv", &[(6, 7)])]
    #[case::two_kernels("hv", &[(0, 1)])]
    #[case::a_range_and_a_change("ooohhhvv", &[(2, 3), (5, 6)])]
    #[case::a_range_between_equal_ends("oohhhooo", &[(1, 2), (4, 5)])]
    #[case::a_range_of_one_kernel("ooooohoo", &[(4, 5), (5, 6)])]
    #[case::a_change_between_equal_ends("oohhvvoo", &[(1, 2), (3, 4), (5, 6)])]
    #[case::a_range_without_an_answer("oo...ooo", &[])]
    #[case::never("hhhhhhhh", &[])]
    #[case::one_kernel("h", &[])]
    #[case::no_kernel("", &[])]
    fn changes_of_an_orderly_claim_are_found(#[case] word: &str, #[case] changes: &[(usize, usize)]) {
        assert_eq!(searched(word).0, changes);
    }

    #[rstest]
    #[case::between("hh..vv", &[(1, 4)])]
    #[case::the_middle("hhh.vvv", &[(2, 4)])]
    #[case::at_both_ends("..hv..", &[(2, 3)])]
    #[case::all_but_one("..h...", &[])]
    #[case::all("......", &[])]
    fn a_kernel_without_an_answer_is_passed_over(#[case] word: &str, #[case] changes: &[(usize, usize)]) {
        assert_eq!(searched(word).0, changes);
    }

    /// There and back again: what is reported is true, and what lies between two equal answers is not seen.
    #[rstest]
    #[case::not_seen("hhvvvhhh", &[])]
    #[case::the_last_of_three("hvvhhhhv", &[(6, 7)])]
    #[case::the_first_of_three("hhhhvvhv", &[(3, 4)])]
    fn a_disorderly_claim_is_not_wholly_told(#[case] word: &str, #[case] changes: &[(usize, usize)]) {
        assert_eq!(searched(word).0, changes);
    }

    #[test]
    fn few_are_asked_and_none_twice() {
        let word = "h".repeat(700) + &"v".repeat(300);
        let (changes, order) = searched(&word);
        assert_eq!(changes, [(699, 700)]);
        assert!(order.len() <= 12, "{} were asked", order.len());
        let mut once = order.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), order.len());
    }

    #[test]
    fn equal_ends_are_all_that_is_asked() {
        assert_eq!(searched("hhvvvhhh").1, [0, 7]);
    }

    #[test]
    fn of_a_claim_with_a_range_its_ends_are_asked_and_what_is_free() {
        assert_eq!(searched("oooohhhh").1, [0, 7, 4, 2, 3]);
    }

    #[test]
    fn an_error_ends_the_search() {
        let answer = search::<char, _>(4, 0..0, |place| if place == 0 { Ok(Some('h')) } else { Err("no disk") });
        assert_eq!(answer, Err("no disk"));
    }
}
