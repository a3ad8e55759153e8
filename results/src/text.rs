//! Text that came from a guest, made fit to be shown: the one place that decides what is visible.
//!
//! A guest is not trusted, and a terminal obeys what it is sent: escape sequences retitle windows and paste
//! commands, bidirectional overrides make a line read as another one. So whatever is not plainly visible is
//! written as an escape that is.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// What stands where text was left out.
const ELLIPSIS: char = '…';

/// `text` as one line for a terminal, at most `columns` wide; what is too long ends in `…`.
///
/// Control characters, line breaks among them, and characters that are invisible or change the direction of
/// reading become `\n`, `\x1b`, `\u{202e}`.
#[must_use]
pub fn escape_line(text: &str, columns: usize) -> String {
    let mut line = String::new();
    let mut used = 0;
    for c in text.trim_end().chars() {
        let before = line.len();
        push_visible(&mut line, c);
        used += width(&line[before..]);
        if used > columns {
            truncate_columns(&mut line, columns);
            break;
        }
    }
    line
}

/// `text` as a block for a terminal: line breaks are kept, tabs become blanks, all else is escaped as in
/// [`escape_line`]. At most `bytes` bytes of the text are shown: its end, since that is where a console tells
/// why it stopped.
#[must_use]
pub fn escape_block(text: &str, bytes: usize) -> String {
    let shown = tail(text, bytes);
    let mut block = String::with_capacity(shown.len());
    if shown.len() < text.len() {
        let _ = writeln!(block, "{ELLIPSIS} {} bytes left out", text.len() - shown.len());
    }
    push_block(&mut block, shown);
    block
}

/// Appends all of `text`, escaped as [`escape_block`] does.
pub(crate) fn push_block(to: &mut String, text: &str) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => to.push('\n'),
            '\t' => to.push_str("    "),
            c => push_visible(to, c),
        }
    }
}

/// How many columns a terminal gives to `text`, which holds no control characters.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The first line of `text` that is not blank, trimmed.
pub(crate) fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// The last `bytes` bytes of `text` or a little less, beginning where a line begins if one does.
pub(crate) fn tail(text: &str, bytes: usize) -> &str {
    let Some(mut from) = text.len().checked_sub(bytes).filter(|&from| from > 0) else {
        return text;
    };
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let rest = &text[from..];
    match rest.split_once('\n') {
        Some((_, lines)) if !lines.is_empty() => lines,
        _ => rest,
    }
}

/// The first `bytes` bytes of `text` or a little less.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    let mut to = text.len().min(bytes);
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    &text[..to]
}

/// `line` in pieces of at most `room` columns, broken at blanks where there are any.
pub(crate) fn wrap(line: &str, room: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        if used > 0 && used + width(word.trim_end()) > room {
            pieces.push(String::new());
            used = 0;
        }
        // A word that is wider than a whole line is broken where the line ends.
        for c in word.chars() {
            let mut buffer = [0; 4];
            let wide = width(c.encode_utf8(&mut buffer));
            if used + wide > room && c != ' ' {
                pieces.push(String::new());
                used = 0;
            }
            if let Some(piece) = pieces.last_mut() {
                piece.push(c);
            }
            used += wide;
        }
    }
    pieces.iter().map(|piece| piece.trim_end().to_owned()).collect()
}

/// Shortens `line` to `columns` columns, the last of them an ellipsis.
fn truncate_columns(line: &mut String, columns: usize) {
    let room = columns.saturating_sub(1);
    let mut used = 0;
    let mut end = 0;
    for (at, c) in line.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        end = at + c.len_utf8();
    }
    line.truncate(end);
    if columns > 0 {
        line.push(ELLIPSIS);
    }
}

/// Appends `c` as it is, or as an escape if it would not be seen as what it is.
fn push_visible(to: &mut String, c: char) {
    match c {
        '\n' => to.push_str("\\n"),
        '\r' => to.push_str("\\r"),
        '\t' => to.push_str("\\t"),
        c if c.is_ascii_control() => {
            let _ = write!(to, "\\x{:02x}", u32::from(c));
        }
        c if c.is_control() || is_deceptive(c) => {
            let _ = write!(to, "\\u{{{:x}}}", u32::from(c));
        }
        c => to.push(c),
    }
}

/// True for characters without a shape of their own that change how their neighbours are shown or compared.
const fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{ad}' // soft hyphen
        | '\u{61c}' | '\u{200e}' | '\u{200f}' // marks of direction
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' // no width
        | '\u{2028}' | '\u{2029}' // separators of lines and paragraphs
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' // embeddings, overrides, isolates
        | '\u{fff9}'..='\u{fffb}' // interlinear annotations
        | '\u{fffe}' | '\u{ffff}' // not characters
        | '\u{e0000}'..='\u{e007f}' // tags
    )
}

