//! What is known, where it leads, and what is refused.

use rstest::rstest;

use super::*;

#[rstest]
#[case::page(
    "pid_namespaces(7)",
    "PID namespaces (man-pages)",
    "https://manpages.debian.org/unstable/manpages/pid_namespaces.7.en.html"
)]
#[case::heading(
    "namespaces(7) The /proc/pid/ns/ directory",
    "namespaces of all kinds (man-pages)",
    "https://manpages.debian.org/unstable/manpages/namespaces.7.en.html#The_/proc/pid/ns/_directory"
)]
#[case::heading_with_marks(
    "clone(2) Equivalence between clone() and clone3() arguments",
    "creating a process, in new namespaces if so wished (man-pages)",
    "https://manpages.debian.org/unstable/manpages-dev/clone.2.en.html#Equivalence_between_clone%28%29_and_clone3%28%29_arguments"
)]
#[case::constant(
    "NS_GET_USERNS(2const) ERRORS",
    "asking a namespace for the user namespace that owns it (man-pages)",
    "https://manpages.debian.org/unstable/manpages-dev/NS_GET_USERNS.2const.en.html#ERRORS"
)]
#[case::program(
    "newuidmap(1)",
    "writing uid_map for users (shadow)",
    "https://manpages.debian.org/unstable/uidmap/newuidmap.1.en.html"
)]
#[case::code(
    "kernel/pid.c alloc_pid",
    "code of the kernel, 7.3",
    "https://elixir.bootlin.com/linux/v7.3/source/kernel/pid.c"
)]
#[case::version(
    "kernel 6.12.107 fs/nsfs.c may_use_nsfs_ioctl",
    "code of the kernel, 6.12.107",
    "https://elixir.bootlin.com/linux/v6.12.107/source/fs/nsfs.c"
)]
#[case::debian(
    "Debian kernel/fork.c copy_process",
    "code of Debian's kernel",
    "https://sources.debian.org/src/linux/latest/kernel/fork.c/"
)]
#[case::documentation(
    "Documentation/userspace-api/unshare.rst 5) Functional Specification",
    "documentation of the kernel",
    "https://docs.kernel.org/userspace-api/unshare.html#functional-specification"
)]
#[case::document("namespaces-fun", "a cheat sheet of commands", "https://github.com/hed0rah/namespaces-fun")]
#[case::report("moby#33304", "a report to moby", "https://github.com/moby/moby/issues/33304")]
#[case::vulnerability("CVE-2022-0492", "a vulnerability", "https://www.cve.org/CVERecord?id=CVE-2022-0492")]
fn sources_lead_somewhere(#[case] text: &str, #[case] about: &str, #[case] link: &str) {
    let found = Source::of(text).unwrap();
    assert_eq!((found.text.as_str(), found.about.as_str(), found.link.as_deref()), (text, about, Some(link)));
}

#[test]
fn a_document_need_not_be_found_anywhere() {
    assert_eq!(Source::of("What's in a name(space)?").unwrap().link, None);
}

#[rstest]
#[case::page(
    "pid_namespace(7)",
    "the manual page pid_namespace(7) is not known: add it to the pages of its project in"
)]
#[case::section("clone(7) ERRORS", "the manual page clone(7) is not known")]
#[case::folder("kernal/pid.c", "«kernal/pid.c» is no file with code in the kernel's tree: those lie in arch, block,")]
#[case::ending("kernel/pid.cc", "«kernel/pid.cc» is no file with code in the kernel's tree")]
#[case::outside("kernel/../pid.c", "«kernel/../pid.c» is no file with code in the kernel's tree")]
#[case::header("linux/nsfs.h 7.3", "«linux/nsfs.h» is no file with code in the kernel's tree")]
#[case::no_version("kernel fs/nsfs.c", "«kernel fs/nsfs.c» names no version of the kernel and no file")]
#[case::no_file("kernel 7.3", "«kernel 7.3» names no version of the kernel and no file")]
#[case::odd_version("kernel 7 fs/nsfs.c", "«kernel 7 fs/nsfs.c» names no version")]
#[case::documentation("Documentation/index.txt", "«Documentation/index.txt» is no page of the kernel's documentation")]
#[case::part_of_a_title(
    "What's in a name",
    "«What's in a name» is no source: those are page(section) [heading]; [kernel"
)]
#[case::tracker("gentoo#1", "«gentoo#1» is no source")]
#[case::number("moby#x", "«moby#x» is no source")]
#[case::blank_too_many("namespaces(7)  DESCRIPTION", "«namespaces(7)  DESCRIPTION» is no source")]
#[case::blank_at_the_end("namespaces(7) ", "«namespaces(7) » is no source")]
#[case::empty("", "«» is no source")]
#[case::file("000_notes.txt", "«000_notes.txt» is no source")]
fn others_are_refused(#[case] text: &str, #[case] message: &str) {
    let refused = Source::of(text).unwrap_err();
    assert!(refused.starts_with(message), "{refused}");
}

#[test]
fn every_page_is_known_once_and_found_by_the_alphabet() {
    let mut all = std::collections::BTreeSet::new();
    for book in pages::books() {
        assert!(book.pages.is_sorted_by(|one, next| one.0 < next.0), "{} of {}", book.package, book.project);
        for (page, about) in book.pages {
            assert!(all.insert(*page), "{page} is there twice");
            assert!(!about.is_empty() && !about.ends_with('.'), "{page}: {about}");
            assert!(Source::of(page).is_ok(), "{page}");
        }
    }
}
