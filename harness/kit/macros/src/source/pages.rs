//! The manual pages that may be cited.

use super::book::Book;
use super::{calls, overviews, programs};

const MAN_PAGES: &[Book] = &[
    Book { project: "man-pages", package: "manpages", pages: overviews::PAGES },
    Book { project: "man-pages", package: "manpages-dev", pages: calls::PAGES },
];

/// All books.
pub(super) fn books() -> impl Iterator<Item = &'static Book> {
    MAN_PAGES.iter().chain(programs::BOOKS)
}

/// The book that has the page, and what the page is about.
pub(super) fn find(page: &str) -> Option<(&'static Book, &'static str)> {
    books().find_map(|book| book.pages.iter().find(|(name, _)| *name == page).map(|(_, about)| (book, *about)))
}