/// `text` with a capital letter at its beginning.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A claim without the version that some begin with, for where it has just been named: `Before 6.14, a …`, `Since 7.0, a …`,
/// `From 6.13 on, a …`.
#[must_use]
pub fn without_version(says: &str) -> String {
    let is_version = |word: &str| word.contains('.') && word.split('.').all(|part| part.parse::<u32>().is_ok());
    let rest = ["Before ", "Since ", "On ", "In ", "From "].iter().find_map(|word| says.strip_prefix(word));
    let parted = rest.and_then(|rest| rest.split_once(' ')).filter(|(word, _)| is_version(word.trim_end_matches(',')));
    match parted.map(|(_, rest)| rest.strip_prefix("on, ").unwrap_or(rest)).filter(|rest| !rest.starts_with("too,")) {
        Some(sentence) => capital_unless_code(sentence),
        None => says.to_owned(),
    }
}

/// `text` with a capital letter at its beginning, unless it begins with the name of a call or a file.
fn capital_unless_code(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let is_name = first.contains(['(', '_', '/', '.', '=']);
    if is_name { text.to_owned() } else { capital(text) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("holds – wie gesagt", "holds – wie gesagt")]
    #[case::colour("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m")]
    #[case::title("\x1b]0;owned\x07", "\\x1b]0;owned\\x07")]
    #[case::c1("\u{9b}31m", "\\u{9b}31m")]
    #[case::nul_and_delete("a\0b\x7f", "a\\x00b\\x7f")]
    #[case::lines("a\r\nb\tc", "a\\r\\nb\\tc")]
    #[case::bidi("user\u{202e}toor", "user\\u{202e}toor")]
    #[case::invisible("pa\u{200b}ss", "pa\\u{200b}ss")]
    #[case::last_newline_is_dropped("a\n", "a")]
    fn a_line_shows_everything(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(escape_line(text, 80), shown);
    }

    #[rstest]
    #[case("abcdef", 6, "abcdef")]
    #[case("abcdefg", 6, "abcde…")]
    #[case("\x1b\x1b", 6, "\\x1b\\…")]
    #[case("名前空間", 5, "名前…")]
    #[case("abc", 0, "")]
    fn a_line_is_never_wider_than_asked(#[case] text: &str, #[case] columns: usize, #[case] shown: &str) {
        assert_eq!(escape_line(text, columns), shown);
        assert!(width(&escape_line(text, columns)) <= columns);
    }

    #[test]
    fn a_block_keeps_lines_and_the_end() {
        assert_eq!(escape_block("one\r\ntwo\x1b[2J\n", 100), "one\ntwo\\x1b[2J\n");
        assert_eq!(escape_block("first line\nsecond\nthird", 14), "… 11 bytes left out\nsecond\nthird");
    }

    #[test]
    fn a_megabyte_without_a_line_break_is_bounded() {
        let text = "é".repeat(1 << 19);
        assert!(escape_block(&text, 1000).len() < 1100);
        assert_eq!(width(&escape_line(&text, 40)), 40);
    }

    #[test]
    fn head_and_tail_cut_between_characters() {
        assert_eq!(head("éé", 3), "é");
        assert_eq!(tail("éé", 3), "é");
        assert_eq!(first_line("\n  \n b \nc"), "b");
    }

    #[rstest]
    #[case("one two three", 7, &["one two", "three"])]
    #[case("abcdefghij", 4, &["abcd", "efgh", "ij"])]
    #[case("", 4, &[""])]
    #[case("a abcdef b", 4, &["a", "abcd", "ef b"])]
    fn lines_break_between_words(#[case] line: &str, #[case] room: usize, #[case] pieces: &[&str]) {
        assert_eq!(wrap(line, room), pieces);
    }

    #[rstest]
    #[case("Before 6.14, a write fails.", "A write fails.")]
    #[case("Since 7.0 kill(0) works.", "kill(0) works.")]
    #[case("From 6.13 on, a write works.", "A write works.")]
    #[case("In 6.18 SO_NETNS_COOKIE is 3.", "SO_NETNS_COOKIE is 3.")]
    #[case("Before 5.11, too, it fails.", "Before 5.11, too, it fails.")]
    #[case("On Linux it works.", "On Linux it works.")]
    #[case("In 2 namespaces it works.", "In 2 namespaces it works.")]
    fn a_version_that_was_named_is_not_named_again(#[case] says: &str, #[case] shown: &str) {
        assert_eq!(without_version(says), shown);
    }
}
