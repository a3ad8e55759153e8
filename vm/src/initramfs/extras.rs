//! What somebody wants to have in a guest beside what every guest has.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::elf::{Kind, kind_of};
use super::error::InitramfsError;
use super::layout::{Layout, Node};
use super::programs::add_libraries;

/// One more file.
#[derive(Clone, Debug)]
pub enum Extra {
    /// A file of this host, or a folder with all that is in it. A program's shared libraries come along.
    Copy {
        /// Where it is here; a link stands for what it leads to.
        from: PathBuf,
        /// Its absolute path in the guest.
        to: String,
    },
    /// A file with this content.
    Text {
        /// Its absolute path in the guest.
        at: String,
        /// What it holds.
        content: String,
    },
    /// A symbolic link.
    Link {
        /// Its absolute path in the guest.
        at: String,
        /// Where it leads to.
        target: String,
    },
}

/// Adds them.
pub(super) fn add(layout: &mut Layout, extras: &[Extra]) -> Result<(), InitramfsError> {
    for extra in extras {
        match extra {
            Extra::Copy { from, to } => copy(layout, from, to)?,
            Extra::Text { at, content } => layout.add(at, Node::file(content.clone().into_bytes())),
            Extra::Link { at, target } => layout.add(at, Node::Link { target: target.clone() }),
        }
    }
    Ok(())
}

fn copy(layout: &mut Layout, from: &Path, to: &str) -> Result<(), InitramfsError> {
    let metadata = fs::metadata(from).map_err(|source| InitramfsError::io("read", from, source))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if metadata.is_dir() {
        return copy_folder(layout, from, to, mode);
    }
    if !metadata.is_file() {
        return Err(InitramfsError::NotAFile { path: from.to_owned() });
    }
    let content = fs::read(from).map_err(|source| InitramfsError::io("read", from, source))?;
    let is_program = matches!(kind_of(&content), Kind::Dynamic(_)) && mode & 0o111 != 0;
    layout.add(to, Node::File { mode, content });
    if is_program { add_libraries(layout, from) } else { Ok(()) }
}

fn copy_folder(layout: &mut Layout, from: &Path, to: &str, mode: u32) -> Result<(), InitramfsError> {
    let io = |source| InitramfsError::io("read", from, source);
    layout.add(to, Node::Folder { mode });
    for entry in fs::read_dir(from).map_err(io)? {
        let entry = entry.map_err(io)?;
        let inside = format!("{to}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(io)?.is_symlink() {
            let target = fs::read_link(entry.path()).map_err(io)?.to_string_lossy().into_owned();
            layout.add(&inside, Node::Link { target });
        } else {
            copy(layout, &entry.path(), &inside)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_folder_comes_with_all_that_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("in")).unwrap();
        for (name, mode) in [("in/script", 0o755), ("data", 0o600)] {
            fs::write(path(name), "text").unwrap();
            fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        symlink("../data", path("in/link")).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(path("in"), fs::Permissions::from_mode(0o700)).unwrap();
        let mut layout = Layout::default();
        let extras = [
            Extra::Copy { from: folder.path().to_owned(), to: "/root/it".to_owned() },
            Extra::Text { at: "/etc/words".to_owned(), content: "one two".to_owned() },
            Extra::Link { at: "/bin/me".to_owned(), target: "/init".to_owned() },
        ];
        add(&mut layout, &extras).unwrap();
        insta::assert_snapshot!(layout.listing().join("\n"), @r"
        d 0755 /etc
        - 0644 /etc/words 7
        d 0755 /root
        d 0755 /root/it
        - 0600 /root/it/data 4
        d 0700 /root/it/in
        l      /root/it/in/link -> ../data
        - 0755 /root/it/in/script 4
        d 0755 /usr
        d 0755 /usr/bin
        l      /usr/bin/me -> /init
        ");
    }

    #[test]
    fn what_is_no_file_stays_here() {
        let mut layout = Layout::default();
        let device = [Extra::Copy { from: "/dev/null".into(), to: "/root/null".to_owned() }];
        let error = add(&mut layout, &device).unwrap_err().to_string();
        assert_eq!(error, "`/dev/null` cannot be brought along: it is neither a file nor a folder");
    }
}
