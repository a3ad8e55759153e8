//! What counts as an arrow, in crates of two or three small files.

use std::collections::BTreeSet;
use std::path::Path;

use rstest::rstest;

use crate::circle::shortest_circle;
use crate::tree::{Arrows, Tree};

/// The arrows of a crate whose files are these; the first is its root.
fn arrows(files: &[(&str, &str)]) -> Arrows {
    let read = |file: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == file);
        found.map(|(_, text)| (*text).to_owned())
    };
    Tree::grown(Path::new(files[0].0), &read).arrows()
}

/// They in words.
fn told(arrows: &Arrows) -> Vec<String> {
    let names = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
    arrows
        .iter()
        .map(|((from, to), taken)| format!("{} > {}: {}", from.display(), to.display(), names(taken)))
        .collect()
}

const ROOT: &str = "mod a; mod b;";
const B: &str = "pub struct B; pub fn make() -> B { B } pub const ONE: i32 = 1;";

#[rstest]
#[case::use_of_the_crate("use crate::b::B;", &["a.rs > b.rs: B"])]
#[case::tree("use crate::{b::{self, B, make as other}, nothing};", &["a.rs > b.rs: B make the module", "a.rs > lib.rs: nothing"])]
#[case::parent("use super::b::ONE;", &["a.rs > b.rs: ONE"])]
#[case::inline("fn f() -> i32 { g(crate::b::make(), super::b::ONE) }", &["a.rs > b.rs: ONE make"])]
#[case::use_in_a_body("fn f() { use super::b::make; make(); }", &["a.rs > b.rs: make"])]
#[case::in_a_macro_call("fn f() { assert_eq!(1, crate::b::ONE) }", &["a.rs > b.rs: ONE"])]
#[case::in_an_attribute("#[parse(with = crate::b::make)] struct A;", &["a.rs > b.rs: make"])]
#[case::type_argument("fn f() { Vec::<crate::b::B>::new() }", &["a.rs > b.rs: B"])]
#[case::module_inside("mod inner { use super::super::b::B; use super::A; } struct A;", &["a.rs > b.rs: B"])]
#[case::imported_module("use crate::b; fn f() { b::make(); }", &["a.rs > b.rs: make the module"])]
#[case::root("fn f() { crate::at_the_root() }", &["a.rs > lib.rs: at_the_root"])]
#[case::only_for_tests("#[cfg(test)] mod tests { use crate::b::B; } #[cfg(test)] use crate::b::ONE; fn f() {}", &[])]
#[case::in_a_macro_of_its_own("macro_rules! m { () => { $crate::b::make() } }", &[])]
#[case::in_a_repetition("macro_rules! m { ($($n:ident),*) => { $(crate::b::make($n);)* } }", &["a.rs > b.rs: make"])]
#[case::visibility("pub(super) fn f() {} pub(in crate::b) struct A;", &[])]
#[case::methods("impl A { fn f(&self) { self.b.make(); Self::b::make(); } }", &[])]
#[case::other_crates("use nix::b::B; use ::b::B; fn f() { other::b::make(); b::make() }", &[])]
#[case::comments("/// [`crate::b::B`]\nfn f() {} // crate::b::B", &[])]
fn what_a_file_takes(#[case] a: &str, #[case] expected: &[&str]) {
    assert_eq!(told(&arrows(&[("lib.rs", ROOT), ("a.rs", a), ("b.rs", B)])), expected);
}

#[rstest]
#[case::by_the_parent("mod a; mod b; pub use b::B;", "use crate::B;", "a.rs > b.rs: B")]
#[case::under_another_name("mod a; mod b; pub use b::B as C;", "use super::C;", "a.rs > b.rs: B")]
#[case::privately("mod a; mod b; use b::B;", "use super::B;", "a.rs > b.rs: B")]
#[case::all_at_once("mod a; mod b; pub use b::*;", "use super::B;", "a.rs > b.rs: B")]
#[case::twice(
    "mod a; mod b; mod p { pub use crate::q::B; } mod q { pub use super::b::B; }",
    "use crate::p::B;",
    "a.rs > b.rs: B"
)]
#[case::a_module("mod a; mod b; pub use b as c;", "use crate::c::B;", "a.rs > b.rs: B")]
#[case::a_function_of_a_modules_name("mod a; mod b; pub use a::b;", "pub fn b() {} use super::b::B;", "a.rs > b.rs: B")]
fn a_re_export_is_followed_to_the_definition(#[case] root: &str, #[case] a: &str, #[case] arrow: &str) {
    let told = told(&arrows(&[("lib.rs", root), ("a.rs", a), ("b.rs", B)]));
    assert!(told.iter().any(|one| one == arrow) && told.iter().all(|one| !one.starts_with("a.rs > lib")), "{told:?}");
}

#[test]
fn an_exported_macro_is_where_it_is_written() {
    let files = [("lib.rs", ROOT), ("a.rs", "use crate::m;"), ("b.rs", "#[macro_export] macro_rules! m { () => {} }")];
    assert_eq!(told(&arrows(&files)), ["a.rs > b.rs: m"]);
}

#[test]
fn what_a_macro_makes_is_where_it_is_called() {
    let files = [("lib.rs", ROOT), ("a.rs", "use crate::b::Flags;"), ("b.rs", "bitflags! { pub struct Flags: u8 {} }")];
    assert_eq!(told(&arrows(&files)), ["a.rs > b.rs: Flags"]);
}

#[test]
fn children_lie_in_their_parents_folder() {
    let files = [
        ("src/lib.rs", "mod a;"),
        ("src/a.rs", "mod inner { mod c; } mod d; pub use d::D; use inner::c::C;"),
        ("src/a/inner/c.rs", "pub struct C;"),
        ("src/a/d/mod.rs", "pub struct D; mod e;"),
        ("src/a/d/e.rs", "use super::super::D;"),
    ];
    let expected =
        ["src/a/d/e.rs > src/a/d/mod.rs: D", "src/a.rs > src/a/d/mod.rs: D", "src/a.rs > src/a/inner/c.rs: C"];
    assert_eq!(told(&arrows(&files)), expected);
}

#[test]
fn a_circle_is_told_with_the_names_that_tie_it() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::{B, ONE}; use crate::d::D;"),
        ("b.rs", "pub struct B; pub const ONE: i32 = 1; fn f() { crate::c::act() }"),
        ("c.rs", "pub fn act() {} use super::a::A;"),
        ("d.rs", "pub struct D;"),
    ];
    let arrows = arrows(&files);
    let circle = shortest_circle(&arrows).expect("a circle").to_string();
    let expected = "files of one crate take names from each other in a circle:\n  \
        a.rs takes from b.rs: B, ONE\n  b.rs takes from c.rs: act\n  c.rs takes from a.rs: A\n";
    assert_eq!(circle, expected);
    let without: Arrows =
        arrows.iter().filter(|((from, _), _)| !from.ends_with("c.rs")).map(|(k, v)| (k.clone(), v.clone())).collect();
    assert!(shortest_circle(&without).is_none());
}
