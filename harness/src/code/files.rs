//! Which functions the files of the kernel's tree have that make, join, count and show namespaces, or what lies in these.
//!
//! `ci/kernel-functions` keeps the list, from the sources of the oldest and the newest kernels. A kernel has those of them that
//! its symbols name: some came, some went, some are compiled into their callers.

use std::sync::OnceLock;

/// A file of the kernel's tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    /// Below the tree's root.
    pub(super) path: &'static str,
    /// Whether its functions are about namespaces themselves, and are altered if nobody says which.
    pub(super) is_usual: bool,
    pub(super) functions: Vec<String>,
}

/// A path a line, after a + where it is not usual, and below it, indented, the names of its functions.
const LIST: &str = include_str!("functions.txt");

/// All of them.
pub(super) fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| read(LIST))
}

fn read(list: &'static str) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        match (line.strip_prefix(' '), files.last_mut()) {
            (Some(names), Some(file)) => file.functions.extend(names.split_whitespace().map(str::to_owned)),
            _ if line.is_empty() => {}
            _ => {
                let path = line.strip_prefix('+').unwrap_or(line);
                files.push(File { path, is_usual: path == line, functions: Vec::new() });
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read() {
        let pid = files().iter().find(|file| file.path == "kernel/pid_namespace.c").expect("it is listed");
        assert!(pid.is_usual && pid.functions.iter().any(|name| name == "copy_pid_ns"));
        let shm = files().iter().find(|file| file.path == "ipc/shm.c").expect("it is listed");
        assert!(!shm.is_usual && shm.functions.iter().any(|name| name == "ksys_shmget"));
        assert!(files().iter().all(|file| !file.functions.is_empty() && file.path.ends_with(".c")));
    }
}
