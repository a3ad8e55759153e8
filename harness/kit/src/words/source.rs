//! Where a claim is written.

use std::fmt;

/// Somebody who says what a claim says: a page of the manual, the kernel's documentation or code, a document, a report.
///
/// Made by [`#[claim]`](crate::claim), which knows all that may be cited and refuses what it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// As it is cited, `namespaces(7) Namespace lifetime`: stays the same over time.
    pub text: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Where it can be opened, if that is known: an address that begins with `https://`.
    pub link: Option<&'static str>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// What a document says and the kernel does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erratum {
    /// All of it, as the claim's author wrote it: `clone(2), ERRORS: …`.
    pub text: &'static str,
    /// What the document says, in the words of the claim's author.
    pub says: &'static str,
    /// Where it says so: the page with its heading, or the document.
    pub place: Source,
    /// The edition that was read, `man-pages 6.20`.
    pub edition: Option<&'static str>,
    /// A few of its own words, where they are known.
    pub quote: Option<&'static str>,
}

impl Erratum {
    /// The page and its section, `clone(2)`, when it is one of the manual's; and the heading there, which may be empty.
    pub fn page(&self) -> Option<(&'static str, &'static str)> {
        let (page, heading) = self.place.text.split_once(' ').unwrap_or((self.place.text, ""));
        let section = page.strip_suffix(')')?.split_once('(')?.1;
        section.starts_with(|c: char| c.is_ascii_digit()).then_some((page, heading))
    }
}
