//! The manual pages that may be cited.

use super::book::Book;
use super::{calls, overviews, programs};

/// The project that most pages belong to, and the edition of it that is cited and corrected.
const PROJECT: &str = "man-pages";
const EDITION: &str = "man-pages 6.20";

const MAN_PAGES: &[Book] = &[
    Book { project: PROJECT, package: "manpages", pages: overviews::PAGES },
    Book { project: PROJECT, package: "manpages-dev", pages: calls::PAGES },
];

/// All books.
pub(super) fn books() -> impl Iterator<Item = &'static Book> {
    MAN_PAGES.iter().chain(programs::BOOKS)
}

/// The book that has the page, and what the page is about.
pub(super) fn find(page: &str) -> Option<(&'static Book, &'static str)> {
    books().find_map(|book| book.pages.iter().find(|(name, _)| *name == page).map(|(_, about)| (book, *about)))
}

/// The edition in which the page was read, where there is one.
pub(super) fn edition(page: &str) -> Option<&'static str> {
    find(page).filter(|(book, _)| book.project == PROJECT).map(|_| EDITION)
}
