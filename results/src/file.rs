//! Files that are either whole or not there.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::WriteError;

/// Writes `text` to `path` by way of a temporary file beside it, so that a reader (and whoever comes after a
/// kill or a full disk) finds the old file or the new one, never half of one. What is no file, such as `/dev/stdout`, is written
/// as it is; a link stays, and the file that it leads to is replaced.
pub(crate) fn write_atomically(path: &Path, text: &str) -> Result<(), WriteError> {
    if is_written_in_place(path) {
        let opened = File::options().write(true).open(path);
        return opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(WriteError::at(path));
    }
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut file = temporary(&place).map_err(WriteError::at(path))?;
    file.as_file_mut().write_all(text.as_bytes()).map_err(WriteError::at(path))?;
    file.persist(place).map_err(|error| WriteError::at(path)(error.error))?;
    Ok(())
}

/// Whether something is there that no file may take the place of: a device, a pipe.
fn is_written_in_place(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Finds out whether the file `path` can be written, before there is anything to write, and leaves it as it is.
///
/// # Errors
/// Why it cannot be.
pub fn check_writable(path: &Path) -> Result<(), WriteError> {
    if path.is_dir() {
        return Err(WriteError::at(path)(io::ErrorKind::IsADirectory.into()));
    }
    if is_written_in_place(path) {
        return Ok(());
    }
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    temporary(&place).map(drop).map_err(WriteError::at(path))
}

/// A file beside `path` that is to become it.
fn temporary(path: &Path) -> io::Result<NamedTempFile<File>> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // A temporary file is the owner's alone by default; reports are for everyone the umask lets.
    let mut refused = None;
    tempfile::Builder::new()
        .prefix(".nsproof-")
        .make_in(folder, |temporary| File::create_new(temporary).inspect_err(|error| refused = error.raw_os_error()))
        // The error of tempfile names the temporary file, which says nothing to anybody.
        .map_err(|error| refused.map_or(error, io::Error::from_raw_os_error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn replaces_whole_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_atomically(&path, "one").unwrap();
        write_atomically(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o444, 0o444, "others may read it: {mode:o}");
    }

    /// As root it would take the place of `/dev/stdout`.
    #[test]
    fn what_is_no_file_stays_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        check_writable(&link).unwrap();
        write_atomically(&link, "one").unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("/dev/null"));

        let (file, link) = (folder.path().join("file"), folder.path().join("second"));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        check_writable(&link).unwrap();
        write_atomically(&link, "two").unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("file"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
    }

    #[test]
    fn errors_name_the_file_and_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/a.json");
        let error = write_atomically(&missing, "").unwrap_err().to_string();
        assert_eq!(
            error,
            format!("failed to write {}: No such file or directory (os error 2): check the path", missing.display())
        );
        let error = write_atomically(folder.path(), "").unwrap_err().to_string();
        assert!(error.contains("a folder is in the way"), "{error}");
        // Known beforehand, too.
        assert_eq!(
            check_writable(&missing).unwrap_err().to_string(),
            write_atomically(&missing, "").unwrap_err().to_string()
        );
        assert!(check_writable(folder.path()).unwrap_err().to_string().contains("a folder is in the way"));
        assert!(check_writable(&folder.path().join("a.json")).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing half-written");
    }
}
