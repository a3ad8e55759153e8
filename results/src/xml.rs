//! Text made fit for XML: the one place, since junit-report passes everything through as it is.

use std::borrow::Cow;

use crate::text::{escape_line, head, push_block, tail};

/// How many bytes of one text are kept. CI systems read the file whole, and refuse it past some size.
const TEXT: usize = 64 * 1024;

/// How many columns of a text are kept in an attribute.
const ATTRIBUTE: usize = 500;

/// `text` for an attribute: one line, every character allowed in XML 1.0.
pub(crate) fn attribute(text: &str) -> String {
    escape_line(text, ATTRIBUTE)
}

/// `text` for a CDATA section: line breaks kept, every character allowed in XML 1.0, bounded.
///
/// What XML 1.0 forbids (most control characters, U+FFFE, U+FFFF) is among what is escaped for terminals, and
/// CI systems show these texts to people, who are to see the rest of it as well.
pub(crate) fn cdata(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(TEXT));
    push_block(&mut clean, &bounded(text));
    // A section ends at its first `]]>`, whatever stands before: the two halves go into two sections.
    clean.replace("]]>", "]]]]><![CDATA[>")
}

/// `text`, or its beginning and its end with a word on how much is left out between.
fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT {
        return text.into();
    }
    let (first, last) = (head(text, TEXT / 2), tail(text, TEXT / 2));
    let left_out = text.len() - first.len() - last.len();
    format!("{first}\n[{left_out} bytes left out]\n{last}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_that_is_left_is_allowed_in_xml() {
        let all: String = (0..=0x1_ffff).filter_map(char::from_u32).collect();
        for text in all.chars().collect::<Vec<_>>().chunks(1000) {
            let text: String = text.iter().collect();
            for clean in [attribute(&text), cdata(&text)] {
                let bad = clean.chars().find(
                    |&c| !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..),
                );
                assert_eq!(bad, None);
            }
        }
    }

    #[test]
    fn a_megabyte_is_bounded_at_both_ends() {
        let text = format!("begin{}end", "x".repeat(1 << 20));
        let clean = cdata(&text);
        assert!(clean.len() < TEXT + 100);
        assert!(clean.starts_with("begin") && clean.ends_with("end"));
        assert!(clean.contains("bytes left out"), "{}", &clean[..200]);
    }
}
