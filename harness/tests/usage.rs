//! What a person sees who names something that is not there: one sentence, and an exit code that says who is to blame.

use std::io::Write;
use std::process::Command;

use rstest::rstest;
use tempfile::{Builder, NamedTempFile};

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let cache = tempfile::tempdir().expect("a folder for a cache");
    let output = Command::new(env!("CARGO_BIN_EXE_fakes"))
        .args(arguments)
        .env("NSPROOF_CACHE", cache.path())
        .env("PATH", "")
        .output()
        .expect("the fake suite runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[rstest]
#[case::no_kernel("/etc/passwd", 2, "`/etc/passwd` is not a kernel that can be booted")]
#[case::no_file("/nonexistent", 125, "failed to find `/nonexistent`")]
#[case::unbuilt_tree("/etc", 125, "`/etc` holds no arch/x86/boot/bzImage: build the kernel there first")]
fn a_kernel_that_is_none(#[case] word: &str, #[case] code: i32, #[case] sentence: &str) {
    let (status, said) = run(&["--kernel", word]);
    assert!(said.starts_with(&format!("nsproof: {sentence}")), "{said}");
    assert_eq!((status, said.lines().count()), (Some(code), 1), "{said}");
}

#[rstest]
#[case(&["--modules", "/lib/modules"], "nsproof: --modules /lib/modules is for a kernel that --kernel gives the path of, and none is named")]
#[case(&["--modules", "/x", "--kernel", "6.12"], "nsproof: --modules /x is for a kernel that --kernel gives the path of, and 6.12 is none")]
#[case(&["--test-threads", "0"], "error: invalid value '0' for '--test-threads <TEST_THREADS>': at least one case runs at a time")]
#[case(&["--test-threads", "two"], "error: invalid value 'two' for '--test-threads <TEST_THREADS>': invalid digit")]
fn options_that_can_mean_nothing(#[case] words: &[&str], #[case] sentence: &str) {
    let (status, said) = run(words);
    assert!(said.starts_with(sentence), "{said}");
    assert_eq!(status, Some(2), "{said}");
}

/// A file that passes for a kernel until it is booted (Documentation/arch/x86/boot.rst).
fn kernel_image() -> NamedTempFile {
    let mut image = vec![0; 0x400];
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x20f] = 1;
    image[0x300..0x30e].copy_from_slice(b"6.18.0-rc3 #1 ");
    let mut file = Builder::new().prefix("some-kernel-").tempfile().expect("a file");
    file.write_all(&image).expect("an image");
    file
}

/// Which accelerator works is found out by booting, and told.
#[rstest]
#[case::a_list(&["--list"], 0, "")]
#[case::nothing_to_run(&["no_such_case"], 2, "nsproof: no case in any suite has «no_such_case» in its name")]
fn nothing_is_booted_for_what_needs_no_machine(#[case] words: &[&str], #[case] code: i32, #[case] sentence: &str) {
    let image = kernel_image();
    let (status, said) = run(&[&["--kernel", image.path().to_str().expect("a name")], words].concat());
    assert!(said.starts_with(sentence) && said.lines().count() <= 1, "{said}");
    assert_eq!((status, said.is_empty()), (Some(code), sentence.is_empty()), "{said}");
}

/// A list has each kernel's word before the names.
#[rstest]
#[case::a_name("holds_always", 1)]
#[case::the_kernels_word("some-kernel", 0)]
fn a_filter_is_about_the_names_of_claims_alone(#[case] filter: &str, #[case] count: usize) {
    let image = kernel_image();
    let output = Command::new(env!("CARGO_BIN_EXE_fakes"))
        .args(["--list", "--format", "terse", filter, "--kernel"])
        .arg(image.path())
        .output()
        .expect("the fake suite runs");
    let list = String::from_utf8_lossy(&output.stdout);
    assert_eq!((output.status.code(), list.lines().count()), (Some(0), count), "{output:?}");
    assert!(list.lines().all(|line| line.contains("some-kernel")), "{list}");
}

#[test]
fn reports_that_have_no_place() {
    let (status, said) = run(&["--exact", "fake::holds_always", "--out", "/proc/nowhere"]);
    assert!(said.starts_with("nsproof: the reports have no place: failed to write /proc/nowhere"), "{said}");
    assert_eq!(status, Some(2), "{said}");
}
