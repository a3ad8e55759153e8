//! apt-get(8) with a private state: no root needed, nothing of the machine's own state touched, every signature verified.
//!
//! The machine's configuration is read (its proxy, its mirror), then overridden by a file of ours. The lists that
//! `update` leaves are cut down to the kernel packages, so that each later `download` starts in a moment.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::debian::{SUITES, apt_get};
use super::error::KernelError;
use super::mirror::Mirror;
use crate::programs;
use crate::spawn::{HERE, User};

/// Where the package debian-archive-keyring has the keys that all of these suites are signed with; the name's end has changed with time.
const KEYRINGS: [&str; 2] =
    ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];

/// One suite's list of packages.
pub(super) struct List {
    /// The suite, `trixie-backports`.
    pub(super) suite: String,
    /// Its Packages file.
    pub(super) file: PathBuf,
}

/// apt-get with the lists in one folder and everything passing in another.
pub(super) struct Apt<'a> {
    /// Keeps the lists and the sources they came from.
    pub(super) state: &'a Path,
    /// For what is of no use after the call.
    pub(super) scratch: &'a Path,
}

impl Apt<'_> {
    /// Fetches the lists of every suite there is into `state`.
    ///
    /// A suite that the mirror does not have, or whose signature is not good, is left out: apt keeps none of its files.
    pub(super) fn update(&self, mirror: &Mirror) -> Result<Vec<List>, KernelError> {
        let keyring = KEYRINGS.into_iter().find(|file| Path::new(file).exists()).ok_or(KernelError::NoKeyring)?;
        let sources = self.state.join("sources.list");
        fs::write(&sources, sources_list(mirror, keyring))
            .map_err(|source| KernelError::io("write", &sources, source))?;
        let update = self.run(&["update"], self.scratch)?;
        let lists = self.lists()?;
        if lists.is_empty() {
            return Err(KernelError::Program {
                program: "apt-get",
                task: "fetch Debian's lists of kernels".into(),
                why: programs::last_words(&update.stderr),
            });
        }
        for list in &lists {
            keep_kernels_only(&list.file, self.scratch)?;
        }
        Ok(lists)
    }

    /// The lists that `update` brought.
    fn lists(&self) -> Result<Vec<List>, KernelError> {
        let targets =
            self.run(&["indextargets", "--format", "$(RELEASE) $(FILENAME)", "Created-By: Packages"], self.scratch)?;
        let text = String::from_utf8_lossy(&targets.stdout);
        let lists = text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(suite, file)| List { suite: suite.to_owned(), file: PathBuf::from(file) });
        Ok(lists.filter(|list| list.file.exists()).collect())
    }

    /// Downloads packages, each `name=version`, into `folder`; apt-get compares their checksums with the signed lists.
    pub(super) fn download(&self, packages: &[String], folder: &Path) -> Result<(), KernelError> {
        let mut arguments = vec!["download"];
        arguments.extend(packages.iter().map(String::as_str));
        let output = self.run(&arguments, folder)?;
        if output.status.success() {
            return Ok(());
        }
        let why = programs::last_words(&output.stderr);
        if why.contains("No space left on device") || why.contains("enough free space") {
            return Err(KernelError::Full { action: "download to", path: folder.to_owned() });
        }
        Err(KernelError::Program { program: "apt-get", task: format!("download {}", packages.join(" ")), why })
    }

    fn run(&self, arguments: &[&str], folder: &Path) -> Result<Output, KernelError> {
        let lists = self.state.join("lists");
        for needed in [lists.join("partial"), self.scratch.join("archives/partial")] {
            fs::create_dir_all(&needed).map_err(|source| KernelError::io("create", &needed, source))?;
        }
        let configuration = self.scratch.join("apt.conf");
        let status = self.scratch.join("status");
        for (file, text) in [(&configuration, self.configuration()), (&status, String::new())] {
            fs::write(file, text).map_err(|source| KernelError::io("write", file, source))?;
        }
        let program = apt_get()?;
        let mut command = Command::new(&program);
        command.arg("-q").arg("-c").arg(&configuration).args(arguments).current_dir(folder).env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = HERE.spawn(command, Vec::new(), User::Same).and_then(Child::wait_with_output);
        run.map_err(|source| KernelError::io("run", &program, source))
    }

    /// The options of apt.conf(5) that make the state private.
    fn configuration(&self) -> String {
        let (state, scratch) = (self.state.display(), self.scratch.display());
        // As root, apt-get would drop to a user who cannot enter the cache, and complain.
        let sandbox = if rustix::process::geteuid().is_root() { "APT::Sandbox::User \"root\";\n" } else { "" };
        format!(
            "#clear APT::Update::Pre-Invoke;\n\
             #clear APT::Update::Post-Invoke;\n\
             #clear APT::Update::Post-Invoke-Success;\n\
             #clear APT::Architectures;\n\
             APT::Architecture \"amd64\";\n\
             {sandbox}\
             Dir::Etc::SourceList \"{state}/sources.list\";\n\
             Dir::Etc::SourceParts \"/dev/null\";\n\
             Dir::Etc::Preferences \"/dev/null\";\n\
             Dir::Etc::PreferencesParts \"/dev/null\";\n\
             Dir::State::Lists \"{state}/lists\";\n\
             Dir::State::status \"{scratch}/status\";\n\
             Dir::Cache \"{scratch}\";\n\
             Acquire::GzipIndexes \"false\";\n\
             Acquire::Retries \"3\";\n\
             Acquire::http::Timeout \"30\";\n\
             Acquire::https::Timeout \"30\";\n"
        )
    }
}

