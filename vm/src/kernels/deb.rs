//! Taking a kernel, its config and its modules out of Debian packages.
//!
//! Packaging has moved about: the kernel is `/boot/vmlinuz-…` up to 7.1 and `/usr/lib/modules/…/vmlinuz` after, the config
//! follows it, and modules are below `/lib` or `/usr/lib`. All of it comes out in one shape: `vmlinuz`, `config`
//! and `lib/modules/<release>/…`.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use liblzma::read::XzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::error::{KernelError, PackageFault};

/// Unpacks what belongs to the kernel `release` from the package at `deb` into `target`.
pub(super) fn unpack(deb: &Path, release: &str, target: &Path) -> Result<(), KernelError> {
    let file = File::open(deb).map_err(|source| KernelError::io("open", deb, source))?;
    let broken = |why| KernelError::Package { path: deb.to_owned(), why };
    let mut archive = ar::Archive::new(BufReader::new(file));
    while let Some(member) = archive.next_entry() {
        let member = member.map_err(|error| broken(error.into()))?;
        let name = String::from_utf8_lossy(member.header().identifier()).into_owned();
        let Some(compression) = name.strip_prefix("data.tar") else {
            continue;
        };
        let data: Box<dyn Read + '_> = match compression {
            "" => Box::new(member),
            ".xz" => Box::new(XzDecoder::new(member)),
            ".zst" => Box::new(StreamingDecoder::new(member).map_err(|error| broken(io::Error::other(error).into()))?),
            _ => return Err(broken(PackageFault::Compression(name))),
        };
        return unpack_data(data, release, target).map_err(|fault| match fault {
            Fault::Package(error) => broken(error.into()),
            Fault::Disk(path, error) => KernelError::io("write", &path, error),
        });
    }
    Err(broken(PackageFault::NoData))
}

/// Reading the package and writing the cache fail in different ways for different reasons.
enum Fault {
    Package(io::Error),
    Disk(PathBuf, io::Error),
}

fn unpack_data(data: impl Read, release: &str, target: &Path) -> Result<(), Fault> {
    let mut tar = tar::Archive::new(data);
    for entry in tar.entries().map_err(Fault::Package)? {
        let mut entry = entry.map_err(Fault::Package)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(Fault::Package)?.into_owned();
        let Some(place) = place_of(&path, release) else {
            continue;
        };
        write(&mut entry, &target.join(place))?;
    }
    Ok(())
}

fn write(entry: &mut impl Read, path: &Path) -> Result<(), Fault> {
    let disk = |error| Fault::Disk(path.to_owned(), error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(disk)?;
    }
    let mut file = File::create(path).map_err(disk)?;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match entry.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => io::Write::write_all(&mut file, &buffer[..n]).map_err(disk)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::Package(error)),
        }
    }
}

/// Where a file of a package belongs, or `None` when it is of no use (documentation, scripts).
fn place_of(path: &Path, release: &str) -> Option<PathBuf> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    let parts = parts.strip_prefix(&["usr"]).unwrap_or(&parts);
    match parts {
        ["boot", name] => match name.strip_suffix(release)? {
            "vmlinuz-" => Some("vmlinuz".into()),
            "config-" => Some("config".into()),
            _ => None,
        },
        ["lib", "modules", this, "vmlinuz"] if *this == release => Some("vmlinuz".into()),
        ["lib", "modules", this, "config"] if *this == release => Some("config".into()),
        ["lib", "modules", this, rest @ ..] if *this == release && is_module_file(rest) => {
            Some(["lib", "modules", release].iter().chain(rest).collect())
        }
        _ => None,
    }
}

fn is_module_file(rest: &[&str]) -> bool {
    match rest {
        // depmod(8) wants these three beside the modules.
        [name] => ["modules.builtin", "modules.builtin.modinfo", "modules.order"].contains(name),
        ["kernel", ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::io::Write;

    const RELEASE: &str = "6.12.107+deb13-cloud-amd64";

    #[rstest]
    #[case("./boot/vmlinuz-6.12.107+deb13-cloud-amd64", Some("vmlinuz"))]
    #[case("./usr/lib/modules/6.12.107+deb13-cloud-amd64/vmlinuz", Some("vmlinuz"))]
    #[case("./usr/lib/modules/6.12.107+deb13-cloud-amd64/config", Some("config"))]
    #[case("./boot/config-6.12.107+deb13-cloud-amd64", Some("config"))]
    #[case(
        "lib/modules/6.12.107+deb13-cloud-amd64/kernel/net/a.ko",
        Some("lib/modules/6.12.107+deb13-cloud-amd64/kernel/net/a.ko")
    )]
    #[case(
        "usr/lib/modules/6.12.107+deb13-cloud-amd64/modules.order",
        Some("lib/modules/6.12.107+deb13-cloud-amd64/modules.order")
    )]
    #[case("./boot/System.map-6.12.107+deb13-cloud-amd64", None)]
    #[case("./boot/vmlinuz-6.12.108", None)]
    #[case("./lib/modules/../../etc/passwd", None)]
    #[case("/etc/passwd", None)]
    fn every_layout_ends_in_one_shape(#[case] path: &str, #[case] place: Option<&str>) {
        assert_eq!(place_of(Path::new(path), RELEASE), place.map(PathBuf::from));
    }

    fn tar_with(path: &str, content: &[u8]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content).unwrap();
        tar.into_inner().unwrap()
    }

    fn deb_with(member: &str, data: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut deb = ar::Builder::new(file.reopen().unwrap());
        for (name, content) in [("debian-binary", b"2.0\n".as_slice()), (member, data)] {
            deb.append(&ar::Header::new(name.into(), content.len() as u64), content).unwrap();
        }
        file
    }

    fn xz(data: &[u8]) -> Vec<u8> {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn config() -> Vec<u8> {
        tar_with(&format!("boot/config-{RELEASE}"), b"CONFIG_PID_NS=y\n")
    }

    #[rstest]
    #[case::plain(deb_with("data.tar", &config()))]
    #[case::xz(deb_with("data.tar.xz", &xz(&config())))]
    #[case::zst(deb_with("data.tar.zst", &ruzstd::encoding::compress_to_vec(config().as_slice(), ruzstd::encoding::CompressionLevel::Fastest)))]
    fn a_package_is_unpacked(#[case] deb: tempfile::NamedTempFile) {
        let target = tempfile::tempdir().unwrap();
        unpack(deb.path(), RELEASE, target.path()).unwrap();
        assert_eq!(fs::read(target.path().join("config")).unwrap(), b"CONFIG_PID_NS=y\n");
    }

    #[rstest]
    #[case::no_archive(&b"<html>404</html>"[..])]
    #[case::cut_short(&b"!<arch>\ndebian-bin"[..])]
    #[case::no_data(&b"!<arch>\n"[..])]
    fn a_broken_package_is_named_in_one_sentence(#[case] bytes: &[u8]) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let target = tempfile::tempdir().unwrap();
        let message = unpack(file.path(), RELEASE, target.path()).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("the package `{}` cannot be unpacked", file.path().display())),
            "{message}"
        );
        assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0, "something was written");
    }

    #[test]
    fn a_package_whose_data_ends_early_is_broken() {
        let data =
            xz(&tar_with(&format!("boot/config-{RELEASE}"), &(0..=255).cycle().take(1 << 20).collect::<Vec<u8>>()));
        let deb = deb_with("data.tar.xz", &data[..data.len() / 2]);
        let target = tempfile::tempdir().unwrap();
        assert!(matches!(unpack(deb.path(), RELEASE, target.path()), Err(KernelError::Package { .. })));
    }
}
