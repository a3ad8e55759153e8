//! Colour on a terminal, used for nothing but verdicts. A verdict is always a word or a letter as well.

use crate::verdict::Verdict;

/// Whether to colour.
#[derive(Clone, Copy)]
pub(crate) struct Paint {
    pub(crate) on: bool,
}

impl Paint {
    /// `text` in the colour of `verdict`. Only the sixteen colours of the terminal's own palette are used, so that they are readable on
    /// its background.
    pub(crate) fn verdict(self, verdict: Verdict, text: &str) -> String {
        let code = match verdict {
            Verdict::Holds => "32",
            Verdict::Violated | Verdict::Crashed => "1;31",
            Verdict::TimedOut => "31",
            Verdict::Broken => "35",
            Verdict::Unmet => "33",
            Verdict::OutOfRange => return text.to_owned(),
        };
        match self.on {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}
