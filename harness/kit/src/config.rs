//! The running kernel's configuration: read where the kernel or the distribution shows it.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::fanotify::{EventFFlags, Fanotify, InitFlags};
use nix::sys::signal::SigSet;
use nix::sys::signalfd::SignalFd;
use rustix::fs::{MemfdFlags, fgetxattr, memfd_create};
use rustix::mount::{FsOpenFlags, fsconfig_set_string, fsopen};
use sha2::{Digest, Sha256};

use crate::sys::file_handle::handle_at;
use crate::sys::machine::{iopl, load_no_kernel};

/// What the configuration says of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// `=y`
    On,
    /// `=m`
    Module,
    /// Not set.
    Off,
    /// The configuration can be read nowhere.
    Unknown,
}

/// What the configuration says of `CONFIG_<name>`.
pub fn setting(name: &str) -> Setting {
    match text() {
        None => Setting::Unknown,
        Some(text) => setting_in(text, name),
    }
}

/// The value that the configuration gives `CONFIG_<name>`, without quotation marks; none where it can be read nowhere.
pub fn configured(name: &str) -> Option<&'static str> {
    let key = format!("CONFIG_{name}=");
    text()?.lines().find_map(|line| line.strip_prefix(&key)).map(|value| value.trim_matches('"'))
}

fn setting_in(text: &str, name: &str) -> Setting {
    let key = format!("CONFIG_{name}=");
    match text.lines().find_map(|line| line.strip_prefix(&key)) {
        Some("m") => Setting::Module,
        Some(_) => Setting::On,
        None => Setting::Off,
    }
}

/// Whether what an option brings is there to see; none for options that show nowhere.
pub fn shows(name: &str) -> Option<bool> {
    let path = match name {
        "AUDIT" => "/proc/self/loginuid",
        "BLOCK" => "/proc/partitions",
        "BPF_SYSCALL" => "/proc/sys/kernel/unprivileged_bpf_disabled",
        "BPF_JIT" => "/proc/sys/net/core/bpf_jit_enable",
        "BSD_PROCESS_ACCT" => "/proc/sys/kernel/acct",
        "CGROUPS" => "/proc/self/ns/cgroup",
        "CHECKPOINT_RESTORE" => "/proc/sys/kernel/ns_last_pid",
        "CONNECTOR" => "/proc/self/net/connector",
        "COREDUMP" => "/proc/sys/kernel/core_pattern",
        // Some bring a system call, and no file on every kernel.
        "DEBUG_FS" => return lists_file_system("debugfs"),
        "DEVTMPFS" => return lists_file_system("devtmpfs"),
        "FANOTIFY" => return Some(has_fanotify()),
        "FHANDLE" => return Some(handle_at("/", AtFlags::empty()).err() != Some(Errno::ENOSYS)),
        "FILE_LOCKING" => "/proc/locks",
        "HUGETLBFS" => return lists_file_system("hugetlbfs"),
        "IA32_EMULATION" => "/proc/sys/abi/vsyscall32",
        "INET" => "/proc/sys/net/ipv4",
        "INOTIFY_USER" => "/proc/sys/fs/inotify",
        "IPC_NS" => "/proc/self/ns/ipc",
        "IPV6" => "/proc/sys/net/ipv6",
        "KEXEC" => return Some(load_no_kernel() != Err(Errno::ENOSYS)),
        "KEYS" => "/proc/keys",
        "LWTUNNEL" => "/proc/sys/net/netfilter/nf_hooks_lwtunnel",
        "MEMFD_CREATE" => return Some(memfd_create("probe", MemfdFlags::CLOEXEC).is_ok()),
        "MODULES" => "/proc/modules",
        "MPTCP" => "/proc/sys/net/mptcp",
        "NETFILTER" => "/proc/self/net/netfilter",
        "NET_FLOW_LIMIT" => "/proc/sys/net/core/flow_limit_table_len",
        "NET_NS" => "/proc/self/ns/net",
        "NET_RX_BUSY_POLL" => "/proc/sys/net/core/busy_poll",
        "NET_SCHED" => "/proc/sys/net/core/default_qdisc",
        "NUMA" => "/proc/self/numa_maps",
        "PACKET" => "/proc/self/net/packet",
        "PERF_EVENTS" => "/proc/sys/kernel/perf_event_paranoid",
        "PERSISTENT_KEYRINGS" => "/proc/sys/kernel/keys/persistent_keyring_expiry",
        "PID_NS" => "/proc/self/ns/pid",
        "POSIX_MQUEUE" => "/proc/sys/fs/mqueue/queues_max",
        "PRINTK" => "/proc/sys/kernel/printk",
        "PROC_CHILDREN" => "/proc/thread-self/children",
        "PSTORE" => return lists_file_system("pstore"),
        "RPS" => "/proc/sys/net/core/rps_sock_flow_entries",
        "SECCOMP_FILTER" => "/proc/sys/kernel/seccomp/actions_avail",
        "SECURITYFS" => return lists_file_system("securityfs"),
        "SIGNALFD" => return Some(SignalFd::new(&SigSet::empty()).err() != Some(Errno::ENOSYS)),
        "SWAP" => "/proc/swaps",
        "SYSVIPC" => "/proc/sysvipc",
        "TIME_NS" => "/proc/self/ns/time",
        "TMPFS" => return tmpfs_has_a_size(),
        "TMPFS_POSIX_ACL" => return tmpfs_has_attribute("system.posix_acl_access"),
        "TMPFS_XATTR" => return tmpfs_has_attribute("security.nsproof"),
        "TRACING" => return lists_file_system("tracefs"),
        "UNIX98_PTYS" => "/proc/sys/kernel/pty",
        "UNIX" => "/proc/self/net/unix",
        "USER_NS" => "/proc/self/ns/user",
        "UTS_NS" => "/proc/self/ns/uts",
        // A level that there is not.
        "X86_IOPL_IOPERM" => return Some(iopl(4) != Err(Errno::ENOSYS)),
        "XFRM" => "/proc/sys/net/core/xfrm_acq_expires",
        _ => return None,
    };
    Some(Path::new(path).exists())
}

