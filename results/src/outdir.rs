//! The folder a run's results are written to.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::error::WriteError;
use crate::file::{check_writable, write_atomically};
use crate::json::{RUN, is_of, run_files};
use crate::record::{Matrix, Run};
use crate::reports::{FILES, reports};

/// Where folders go that nobody named, relative to the current folder.
const DEFAULT: &str = "results/runs";

/// The link beside them that points to the one written last.
const LATEST: &str = "latest";

/// The longest part of a kernel's word that a file's name takes over.
const SLUG: usize = 40;

/// The folder a run's results are written to.
#[derive(Debug)]
pub struct OutDir {
    path: PathBuf,
    /// The link to point here when everything is written; none for a folder that was named.
    latest: Option<PathBuf>,
}

impl OutDir {
    /// Makes the folder `given`, or, when none is, a new one `results/runs/<UTC time>/` that no other run has.
    ///
    /// A folder that was given may be there already: what an earlier run left in it is replaced.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn create(given: Option<&Path>) -> Result<Self, WriteError> {
        match given {
            Some(path) => {
                fs::create_dir_all(path).map_err(WriteError::at(path))?;
                Ok(Self { path: path.to_owned(), latest: None })
            }
            None => Self::create_under(Path::new(DEFAULT), Timestamp::now()),
        }
    }

    /// Finds out whether [`OutDir::create`] and what is written then will succeed, and leaves everything as it is.
    ///
    /// # Errors
    /// Why it will not.
    pub fn check(given: Option<&Path>) -> Result<(), WriteError> {
        let path = given.unwrap_or(Path::new(DEFAULT));
        if path.is_dir() && given.is_some() {
            return FILES.iter().try_for_each(|name| check_writable(&path.join(name)));
        }
        // The folder is going to be made in the first one above it that is there; of a relative path that may be the current.
        let above = path.ancestors().map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
        let there = above.into_iter().find(|path| path.exists()).unwrap_or(Path::new("/"));
        check_writable(&there.join("run.json")).map_err(|error| WriteError::at(path)(error.source))
    }

    /// Makes a new folder named after the time `now` in the folder `parent`.
    ///
    /// # Errors
    /// If a folder cannot be made.
    pub fn create_under(parent: &Path, now: Timestamp) -> Result<Self, WriteError> {
        fs::create_dir_all(parent).map_err(WriteError::at(parent))?;
        // No colons: some systems' artifact stores refuse them.
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut path = parent.join(&time);
        // create_dir, unlike create_dir_all, fails if another run was quicker: then the next number is tried.
        for number in 2u32.. {
            match fs::create_dir(&path) {
                Ok(()) => break,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    path = parent.join(format!("{time}-{number}"));
                }
                Err(error) => return Err(WriteError::at(&path)(error)),
            }
        }
        Ok(Self { path, latest: Some(parent.join(LATEST)) })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finds out whether the record of the kernel that `word` names can be written.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn check_run(&self, word: &str) -> Result<(), WriteError> {
        check_writable(&self.path.join(file_name(word)))
    }

    /// Writes one run's record, so that it is kept if the matrix is not finished. Returns its path.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_run(&self, run: &Run) -> Result<PathBuf, WriteError> {
        let path = self.path.join(file_name(&run.kernel.word));
        run.write(&path)?;
        Ok(path)
    }

    /// Writes every record and every report of `matrix`, removes records of earlier runs from the folder, and
    /// points `latest` to it. Returns what was written. The records come first, and what cannot be written keeps nothing else
    /// from being.
    ///
    /// # Errors
    /// Of what could not be written, the first.
    pub fn write(&self, matrix: &Matrix) -> Result<Vec<PathBuf>, WriteError> {
        let mut written: Vec<_> = matrix.runs.iter().map(|run| self.write_run(run)).collect();
        let others = self.remove_others(matrix);
        for (name, text) in reports(matrix) {
            let path = self.path.join(name);
            match text.is_empty() {
                // An earlier run may have had something to say.
                true => written.extend(remove(&path).err().map(Err)),
                false => written.push(write_atomically(&path, &text).map(|()| path)),
            }
        }
        let latest = self.latest.as_ref().map_or(Ok(()), |latest| self.point(latest));
        let written = written.into_iter().collect::<Result<_, _>>()?;
        others.and(latest).map(|()| written)
    }

    /// Removes records that do not belong to this matrix: every report is made from all records of a folder.
    fn remove_others(&self, matrix: &Matrix) -> Result<(), WriteError> {
        let own: BTreeSet<_> = matrix.runs.iter().map(|run| self.path.join(file_name(&run.kernel.word))).collect();
        for file in run_files(&self.path).unwrap_or_default() {
            // Only what nsproof itself wrote: the folder was named by somebody and may hold other things.
            if !own.contains(&file) && is_of(&RUN, &file) {
                fs::remove_file(&file).map_err(WriteError::at(&file))?;
            }
        }
        Ok(())
    }

    /// Replaces the link `latest` in one step, so that it always points to a folder.
    fn point(&self, latest: &Path) -> Result<(), WriteError> {
        let (Some(parent), Some(name)) = (latest.parent(), self.path.file_name()) else {
            return Ok(());
        };
        tempfile::Builder::new()
            .prefix(".latest-")
            .make_in(parent, |link| symlink(name, link))
            .map_err(WriteError::at(latest))?
            .into_temp_path()
            .persist(latest)
            .map_err(|error| WriteError::at(latest)(error.error))
    }
}

