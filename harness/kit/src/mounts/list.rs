//! The mount list of a process.

use std::fs;
use std::path::Path;

use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::mount::Mount;
use super::propagation::Propagation;
use super::tags::Tags;
use crate::words::verdict::{Doing, Failure, Outcome};

/// The mounts that a process sees, as mountinfo lists them at one moment. Can be sent to another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mounts(Vec<Mount>);

impl Mounts {
    /// The calling thread's.
    pub fn own() -> Outcome<Self> {
        Self::read("/proc/thread-self/mountinfo")
    }

    /// A process's.
    pub fn of(pid: Pid) -> Outcome<Self> {
        Self::read(format!("/proc/{pid}/mountinfo"))
    }

    /// Those in a mountinfo file.
    pub fn read(path: impl AsRef<Path>) -> Outcome<Self> {
        let path = path.as_ref();
        Self::parse(&fs::read(path).doing(format!("read {}", path.display()))?)
    }

    /// Those that the text of a mountinfo file lists.
    pub fn parse(text: &[u8]) -> Outcome<Self> {
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let mounts = lines.map(|line| {
            let of_another_form = || Failure::broken(format!("no mountinfo: «{}»", String::from_utf8_lossy(line)));
            Mount::parse(line).ok_or_else(of_another_form)
        });
        Ok(Self(mounts.collect::<Outcome<_>>()?))
    }

    /// Those at or below a directory, with mount points that are relative to it; the directory itself is the empty path.
    pub fn within(&self, directory: impl AsRef<Path>) -> Self {
        let inside = self.0.iter().filter_map(|mount| {
            let point = mount.point.strip_prefix(&directory).ok()?.to_owned();
            Some(Mount { point, ..mount.clone() })
        });
        Self(inside.collect())
    }

    /// All, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Mount> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mount at this mount point: of several the topmost, which is the one that look-ups find. None where nothing is
    /// mounted, or where what is mounted is covered from above.
    pub fn find(&self, point: impl AsRef<Path>) -> Option<&Mount> {
        self.stack(point).into_iter().find(|mount| self.cover_of(mount).is_none() && self.is_reachable(mount))
    }

    /// The mount at this mount point, which must be there.
    #[track_caller]
    pub fn at(&self, point: impl AsRef<Path>) -> Outcome<&Mount> {
        let point = point.as_ref();
        self.find(point).ok_or_else(|| Failure::broken(format!("nothing is mounted on «{}»", point.display())))
    }

    /// Every mount at this mount point, a covering one after what it covers.
    pub fn stack(&self, point: impl AsRef<Path>) -> Vec<&Mount> {
        let mut stack: Vec<_> = self.0.iter().filter(|mount| mount.point == point.as_ref()).collect();
        stack.sort_by_cached_key(|mount| self.depth(mount));
        stack
    }

    /// The mount with this ID.
    pub fn with_id(&self, id: u64) -> Option<&Mount> {
        self.0.iter().find(|mount| mount.id == id)
    }

    /// The mounts that are mounted on this one.
    pub fn children(&self, of: &Mount) -> Vec<&Mount> {
        self.0.iter().filter(|mount| mount.parent == of.id && mount.id != of.id).collect()
    }

    /// The other mounts of this one's peer group; none when it is not shared.
    pub fn peers(&self, of: &Mount) -> Vec<&Mount> {
        let in_its_group = |mount: &&Mount| mount.tags.shared.is_some() && mount.tags.shared == of.tags.shared;
        self.0.iter().filter(|mount| mount.id != of.id).filter(in_its_group).collect()
    }

    /// The mounts that receive from this one's peer group; none when it is not shared.
    pub fn slaves(&self, of: &Mount) -> Vec<&Mount> {
        let receives = |mount: &&Mount| mount.tags.master.is_some() && mount.tags.master == of.tags.shared;
        self.0.iter().filter(receives).collect()
    }

    /// The mount points, sorted; as often as something is mounted there.
    pub fn points(&self) -> Vec<String> {
        let mut points: Vec<_> = self.0.iter().map(|mount| mount.point.to_string_lossy().into_owned()).collect();
        points.sort_unstable();
        points
    }

    /// The tags of the mount at this mount point, if something is mounted there.
    pub fn tags(&self, point: impl AsRef<Path>) -> Option<Tags> {
        Some(self.find(point)?.tags)
    }

    /// The propagation type of the mount at this mount point, if something is mounted there.
    pub fn propagation(&self, point: impl AsRef<Path>) -> Option<Propagation> {
        self.tags(point).map(Propagation::told_by)
    }

    /// What is mounted on the root of a mount, and so covers the whole of it.
    fn cover_of(&self, mount: &Mount) -> Option<&Mount> {
        self.children(mount).into_iter().find(|child| child.point == mount.point)
    }

