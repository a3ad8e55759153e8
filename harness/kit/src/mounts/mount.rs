//! One mount, as a line of `/proc/PID/mountinfo` describes it.
//!
//! Read here and not by `procfs`, whose parser leaves the octal escapes as they are, keeps options without their order,
//! makes nothing of a source that is called «none», and fails at a path that is not UTF-8: all of that is claimed about.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::options::Options;
use super::tags::Tags;

/// An entry of a mount list: all fields of `proc_pid_mountinfo(5)`, with blanks where it has `\040`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// The mount's ID, which a later mount may get again.
    pub id: u64,
    /// The ID of the mount that it is mounted on; its own for the root of a mount namespace.
    pub parent: u64,
    /// The major and the minor device number of its file system.
    pub device: (u32, u32),
    /// The directory or file of the file system that it shows; `net:[4026532008]` for a namespace's file.
    pub root: PathBuf,
    /// Where it is mounted, as seen from the root directory of the process.
    pub point: PathBuf,
    /// The options of this mount alone.
    pub options: Options,
    /// Its propagation.
    pub tags: Tags,
    /// The type of its file system.
    pub kind: String,
    /// What was mounted, as its file system understands it; may be empty, and may be `none`.
    pub source: String,
    /// The options of its file system, which all mounts of that have.
    pub super_options: Options,
}

impl Mount {
    /// Reads a line; `None` when it does not look like one.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        // A source may be empty, so that two blanks follow each other.
        let mut fields = line.split(|byte| *byte == b' ');
        let id = number(fields.next()?)?;
        let parent = number(fields.next()?)?;
        let (major, minor) = std::str::from_utf8(fields.next()?).ok()?.split_once(':')?;
        let root = path(fields.next()?);
        let point = path(fields.next()?);
        let options = Options::new(String::from_utf8_lossy(fields.next()?));
        let mut tags = Tags::NONE;
        loop {
            match fields.next()? {
                b"-" => break,
                field => tags.add(std::str::from_utf8(field).ok()?)?,
            }
        }
        let kind = text(fields.next()?);
        let source = text(fields.next()?);
        // What a file system prints here may have blanks in it.
        let rest: Vec<_> = fields.collect();
        let super_options = Options::new(String::from_utf8_lossy(&rest.join(&b' ')));
        let device = (major.parse().ok()?, minor.parse().ok()?);
        Some(Self { id, parent, device, root, point, options, tags, kind, source, super_options })
    }
}

/// As a line of mountinfo, but without its escapes.
impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.device;
        let (root, point) = (self.root.display(), self.point.display());
        let tags = if self.tags == Tags::NONE { String::new() } else { format!("{} ", self.tags) };
        write!(f, "{} {} {major}:{minor} {root} {point} {} {tags}- ", self.id, self.parent, self.options)?;
        write!(f, "{} {} {}", self.kind, self.source, self.super_options)
    }
}

fn number(field: &[u8]) -> Option<u64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

fn path(field: &[u8]) -> PathBuf {
    OsString::from_vec(unescaped(field)).into()
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(&unescaped(field)).into_owned()
}

/// `\040` is a blank: a backslash and three octal digits are a byte (`fs/seq_file.c`, mangle_path).
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        let escaped = (*first == b'\\').then(|| more.get(..3)).flatten();
        let byte = escaped.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        if byte.is_some() {
            rest = &more[3..];
        }
        bytes.push(byte.unwrap_or(*first));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use rstest::rstest;

    use super::*;

    fn line(tags: &str) -> Mount {
        Mount::parse(format!("36 35 98:0 /mnt1 /mnt2 rw,noatime {tags}- ext3 /dev/root rw,errors=continue").as_bytes())
            .unwrap()
    }

    #[test]
    fn every_field_is_read() {
        let expected = Mount {
            id: 36,
            parent: 35,
            device: (98, 0),
            root: "/mnt1".into(),
            point: "/mnt2".into(),
            options: Options::new("rw,noatime"),
            tags: Tags { master: Some(1), ..Tags::NONE },
            kind: "ext3".into(),
            source: "/dev/root".into(),
            super_options: Options::new("rw,errors=continue"),
        };
        assert_eq!(line("master:1 "), expected);
        let text = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
        assert_eq!(expected.to_string(), text);
    }

    #[rstest]
    #[case::private("", Tags::NONE)]
    #[case::shared("shared:7 ", Tags { shared: Some(7), ..Tags::NONE })]
    #[case::both("shared:7 master:2 ", Tags { shared: Some(7), master: Some(2), ..Tags::NONE })]
    #[case::far("master:2 propagate_from:1 ", Tags { master: Some(2), propagate_from: Some(1), ..Tags::NONE })]
    #[case::unbindable("unbindable ", Tags { unbindable: true, ..Tags::NONE })]
    #[case::of_the_future("shared:7 flavour:sweet quick ", Tags { shared: Some(7), ..Tags::NONE })]
    fn tags_are_read_and_printed(#[case] fields: &str, #[case] expected: Tags) {
        let tags = line(fields).tags;
        assert_eq!(tags, expected);
        let known = fields.trim_end().replace(" flavour:sweet quick", "");
        assert_eq!(tags.to_string(), known);
    }

    #[rstest]
    #[case(br"/a\040b\011c", b"/a b\tc")]
    #[case(br"/back\134slash\012", b"/back\\slash\n")]
    #[case(br"/no\08x\4", br"/no\08x\4")]
    #[case(b"/caf\xe9", b"/caf\xe9")]
    fn octal_escapes_are_bytes(#[case] field: &[u8], #[case] expected: &[u8]) {
        let line = [b"1 0 0:1 / ", field, b" rw - tmpfs none rw"].concat();
        assert_eq!(Mount::parse(&line).unwrap().point, Path::new(OsStr::from_bytes(expected)));
    }

    #[rstest]
    #[case::empty("", "tmpfs", "")]
    #[case::none("none", "tmpfs", "none")]
    #[case::blank(r"a\040b", "fuse.x", "a b")]
    fn sources_are_kept(#[case] field: &str, #[case] kind: &str, #[case] expected: &str) {
        let mount = Mount::parse(format!("1 0 0:1 / / rw - {kind} {field} rw,size=1k").as_bytes()).unwrap();
        assert_eq!((mount.source.as_str(), mount.kind.as_str()), (expected, kind));
        assert_eq!(mount.super_options, "rw,size=1k");
    }

    #[rstest]
    #[case("")]
    #[case("36 35 98:0 /mnt1 /mnt2 rw")]
    #[case("x 35 98:0 / / rw - ext3 /dev/root rw")]
    #[case("36 35 98 / / rw - ext3 /dev/root rw")]
    #[case("36 35 98:0 / / rw shared:x - ext3 /dev/root rw")]
    fn other_lines_are_refused(#[case] line: &str) {
        assert_eq!(Mount::parse(line.as_bytes()), None);
    }
}
