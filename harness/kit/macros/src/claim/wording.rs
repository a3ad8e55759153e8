//! How a claim is worded: a kernel developer reads each sentence once. The commonest slips are refused.

/// A claim's first sentence is a row's title in reports, and the others are read beside it: longer than this, none is.
const LONGEST_SENTENCE: usize = 160;

/// Words for persons. The user nobody is one: see [`is_user`].
const PERSONS: &[&str] = &[
    "he",
    "him",
    "his",
    "himself",
    "she",
    "her",
    "hers",
    "herself",
    "nobody",
    "somebody",
    "whoever",
    "whomever",
    "whosoever",
];

const FIRST_PERSON: &[&str] = &["i", "me", "mine", "my", "myself", "our", "ours", "ourselves", "us", "we"];

/// What an errno is said to be by.
const BEING: &[&str] = &["is", "are", "was", "were", "be"];

/// Words that look like the name of an errno.
const NO_ERRNOS: &[&str] = &["ELF", "EOF", "EUID", "EGID"];

/// Something that is not worded as it must be.
#[derive(Debug, PartialEq)]
pub(super) struct Slip {
    /// Where it begins, in bytes.
    pub(super) at: usize,
    pub(super) message: String,
}

/// All slips of `text`, whose paragraphs have empty lines between them.
pub(super) fn slips(text: &str) -> Vec<Slip> {
    let mut slips = Vec::new();
    let mut at = 0;
    for paragraph in text.split("\n\n") {
        let flat = paragraph.replace('\n', " ");
        let found = of_sentences(&flat).into_iter().chain(of_words(&unquoted(&flat)));
        slips.extend(found.map(|slip| Slip { at: at + slip.at, ..slip }));
        at += paragraph.len() + "\n\n".len();
    }
    slips
}

/// Splits after the first full stop that a space or the end follows. A stop inside `a.b` or «e.g. x» does not end a
/// sentence: what follows it is no capital letter.
pub(super) fn first_sentence(paragraph: &str) -> (&str, &str) {
    for (at, _) in paragraph.match_indices(". ") {
        let rest = &paragraph[at + 2..];
        if rest.chars().next().is_some_and(|c| !c.is_lowercase()) {
            return (&paragraph[..=at], rest);
        }
    }
    (paragraph, "")
}

/// Sentences that are too long or have no end.
fn of_sentences(paragraph: &str) -> Vec<Slip> {
    let mut slips = Vec::new();
    let start = paragraph.len() - paragraph.trim_start().len();
    let text = paragraph.trim();
    let mut rest = text;
    while !rest.is_empty() {
        let at = start + text.len() - rest.len();
        let (sentence, more) = first_sentence(rest);
        let length = sentence.chars().count();
        if length > LONGEST_SENTENCE {
            let message = format!("this sentence has {length} characters, and {LONGEST_SENTENCE} are the most");
            slips.push(Slip { at, message });
        }
        if !sentence.trim_end_matches(['»', ')', '`']).ends_with('.') {
            slips.push(Slip { at: at + sentence.len(), message: "no full stop ends this sentence".into() });
        }
        rest = more;
    }
    slips
}

/// Words that no claim uses, and blanks too many between them.
fn of_words(paragraph: &str) -> Vec<Slip> {
    let words = words(paragraph);
    let blanks = paragraph.trim_end().match_indices("  ");
    let mut slips: Vec<_> = blanks.map(|(at, _)| Slip { at, message: "there are two blanks".into() }).collect();
    for (index, &(at, word)) in words.iter().enumerate() {
        let before = |back: usize| index.checked_sub(back).map_or("", |index| words[index].1);
        let small = word.to_lowercase();
        let message = if PERSONS.contains(&small.as_str()) && !is_user(word, before(1)) {
            let user = if small == "nobody" { " (the user is written «the user nobody»)" } else { "" };
            format!("«{word}»: a process is no person{user}")
        } else if FIRST_PERSON.contains(&small.as_str()) {
            format!("«{word}»: a claim is about the kernel alone")
        } else if is_errno(word) && BEING.contains(&before(1)) && before(2) != "error" {
            format!("«{} {word}»: a call fails with {word}", before(1))
        } else if is_file_name(word) {
            format!("«{word}…»: a document is named by its title")
        } else {
            continue;
        };
        slips.push(Slip { at, message });
    }
    slips
}

/// Whether this is the name of the user «nobody».
fn is_user(word: &str, before: &str) -> bool {
    word == "nobody" && matches!(before, "user" | "group")
}

fn is_errno(word: &str) -> bool {
    word.len() > 2
        && word.starts_with('E')
        && word.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        && !NO_ERRNOS.contains(&word)
}

/// Whether this is how the names of the documents' files begin: three digits and a line below.
fn is_file_name(word: &str) -> bool {
    word.split_once('_').is_some_and(|(number, _)| number.len() == 3 && number.bytes().all(|c| c.is_ascii_digit()))
}

