//! Files of the kernel's tree: its code, and its documentation.

/// The newest series that is tested: where a citation names no version, its link leads there.
pub(super) const NEWEST: &str = "7.3";

/// The folders at the top of the tree that have code.
const FOLDERS: &[&str] = &[
    "arch", "block", "certs", "crypto", "drivers", "fs", "include", "init", "io_uring", "ipc", "kernel", "lib", "mm",
    "net", "rust", "samples", "scripts", "security", "sound", "tools", "usr", "virt",
];

const ENDINGS: &[&str] = &[".c", ".h", ".S", ".rs", ".sh", ".py", "/Kconfig", "/Makefile"];

/// Whose tree, and of which version.
#[derive(Clone, Copy)]
pub(super) enum Tree<'a> {
    Mainline(&'a str),
    Debian,
}

/// Whether this is how the path of a file with code looks.
pub(super) fn is_code(path: &str) -> bool {
    path.split_once('/').is_some_and(|(folder, _)| FOLDERS.contains(&folder))
        && ENDINGS.iter().any(|ending| path.ends_with(ending))
        && is_path(path)
}

/// Whether this is how the path of a page of the documentation looks.
pub(super) fn is_documentation(path: &str) -> bool {
    path.starts_with("Documentation/") && path.ends_with(".rst") && is_path(path)
}

/// What is wrong with `path`, which is neither.
pub(super) fn complaint(path: &str) -> String {
    format!(
        "«{path}» is no file with code in the kernel's tree: those lie in {} and end in {} (harness/kit/macros/src/source/tree.rs)",
        FOLDERS.join(", "),
        ENDINGS.join(", ")
    )
}

/// Where the code can be read.
pub(super) fn code_link(tree: Tree<'_>, path: &str) -> String {
    match tree {
        Tree::Mainline(version) => format!("https://elixir.bootlin.com/linux/v{version}/source/{path}"),
        Tree::Debian => format!("https://sources.debian.org/src/linux/latest/{path}/"),
    }
}

/// Where a page of the documentation can be read, at the heading if there is one.
pub(super) fn documentation_link(path: &str, heading: Option<&str>) -> String {
    let page = path.trim_start_matches("Documentation/").trim_end_matches(".rst");
    let anchor = heading.map(|heading| format!("#{}", anchor(heading))).unwrap_or_default();
    format!("https://docs.kernel.org/{page}.html{anchor}")
}

/// How docutils names a heading: its letters and digits, small, from the first letter on, with hyphens between them.
fn anchor(heading: &str) -> String {
    let heading = heading.to_lowercase();
    let words = heading.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let text = words.collect::<Vec<_>>().join("-");
    text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned()
}

fn is_path(path: &str) -> bool {
    path.split('/').all(|part| {
        !matches!(part, "" | "." | "..") && part.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
    })
}
