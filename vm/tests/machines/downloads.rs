//! Downloads into a cache, with a script in the place of apt-get(8): no network, and faults on demand.

use std::fs::{self, File};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use libtest_mimic::{Failed, Trial};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tempfile::TempDir;
use vm::kernels::Cache;

/// With this in the environment, this program resolves the word that it holds, and prints what came of it.
const RESOLVE: &str = "VM_TEST_RESOLVES";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("a_kernel_is_downloaded_once_and_found_without_apt_after", downloaded_once),
        Trial::test("runs_that_start_together_share_a_download", shared),
        Trial::test("a_broken_package_leaves_nothing_in_the_cache", broken_package),
        Trial::test("a_run_that_is_killed_leaves_nothing_but_what_prune_removes", killed),
        Trial::test("a_word_that_names_no_kernel_is_told_what_there_is", unknown),
        Trial::test("offline_only_the_cache_is_asked", offline),
    ]
}

/// The other side: whether this process is one of those runs.
pub(crate) fn is_a_run() -> bool {
    let Ok(word) = std::env::var(RESOLVE) else { return false };
    match Cache::open(None).and_then(|cache| cache.resolve(&word, None)) {
        Ok(kernel) => println!("{} {} {}", kernel.release, kernel.version, kernel.origin),
        Err(error) => println!("error: {error}"),
    }
    true
}

const PACKAGES: &str = "Package: linux-image-6.12.9+deb13-cloud-amd64\nVersion: 6.12.9-1\nDepends: kmod\nSize: 1000\n";

