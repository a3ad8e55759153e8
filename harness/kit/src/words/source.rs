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
