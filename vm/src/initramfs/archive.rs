//! Packing: the cpio format "newc" of Documentation/driver-api/early-userspace/buffer-format.rst.

use std::io::{self, Write};

use cpio::newc::{Builder, ModeFileType, trailer};

use super::layout::{Layout, Node};

/// Packs the files in order of path, all owned by root and all made at the epoch.
pub(super) fn pack(layout: &Layout) -> io::Result<Vec<u8>> {
    let mut archive = Vec::new();
    for ((path, node), number) in layout.nodes().zip(1..) {
        let name = path.trim_start_matches('/');
        let entry = Builder::new(name).ino(number).uid(0).gid(0).mtime(0);
        let (entry, content): (Builder, &[u8]) = match node {
            Node::Folder { mode } => (entry.nlink(2).mode(*mode).set_mode_file_type(ModeFileType::Directory), &[]),
            Node::File { mode, content } => {
                (entry.nlink(1).mode(*mode).set_mode_file_type(ModeFileType::Regular), content)
            }
            Node::Link { target } => {
                (entry.nlink(1).mode(0o777).set_mode_file_type(ModeFileType::Symlink), target.as_bytes())
            }
            Node::Device { mode, major, minor } => {
                let entry = entry.nlink(1).rdev_major(*major).rdev_minor(*minor).mode(*mode);
                (entry.set_mode_file_type(ModeFileType::Char), &[])
            }
        };
        let size = u32::try_from(content.len()).map_err(io::Error::other)?;
        let mut writer = entry.write(&mut archive, size);
        writer.write_all(content)?;
        writer.finish()?;
    }
    trailer(&mut archive)?;
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpio::newc::Reader;

    #[test]
    fn what_is_packed_can_be_read_and_is_the_same_each_time() {
        let mut layout = Layout::skeleton();
        layout.add("/init", Node::program(b"\x7fELF".into()));
        let bytes = pack(&layout).unwrap();
        assert_eq!(bytes, pack(&layout).unwrap());

        let mut rest = bytes.as_slice();
        let mut seen = Vec::new();
        loop {
            let reader = Reader::new(rest).unwrap();
            let entry = reader.entry().clone();
            if entry.is_trailer() {
                break;
            }
            seen.push(format!("{} {:o} {}", entry.name(), entry.mode(), entry.file_size()));
            rest = reader.finish().unwrap();
        }
        assert_eq!(seen.len(), layout.nodes().count());
        assert!(seen.contains(&"init 100755 4".into()) && seen.contains(&"dev/console 20600 0".into()), "{seen:?}");
    }
}
