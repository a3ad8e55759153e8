//! File systems made by fsopen(2), fsconfig(2), fsmount(2) and fspick(2).

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

use kit::mounts::{Mounts, Tree};
use kit::prelude::*;
use kit::process::{user_namespace_with, without};
use kit::sys::fs_context::{FSMOUNT_NAMESPACE, fsconfig_command};
use nix::errno::Errno;
use rustix::fs::CWD;
use rustix::io::read;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, FsPickFlags, MountAttrFlags, MoveMountFlags, fsconfig_create, fsconfig_create_exclusive,
    fsconfig_set_fd, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, fspick, move_mount,
};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    a_file_system_context_makes_one_mount,
    fsmount_before_create_einval,
    fsmount_gives_the_attributes,
    fs_contexts_need_cap_sys_admin,
    fsopen_refuses_what_it_does_not_know,
    fsmount_refuses_what_it_does_not_know,
    fspick_needs_the_root_of_a_mount,
    a_rejected_parameter_leaves_a_message,
    an_exclusive_file_system_is_new,
    a_context_is_completed_by_another_process,
    a_binfmt_misc_of_a_namespace_below_is_not_made,
    an_overlay_of_a_namespace_below_is_not_made,
];

/// fsopen(2), fsconfig(2) with FSCONFIG_CMD_CREATE and fsmount(2) make a mount, once: a second time fails with EBUSY.
#[claim(source = ["fsopen(2)", "fsmount(2) ERRORS", "fsconfig(2)"], since = "5.2", needs = [Root])]
fn a_file_system_context_makes_one_mount() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("to")?;
    let context = context()?;
    fsconfig_set_string(&context, "source", "named").doing("name the source")?;
    expect_ok!(fsconfig_create(&context));
    expect_errno!(fsconfig_create(&context), EBUSY, "a second FSCONFIG_CMD_CREATE");
    let before = Mounts::own()?;
    let mount = expect_ok!(mounted(&context, FsMountFlags::empty(), MountAttrFlags::empty()));
    expect_eq!(Mounts::own()?, before, "before it is attached");
    expect_errno!(mounted(&context, FsMountFlags::empty(), MountAttrFlags::empty()), EBUSY, "a second fsmount");
    expect_ok!(move_mount(&mount, "", CWD, tree.path("to"), MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH));
    let seen = tree.mounts()?;
    expect_eq!(seen.find("to").map(|mount| (&*mount.kind, &*mount.source)), Some(("tmpfs", "named")));
    holds()
}

/// fsmount(2) of a context whose file system has not been created fails with EINVAL.
#[claim(
    source = "fs/namespace.c",
    since = "5.2",
    needs = [Root],
    erratum = "fsmount(2), ERRORS: EBUSY if the file system context has not been through FSCONFIG_CMD_CREATE.",
)]
fn fsmount_before_create_einval() -> Verdict {
    let context = context()?;
    let call = || mounted(&context, FsMountFlags::empty(), MountAttrFlags::empty());
    expect_errno!(call(), EINVAL, "before");
    fsconfig_create(&context).doing("create the file system")?;
    expect_ok!(call(), "afterwards");
    holds()
}

/// fsmount(2) gives the new mount each of the attributes that it is asked for, and no other.
#[claim(source = "fsmount(2)", since = "5.2", needs = [Root])]
fn fsmount_gives_the_attributes() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("to")?;
    let options = [
        (MountAttrFlags::MOUNT_ATTR_RDONLY, "ro"),
        (MountAttrFlags::MOUNT_ATTR_NOSUID, "nosuid"),
        (MountAttrFlags::MOUNT_ATTR_NODEV, "nodev"),
        (MountAttrFlags::MOUNT_ATTR_NOEXEC, "noexec"),
        (MountAttrFlags::MOUNT_ATTR_NODIRATIME, "nodiratime"),
        (MountAttrFlags::MOUNT_ATTR_NOATIME, "noatime"),
        (MountAttrFlags::MOUNT_ATTR_RELATIME, "relatime"),
    ];
    for (wanted, name) in options {
        let context = context()?;
        fsconfig_create(&context).doing("create the file system")?;
        let mount = expect_ok!(mounted(&context, FsMountFlags::empty(), wanted), "{name}");
        let attach = move_mount(&mount, "", CWD, tree.path("to"), MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH);
        attach.doing("attach the mount")?;
        let seen = tree.mounts()?.at("to")?.options.clone();
        for (_, other) in options.into_iter().filter(|(_, other)| *other != "relatime") {
            expect_eq!(seen.has(other), other == name, "{other}, asked for {name}");
        }
        // Without another wish access times are updated relatively.
        expect_eq!(seen.has("relatime"), name != "noatime", "relatime, asked for {name}");
        drop(mount);
        tree.umount("to")?;
    }
    holds()
}

