//! The kernel's modules: those wanted, and those that they need or ask for.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

use liblzma::read::XzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::error::InitramfsError;
use super::layout::{Layout, Node};
use crate::kernels::Kernel;
use crate::modules::{Availability, Index};

/// Adds modules, not compressed, with an index of those that are there; returns the names that are not to be had.
pub(super) fn add(layout: &mut Layout, kernel: &Kernel, wanted: &[&str]) -> Result<Vec<String>, InitramfsError> {
    let Some(folder) = &kernel.modules else {
        return Ok(wanted.iter().map(|&name| name.to_owned()).collect());
    };
    let index = Index::read(folder).map_err(|source| InitramfsError::io("read the index of", folder, source))?;
    let (mut files, mut missing) = (BTreeSet::new(), Vec::new());
    for name in wanted {
        match index.find(name) {
            Availability::Builtin => {}
            Availability::Files(steps) => files.extend(steps.into_iter().map(|step| step.file)),
            Availability::Missing => missing.push((*name).to_owned()),
        }
    }
    let place = format!("/lib/modules/{}", kernel.release);
    for file in &files {
        let content = read_module(&folder.join(file))?;
        layout.add(&format!("{place}/{}", plain(file)), Node::file(content));
    }
    let dep: String = files.iter().map(|file| index.line(file, plain)).collect();
    layout.add(&format!("{place}/modules.dep"), Node::file(dep.into_bytes()));
    let softdep: String = files.iter().map(|file| index.soft_line(file)).collect();
    layout.add(&format!("{place}/modules.softdep"), Node::file(softdep.into_bytes()));
    let builtin = fs::read(folder.join("modules.builtin")).unwrap_or_default();
    layout.add(&format!("{place}/modules.builtin"), Node::file(builtin));
    Ok(missing)
}

/// The file's name once it is decompressed.
fn plain(file: &str) -> String {
    file.split_once(".ko").map_or(file.to_owned(), |(stem, _)| format!("{stem}.ko"))
}

fn read_module(path: &Path) -> Result<Vec<u8>, InitramfsError> {
    let io = |source| InitramfsError::io("read", path, source);
    let file = BufReader::new(File::open(path).map_err(io)?);
    let mut content = Vec::new();
    let extension = path.extension().and_then(|extension| extension.to_str());
    let read = match extension {
        Some("ko") => { file }.read_to_end(&mut content),
        Some("xz") => XzDecoder::new(file).read_to_end(&mut content),
        Some("zst") => {
            let decoder = StreamingDecoder::new(file).map_err(|error| io(std::io::Error::other(error)));
            decoder?.read_to_end(&mut content)
        }
        _ => return Err(InitramfsError::Compression { path: path.to_owned() }),
    };
    read.map_err(io)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Origin;
    use std::io::Write;

    fn kernel_with_modules() -> (tempfile::TempDir, Kernel) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("lib/modules/6.12.1");
        fs::create_dir_all(folder.join("kernel/net")).unwrap();
        let mut stp = liblzma::write::XzEncoder::new(Vec::new(), 0);
        stp.write_all(b"stp module").unwrap();
        fs::write(folder.join("kernel/net/stp.ko.xz"), stp.finish().unwrap()).unwrap();
        fs::write(folder.join("kernel/net/bridge.ko"), b"bridge").unwrap();
        fs::write(folder.join("kernel/net/sum.ko"), b"sum").unwrap();
        let dep = "kernel/net/stp.ko.xz:\nkernel/net/sum.ko:\nkernel/net/bridge.ko: kernel/net/stp.ko.xz\n";
        fs::write(folder.join("modules.dep"), dep).unwrap();
        fs::write(folder.join("modules.softdep"), "softdep bridge pre: checksum\n").unwrap();
        fs::write(folder.join("modules.alias"), "alias checksum sum\n").unwrap();
        fs::write(folder.join("modules.builtin"), "kernel/net/unix.ko\n").unwrap();
        let kernel = Kernel {
            word: "x".into(),
            release: "6.12.1".into(),
            version: "6.12.1".into(),
            origin: Origin::Tree,
            image: "bzImage".into(),
            modules: Some(folder),
            config: None,
        };
        (root, kernel)
    }

    #[test]
    fn modules_are_unpacked_with_what_they_need_and_ask_for() {
        let (_root, kernel) = kernel_with_modules();
        let mut layout = Layout::default();
        let missing = add(&mut layout, &kernel, &["bridge", "unix", "nonesuch"]).unwrap();
        assert_eq!(missing, ["nonesuch"]);
        insta::assert_snapshot!(layout.listing().join("\n"), @r"
        d 0755 /usr
        d 0755 /usr/lib
        d 0755 /usr/lib/modules
        d 0755 /usr/lib/modules/6.12.1
        d 0755 /usr/lib/modules/6.12.1/kernel
        d 0755 /usr/lib/modules/6.12.1/kernel/net
        - 0644 /usr/lib/modules/6.12.1/kernel/net/bridge.ko 6
        - 0644 /usr/lib/modules/6.12.1/kernel/net/stp.ko 10
        - 0644 /usr/lib/modules/6.12.1/kernel/net/sum.ko 3
        - 0644 /usr/lib/modules/6.12.1/modules.builtin 19
        - 0644 /usr/lib/modules/6.12.1/modules.dep 78
        - 0644 /usr/lib/modules/6.12.1/modules.softdep 30
        ");
    }

    #[test]
    fn without_modules_every_one_is_missing() {
        let (_root, kernel) = kernel_with_modules();
        let kernel = Kernel { modules: None, ..kernel };
        assert_eq!(add(&mut Layout::default(), &kernel, &["veth"]).unwrap(), ["veth"]);
    }
}
