//! `nsproof doctor`: what works on this machine, and what would mend the rest.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use kit::{Case, Need, Registry, in_one_sentence};
use vm::accel::Accel;
use vm::kernels::Cache;
use vm::machine::Setup;
use vm::probe::Probe;

use crate::needs::{self, Ground, Lack};
use crate::runner::accelerator::Accelerator;
use crate::runner::virtual_kernel::VirtualKernel;
use crate::terminal;

/// Modules that claims about the network need on the running kernel.
const MODULES: [&str; 2] = ["veth", "dummy"];

/// Programs beside QEMU that nsproof itself runs, what for, and the package that has them.
const PROGRAMS: [(&str, &str, &str); 3] = [
    ("apt-get", "downloads kernels", "apt"),
    ("depmod", "sorts kernels' modules", "kmod"),
    ("busybox", "the shell of `nsproof shell`", "busybox-static"),
];

/// Packages of Debian, and the programs of claims that they have. Those of dash, coreutils and grep are everywhere.
const PACKAGES: [(&str, &[&str]); 13] = [
    ("bubblewrap", &["bwrap"]),
    ("crun", &["crun"]),
    ("e2fsprogs", &["mkfs.ext4"]),
    ("hostname", &["hostname"]),
    ("iproute2", &["ip"]),
    ("iputils-ping", &["ping"]),
    ("mount", &["mount", "umount"]),
    ("nftables", &["nft"]),
    ("procps", &["ps"]),
    ("strace", &["strace"]),
    ("uidmap", &["newgidmap", "newuidmap"]),
    ("util-linux", &["findmnt", "ipcmk", "ipcs", "lsns", "nsenter", "unshare"]),
    // Since Debian 13; what the packages before have is there.
    ("util-linux-extra", &["pivot_root"]),
];

/// One thing that was looked at.
struct Finding {
    what: String,
    /// What is there.
    found: Result<String, Mend>,
}

/// What is missing, and the command that brings it.
struct Mend {
    lack: String,
    command: String,
}

impl Finding {
    fn good(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), found: Ok(found.into()) }
    }

    fn bad(what: impl Into<String>, lack: impl Into<String>, command: impl Into<String>) -> Self {
        Self { what: what.into(), found: Err(Mend { lack: lack.into(), command: command.into() }) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Ok(found) => write!(f, "  ok  {:<18} {found}", self.what),
            Err(Mend { lack, command }) if command.is_empty() => write!(f, "  --  {:<18} {lack}", self.what),
            Err(Mend { lack, command }) => write!(f, "  --  {:<18} {lack}\n{:<24} mend: {command}", self.what, ""),
        }
    }
}

/// Looks at everything, and prints it.
pub(super) fn doctor(registry: &Registry) -> Result<u8> {
    let mut findings = vec![root(), user_namespaces()];
    findings.extend(MODULES.iter().map(|name| module(name)));
    findings.extend([qemu(), accelerator(registry), keyring()]);
    findings.extend(PROGRAMS.iter().map(|(name, purpose, package)| program(name, purpose, package)));
    findings.extend(PACKAGES.iter().map(|(package, programs)| tools(registry, package, programs)));
    findings.push(cache());
    let text: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    terminal::print(&text)?;
    Ok(0)
}

fn checked(what: &str, need: Need, found: &str, mend: &str) -> Finding {
    match needs::check(&need, Ground::Host, &mut |_| Err("not on a host".to_owned())) {
        Ok(()) => Finding::good(what, found),
        Err(Lack::Unmet(lack) | Lack::Broken(lack)) => Finding::bad(what, lack, mend),
    }
}

fn root() -> Finding {
    checked("root", Need::Root, "claims that need root can be tested on the running kernel", "sudo nsproof …")
}

fn user_namespaces() -> Finding {
    checked("user namespaces", Need::UserNamespaces, "an ordinary user can make them", "")
}

fn module(name: &'static str) -> Finding {
    checked(
        &format!("module {name}"),
        Need::Module(name),
        "there, for claims about the running kernel's network",
        &format!("modprobe {name}"),
    )
}

fn qemu() -> Finding {
    match vm::machine::qemu_version(None) {
        Ok(version) => Finding::good("QEMU", version),
        Err(error) => Finding::bad("QEMU", error.to_string(), "apt-get install qemu-system-x86"),
    }
}

/// KVM is believed when a kernel has booted with it. That needs a kernel, so on a machine that has none yet the first run
/// finds out.
fn accelerator(registry: &Registry) -> Finding {
    match kvm(registry) {
        Ok(Some(Probe { accel: Accel::Kvm, why })) => Finding::good("KVM", why),
        Ok(Some(Probe { accel: Accel::Tcg, why })) => Finding::bad("KVM", format!("{why}; kernels are emulated"), ""),
        Ok(None) => Finding::bad("KVM", "not tried yet", "nsproof kernels fetch 6.12, then nsproof doctor"),
        Err(error) => Finding::bad("KVM", format!("cannot be tried: {}", in_one_sentence(error.as_ref())), ""),
    }
}

fn kvm(registry: &Registry) -> Result<Option<Probe>> {
    let cache = Cache::open(None)?;
    if let Some(known) = vm::probe::known(cache.root()) {
        return Ok(Some(known));
    }
    let Some(newest) = cache.cached().pop() else { return Ok(None) };
    let kernel = VirtualKernel::new(newest, registry, &Accelerator::new(None, &cache))?;
    Ok(Some(vm::probe::probe(cache.root(), &Setup::new(&kernel.kernel, &kernel.initramfs))?))
}

fn keyring() -> Finding {
    let path = Path::new("/usr/share/keyrings/debian-archive-keyring.gpg");
    if path.exists() {
        return Finding::good("Debian's keys", "kernels' signatures can be verified");
    }
    Finding::bad("Debian's keys", "kernels' signatures cannot be verified", "apt-get install debian-archive-keyring")
}

fn program(name: &'static str, purpose: &str, package: &str) -> Finding {
    checked(name, Need::Tool(name), purpose, &format!("apt-get install {package}"))
}

/// The programs of a package that claims run.
fn tools(registry: &Registry, package: &str, programs: &[&'static str]) -> Finding {
    let run = |case: &&Case| case.needs.iter().any(|need| matches!(need, Need::Tool(name) if programs.contains(name)));
    let claims = registry.all().filter(run).count();
    let missing: Vec<_> = programs.iter().copied().filter(|name| !is_there(Need::Tool(name))).collect();
    match missing.as_slice() {
        [] => Finding::good(package, format!("what {claims} claims run: {}", programs.join(", "))),
        _ => Finding::bad(
            package,
            format!("claims that run {} cannot be tested; {claims} run programs of this package", missing.join(", ")),
            format!("apt-get install {package}"),
        ),
    }
}

fn is_there(need: Need) -> bool {
    needs::check(&need, Ground::Host, &mut |_| Err("not on a host".to_owned())).is_ok()
}

fn cache() -> Finding {
    match Cache::open(None) {
        Ok(cache) => {
            let count = cache.cached().len();
            let megabytes = size(cache.root()) / 1_000_000;
            Finding::good("cache", format!("{count} kernels, {megabytes} MB, in {}", cache.root().display()))
        }
        Err(error) => Finding::bad("cache", error.to_string(), "set NSPROOF_CACHE to a folder that can be written"),
    }
}

/// The bytes of the files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => size(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
