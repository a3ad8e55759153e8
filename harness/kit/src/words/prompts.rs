//! What was typed at a prompt, among what a case printed.

/// The longest that is kept of one line and what it printed, in bytes.
const LONGEST: usize = 2000;

/// ASCII's marks for the beginning and the end of a text, which no program prints.
const BEGIN: char = '\u{2}';
const END: char = '\u{3}';

/// A text, bounded, as one that [`split`] finds again.
pub fn marked(text: &str) -> String {
    let mut kept: String = text.chars().filter(|letter| ![BEGIN, END].contains(letter)).collect();
    if kept.len() > LONGEST {
        kept.truncate(kept.floor_char_boundary(LONGEST));
        kept.push_str("…\n");
    }
    format!("{BEGIN}{kept}{END}")
}

/// The marked texts among what was printed, in their order, and all else.
pub fn split(printed: &str) -> (Vec<String>, String) {
    let mut marked = Vec::new();
    let mut rest = String::new();
    let mut parts = printed.split(BEGIN);
    rest.push_str(parts.next().unwrap_or_default());
    for part in parts {
        match part.split_once(END) {
            Some((text, after)) => {
                marked.push(text.to_owned());
                rest.push_str(after);
            }
            None => rest.push_str(part),
        }
    }
    (marked, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_marked_is_found_among_what_is_not() {
        let printed = format!("one\n{}two\n{}three", marked("$ id\n0\n"), marked("$ ls\n"));
        let found = (vec!["$ id\n0\n".to_owned(), "$ ls\n".to_owned()], "one\ntwo\nthree".to_owned());
        assert_eq!(split(&printed), found);
    }

    #[test]
    fn half_a_text_is_none() {
        assert_eq!(split("id\u{3}rest\u{2}$ ls"), (vec![], "id\u{3}rest$ ls".to_owned()));
    }

    #[test]
    fn a_text_is_bounded_and_cannot_end_itself() {
        let (texts, rest) = split(&marked(&format!("a\u{3}b{}", "ü".repeat(LONGEST))));
        assert_eq!((texts.len(), rest.as_str()), (1, ""));
        assert!(texts[0].starts_with("ab") && texts[0].ends_with("…\n") && texts[0].len() < LONGEST + 10);
    }
}
