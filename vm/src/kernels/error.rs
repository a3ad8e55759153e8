//! What can go wrong between a word and a kernel.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::number::{Number, Series};
use super::offer::Offer;

/// Why a kernel is not to be had; each message is one sentence that names the thing and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// A word that names no kernel.
    #[error("no kernel is called `{word}`: {on_offer}, and a bzImage or a built kernel tree is named by its path")]
    Unknown {
        /// The word as it was given.
        word: String,
        /// What could have been asked for.
        on_offer: OnOffer,
    },
    /// A kernel that would have to be downloaded, where nothing is to be.
    #[error("the kernel `{word}` is not in the cache: {cached}; `nsproof kernels fetch {word}` downloads it")]
    NotCached {
        /// The word as it was given.
        word: String,
        /// What is there.
        cached: Cached,
    },
    /// A word that names several kernels where one is needed.
    #[error("`{word}` names several kernels: expand it first")]
    Several {
        /// The word as it was given.
        word: String,
    },
    /// A file that is not a kernel.
    #[error(
        "`{path}` is not a kernel that can be booted: {why}; give the bzImage that a kernel build leaves in arch/x86/boot"
    )]
    NotAKernel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: NotAKernel,
    },
    /// A folder that is not a kernel tree that was built.
    #[error(
        "`{path}` holds no arch/x86/boot/bzImage: build the kernel there first (make bzImage), or name the bzImage itself"
    )]
    NotBuilt {
        /// The folder.
        path: PathBuf,
    },
    /// A modules folder that cannot be used.
    #[error(
        "`{path}` has no modules for {release}: it should be, or hold, lib/modules/{release}, with the modules in its folder `kernel`"
    )]
    NoModules {
        /// The folder that was given.
        path: PathBuf,
        /// The kernel's release.
        release: String,
    },
    /// A package that cannot be unpacked.
    #[error("the package `{path}` cannot be unpacked: {why}; `nsproof kernels prune` and another try fetch it anew")]
    Package {
        /// The .deb file.
        path: PathBuf,
        /// What is wrong with it.
        why: PackageFault,
    },
    /// apt-get(8) or depmod(8) did not do what it was asked for.
    #[error("{program} failed to {task}: {why}")]
    Program {
        /// The program.
        program: &'static str,
        /// What it was asked for, to stand after "failed to".
        task: String,
        /// Its own last words.
        why: String,
    },
    /// A program that is not installed.
    #[error("{program} is not installed: `apt-get install {package}` brings it")]
    NotInstalled {
        /// The program.
        program: &'static str,
        /// The Debian package it comes in.
        package: &'static str,
    },
    /// apt has no Debian mirror.
    #[error(
        "this machine's apt has no source of Debian packages to take kernels from (`apt-get indextargets` lists none): add one, or name a bzImage by its path"
    )]
    NoMirror,
    /// Debian's signing keys are missing.
    #[error("no keyring to verify Debian's signatures with: `apt-get install debian-archive-keyring` brings it")]
    NoKeyring,
    /// The disk is full.
    #[error("no room left to {action} `{path}`: free some, or set NSPROOF_CACHE to a folder on a larger disk")]
    Full {
        /// What was being done.
        action: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// A file or folder that could not be read or written.
    #[error("failed to {action} `{path}`: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// What is wrong with a file that should be a kernel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotAKernel {
    /// Too short to hold the setup header.
    #[error("it is only {0} bytes long")]
    Short(u64),
    /// The magic word `HdrS` of the x86 boot protocol is not at 0x202.
    #[error("it has no x86 boot header (HdrS at 0x202)")]
    NoHeader,
    /// The header does not say which version it is.
    #[error("its boot header tells no version")]
    NoVersion,
}

/// What is wrong with a .deb.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageFault {
    /// It cannot be read as an archive, or ends too early.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// There is no data.tar in it.
    #[error("it has no data.tar, so it is no Debian package")]
    NoData,
    /// Its data.tar is packed in a way that is not understood.
    #[error("its member {0} is compressed in a way that is not known here")]
    Compression(String),
    /// None of the packages held a kernel.
    #[error("there is no kernel image in it")]
    NoKernel,
}

/// What is on offer, for a message.
#[derive(Debug)]
pub struct OnOffer {
    /// The series that was meant, if there are kernels of it.
    series: Option<Series>,
    /// These kernels, or else all series.
    names: Vec<String>,
}

impl OnOffer {
    /// What could have been meant by a word that names no kernel: the kernels of its series, or else every series.
    pub(super) fn near(word: &str, offer: &Offer) -> OnOffer {
        let series = Number::leading(word).map(|number| number.series);
        let kernels = offer.kernels.iter().filter(|kernel| series.is_some() && kernel.series() == series);
        let mut names: Vec<String> =
            kernels.filter_map(|kernel| Number::leading(&kernel.version)).map(|number| number.to_string()).collect();
        names.dedup();
        match names.as_slice() {
            [] => OnOffer { series: None, names: offer.series().iter().map(Series::to_string).collect() },
            _ => OnOffer { series, names },
        }
    }
}

impl fmt::Display for OnOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.names.as_slice(), self.series) {
            ([], _) => f.write_str("a series is named like 6.12, one kernel of it like 6.12.107, every series `all`"),
            (names, None) => write!(f, "on offer are {}", names.join(", ")),
            (names, Some(series)) => write!(f, "of {series} there are {} on offer", names.join(", ")),
        }
    }
}

/// What is in the cache, for a message.
#[derive(Debug)]
pub struct Cached(pub(super) Vec<String>);

impl fmt::Display for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("none is"),
            names => write!(f, "there are {}", names.join(", ")),
        }
    }
}

impl KernelError {
    /// Wraps an error of the file system, telling a full disk apart.
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> KernelError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => KernelError::Full { action, path },
            _ => KernelError::Io { action, path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::offer::Offered;

    #[test]
    fn a_full_disk_is_told_apart() {
        let error = KernelError::io("write", Path::new("/cache/kernels"), io::Error::from_raw_os_error(28));
        insta::assert_snapshot!(error, @"no room left to write `/cache/kernels`: free some, or set NSPROOF_CACHE to a folder on a larger disk");
    }

    #[test]
    fn an_unknown_kernel_names_what_is_on_offer() {
        let kernel = |version: &str| Offered {
            release: format!("{version}-cloud-amd64"),
            version: format!("{version}-1"),
            suite: "sid".into(),
            packages: Vec::new(),
            modules: true,
            size: 1,
        };
        let offer = Offer { kernels: ["6.12.90", "6.12.107", "6.18.2"].map(kernel).into() };
        let told = |word: &str, offer: &Offer| {
            KernelError::Unknown { word: word.into(), on_offer: OnOffer::near(word, offer) }.to_string()
        };
        insta::assert_snapshot!(told("6.13", &offer), @"no kernel is called `6.13`: on offer are 6.12, 6.18, and a bzImage or a built kernel tree is named by its path");
        insta::assert_snapshot!(told("6.12.17", &offer), @"no kernel is called `6.12.17`: of 6.12 there are 6.12.90, 6.12.107 on offer, and a bzImage or a built kernel tree is named by its path");
        insta::assert_snapshot!(told("newest", &Offer::default()), @"no kernel is called `newest`: a series is named like 6.12, one kernel of it like 6.12.107, every series `all`, and a bzImage or a built kernel tree is named by its path");
    }
}