fn sources_list(mirror: &Mirror, keyring: &str) -> String {
    let mut text = String::new();
    for (suite, is_security) in SUITES {
        let uri = if is_security { mirror.security.as_deref() } else { Some(mirror.main.as_str()) };
        if let Some(uri) = uri {
            text += &format!("deb [arch=amd64 target=Packages lang=none signed-by={keyring}] {uri} {suite} main\n");
        }
    }
    text
}

/// Whether a package holds a cloud kernel or a part of one.
fn is_kernel_package(name: &str) -> bool {
    let kind = ["linux-image-", "linux-binary-", "linux-modules-", "linux-base-"];
    kind.iter().any(|prefix| name.starts_with(prefix)) && name.ends_with("-cloud-amd64")
}

/// Rewrites a verified Packages file with the paragraphs about kernels alone: some kilobytes of 50 MB a suite.
fn keep_kernels_only(file: &Path, scratch: &Path) -> Result<(), KernelError> {
    let io = |source| KernelError::io("cut down", file, source);
    let smaller = scratch.join("Packages");
    let mut reader = BufReader::new(File::open(file).map_err(io)?);
    let mut writer = BufWriter::new(File::create(&smaller).map_err(io)?);
    let (mut line, mut keep) = (Vec::new(), false);
    while reader.read_until(b'\n', &mut line).map_err(io)? > 0 {
        if let Some(name) = line.strip_prefix(b"Package: ") {
            keep = is_kernel_package(String::from_utf8_lossy(name).trim_end());
        }
        if keep {
            writer.write_all(&line).map_err(io)?;
        }
        line.clear();
    }
    writer.flush().map_err(io)?;
    fs::rename(&smaller, file).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_signed_and_never_trusted() {
        let with_security = Mirror {
            main: "http://mirror.example/debian/".into(),
            security: Some("http://mirror.example/security/".into()),
        };
        let text = sources_list(&with_security, "keys");
        assert_eq!(text.lines().count(), SUITES.len());
        assert!(text.lines().all(|line| line.contains("signed-by=keys")) && !text.contains("trusted"));
        assert!(text.contains("http://mirror.example/security/ trixie-security main"));

        let without = Mirror { security: None, ..with_security };
        assert!(!sources_list(&without, "keys").contains("-security"));
    }

    #[test]
    fn lists_are_cut_down_to_kernels() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("list");
        let kernel = "Package: linux-image-6.18.15+deb13-cloud-amd64\nVersion: 6.18.15-1\n\n";
        fs::write(&file, format!("Package: bash\nVersion: 5\n\n{kernel}Package: linux-image-amd64\nVersion: 1\n"))
            .unwrap();
        keep_kernels_only(&file, scratch.path()).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), kernel);
    }
}