/// `paragraph` with nothing to be found between backticks or «»; as long as it was.
fn unquoted(paragraph: &str) -> String {
    let mut end = None;
    let mut text = String::with_capacity(paragraph.len());
    for c in paragraph.chars() {
        match (end, c) {
            (Some(mark), c) if c == mark => end = None,
            (None, '`') => end = Some('`'),
            (None, '«') => end = Some('»'),
            (None, c) => {
                text.push(c);
                continue;
            }
            (Some(_), _) => {}
        }
        text.push_str(&"_".repeat(c.len_utf8()));
    }
    text
}

/// The words, and where they begin. What slashes, hyphens and percent signs tie together is one: `I/O`, `%i`.
fn words(text: &str) -> Vec<(usize, &str)> {
    let ends = |c: char| !(c.is_alphanumeric() || "_/-%".contains(c));
    let mut next = 0;
    let parts = text.split_inclusive(ends).map(|part| {
        let at = next;
        next += part.len();
        (at, part.trim_end_matches(ends))
    });
    parts.filter(|(_, word)| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// The slips, each with the text from its place on.
    fn found(text: &str) -> Vec<(&str, String)> {
        slips(text).into_iter().map(|slip| (&text[slip.at..], slip.message)).collect()
    }

    #[rstest]
    #[case::of_a_call("The call is EPERM.", "EPERM.", "«is EPERM»: a call fails with EPERM")]
    #[case::of_several("Both are\nEINVAL.", "EINVAL.", "«are EINVAL»: a call fails with EINVAL")]
    #[case::of_an_ioctl("It was E2BIG.", "E2BIG.", "«was E2BIG»: a call fails with E2BIG")]
    #[case::he("A process leaves what he has.", "he has.", "«he»: a process is no person")]
    #[case::him("It is told to him.", "him.", "«him»: a process is no person")]
    #[case::his("His namespace goes.", "His namespace goes.", "«His»: a process is no person")]
    #[case::with_an_apostrophe("It goes when he's gone.", "he's gone.", "«he»: a process is no person")]
    #[case::whoever("Whoever joins is inside.", "Whoever joins is inside.", "«Whoever»: a process is no person")]
    #[case::nobody(
        "There nobody is in.",
        "nobody is in.",
        "«nobody»: a process is no person (the user is written «the"
    )]
    #[case::somebody("It needs somebody inside.", "somebody inside.", "«somebody»: a process is no person")]
    #[case::first_person("Then we see it.", "we see it.", "«we»: a claim is about the kernel alone")]
    #[case::i("What I made is there.", "I made is there.", "«I»: a claim is about the kernel alone")]
    #[case::file_name(
        "As in 003_f6de99c0.txt.",
        "003_f6de99c0.txt.",
        "«003_f6de99c0…»: a document is named by its title"
    )]
    #[case::two_blanks("It is  there.", "  there.", "there are two blanks")]
    #[case::no_end("It is there", "", "no full stop ends this sentence")]
    #[case::no_end_in_a_title("It is there\n\nIt was not.", "\n\nIt was not.", "no full stop ends this sentence")]
    #[case::no_end_below("It is.\n\nIt was", "", "no full stop ends this sentence")]
    fn a_slip_is_found_at_its_place(#[case] text: &str, #[case] place: &str, #[case] message: &str) {
        let found = found(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, place);
        assert!(found[0].1.starts_with(message), "{found:?}");
    }

    #[rstest]
    #[case::fails("The call fails with EPERM.")]
    #[case::the_error("The error is EPERM.")]
    #[case::no_errno("The file is ELF and at its end is EOF.")]
    #[case::the_user("The user nobody may, and so may `nobody`, and what «whoever» prints.")]
    #[case::parts_of_words("This theory of the here and now ushers in I/O as %i, whereas wet mice use it.")]
    #[case::a_number("It is 003 and 32_bit.")]
    #[case::quoted("It prints «it  is».")]
    #[case::a_remark("It is there (as it was before.)")]
    fn other_sentences_are_not_touched(#[case] text: &str) {
        assert_eq!(found(text), []);
    }

    #[test]
    fn each_sentence_may_have_so_many_characters() {
        let just = format!("A{}.", " word".repeat(31) + " of");
        assert_eq!(just.chars().count(), 160);
        let more = just.replace("of", "off");
        assert_eq!(found(&format!("{just} {just}\n\n{just}")), []);
        for text in [format!("{more} {just}"), format!("{just} {more}"), format!("{just}\n\n{just} {more}")] {
            let found = found(&text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].1, "this sentence has 161 characters, and 160 are the most");
            assert!(found[0].0.starts_with(&more), "{found:?}");
        }
    }

    #[test]
    fn all_slips_are_told() {
        let found = found("He and we see that\nit is EPERM\n\nAnd so");
        let messages: Vec<_> = found.iter().map(|(_, message)| message.split(':').next().unwrap_or_default()).collect();
        let end = "no full stop ends this sentence";
        assert_eq!(messages, [end, "«He»", "«we»", "«is EPERM»", end]);
    }

    #[rstest]
    #[case("One. Two.", "One.", "Two.")]
    #[case("Reads a.b, e.g. this one. Then that.", "Reads a.b, e.g. this one.", "Then that.")]
    #[case("Only one", "Only one", "")]
    fn sentences_are_told_apart(#[case] text: &str, #[case] first: &str, #[case] rest: &str) {
        assert_eq!(first_sentence(text), (first, rest));
    }
}
