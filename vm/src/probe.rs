//! Which accelerator works here.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use rustix::fs::{FlockOperation, flock};
use rustix::system::uname;
use serde::{Deserialize, Serialize};

use crate::accel::Accel;
use crate::deadline::KVM_PROBE;
use crate::machine::{Machine, MachineError, Setup, qemu_version};

/// Which accelerator works, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The one to use.
    pub accel: Accel,
    /// The reason, as a clause: "KVM booted a kernel", "/dev/kvm cannot be opened: …".
    pub why: String,
}

/// What a probe's answer holds for: one QEMU on one host kernel.
type Answers = BTreeMap<String, Probe>;

/// The file that keeps the answers.
const ANSWERS: &str = "kvm.json";

/// Finds out whether KVM works, by booting this setup with it until its program greets.
///
/// `/dev/kvm` can be there, open, and make a virtual machine that then hangs in its firmware for ever, as on some nested
/// machines; so nothing but a boot proves anything. A boot that hangs costs one deadline (15 s), once: the answer is kept in the
/// folder `cache`, for this version of QEMU and of the host's kernel. What keeps QEMU from booting anything costs nothing, and
/// somebody may mend it before the next run: that is found out anew.
pub fn probe(cache: &Path, setup: &Setup<'_>) -> Result<Probe, MachineError> {
    if let Err(error) = OpenOptions::new().read(true).write(true).open("/dev/kvm") {
        return Ok(Probe { accel: Accel::Tcg, why: format!("/dev/kvm cannot be opened: {error}") });
    }
    let path = cache.join(ANSWERS);
    let key = key_of(&qemu_version(setup.qemu.as_deref())?);
    // Two runs that start together share one probe.
    let _lock = lock(&cache.join("accel.lock")).map_err(|source| MachineError::io("lock the answer on KVM", source))?;
    let mut answers = read(&path);
    if let Some(known) = answers.get(&key) {
        return Ok(known.clone());
    }
    let answer = match boot_with_kvm(setup) {
        Ok(answer) => answer,
        Err(error @ (MachineError::NoQemu | MachineError::Image { .. })) => return Err(error),
        Err(error @ MachineError::KvmClosed(_)) => return Ok(Probe { accel: Accel::Tcg, why: error.to_string() }),
        Err(error) => {
            let why = format!("a kernel did not boot with /dev/kvm: {}", in_one_line(&error.to_string()));
            return Ok(Probe { accel: Accel::Tcg, why });
        }
    };
    answers.insert(key, answer.clone());
    write(cache, &path, &answers).map_err(|source| MachineError::io("keep the answer on KVM", source))?;
    Ok(answer)
}

/// The answer of an earlier probe that still holds, if there is one; boots nothing.
pub fn known(cache: &Path) -> Option<Probe> {
    let version = qemu_version(None).ok()?;
    read(&cache.join(ANSWERS)).remove(&key_of(&version))
}

/// An error when QEMU did not come to boot anything.
fn boot_with_kvm(setup: &Setup<'_>) -> Result<Probe, MachineError> {
    let started = Instant::now();
    let mut machine = Machine::boot(&Setup { accel: Accel::Kvm, ..setup.clone() })?;
    match machine.greeting(started + KVM_PROBE) {
        Ok(_) => {
            let why = format!("KVM booted a kernel in {} ms", started.elapsed().as_millis());
            Ok(Probe { accel: Accel::Kvm, why })
        }
        Err(MachineError::Late { .. }) => {
            let seconds = KVM_PROBE.as_secs();
            let hint = machine.complaints().lines().next().map(|line| format!("; QEMU: {line}")).unwrap_or_default();
            let why = format!("/dev/kvm opens, but a kernel did not boot with it within {seconds} s{hint}");
            Ok(Probe { accel: Accel::Tcg, why })
        }
        Err(error) => Err(error),
    }
}

fn in_one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

fn key_of(qemu_version: &str) -> String {
    let host = uname();
    format!("{qemu_version} on Linux {} {}", host.release().to_string_lossy(), host.version().to_string_lossy())
}

fn lock(path: &Path) -> io::Result<File> {
    let file = File::create(path)?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

fn read(path: &Path) -> Answers {
    fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn write(folder: &Path, path: &Path, answers: &Answers) -> io::Result<()> {
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(&serde_json::to_vec_pretty(answers)?)?;
    new.persist(path)?;
    Ok(())
}
