//! What is refused, with which message and where.

use rstest::rstest;

use super::*;

const ITEM: &str = "/// The kernel does something.\nfn does_it() -> Verdict { holds() }";

/// What is refused: the text that the message points at, and the message.
fn refused(arguments: &str, item: &str) -> (String, String) {
    let parsed = |text: &str| text.parse::<TokenStream>().unwrap();
    let error = expand(parsed(arguments), parsed(item)).unwrap_err();
    (error.span().source_text().unwrap_or_default(), error.to_string())
}

#[rstest]
#[case::since(
    "source = \"namespaces(7)\", since = \"six\"",
    "\"six\"",
    "a kernel version is written \"6.12\" or \"6.12.3\""
)]
#[case::range(
    "source = \"namespaces(7)\", since = \"6.12\", until = \"6.1\"",
    "\"6.1\"",
    "`until` is the first version the claim is no longer about: it must come after `since`"
)]
#[case::need(
    "source = \"namespaces(7)\", needs = [Root, Luck]",
    "Luck",
    "unknown need `Luck`: there are Root, UserNamespaces, InitialNamespaces, Disposable, Cgroup2, Module, Config, \
     Tool, Capability, Cpus, Behaviour"
)]
#[case::need_argument("source = \"namespaces(7)\", needs = [Module(7)]", "7", "this need is written Module(\"name\")")]
#[case::unknown(
    "source = \"namespaces(7)\", sinse = \"6.1\"",
    "sinse",
    "unknown argument `sinse`: there are source, needs, since, until, replaces, erratum, quote and deadline"
)]
#[case::twice("source = \"namespaces(7)\", source = \"clone(2)\"", "source", "`source` is given twice")]
#[case::source_given_twice(
    "source = [\"clone(2)\", \"namespaces(7)\", \"clone(2)\"]",
    "\"clone(2)\"",
    "this source is given twice"
)]
#[case::replaces_without_since(
    "source = \"namespaces(7)\", replaces = \"was_otherwise\"",
    "\"was_otherwise\"",
    "what replaces another claim needs the version `since` which it does"
)]
#[case::quote_alone(
    "source = \"namespaces(7)\", quote = \"It is so.\"",
    "\"It is so.\"",
    "a quote shows what an `erratum` is about: there is none"
)]
#[case::erratum_without_place(
    "source = \"namespaces(7)\", erratum = \"it is not so\"",
    "\"it is not so\"",
    "an erratum says first which document is wrong: \"clone(2), ERRORS: …\""
)]
#[case::erratum_of_an_unknown_page(
    "source = \"namespaces(7)\", erratum = \"namspaces(7), NOTES: it is not so\"",
    "\"namspaces(7), NOTES: it is not so\"",
    "the manual page namspaces(7) is not known: add it to the pages of its project in harness/kit/macros/src/source/, with what \
     it is about"
)]
#[case::empty_erratum("source = \"namespaces(7)\", erratum = \"\"", "\"\"", "this text is empty")]
fn wrong_arguments_are_pointed_at(#[case] arguments: &str, #[case] at: &str, #[case] message: &str) {
    assert_eq!(refused(arguments, ITEM), (at.to_owned(), message.to_owned()));
}

#[rstest]
#[case::alone("source = \"namespace(7)\"", "\"namespace(7)\"", "the manual page namespace(7) is not known: add it")]
#[case::among_others("source = [\"clone(2)\", \"\"]", "\"\"", "«» is no source: those are page(section) [heading];")]
#[case::path(
    "source = [\"linux/nsfs.h\"]",
    "\"linux/nsfs.h\"",
    "«linux/nsfs.h» is no file with code in the kernel's tree"
)]
fn an_unknown_source_is_pointed_at(#[case] arguments: &str, #[case] at: &str, #[case] message: &str) {
    let (place, text) = refused(arguments, ITEM);
    assert_eq!(place, at);
    assert!(text.starts_with(message), "{text}");
}

#[test]
fn a_claim_without_a_source_is_refused() {
    assert!(refused("needs = [Root]", ITEM).1.starts_with("a claim needs a source"));
}

#[rstest]
#[case::no_doc("fn does_it() -> Verdict { holds() }", "does_it", "a claim needs a doc comment")]
#[case::empty_doc("/// \nfn does_it() -> Verdict { holds() }", "does_it", "a claim needs a doc comment")]
#[case::arguments("/// X.\nfn does_it(a: u8) -> Verdict { holds() }", "a: u8", "a case takes no arguments")]
#[case::no_verdict("/// X.\nfn does_it() -> bool { true }", "fn does_it() -> bool", "a case returns Verdict")]
fn functions_that_are_no_claims_are_pointed_at(#[case] item: &str, #[case] at: &str, #[case] message: &str) {
    let (place, text) = refused("source = \"namespaces(7)\"", item);
    assert_eq!(place, at);
    assert!(text.starts_with(message), "{text}");
}

#[rstest]
#[case::title("/// It is EPERM.\n/// More.", "/// It is EPERM.", "«is EPERM»: a call fails with EPERM")]
#[case::second_line("/// It is\n/// he.", "/// he.", "«he»: a process is no person")]
#[case::detail("/// It is.\n///\n/// And it\n/// was", "/// was", "no full stop ends this sentence")]
fn a_slip_is_pointed_at_where_it_stands(#[case] doc: &str, #[case] at: &str, #[case] message: &str) {
    let item = format!("{doc}\nfn does_it() -> Verdict {{ holds() }}");
    let (place, text) = refused("source = \"namespaces(7)\"", &item);
    assert_eq!(place, at);
    assert!(text.starts_with(message), "{text}");
}

#[test]
fn a_good_claim_becomes_a_case() {
    let parsed = |text: &str| text.parse::<TokenStream>().unwrap();
    let made =
        expand(parsed("source = [\"namespaces(7)\", \"clone(2)\"], since = \"5.8\", deadline = 30"), parsed(ITEM))
            .unwrap();
    let text = made.to_string();
    for part in [
        "about : \"namespaces of all kinds (man-pages)\"",
        "const fn does_it ()",
        "\"The kernel does something.\"",
        "KernelVersion :: new (5u16 , 8u16 , 0u16)",
        "30",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}
