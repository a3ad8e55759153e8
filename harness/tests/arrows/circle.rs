//! Circles of arrows, and how they are told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::iter::successors;
use std::path::Path;

use crate::tree::Arrows;

/// A circle: each file takes names from the next, and the last from the first.
#[derive(Debug)]
pub(crate) struct Circle<'a> {
    arrows: &'a Arrows,
    files: Vec<&'a Path>,
    /// Every file that is in some circle.
    tied: BTreeSet<&'a Path>,
}

/// The shortest circle, if there is any.
pub(crate) fn shortest_circle(arrows: &Arrows) -> Option<Circle<'_>> {
    let files: BTreeSet<&Path> = arrows.keys().map(|(from, _)| from.as_path()).collect();
    let circles: Vec<_> = files.into_iter().filter_map(|file| circle_through(file, arrows)).collect();
    let tied = circles.iter().map(|circle| circle[0]).collect();
    let files = circles.into_iter().min_by_key(Vec::len)?;
    Some(Circle { arrows, files, tied })
}

/// The shortest way from a file back to it, without the return.
fn circle_through<'a>(start: &'a Path, arrows: &'a Arrows) -> Option<Vec<&'a Path>> {
    let mut came_from: BTreeMap<&Path, &Path> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(file) = next.pop_front() {
        for (_, to) in arrows.keys().filter(|(from, _)| from == file) {
            if to == start {
                let mut way: Vec<_> = successors(Some(file), |file| came_from.get(file).copied()).collect();
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(to.as_path()) {
                came_from.insert(to, file);
                next.push_back(to);
            }
        }
    }
    None
}

impl fmt::Display for Circle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "files of one crate take names from each other in a circle:")?;
        let next = self.files.iter().cycle().skip(1);
        for (from, to) in self.files.iter().zip(next) {
            let names = &self.arrows[&(from.to_path_buf(), to.to_path_buf())];
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            writeln!(f, "  {} takes from {}: {}", from.display(), to.display(), names.join(", "))?;
        }
        let others: Vec<_> = self.tied.iter().filter(|file| !self.files.contains(file)).collect();
        if !others.is_empty() {
            writeln!(f, "circles also tie:")?;
        }
        others.iter().try_for_each(|file| writeln!(f, "  {}", file.display()))
    }
}
