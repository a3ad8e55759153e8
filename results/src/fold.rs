//! Sentences that are one but for a word or two, as one.

/// The most words in which sentences may differ.
const WORDS: usize = 2;

/// How many sentences make it worth the while.
const ENOUGH: usize = 3;

/// How many of the first sentences are one but for up to two words in the same place, and that one, which has all of these:
/// `Opening a PID, a time or a user namespace fails.` None if it is fewer than three.
pub(crate) fn fold(sentences: &[String]) -> Option<(usize, String)> {
    let sentences: Vec<Vec<&str>> = sentences.iter().map(|sentence| sentence.split(' ').collect()).collect();
    let longest = (ENOUGH..=sentences.len()).rev().find_map(|number| Some((number, frame(&sentences[..number])?)));
    let (number, (start, end)) = longest?;
    let first = &sentences[0];
    let others = sentences[..number].iter().map(|words| words[start..words.len() - end].join(" "));
    let others: Vec<String> = others.collect();
    let (last, others) = others.split_last()?;
    let listed = format!("{} or {last}", others.join(", "));
    let parts = [&first[..start], &[listed.as_str()], &first[first.len() - end..]];
    Some((number, parts.concat().join(" ")))
}

/// How many words all have alike at their beginning and at their end, if little else is left of each, and something.
fn frame(sentences: &[Vec<&str>]) -> Option<(usize, usize)> {
    let (first, others) = sentences.split_first()?;
    let alike = |one: &mut dyn Iterator<Item = &&str>, other: &mut dyn Iterator<Item = &&str>| {
        one.zip(other).take_while(|(a, b)| a == b).count()
    };
    let start = others.iter().map(|other| alike(&mut first.iter(), &mut other.iter())).min()?;
    let end = others.iter().map(|other| alike(&mut first.iter().rev(), &mut other.iter().rev())).min()?;
    let is_little = |words: &Vec<&str>| (start + end + 1..=start + end + WORDS).contains(&words.len());
    (start > 0 && end > 0 && sentences.iter().all(is_little)).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::fold;

    #[rstest]
    #[case::kinds(
        &["Opening a PID namespace fails.", "Opening a UTS namespace fails.", "Opening an IPC namespace fails.", "It works."],
        Some((3, "Opening a PID, a UTS or an IPC namespace fails."))
    )]
    #[case::two_are_no_list(&["A PID namespace ends.", "A UTS namespace ends."], None)]
    #[case::alike(&["It works.", "It works.", "It works."], None)]
    #[case::another_end(&["It works here.", "It works there.", "It works nowhere."], None)]
    #[case::too_much(&["In a b c d here", "In e f g h here", "In i j k l here"], None)]
    fn what_differs_in_a_word_is_one(#[case] sentences: &[&str], #[case] expected: Option<(usize, &str)>) {
        let sentences: Vec<String> = sentences.iter().map(|&sentence| sentence.to_owned()).collect();
        assert_eq!(fold(&sentences), expected.map(|(number, sentence)| (number, sentence.to_owned())));
    }
}
