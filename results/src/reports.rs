//! The reports that are made of a matrix.

use crate::html::html;
use crate::junit::junit;
use crate::ktap::ktap;
use crate::markdown::markdown;
use crate::recipes::recipes;
use crate::record::Matrix;

/// The names of the reports' files.
pub(crate) const FILES: [&str; 5] = ["matrix.html", "matrix.md", "junit.xml", "ktap", "recipes.md"];

/// Every report of `matrix` but its records, each with the name of its file. One without anything to say is empty.
pub(crate) fn reports(matrix: &Matrix) -> [(&'static str, String); 5] {
    let [page, summary, for_ci, for_kernel_tools, to_copy] = FILES;
    [
        (page, html(matrix)),
        (summary, markdown(matrix)),
        (for_ci, junit(matrix)),
        (for_kernel_tools, ktap(matrix)),
        (to_copy, recipes(matrix)),
    ]
}