/// fsopen(2), fsmount(2) and fspick(2) require CAP_SYS_ADMIN in the user namespace that owns the mount namespace.
#[claim(
    source = ["fsopen(2) ERRORS", "fsmount(2) ERRORS", "fspick(2)"],
    since = "5.2",
    needs = [Root, UserNamespaces],
)]
fn fs_contexts_need_cap_sys_admin() -> Verdict {
    let tree = Tree::new()?;
    let created = context()?;
    fsconfig_create(&created).doing("create the file system")?;
    let answers = || {
        [
            errno(context_of("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)),
            errno(mounted(&created, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())),
            errno(fspick(CWD, tree.path(""), FsPickFlags::FSPICK_CLOEXEC)),
        ]
    };
    let refused = [Some(Errno::EPERM); 3].map(|errno| errno.map(|errno| errno as i32));
    expect_eq!(without(CapabilitySet::SYS_ADMIN, NONE, || Ok(answers()))?, refused, "without CAP_SYS_ADMIN");
    let inside = user_namespace(NONE, || Ok(answers()))?;
    expect_eq!(inside, refused, "root of a user namespace, in the mount namespace of another");
    expect_eq!(answers(), [None; 3], "with CAP_SYS_ADMIN");
    holds()
}

/// fsopen(2) fails with ENODEV for an unknown type of file system, and with EINVAL for each flag but FSOPEN_CLOEXEC.
#[claim(source = "fsopen(2) ERRORS", since = "5.2", needs = [Root])]
fn fsopen_refuses_what_it_does_not_know() -> Verdict {
    expect_errno!(context_of("nothingfs", FsOpenFlags::empty()), ENODEV);
    for bit in (0..u32::BITS).map(|number| FsOpenFlags::from_bits_retain(1 << number)) {
        if bit == FsOpenFlags::FSOPEN_CLOEXEC {
            expect_ok!(context_of("tmpfs", bit));
        } else {
            expect_errno!(context_of("tmpfs", bit), EINVAL, "{bit:?}");
        }
    }
    holds()
}

/// fsmount(2) fails with EINVAL for unknown flags and attributes, MOUNT_ATTR_IDMAP and a file that is no context.
#[claim(source = "fsmount(2) ERRORS", since = "5.2", needs = [Root])]
fn fsmount_refuses_what_it_does_not_know() -> Verdict {
    // RDONLY to NOEXEC, the access times, NODIRATIME and NOSYMFOLLOW.
    const KNOWN: u32 = 0xff | 0x0020_0000;
    let context = context()?;
    fsconfig_create(&context).doing("create the file system")?;
    let call = |flags, attributes| mounted(&context, flags, MountAttrFlags::from_bits_retain(attributes));
    for bit in (0..u32::BITS).map(|number| 1_u32 << number) {
        let flag = FsMountFlags::from_bits_retain(bit);
        if flag != FsMountFlags::FSMOUNT_CLOEXEC && flag != FSMOUNT_NAMESPACE {
            expect_errno!(call(flag, 0), EINVAL, "flag {bit:#x}");
        }
        if KNOWN & bit == 0 {
            expect_errno!(call(FsMountFlags::empty(), bit), EINVAL, "attribute {bit:#x}");
        }
    }
    let both = MountAttrFlags::MOUNT_ATTR_NOATIME | MountAttrFlags::MOUNT_ATTR_STRICTATIME;
    expect_errno!(call(FsMountFlags::empty(), both.bits()), EINVAL, "two access times");
    let file = File::open("/proc/self/status")?;
    expect_errno!(fsmount(&file, FsMountFlags::empty(), MountAttrFlags::empty()), EINVAL, "another file");
    expect_ok!(call(FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::MOUNT_ATTR_NODEV.bits()), "what it knows");
    holds()
}

/// fspick(2) fails with EINVAL for a directory that is not the root of a mount, and for each unknown flag.
#[claim(source = "fspick(2)", since = "5.2", needs = [Root])]
fn fspick_needs_the_root_of_a_mount() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("plain")?;
    let known = FsPickFlags::FSPICK_CLOEXEC
        | FsPickFlags::FSPICK_SYMLINK_NOFOLLOW
        | FsPickFlags::FSPICK_NO_AUTOMOUNT
        | FsPickFlags::FSPICK_EMPTY_PATH;
    expect_errno!(fspick(CWD, tree.path("plain"), FsPickFlags::empty()), EINVAL, "a directory");
    for bit in (0..u32::BITS).map(|number| FsPickFlags::from_bits_retain(1 << number)) {
        let answer = fspick(CWD, tree.path(""), bit);
        if known.contains(bit) {
            expect_ok!(answer, "{bit:?}");
        } else {
            expect_errno!(answer, EINVAL, "{bit:?}");
        }
    }
    holds()
}

/// A parameter that a file system rejects leaves a message that read(2) on the context gives once; then it fails with ENODATA.
#[claim(source = "fsopen(2)", since = "5.2", needs = [Root])]
fn a_rejected_parameter_leaves_a_message() -> Verdict {
    let context = context()?;
    let mut room = [0; 256];
    expect_errno!(read(&context, &mut room), ENODATA, "before");
    for name in ["nosuchoption", "another"] {
        expect_errno!(fsconfig_set_flag(&context, name), EINVAL, "{name}");
        let count = expect_ok!(read(&context, &mut room), "{name}");
        let text = String::from_utf8_lossy(&room[..count]).into_owned();
        expect!(text.starts_with("e ") && text.contains(name), "the message: {text:?}");
        expect_errno!(read(&context, &mut room), ENODATA, "after {name}");
    }
    fsconfig_set_string(&context, "size", "1m").doing("set an option that there is")?;
    expect_errno!(read(&context, &mut room), ENODATA, "after one that there is");
    holds()
}

/// A context that another process made is completed by FSCONFIG_CMD_CREATE of any that has its descriptor and the capability.
#[claim(source = "fsconfig(2)", since = "5.2", needs = [Root])]
fn a_context_is_completed_by_another_process() -> Verdict {
    for flags in [NONE, CLONE_NEWNS] {
        let maker = spawn(flags, |us| {
            us.send_fd(context()?)?;
            us.wait()
        })?;
        let context = maker.peer().recv_fd()?;
        without(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_errno!(fsconfig_create(&context), EPERM, "without CAP_SYS_ADMIN, of a child made with {flags:?}");
            Ok(())
        })?;
        expect_ok!(fsconfig_create(&context), "of a child made with {flags:?}");
        expect_ok!(mounted(&context, FsMountFlags::empty(), MountAttrFlags::empty()), "what was made");
    }
    holds()
}

