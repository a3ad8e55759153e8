//! The fake suite, called as a person would call the command, in a folder of its own.

pub(crate) mod processes;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An empty folder that commands are typed in.
pub(crate) struct Desk(tempfile::TempDir);

impl Desk {
    /// A new one.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// The path of something in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a file there.
    pub(crate) fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// The text of a file there.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// What a folder holds, sorted.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).expect("a folder").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The fake suite, to be called in this folder.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fakes"));
        // Cargo's variable would lead it to the workspace.
        command.current_dir(self.0.path()).env_remove("CARGO_MANIFEST_DIR");
        command
    }

    /// Types `nsproof` and these words.
    pub(crate) fn nsproof(&self, words: &[&str]) -> Said {
        self.nsproof_with(words, &[])
    }

    /// The same with these variables set.
    pub(crate) fn nsproof_with(&self, words: &[&str], variables: &[(&str, &Path)]) -> Said {
        let mut command = self.command();
        command.arg0("nsproof").args(words).envs(variables.iter().copied());
        Said::of(command.output().expect("the command runs"), self)
    }

    /// Runs the door of `cargo test` with these words.
    pub(crate) fn test_door(&self, words: &[&str]) -> Said {
        Said::of(self.command().args(words).output().expect("the suite runs"), self)
    }

    /// Records a run of one fake case as the folder `name`.
    pub(crate) fn record(&self, name: &str, case: &str) {
        self.nsproof(&["run", "--exact", case, "--out", name]);
        assert!(self.path(name).join("run-host.json").exists(), "{case} was not recorded");
    }
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn of(output: Output, desk: &Desk) -> Self {
        let prefix = format!("{}/", desk.0.path().display());
        let text = |bytes| String::from_utf8(bytes).expect("it says text").replace(&prefix, "");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Asserts that it was refused as wrong usage, in one sentence with these words.
    #[track_caller]
    pub(crate) fn is_refused(&self, sentence: &str) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert!(self.err.contains(sentence), "{self:?}");
        assert!(self.err.matches("(os error").count() <= 1, "a cause is said twice: {self:?}");
    }
}
