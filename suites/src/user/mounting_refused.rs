//! Which kinds of file systems root of a user namespace cannot mount: `user_namespaces(7)`, Effect of capabilities.

use std::fs::{File, OpenOptions};
use std::process::{Command, Stdio};

use kit::mounts::{EVERY, expect_refused};
use kit::prelude::*;
use kit::process::user_namespace_with;
use kit::sys::loop_device;
use nix::mount::{MntFlags, umount2};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};

use super::mounts::{PLACE, kind_there, mount_kind, mount_kind_at};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    userns_does_not_mount_bpf,
    bpf_of_a_userns_is_made_by_root_outside,
    userns_does_not_mount_devtmpfs,
    userns_does_not_mount_securityfs,
    userns_does_not_mount_debugfs,
    userns_does_not_mount_tracefs,
    userns_does_not_mount_hugetlbfs,
    userns_does_not_mount_pstore,
    userns_does_not_mount_fusectl,
    userns_cannot_mount_block_filesystems,
    userns_mounts_existing_named_cgroup1,
    new_named_cgroup1_needs_the_initial_cgroup_namespace,
];

/// Root of a user namespace cannot mount the bpf file system, even if all its namespaces are its own; mount() fails with
/// EPERM.
///
/// Since 6.9 it can call fsopen() for one that root outside then creates.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, UserNamespaces, Config("BPF_SYSCALL")],
    erratum = "user_namespaces(7), Effect of capabilities within a user namespace: CAP_SYS_ADMIN within the user namespace \
               that owns the mount namespace allows mounting bpf (since Linux 4.4).",
    quote = "bpf (since Linux 4.4)",
)]
fn userns_does_not_mount_bpf() -> Verdict {
    expect_refused("bpf", None)
}

/// Creating a bpf file system (FSCONFIG_CMD_CREATE) for which fsopen() was called in a user namespace succeeds for root
/// outside, and fails with EPERM inside.
#[claim(source = "kernel/bpf/inode.c bpf_fill_super", since = "6.9", needs = [Root, UserNamespaces, Config("BPF_SYSCALL")])]
fn bpf_of_a_userns_is_made_by_root_outside() -> Verdict {
    for made_outside in [true, false] {
        let inside = user_namespace_with(&Maps::own_as_root(), CLONE_NEWNS, |outside| {
            let context = fsopen("bpf", FsOpenFlags::FSOPEN_CLOEXEC).doing("fsopen")?;
            if !made_outside {
                expect_errno!(fsconfig_create(&context), EPERM, "by root inside");
                return Ok(());
            }
            outside.send_fd(&context)?;
            outside.wait()?;
            expect_ok!(fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty()), "inside");
            Ok(())
        })?;
        if made_outside {
            let context = inside.peer().recv_fd()?;
            expect_ok!(fsconfig_create(&context), "by root outside");
            inside.go()?;
        }
        inside.join()?;
    }
    holds()
}

/// Root of a user namespace cannot mount devtmpfs, even if all its namespaces are its own; mount() fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, UserNamespaces, Config("DEVTMPFS")],
)]
fn userns_does_not_mount_devtmpfs() -> Verdict {
    expect_refused("devtmpfs", None)
}

/// Root of a user namespace cannot mount securityfs, even if all its namespaces are its own; mount() fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, UserNamespaces, Config("SECURITYFS")],
)]
fn userns_does_not_mount_securityfs() -> Verdict {
    expect_refused("securityfs", None)
}

/// Root of a user namespace cannot mount debugfs, even if all its namespaces are its own; mount() fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, UserNamespaces, Config("DEBUG_FS")],
)]
fn userns_does_not_mount_debugfs() -> Verdict {
    expect_refused("debugfs", None)
}

/// Root of a user namespace cannot mount tracefs, even if all its namespaces are its own; mount() fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, UserNamespaces, Config("TRACING")],
)]
fn userns_does_not_mount_tracefs() -> Verdict {
    expect_refused("tracefs", None)
}

/// Root of a user namespace cannot mount hugetlbfs, even if all its namespaces are its own; mount() fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, UserNamespaces, Config("HUGETLBFS")],
)]
fn userns_does_not_mount_hugetlbfs() -> Verdict {
    expect_refused("hugetlbfs", None)
}

/// Root of a user namespace cannot mount pstore, even if all its namespaces are its own; mount() fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, UserNamespaces, Config("PSTORE")],
)]
fn userns_does_not_mount_pstore() -> Verdict {
    expect_refused("pstore", None)
}

/// Root of a user namespace cannot mount fusectl, even if all its namespaces are its own; mount() fails with EPERM.
///
/// It controls the FUSE file systems of all users.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, UserNamespaces, Module("fuse")],
)]
fn userns_does_not_mount_fusectl() -> Verdict {
    expect_refused("fusectl", None)
}

