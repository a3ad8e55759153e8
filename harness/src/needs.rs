//! Whether this kernel, machine and user have what a case needs.
//!
//! A need that is missing makes the case unmet, with what is missing and how to mend it. But a need that is missing
//! although the kernel's own configuration says it is there is no excuse: that is broken.

use std::io::ErrorKind;
use std::path::Path;

use kit::config::{self, Setting};
use kit::process::{USUAL_PATH, capabilities, child, unprivileged};
use kit::sys::clone::{CloneFlags, unshare};
use kit::{Behaviour, Failure, Need};
use nix::unistd::geteuid;
use rustix::thread::CapabilitySet;

/// Where cases run, as far as needs care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    /// Somebody's machine: nothing may change.
    Host,
    /// A kernel of our own, thrown away afterwards.
    Disposable,
}

/// Why a case does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lack {
    /// It is missing: the reason, which says what would mend it.
    Unmet(String),
    /// It is missing although it cannot be.
    Broken(String),
}

/// Loads a module of the kernel; answers whether it is there.
pub(crate) type ModuleLoader<'a> = &'a mut dyn FnMut(&str) -> Result<(), String>;

/// Whether a need, which is no module, is met in a disposable kernel.
pub(crate) fn check_in_guest(need: &Need) -> Result<(), Lack> {
    check(need, Ground::Disposable, &mut |_| Err("only the worker loads modules".to_owned()))
}

/// Whether a need is met here.
pub(crate) fn check(need: &Need, ground: Ground, load: ModuleLoader<'_>) -> Result<(), Lack> {
    match need {
        Need::Root => root(),
        Need::UserNamespaces => user_namespaces(),
        Need::InitialNamespaces => disposable(ground, "runs in the initial namespaces"),
        Need::Disposable => disposable(ground, "changes the kernel for everyone"),
        Need::Cgroup2 => disposable(ground, "changes the cgroup hierarchy"),
        Need::Module(name) => module(name, ground, load),
        Need::Config(name) => option(name),
        Need::Tool(name) => tool(name),
        Need::Capability(name) => capability(name),
        Need::Cpus(count) => processors(*count),
        Need::Behaviour(behaviour) => asked(behaviour),
    }
}

fn unmet<T>(reason: impl Into<String>) -> Result<T, Lack> {
    Err(Lack::Unmet(reason.into()))
}

fn disposable(ground: Ground, why: &str) -> Result<(), Lack> {
    match ground {
        Ground::Disposable => Ok(()),
        Ground::Host => unmet(format!("{why}: only in a disposable kernel (--kernel)")),
    }
}

/// What root can do everywhere but on some rented machines, where it is a need of its own.
const SOMETIMES_MISSING: CapabilitySet = CapabilitySet::SYS_RESOURCE
    .union(CapabilitySet::SYS_MODULE)
    .union(CapabilitySet::SYS_RAWIO)
    .union(CapabilitySet::SYS_TIME)
    .union(CapabilitySet::SYS_BOOT)
    .union(CapabilitySet::SYSLOG)
    .union(CapabilitySet::AUDIT_CONTROL)
    .union(CapabilitySet::AUDIT_READ)
    .union(CapabilitySet::AUDIT_WRITE)
    .union(CapabilitySet::MAC_ADMIN)
    .union(CapabilitySet::MAC_OVERRIDE)
    .union(CapabilitySet::BLOCK_SUSPEND)
    .union(CapabilitySet::WAKE_ALARM)
    .union(CapabilitySet::LINUX_IMMUTABLE)
    .union(CapabilitySet::IPC_LOCK)
    .union(CapabilitySet::SYS_TTY_CONFIG)
    .union(CapabilitySet::PERFMON)
    .union(CapabilitySet::BPF)
    .union(CapabilitySet::CHECKPOINT_RESTORE);

/// The capabilities whose absence means that this is not root.
const ROOT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::NET_ADMIN)
    .union(CapabilitySet::SYS_CHROOT)
    .union(CapabilitySet::SYS_PTRACE)
    .union(CapabilitySet::SYS_ADMIN)
    .difference(SOMETIMES_MISSING);

fn root() -> Result<(), Lack> {
    if !geteuid().is_root() {
        return unmet("needs root: run with sudo, or in a disposable kernel (--kernel)");
    }
    if !is_in_initial_user_namespace() {
        return unmet("needs root of the machine, and this is root of a user namespace: run outside the container");
    }
    let have = capabilities().map(|sets| sets.effective).unwrap_or(CapabilitySet::empty());
    let missing = ROOT - have;
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter_names().map(|(name, _)| format!("CAP_{name}")).collect();
    unmet(format!("needs root with all its power: {} is missing here", names.join(", ")))
}

