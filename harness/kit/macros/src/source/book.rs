//! What a book of manual pages is.

/// `page(section)`, and what it is about in a few words.
pub(super) type Page = (&'static str, &'static str);

/// Pages that are kept by one project and come in one of Debian's packages.
pub(super) struct Book {
    pub(super) project: &'static str,
    /// The package in Debian's unstable distribution: a part of the address of the rendered page.
    pub(super) package: &'static str,
    /// In the order of the alphabet.
    pub(super) pages: &'static [Page],
}