/// True when the kernel knows the file system; none else, since some of them can be switched off at boot.
fn lists_file_system(name: &str) -> Option<bool> {
    let all = fs::read_to_string("/proc/filesystems").ok()?;
    all.lines().any(|line| line.split_whitespace().next_back() == Some(name)).then_some(true)
}

/// Without CONFIG_TMPFS what goes by its name has no limits (`mm/shmem.c`). None where nobody may ask: `fsopen(2)` takes CAP_SYS_ADMIN,
/// and Linux 5.2.
fn tmpfs_has_a_size() -> Option<bool> {
    let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).ok()?;
    Some(fsconfig_set_string(&context, "size", "1m").is_ok())
}

fn has_fanotify() -> bool {
    Fanotify::init(InitFlags::FAN_CLASS_NOTIF, EventFFlags::O_RDONLY).err() != Some(Errno::ENOSYS)
}

/// Asked of a file without a name, which is on a tmpfs of the kernel's own; none where there are no such files.
fn tmpfs_has_attribute(name: &str) -> Option<bool> {
    let file = memfd_create("probe", MemfdFlags::CLOEXEC).ok()?;
    let answer = fgetxattr(&file, name, &mut [0; 1][..]);
    Some(answer.err() != Some(rustix::io::Errno::OPNOTSUPP))
}

/// Whether a module's code is built into the running kernel: the list beside its modules says so, or, on a machine
/// without modules, the option of the same name.
pub fn is_built_in(module: &str) -> bool {
    let option = module.replace('-', "_").to_uppercase();
    is_listed_as_built_in(module) || setting(&option) == Setting::On
}

fn is_listed_as_built_in(module: &str) -> bool {
    let Ok(system) = nix::sys::utsname::uname() else {
        return false;
    };
    let release = system.release().to_string_lossy();
    let list = format!("/lib/modules/{release}/modules.builtin");
    let wanted = module.replace('-', "_");
    fs::read_to_string(list).is_ok_and(|text| {
        text.lines()
            .filter_map(|line| Path::new(line).file_stem())
            .any(|stem| stem.to_string_lossy().replace('-', "_") == wanted)
    })
}

/// A digest of a configuration, to tell two kernels of one version apart.
pub fn digest(text: &[u8]) -> String {
    let bytes = Sha256::digest(text);
    format!("sha256:{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// The digest of the running kernel's configuration, if it can be read.
pub fn own_digest() -> Option<String> {
    text().map(|text| digest(text.as_bytes()))
}

/// The whole configuration, if it can be read.
pub fn text() -> Option<&'static str> {
    static TEXT: OnceLock<Option<String>> = OnceLock::new();
    TEXT.get_or_init(read).as_deref()
}

fn read() -> Option<String> {
    if let Ok(packed) = fs::read("/proc/config.gz") {
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*packed).read_to_string(&mut text).ok()?;
        return Some(text);
    }
    let system = nix::sys::utsname::uname().ok()?;
    let release = system.release().to_string_lossy().into_owned();
    [format!("/boot/config-{release}"), format!("/lib/modules/{release}/config")]
        .iter()
        .find_map(|path| fs::read_to_string(path).ok())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("PID_NS", Setting::On)]
    #[case("VETH", Setting::Module)]
    #[case("TIME_NS", Setting::Off)]
    #[case("PID", Setting::Off)]
    #[case("HZ", Setting::On)]
    fn settings_are_read(#[case] name: &str, #[case] expected: Setting) {
        let text = "# Linux\nCONFIG_PID_NS=y\nCONFIG_VETH=m\n# CONFIG_TIME_NS is not set\nCONFIG_HZ=250\n";
        assert_eq!(setting_in(text, name), expected);
    }
}
