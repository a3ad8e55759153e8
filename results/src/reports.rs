//! The reports that are made of a matrix.

use crate::html::html;
use crate::junit::junit;
use crate::ktap::ktap;
use crate::markdown::markdown;
use crate::record::Matrix;

/// The names of the reports' files.
pub(crate) const FILES: [&str; 4] = ["matrix.html", "matrix.md", "junit.xml", "ktap"];

/// Every report of `matrix` but its records, each with the name of its file.
pub(crate) fn reports(matrix: &Matrix) -> [(&'static str, String); 4] {
    let [page, summary, for_ci, for_kernel_tools] = FILES;
    [(page, html(matrix)), (summary, markdown(matrix)), (for_ci, junit(matrix)), (for_kernel_tools, ktap(matrix))]
}