/// Removes a file that need not be there.
fn remove(path: &Path) -> Result<(), WriteError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(WriteError::at(path)(error)),
        _ => Ok(()),
    }
}

/// The name of the record of the kernel `word`: `run-6.12.json`. A word that is a path or otherwise no file
/// name keeps its last part and gets a number made from all of it, so that two words never share a file.
fn file_name(word: &str) -> String {
    format!("run-{}.json", slug(word))
}

/// A kernel's word as a part of a file's name, its own and no other word's.
pub(crate) fn slug(word: &str) -> String {
    let last = word.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let slug: String =
        last.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')).take(SLUG).collect();
    let slug = slug.trim_matches(['.', '-']);
    match slug {
        slug if slug == word => slug.to_owned(),
        "" => format!("kernel-{:08x}", fnv(word)),
        slug => format!("{slug}-{:08x}", fnv(word)),
    }
}

/// The 32-bit FNV-1a hash, which unlike the standard library's stays the same from one compiler to the next.
pub(crate) fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::fixtures::{case, run, small_matrix};
    use crate::verdict::Verdict;

    fn noon() -> Timestamp {
        "2026-01-02T12:00:00Z".parse().unwrap()
    }

    #[rstest]
    #[case("6.12", "run-6.12.json")]
    #[case("host", "run-host.json")]
    #[case(".", "run-kernel-2b0c98f1.json")]
    #[case("../linux", "run-linux-8a66aa0c.json")]
    #[case("a/linux/", "run-linux-51aeeafa.json")]
    #[case("x\u{1b}[2J", "run-x2J-d5d00755.json")]
    fn file_names_are_plain_and_distinct(#[case] word: &str, #[case] name: &str) {
        assert_eq!(file_name(word), name);
    }

    #[test]
    fn two_runs_in_the_same_second_do_not_share_a_folder() {
        let parent = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..3)
            .map(|_| OutDir::create_under(parent.path(), noon()).unwrap().path)
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["20260102T120000Z", "20260102T120000Z-2", "20260102T120000Z-3"]);
    }

    #[test]
    fn latest_points_to_the_folder_written_last() {
        let parent = tempfile::tempdir().unwrap();
        let (first, second) = (
            OutDir::create_under(parent.path(), noon()).unwrap(),
            OutDir::create_under(parent.path(), noon()).unwrap(),
        );
        let latest = parent.path().join(LATEST);
        for out in [&first, &second, &first] {
            out.write(&small_matrix()).unwrap();
            assert_eq!(fs::canonicalize(&latest).unwrap(), fs::canonicalize(out.path()).unwrap());
        }
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 3);
    }

    #[test]
    fn every_format_is_written_and_the_records_read_back() {
        let parent = tempfile::tempdir().unwrap();
        let out = OutDir::create(Some(&parent.path().join("a/b"))).unwrap();
        let matrix = small_matrix();
        let mut names: Vec<_> = out
            .write(&matrix)
            .unwrap()
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        insta::assert_debug_snapshot!(names);
        assert_eq!(crate::read(out.path()).unwrap(), matrix);
    }

    #[test]
    fn a_report_that_cannot_be_written_takes_no_other_along() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("matrix.html")).unwrap();
        let out = OutDir::create(Some(parent.path())).unwrap();
        let error = out.write(&small_matrix()).unwrap_err().to_string();
        assert!(error.contains("matrix.html: ") && error.contains("a folder is in the way"), "{error}");
        assert_eq!(crate::read(parent.path()).unwrap(), small_matrix());
        assert!(["matrix.md", "junit.xml", "ktap"].iter().all(|name| parent.path().join(name).is_file()));
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_known_beforehand() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("file"), "").unwrap();
        fs::create_dir_all(parent.path().join("used/ktap")).unwrap();
        for (path, part) in [
            ("file", "file: Not a directory (os error 20): a file is in the way"),
            ("file/below/it", "file/below/it: Not a directory (os error 20): a file is in the way"),
            ("used", "used/ktap: is a directory: a folder is in the way"),
        ] {
            let error = OutDir::check(Some(&parent.path().join(path))).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let new = parent.path().join("not/yet/there");
        assert!(OutDir::check(Some(&new)).is_ok() && OutDir::check(Some(parent.path())).is_ok());
        let used = OutDir::create(Some(&parent.path().join("used"))).unwrap();
        fs::create_dir(used.path().join("run-6.12.json")).unwrap();
        let error = used.check_run("6.12").unwrap_err().to_string();
        assert!(error.contains("run-6.12.json") && error.contains("a folder is in the way"), "{error}");
        assert!(used.check_run("6.1").is_ok());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2, "nothing was left");
    }

    #[test]
    fn a_folder_used_again_holds_the_new_run_and_what_is_not_ours() {
        let parent = tempfile::tempdir().unwrap();
        let out = OutDir::create(Some(parent.path())).unwrap();
        fs::write(parent.path().join("run-notes.json"), "{}").unwrap();
        let one = |word| Matrix { runs: vec![run(word, [case("uts::a", Verdict::Holds)])] };
        out.write(&one("6.1")).unwrap();
        out.write(&one("6.12")).unwrap();
        let names: Vec<_> = run_files(parent.path())
            .unwrap()
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["run-6.12.json", "run-notes.json"]);
    }
}