/// Root of a user namespace cannot mount a file system on a block device, even if it is root outside and the device its own;
/// mount() fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, Disposable, Module("loop"), Module("ext4"), Tool("mkfs.ext4")],
)]
fn userns_cannot_mount_block_filesystems() -> Verdict {
    let device = LoopDevice::with_ext4()?;
    let mount_it = || {
        nix::mount::mount(Some(device.path.as_str()), PLACE, Some("ext4"), nix::mount::MsFlags::empty(), None::<&str>)
    };
    let refused = |_: &Peer| {
        expect_errno!(mount_it(), EPERM, "with every ID mapped to itself");
        expect_ok!(mount_kind("tmpfs", None), "tmpfs in the same place");
        Ok(())
    };
    user_namespace_with(&Maps::range(0, u32::MAX - 1), EVERY, refused)?.join()?;
    child(CLONE_NEWNS, || {
        // What ext4 asks for is not the claim's business.
        mount_it().doing("mount it in the initial user namespace")?;
        expect_eq!(kind_there()?.as_deref(), Some("ext4"), "what is mounted then");
        umount2(PLACE, MntFlags::empty()).doing("unmount it again")?;
        holds()
    })
}

/// Root of a user namespace can mount an existing named cgroup v1 hierarchy only if it owns the cgroup namespace; otherwise
/// mount() fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, InitialNamespaces, UserNamespaces, Config("CGROUPS")],
)]
fn userns_mounts_existing_named_cgroup1() -> Verdict {
    unshare(CLONE_NEWNS)?;
    mount_kind_at("cgroup", "/run", Some(HIERARCHY)).doing("make a cgroup v1 hierarchy")?;
    let outcome = unprivileged(NONE, || {
        user_namespace(EVERY, || {
            expect_ok!(mount_kind("cgroup", Some(HIERARCHY)));
            expect_eq!(kind_there()?.as_deref(), Some("cgroup"), "what is mounted then");
            Ok(())
        })?;
        user_namespace(EVERY - CLONE_NEWCGROUP, || {
            expect_errno!(mount_kind("cgroup", Some(HIERARCHY)), EPERM, "in an inherited cgroup namespace");
            Ok(())
        })
    });
    let unmounted = umount2("/run", MntFlags::empty());
    outcome?;
    unmounted.doing("unmount the hierarchy")?;
    holds()
}

/// A named cgroup v1 hierarchy that does not exist yet can be created only in the initial cgroup namespace; elsewhere mount()
/// fails with EPERM.
///
/// So neither root of a user namespace can create one, nor root of the initial one in another cgroup namespace.
#[claim(
    source = "kernel/cgroup/cgroup-v1.c cgroup1_root_to_use",
    needs = [Root, InitialNamespaces, UserNamespaces, Config("CGROUPS")],
    erratum = "user_namespaces(7), Effect of capabilities within a user namespace: CAP_SYS_ADMIN within the user namespace \
               that owns the cgroup namespace allows mounting cgroup version 1 named hierarchies, with none,name=.",
    quote = "and cgroup version 1 named hierarchies",
)]
fn new_named_cgroup1_needs_the_initial_cgroup_namespace() -> Verdict {
    let refused = || {
        expect_errno!(mount_kind("cgroup", Some(HIERARCHY)), EPERM);
        Ok(())
    };
    unprivileged(NONE, || user_namespace(EVERY, refused)).doing("root of a user namespace")?;
    child(CLONE_NEWNS | CLONE_NEWCGROUP, refused).doing("root in another cgroup namespace")?;
    child(CLONE_NEWNS, || {
        expect_ok!(mount_kind("cgroup", Some(HIERARCHY)), "root in the initial cgroup namespace");
        umount2(PLACE, MntFlags::empty()).doing("unmount it again")?;
        holds()
    })
}

/// A cgroup v1 hierarchy without any controller.
const HIERARCHY: &str = "none,name=nsproof";

/// A block device with an ext4 file system, which the case alone knows.
pub(super) struct LoopDevice {
    pub(super) path: String,
    device: File,
}

impl LoopDevice {
    pub(super) fn with_ext4() -> Outcome<Self> {
        let image = "/tmp/image";
        File::create(image).and_then(|file| file.set_len(4 << 20)).doing("make an image")?;
        let made =
            Command::new("mkfs.ext4").args(["-q", image]).stdin(Stdio::null()).output().doing("run mkfs.ext4")?;
        if !made.status.success() {
            return Err(Failure::broken(format!("mkfs.ext4: {}", String::from_utf8_lossy(&made.stderr))));
        }
        let open = |path: &str, what: &str| OpenOptions::new().read(true).write(true).open(path).doing(what);
        make_node("/dev/loop-control", SFlag::S_IFCHR, makedev(10, 237))?;
        let number = loop_device::free_device(open("/dev/loop-control", "open /dev/loop-control")?)?;
        let path = format!("/dev/loop{number}");
        make_node(&path, SFlag::S_IFBLK, makedev(7, number))?;
        let device = open(&path, "open a loop device")?;
        loop_device::attach(&device, open(image, "open the image")?).doing("attach the image")?;
        Ok(Self { path, device })
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        // The clone that this runs in goes anyway; only a kernel that several cases share would notice.
        let _ = loop_device::detach(&self.device);
    }
}

fn make_node(path: &str, kind: SFlag, number: u64) -> Outcome<()> {
    mknod(path, kind, Mode::from_bits_truncate(0o600), number).doing(format!("make {path}"))
}
