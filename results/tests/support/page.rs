//! The page of a matrix on disk, opened in a browser.

use std::fs;
use std::path::PathBuf;

use results::Matrix;

use super::chromium::Chromium;

/// A page on disk, opened.
pub(crate) struct Opened {
    pub(crate) browser: Chromium,
    pub(crate) file: PathBuf,
    _folder: tempfile::TempDir,
}

/// Opens the page of `matrix` at `hash` in a window so many pixels wide.
pub(crate) fn open(matrix: &Matrix, hash: &str, width: u32) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("matrix.html");
    fs::write(&file, results::html(matrix)).unwrap();
    let mut browser = Chromium::start();
    browser.open(&file, hash, width);
    Opened { browser, file, _folder: folder }
}

/// Leaves a picture of what the window shows, if somebody asked for pictures.
pub(crate) fn picture(page: &mut Opened, name: &str) {
    if let Some(folder) = std::env::var_os("NSPROOF_SCREENSHOTS") {
        let path = PathBuf::from(folder).join(name);
        page.browser.screenshot(&path);
    }
}
