//! The reports that are made of a matrix.

use crate::html::html;
use crate::junit::junit;
use crate::ktap::ktap;
use crate::markdown::markdown;
use crate::record::Matrix;

/// Every report of `matrix` but its records, each with the name of its file.
pub(crate) fn reports(matrix: &Matrix) -> [(&'static str, String); 4] {
    [
        ("matrix.html", html(matrix)),
        ("matrix.md", markdown(matrix)),
        ("junit.xml", junit(matrix)),
        ("ktap", ktap(matrix)),
    ]
}
