//! `matrix.html`: the matrix as one file that works from disk, without a network.
//!
//! The page holds the verdicts as data and draws itself: fifty thousand cells as markup would be ten times the
//! size. `page.html` is the frame, `page.css` its looks, the `.js` files its behaviour, in the order they are joined.

mod data;

use crate::record::Matrix;

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = concat!(
    include_str!("html/data.js"),
    include_str!("html/matrix.js"),
    include_str!("html/cell.js"),
    include_str!("html/lists.js"),
    include_str!("html/state.js"),
);

/// `matrix` as an HTML page.
#[must_use]
pub fn html(matrix: &Matrix) -> String {
    let data = data::of(matrix).to_string();
    // Inside a script element only `<` can end it or open a comment; in JSON it stands only in strings.
    let data = data.replace('<', "\\u003c");
    // The data last, so that nothing in it is taken for a mark.
    PAGE.replace("/*STYLE*/", STYLE).replace("/*SCRIPT*/", SCRIPT).replace("/*DATA*/", &data)
}