/// Says it has Debian's mirror, writes down what it was asked for, and serves one package.
const APT: &str = r#"#!/bin/bash
here=${0%/*}
[[ $* =~ -c\ ([^ ]+) ]] && lists=$(sed -n 's/^Dir::State::Lists "\(.*\)";/\1/p' "${BASH_REMATCH[1]}")
case "$*" in
  *FILENAME*) echo "trixie $lists/Packages" ;;
  *indextargets*) echo "Debian trixie http://mirror.example/debian/" ;;
  *update*) echo update >>"$here/asked"; cp "$here/Packages" "$lists/" ;;
  *download*) echo download >>"$here/asked"; cp "$here/kernel.deb" . ; [[ ! -e $here/hang ]] || { echo >"$here/hang"; exec sleep 600; } ;;
esac
"#;

/// A cache and the script's folder.
struct Stand {
    folder: TempDir,
}

impl Stand {
    fn new(package: &[u8]) -> Result<Stand, Failed> {
        let stand = Stand { folder: tempfile::tempdir()? };
        fs::create_dir(stand.bin())?;
        fs::write(stand.bin().join("apt-get"), APT)?;
        fs::set_permissions(stand.bin().join("apt-get"), fs::Permissions::from_mode(0o755))?;
        fs::write(stand.bin().join("Packages"), PACKAGES)?;
        fs::write(stand.bin().join("kernel.deb"), package)?;
        Ok(stand)
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn start(&self, word: &str) -> Result<Child, Failed> {
        let path = format!("{}:/usr/bin:/bin", self.bin().display());
        let mut run = Command::new(std::env::current_exe()?);
        run.env(RESOLVE, word).env("NSPROOF_CACHE", self.cache()).env("PATH", path);
        Ok(run.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?)
    }

    fn resolve(&self, word: &str) -> Result<String, Failed> {
        Ok(said(self.start(word)?.wait_with_output()?))
    }

    /// What the script was asked for, in order.
    fn asked(&self) -> Vec<String> {
        fs::read_to_string(self.bin().join("asked")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn entries(&self, part: &str) -> usize {
        fs::read_dir(self.cache().join(part)).map_or(0, Iterator::count)
    }
}

fn said(output: Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A package with nothing in it but an image that says which kernel it is.
fn package() -> Result<Vec<u8>, Failed> {
    let mut image = vec![0; 0x400];
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x20F] = 1;
    let banner = b"6.12.9+deb13-cloud-amd64 (x) #1";
    image[0x300..0x300 + banner.len()].copy_from_slice(banner);
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(image.len() as u64);
    tar.append_data(&mut header, "boot/vmlinuz-6.12.9+deb13-cloud-amd64", image.as_slice())?;
    let data = tar.into_inner()?;
    let mut deb = ar::Builder::new(Vec::new());
    deb.append(&ar::Header::new(b"data.tar".to_vec(), data.len() as u64), data.as_slice())?;
    Ok(deb.into_inner()?)
}

const KERNEL: &str = "6.12.9+deb13-cloud-amd64 6.12.9-1 Debian trixie, linux-image-6.12.9+deb13-cloud-amd64";

fn downloaded_once() -> Result<(), Failed> {
    let stand = Stand::new(&package()?)?;
    assert_eq!(stand.resolve("6.12")?, KERNEL);
    assert_eq!(stand.asked(), ["update", "download"]);
    fs::remove_file(stand.bin().join("apt-get"))?;
    for word in ["6.12", "6.12.9", "6.12.9+deb13-cloud-amd64", "6.12.9-1"] {
        assert_eq!(stand.resolve(word)?, KERNEL, "{word}");
    }
    assert_eq!(stand.asked(), ["update", "download"]);
    Ok(())
}

fn shared() -> Result<(), Failed> {
    let stand = Stand::new(&package()?)?;
    let runs = [stand.start("6.12")?, stand.start("6.12.9")?, stand.start("6.12")?];
    for run in runs {
        assert_eq!(said(run.wait_with_output()?), KERNEL);
    }
    assert_eq!(stand.asked(), ["update", "download"]);
    Ok(())
}

fn broken_package() -> Result<(), Failed> {
    let stand = Stand::new(b"<html>404 Not Found</html>")?;
    let message = stand.resolve("6.12")?;
    assert!(message.starts_with("error: the package `") && message.contains("cannot be unpacked"), "{message}");
    assert_eq!((stand.entries("kernels"), stand.entries("scratch")), (0, 0));
    fs::write(stand.bin().join("kernel.deb"), package()?)?;
    assert_eq!(stand.resolve("6.12")?, KERNEL, "the next run");
    Ok(())
}

fn killed() -> Result<(), Failed> {
    let stand = Stand::new(&package()?)?;
    let pipe = stand.bin().join("hang");
    make_pipe(&pipe)?;
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits())?;
    let hears = File::options().read(true).custom_flags(nonblocking).open(&pipe)?;
    let mut run = stand.start("6.12")?;
    // The script speaks when its download is done, and then never ends.
    let patience = Timespec { tv_sec: 60, tv_nsec: 0 };
    assert_eq!(poll(&mut [PollFd::new(&hears, PollFlags::IN)], Some(&patience))?, 1, "no download began");
    run.kill()?;
    run.wait()?;
    assert_eq!(stand.entries("kernels"), 0);
    assert_eq!(stand.entries("scratch"), 1, "its work in progress");
    fs::remove_file(&pipe)?;
    Cache::open(Some(&stand.cache()))?.prune(false)?;
    assert_eq!(stand.entries("scratch"), 0);
    assert_eq!(stand.resolve("6.12")?, KERNEL, "the next run");
    Ok(())
}

fn make_pipe(path: &Path) -> Result<(), Failed> {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    Ok(rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0)?)
}

fn offline() -> Result<(), Failed> {
    let stand = Stand::new(&package()?)?;
    let open = || Cache::open(Some(&stand.cache()));
    let message = open()?.offline().resolve("6.12", None).map(|kernel| kernel.release).unwrap_err().to_string();
    assert_eq!(message, "the kernel `6.12` is not in the cache: none is; `nsproof kernels fetch 6.12` downloads it");
    assert_eq!((open()?.offline().expand("all")?, open()?.to_download("6.12")?), (vec![], None));

    assert!(stand.resolve("6.13")?.starts_with("error: "));
    assert_eq!((open()?.to_download("6.12")?, open()?.to_download("6.12.9")?), (Some(1000), Some(1000)));
    assert_eq!(stand.resolve("6.12.9")?, KERNEL);
    assert_eq!(open()?.offline().expand("all")?, ["6.12.9"], "what the series means was never asked");
    assert_eq!(stand.resolve("6.12")?, KERNEL);
    assert_eq!((open()?.offline().expand("all")?, open()?.to_download("6.12")?), (vec!["6.12".to_owned()], None));
    assert_eq!(open()?.offline().resolve("6.12", None)?.release, "6.12.9+deb13-cloud-amd64");
    let message = open()?.offline().resolve("6.1", None).map(|kernel| kernel.release).unwrap_err().to_string();
    assert!(message.starts_with("the kernel `6.1` is not in the cache: there are 6.12; "), "{message}");
    assert_eq!(stand.asked(), ["update", "download"]);
    Ok(())
}

fn unknown() -> Result<(), Failed> {
    let stand = Stand::new(&package()?)?;
    let message = stand.resolve("6.13")?;
    assert!(message.starts_with("error: no kernel is called `6.13`: on offer are 6.12"), "{message}");
    assert!(stand.resolve("newest")?.starts_with("error: no kernel is called `newest`"));
    let message = stand.resolve("6.12.90")?;
    assert!(
        message.starts_with("error: no kernel is called `6.12.90`: of 6.12 there are 6.12.9 on offer"),
        "{message}"
    );
    assert_eq!(stand.asked(), ["update"], "what was just looked up is not looked up again");
    let offer = File::options().write(true).open(stand.cache().join("offer.json"))?;
    offer.set_modified(SystemTime::now() - Duration::from_secs(2 * 3600))?;
    assert!(stand.resolve("6.12.90")?.contains("of 6.12 there are 6.12.9 on offer"));
    assert_eq!(stand.asked(), ["update", "update"], "it may have been published since");
    Ok(())
}
