//! `#[claim]`: turns a function into a case of the conformance suite.
//!
//! The doc comment is the claim, the arguments say where it is written and what a test of it needs. What is
//! missing, unknown, contradictory or badly worded is refused here, at compile time and at the right place in the source.

mod claim;
mod source;

use proc_macro::TokenStream;

/// Makes a case of a function `fn name() -> Verdict`.
///
/// ```ignore
/// /// A new UTS namespace starts with a copy of its creator's hostname.
/// #[claim(source = "uts_namespaces(7)", needs = [Root])]
/// fn starts_as_a_copy() -> Verdict { … }
/// ```
///
/// | argument | meaning |
/// |---|---|
/// | `source = "page(section)"` or `["…", "…"]` | who says so; compulsory, and known: see `source` in this crate |
/// | `needs = [Root, Module("veth")]` | what a test needs; see `kit::Need` |
/// | `since = "6.11"` | the first kernel version the claim is about |
/// | `until = "7.1"` | the first kernel version the claim is no longer about |
/// | `replaces = "name"` | the claim of the suite that was so until this one is: its `until` is this one's `since` |
/// | `erratum = "page(section), heading: …"` | what a document says, where, and the kernel does not do |
/// | `quote = "…"` | the document's own words for it, a few of them |
/// | `deadline = 30` | seconds the case may take, where 10 are too few |
#[proc_macro_attribute]
pub fn claim(arguments: TokenStream, item: TokenStream) -> TokenStream {
    claim::expand(arguments.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
