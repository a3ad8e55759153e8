//! Reading what a kernel image says about itself.
//!
//! The layout is that of Documentation/arch/x86/boot.rst: `HdrS` at 0x202, and at 0x20E a 16-bit pointer, relative to 0x200,
//! to the banner that uname(2) would show.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::error::{KernelError, NotAKernel};

/// The setup header ends before 0x280; nothing shorter is a kernel.
const SMALLEST: u64 = 0x280;
/// The longest banner that is read.
const BANNER_MAX: u64 = 512;

/// What the boot header of a bzImage tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Banner {
    /// The release, as uname(2) will tell it: `6.12.107+deb13-cloud-amd64`.
    pub(super) release: String,
    /// The package version, which Debian's banners carry; else the release.
    pub(super) version: String,
}

/// Reads the banner of a kernel image.
pub(super) fn read_banner(path: &Path) -> Result<Banner, KernelError> {
    let io = |source| KernelError::io("read", path, source);
    let not_a_kernel = |why| KernelError::NotAKernel { path: path.to_owned(), why };

    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    if length < SMALLEST {
        return Err(not_a_kernel(NotAKernel::Short(length)));
    }
    let mut header = [0; SMALLEST as usize];
    file.read_exact(&mut header).map_err(io)?;
    if &header[0x202..0x206] != b"HdrS" {
        return Err(not_a_kernel(NotAKernel::NoHeader));
    }
    let pointer = u64::from(u16::from_le_bytes([header[0x20E], header[0x20F]]));
    let mut banner = Vec::new();
    if pointer != 0 {
        file.seek(SeekFrom::Start(0x200 + pointer)).map_err(io)?;
        file.take(BANNER_MAX).read_to_end(&mut banner).map_err(io)?;
    }
    parse_banner(&banner).ok_or_else(|| not_a_kernel(NotAKernel::NoVersion))
}

fn parse_banner(bytes: &[u8]) -> Option<Banner> {
    let text = bytes.split(|&b| b == 0).next()?;
    let text = std::str::from_utf8(text).ok()?;
    let release = text.split_whitespace().next()?.to_owned();
    // A release becomes part of a path (lib/modules/…): it must not lead anywhere else.
    if !release.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._~".contains(&b)) || release.starts_with('.') {
        return None;
    }
    let version =
        text.split_once(" Debian ").and_then(|(_, rest)| rest.split_whitespace().next()).unwrap_or(&release).to_owned();
    Some(Banner { release, version })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn image_with(banner: &[u8]) -> tempfile::NamedTempFile {
        let mut bytes = vec![0; 0x400];
        bytes[0x202..0x206].copy_from_slice(b"HdrS");
        bytes[0x20E..0x210].copy_from_slice(&0x100u16.to_le_bytes());
        bytes[0x300..0x300 + banner.len()].copy_from_slice(banner);
        file_with(&bytes)
    }

    fn file_with(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[rstest]
    #[case(
        "6.1.0-50-cloud-amd64 (debian-kernel@x) #1 SMP Debian 6.1.176-1 (2026-07-02)",
        "6.1.0-50-cloud-amd64",
        "6.1.176-1"
    )]
    #[case("6.18.0-rc3-00012-gabc (me@here) #7 SMP", "6.18.0-rc3-00012-gabc", "6.18.0-rc3-00012-gabc")]
    fn release_and_version_come_from_the_banner(#[case] banner: &str, #[case] release: &str, #[case] version: &str) {
        let file = image_with(banner.as_bytes());
        assert_eq!(read_banner(file.path()).unwrap(), Banner { release: release.into(), version: version.into() });
    }

    #[rstest]
    #[case::short(file_with(b"hello"), "it is only 5 bytes long")]
    #[case::other(file_with(&[7; 4096]), "it has no x86 boot header (HdrS at 0x202)")]
    #[case::silent(image_with(b"\0"), "its boot header tells no version")]
    #[case::hostile(image_with(b"../../etc #1"), "its boot header tells no version")]
    fn what_is_no_kernel_is_refused_in_one_sentence(#[case] file: tempfile::NamedTempFile, #[case] why: &str) {
        let message = read_banner(file.path()).unwrap_err().to_string();
        assert!(message.contains(why) && message.contains(file.path().to_str().unwrap()), "{message}");
    }
}