/// The initial user namespace maps every ID to itself (`user_namespaces(7)`); one that was given that map on purpose passes for it.
/// A kernel without CONFIG_USER_NS has no other, and shows no map.
fn is_in_initial_user_namespace() -> bool {
    match std::fs::read_to_string("/proc/self/uid_map") {
        Ok(map) => map.split_whitespace().eq(["0", "0", "4294967295"]),
        Err(error) => error.kind() == ErrorKind::NotFound && config::shows("USER_NS") == Some(false),
    }
}

fn in_words(failure: &Failure) -> String {
    failure.finding().map_or_else(|| format!("{failure:?}"), |finding| finding.message.clone())
}

fn capability(name: &str) -> Result<(), Lack> {
    let Some(wanted) = name.strip_prefix("CAP_").and_then(CapabilitySet::from_name) else {
        return Err(Lack::Broken(format!("the case names a capability that does not exist: {name}")));
    };
    match capabilities() {
        Ok(sets) if sets.effective.contains(wanted) => Ok(()),
        _ => unmet(format!("needs {name}, which this process lacks")),
    }
}

fn user_namespaces() -> Result<(), Lack> {
    let tried = unprivileged(CloneFlags::empty(), || Ok(unshare(CloneFlags::NEWUSER).err().map(kit::expect::name)));
    let refusal = match tried {
        Ok(None) => return Ok(()),
        Ok(Some(refusal)) => refusal,
        Err(failure) if geteuid().is_root() && !is_in_initial_user_namespace() => {
            let why = in_words(&failure);
            return unmet(format!("needs an ordinary user, whom this user namespace's root cannot become: {why}"));
        }
        Err(failure) => {
            return Err(Lack::Broken(format!("cannot try user namespaces: {}", in_words(&failure))));
        }
    };
    for (path, closed, mend) in [
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
        ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
        (
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ] {
        if std::fs::read_to_string(path).is_ok_and(|text| text.trim() == closed) {
            return unmet(format!("needs user namespaces for ordinary users: {mend} would allow them"));
        }
    }
    match config::setting("USER_NS") {
        Setting::On => Err(Lack::Broken(format!(
            "an ordinary user cannot make a user namespace ({refusal}) although CONFIG_USER_NS=y and no sysctl forbids it"
        ))),
        Setting::Off => unmet("needs CONFIG_USER_NS=y, which this kernel is built without"),
        _ => unmet(format!("needs user namespaces for ordinary users, which are refused here: {refusal}")),
    }
}

fn module(name: &str, ground: Ground, load: ModuleLoader<'_>) -> Result<(), Lack> {
    let loaded = Path::new("/sys/module").join(name.replace('-', "_"));
    if loaded.exists() || config::is_built_in(name) {
        return Ok(());
    }
    match (ground, load(name)) {
        (_, Ok(())) => Ok(()),
        (Ground::Host, Err(_)) => {
            unmet(format!("needs the module {name}, and nsproof loads none on a host: modprobe {name}"))
        }
        (Ground::Disposable, Err(why)) if why.contains("nor in the initramfs") => {
            unmet(format!("needs the module {name}: {why}"))
        }
        (Ground::Disposable, Err(why)) => Err(Lack::Broken(format!("cannot load the module {name}: {why}"))),
    }
}

fn option(name: &str) -> Result<(), Lack> {
    match (config::setting(name), config::shows(name)) {
        (Setting::On | Setting::Unknown, Some(true)) | (Setting::On, None) => Ok(()),
        (Setting::On, Some(false)) => Err(Lack::Broken(format!(
            "the kernel's configuration says CONFIG_{name}=y, but what it brings is not there"
        ))),
        (Setting::Off | Setting::Module, _) | (Setting::Unknown, Some(false)) => {
            unmet(format!("needs CONFIG_{name}=y, which this kernel is built without"))
        }
        (Setting::Unknown, None) => {
            unmet(format!("needs CONFIG_{name}=y, and this kernel's configuration can be read nowhere"))
        }
    }
}

fn tool(name: &str) -> Result<(), Lack> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
    if std::env::split_paths(&path).any(|folder| folder.join(name).is_file()) {
        return Ok(());
    }
    unmet(format!("needs the program {name}, which is not in PATH"))
}

fn processors(count: u32) -> Result<(), Lack> {
    let have = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
    if have >= count { Ok(()) } else { unmet(format!("needs {count} processors, and there is {have}")) }
}

fn asked(behaviour: &'static Behaviour) -> Result<(), Lack> {
    match child(CloneFlags::empty(), || Ok((behaviour.probe)())) {
        Ok(true) => Ok(()),
        Ok(false) => unmet(format!("needs a kernel that {}", behaviour.what)),
        Err(failure) => {
            Err(Lack::Broken(format!("cannot find out whether the kernel {}: {}", behaviour.what, in_words(&failure))))
        }
    }
}