/// FSCONFIG_CMD_CREATE of a binfmt_misc's context that a user namespace below made fails with EINVAL, also for root.
///
/// Before 7.3 the kernel warned of it, too.
#[claim(source = "fs/binfmt_misc.c", since = "7.3", needs = [Root, UserNamespaces, Module("binfmt_misc")])]
fn a_binfmt_misc_of_a_namespace_below_is_not_made() -> Verdict {
    not_completed_from_above("binfmt_misc", &[])
}

/// FSCONFIG_CMD_CREATE of an overlay's context that a user namespace below made fails with EINVAL, also for root.
///
/// Before 7.3 the kernel warned of it, too.
#[claim(source = "fs/overlayfs/super.c ovl_fill_super", since = "7.3", needs = [Root, UserNamespaces, Module("overlay")])]
fn an_overlay_of_a_namespace_below_is_not_made() -> Verdict {
    not_completed_from_above("overlay", &[File::open("/tmp")?, File::open("/mnt")?])
}

/// FSCONFIG_CMD_CREATE_EXCL fails with EBUSY where a file system that exists would be used again.
#[claim(source = "fsconfig(2)", since = "6.6", needs = [Root])]
fn an_exclusive_file_system_is_new() -> Verdict {
    for (kind, is_shared) in [("sysfs", true), ("tmpfs", false)] {
        let context = || context_of(kind, FsOpenFlags::FSOPEN_CLOEXEC).doing(format!("fsopen {kind}"));
        // There is one of each network namespace, once it is mounted.
        let first = context()?;
        fsconfig_create(&first).doing(format!("create {kind}"))?;
        let answer = fsconfig_create_exclusive(context()?);
        if is_shared {
            expect_errno!(answer, EBUSY, "{kind}");
        } else {
            expect_ok!(answer, "{kind}");
        }
        expect_ok!(fsconfig_create(context()?), "{kind} that need not be new");
    }
    let context = context()?;
    expect_errno!(fsconfig_command(&context, 4096), EOPNOTSUPP, "a command that there is not");
    holds()
}

fn context() -> Outcome<OwnedFd> {
    context_of("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).doing("fsopen tmpfs")
}

fn context_of(kind: &str, flags: FsOpenFlags) -> rustix::io::Result<OwnedFd> {
    fsopen(kind, flags)
}

fn mounted(context: &OwnedFd, flags: FsMountFlags, attributes: MountAttrFlags) -> rustix::io::Result<OwnedFd> {
    fsmount(context, flags, attributes)
}

fn errno<T>(answer: rustix::io::Result<T>) -> Option<i32> {
    answer.err().map(rustix::io::Errno::raw_os_error)
}

/// A context of this kind that another process made is completed by root if that is in the same user namespace, and is not if that is
/// in one below; a tmpfs is.
fn not_completed_from_above(kind: &str, layers: &[File]) -> Verdict {
    let made = |us: &Peer, kind: &str, layers: &[File]| {
        let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).doing("fsopen")?;
        for layer in layers {
            fsconfig_set_fd(&context, "lowerdir+", layer.as_fd()).doing("fsconfig")?;
        }
        us.send_fd(context)?;
        us.wait()
    };
    let beside = spawn(CLONE_NEWNS, |us| made(us, kind, layers))?;
    expect_ok!(fsconfig_create(beside.peer().recv_fd()?), "made in the same user namespace");
    for (kind, layers, is_refused) in [(kind, layers, true), ("tmpfs", &[][..], false)] {
        let below = user_namespace_with(&Maps::own_as_root(), CLONE_NEWNS, |us| made(us, kind, layers))?;
        let answer = fsconfig_create(below.peer().recv_fd()?);
        if is_refused {
            expect_errno!(answer, EINVAL, "{kind}, made below");
        } else {
            expect_ok!(answer, "{kind}, made below");
        }
    }
    holds()
}