    /// Whether a look-up from above comes to where it is mounted. What is mounted on a mount's root, or on a directory above
    /// in the same parent, takes the look-up elsewhere.
    fn is_reachable(&self, mount: &Mount) -> bool {
        let Some(parent) = self.with_id(mount.parent).filter(|parent| parent.id != mount.id) else {
            return true;
        };
        let is_in_the_way = |sibling: &&Mount| sibling.id != mount.id && mount.point.starts_with(&sibling.point);
        !self.children(parent).iter().any(is_in_the_way) && self.is_reachable(parent)
    }

    /// How many of the listed mounts lie beneath it.
    fn depth(&self, mount: &Mount) -> usize {
        let parent = self.with_id(mount.parent).filter(|parent| parent.id != mount.id);
        parent.map_or(0, |parent| 1 + self.depth(parent))
    }
}

impl IntoIterator for Mounts {
    type Item = Mount;
    type IntoIter = std::vec::IntoIter<Mount>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Mounts {
    type Item = &'a Mount;
    type IntoIter = std::slice::Iter<'a, Mount>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Lines of mountinfo from an ID, a parent, a mount point and tags.
    fn mounts(lines: &[(u64, u64, &str, &str)]) -> Mounts {
        let text: String = lines
            .iter()
            .map(|(id, parent, point, tags)| format!("{id} {parent} 0:1 / {point} rw {tags}- tmpfs none rw\n"))
            .collect();
        Mounts::parse(text.as_bytes()).unwrap()
    }

    #[rstest]
    #[case::plain(&[(1, 0, "/", ""), (2, 1, "/a", "")], "/a", Some(2))]
    #[case::nothing(&[(1, 0, "/", ""), (2, 1, "/a", "")], "/b", None)]
    #[case::the_topmost(&[(1, 0, "/", ""), (2, 1, "/a", ""), (3, 2, "/a", "")], "/a", Some(3))]
    #[case::one_put_beneath(&[(1, 0, "/", ""), (2, 3, "/a", ""), (3, 1, "/a", "")], "/a", Some(2))]
    #[case::on_the_covering_one(&[(1, 0, "/", ""), (2, 1, "/a", ""), (3, 2, "/a", ""), (4, 3, "/a/b", "")], "/a/b", Some(4))]
    #[case::on_the_covered_one(&[(1, 0, "/", ""), (2, 1, "/a", ""), (4, 2, "/a/b", ""), (3, 2, "/a", "")], "/a/b", None)]
    #[case::below_a_covered_directory(&[(1, 0, "/", ""), (2, 1, "/a/b", ""), (3, 1, "/a", "")], "/a/b", None)]
    #[case::its_own_parent(&[(1, 1, "/", "")], "/", Some(1))]
    #[case::a_covered_root(&[(1, 1, "/", ""), (2, 1, "/", "")], "/", Some(2))]
    fn what_a_lookup_finds(#[case] lines: &[(u64, u64, &str, &str)], #[case] point: &str, #[case] id: Option<u64>) {
        assert_eq!(mounts(lines).find(point).map(|mount| mount.id), id);
    }

    #[test]
    fn a_stack_begins_at_the_bottom() {
        let list = mounts(&[(1, 0, "/", ""), (2, 4, "/a", ""), (3, 2, "/a", ""), (4, 1, "/a", "")]);
        let ids: Vec<_> = list.stack("/a").iter().map(|mount| mount.id).collect();
        assert_eq!(ids, [4, 2, 3]);
    }

    #[test]
    fn groups_are_found_by_their_number() {
        let list = mounts(&[
            (1, 0, "/", ""),
            (2, 1, "/a", "shared:7 "),
            (3, 1, "/b", "shared:7 "),
            (4, 1, "/c", "shared:8 master:7 "),
            (5, 1, "/d", ""),
        ]);
        let points =
            |mounts: Vec<&Mount>| mounts.iter().map(|mount| mount.point.display().to_string()).collect::<Vec<_>>();
        assert_eq!(points(list.peers(list.at("/a").unwrap())), ["/b"]);
        assert_eq!(points(list.slaves(list.at("/a").unwrap())), ["/c"]);
        assert_eq!(points(list.children(list.at("/").unwrap())), ["/a", "/b", "/c", "/d"]);
        for point in ["/d", "/"] {
            let mount = list.at(point).unwrap();
            assert!(list.peers(mount).is_empty() && list.slaves(mount).is_empty());
        }
    }

    #[test]
    fn within_a_directory_paths_are_relative() {
        let list = mounts(&[(1, 0, "/", ""), (2, 1, "/mnt", ""), (3, 2, "/mnt/a", ""), (4, 1, "/mnt2", "")]);
        assert_eq!(list.within("/mnt").points(), ["", "a"]);
        assert_eq!(list.within("/mnt").at("a").unwrap().id, 3);
    }

    #[test]
    fn what_is_no_mountinfo_is_told() {
        assert!(Mounts::parse(b"1 0 0:1 / / rw - tmpfs none rw\nnonsense\n").is_err());
    }
}
