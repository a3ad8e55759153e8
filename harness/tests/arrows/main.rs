//! Arrows one way inside each crate: a file takes names from others, and none of those, however far round, from it.
//! Then every file can be understood with those below it, and none is tied to the whole.

mod circle;
mod routes;
mod tests;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use rstest::rstest;

use circle::shortest_circle;
use tree::Tree;

/// The folder of the workspace's crates.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[rstest]
#[case::harness("harness/src/lib.rs")]
#[case::fakes("harness/fakes/main.rs")]
#[case::kit("harness/kit/src/lib.rs")]
#[case::macros("harness/kit/macros/src/lib.rs")]
#[case::results("results/src/lib.rs")]
#[case::suites("suites/src/lib.rs")]
#[case::vm("vm/src/lib.rs")]
fn no_circle_ties_the_files_of(#[case] root: &str) {
    let crates = workspace();
    let tree = Tree::grown(Path::new(root), &|file| fs::read_to_string(crates.join(file)).ok());
    if let Some(circle) = shortest_circle(&tree.arrows()) {
        panic!("{circle}");
    }
}
