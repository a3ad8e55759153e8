//! Handles of namespaces' files: what is in them, and what opens by them: `name_to_handle_at(2)`, `linux/nsfs.h`.

use std::fs::File;

use kit::namespace::Link;
use kit::namespace::directory::own;
use kit::prelude::*;
use kit::prepared;
use kit::sys::file_handle::{FileHandle, Mount, NamespaceHandle, handle_at, handle_with_room, open_by_handle};
use kit::sys::ns_ids;
use nix::fcntl::{AtFlags, OFlag};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    fh_none_before,
    fh_encode,
    fh_encode_needs_follow,
    fh_encode_overflow,
    fh_open_root_sentinel,
    fh_opens_the_initial_namespaces,
    fh_open_readonly_only,
    fh_open_tampered_estale,
    fh_open_ignores_what_follows,
    fh_open_id_only_estale,
    fh_open_id_only,
];

/// Before 6.18 a namespace's file has no handle: name_to_handle_at(2) fails with EOPNOTSUPP.
#[claim(
    source = "kernel 7.3 include/uapi/linux/nsfs.h struct nsfs_file_handle",
    until = "6.18",
    needs = [Root, Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_none_before() -> Verdict {
    for link in Link::ALL {
        expect_errno!(handle_at(&own(link), AtFlags::AT_SYMLINK_FOLLOW), EOPNOTSUPP, "{link}");
    }
    expect_ok!(handle_at("/mnt", AtFlags::empty()), "a directory of a tmpfs");
    holds()
}

/// The handle of a namespace's file has type 0xf1 and 16 bytes: the namespace's ID, its CLONE_NEW* flag and its
/// inode number.
///
/// The ID is the one that NS_GET_ID returns.
#[claim(
    source = "kernel 7.3 include/uapi/linux/nsfs.h struct nsfs_file_handle",
    since = "6.18",
    replaces = "fh_none_before",
    needs = [Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_encode() -> Verdict {
    for link in Link::ALL {
        let file = File::open(own(link))?;
        let handle = expect_ok!(handle_at(&own(link), AtFlags::AT_SYMLINK_FOLLOW), "{link}");
        expect_eq!((handle.kind, handle.bytes.len()), (0xf1, 16), "type and size of the handle of {link}");
        let inode = inode_at(own(link))? as u32;
        let expected = NamespaceHandle { id: ns_ids::id(&file)?, kind: link.kind().flag(), inode };
        expect_eq!(NamespaceHandle::read(&handle), Some(expected), "the handle of {link}");
    }
    holds()
}

/// name_to_handle_at(2) of a link in /proc/PID/ns fails with EOPNOTSUPP without AT_SYMLINK_FOLLOW.
///
/// The link itself is a file of procfs, which has no handles.
#[claim(source = "name_to_handle_at(2)", since = "6.18", needs = [Config("TIME_NS"), Config("FHANDLE")])]
fn fh_encode_needs_follow() -> Verdict {
    for link in Link::ALL {
        expect_errno!(handle_at(&own(link), AtFlags::empty()), EOPNOTSUPP, "{link}");
        expect_ok!(handle_at(&own(link), AtFlags::AT_SYMLINK_FOLLOW), "{link}, followed");
    }
    holds()
}

/// name_to_handle_at(2) of a namespace's file fails with EOVERFLOW if there is room for less than 16 bytes, and asks
/// for 16.
#[claim(source = "name_to_handle_at(2)", since = "6.18", needs = [Config("TIME_NS"), Config("FHANDLE")])]
fn fh_encode_overflow() -> Verdict {
    for link in Link::ALL {
        for room in 0..16 {
            let (handle, needed) = handle_with_room(&own(link), AtFlags::AT_SYMLINK_FOLLOW, room);
            expect_errno!(handle, EOVERFLOW, "{link}, {room} bytes");
            expect_eq!(needed, 16, "{link}, {room} bytes");
        }
        expect_ok!(handle_with_room(&own(link), AtFlags::AT_SYMLINK_FOLLOW, 16).0, "{link}, 16 bytes");
    }
    holds()
}

/// open_by_handle_at(2) opens a namespace by its handle if the mount is given as FD_NSFS_ROOT (-10003) or as any
/// namespace's file.
///
/// With a file of another file system, such as the working directory on a tmpfs, it fails with ESTALE. The new file can
/// be given to setns(2).
#[claim(
    source = "kernel 7.3 include/uapi/linux/fcntl.h",
    since = "6.18",
    needs = [Root, Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_open_root_sentinel() -> Verdict {
    let files = Kind::ALL.into_iter().map(Namespace::own).collect::<Outcome<Vec<_>>>()?;
    for link in Link::ALL {
        let handle = handle_of(link)?;
        for mount in [Mount::Nsfs].into_iter().chain(files.iter().map(Mount::of)) {
            let opened = expect_ok!(open_by_handle(mount, &handle, OFlag::O_RDONLY), "{link}, {mount:?}");
            expect_eq!(Namespace::from_fd(opened).inode()?, inode_at(own(link))?, "{link}, {mount:?}");
        }
        expect_errno!(open_by_handle(Mount::Here, &handle, OFlag::O_RDONLY), ESTALE, "{link}, AT_FDCWD");
    }
    let uts = open_by_handle(Mount::Nsfs, &handle_of(Link::Uts)?, OFlag::O_RDONLY)?;
    let before = own_inode(Kind::Uts)?;
    unshare(CLONE_NEWUTS)?;
    prepared(own_inode(Kind::Uts)? != before, "moved to another UTS namespace")?;
    expect_ok!(setns(&uts, CLONE_NEWUTS), "with a file opened by its handle");
    expect_eq!(own_inode(Kind::Uts)?, before);
    holds()
}

/// The initial namespaces can be opened by their handles, whether or not a file of them is open.
#[claim(
    source = "kernel 7.3 include/uapi/linux/nsfs.h struct nsfs_file_handle",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_opens_the_initial_namespaces() -> Verdict {
    for link in Link::ALL {
        let handle = handle_of(link)?;
        for _ in 0..2 {
            let opened = expect_ok!(open_by_handle(Mount::Nsfs, &handle, OFlag::O_RDONLY), "{link}");
            expect_eq!(Namespace::from_fd(opened).inode()?, inode_at(own(link))?, "{link}");
        }
        let file = Namespace::at(own(link))?;
        let opened = expect_ok!(open_by_handle(Mount::Nsfs, &handle, OFlag::O_RDONLY), "{link}, while it is open");
        expect_eq!(Namespace::from_fd(opened).inode()?, file.inode()?, "{link}, while it is open");
    }
    holds()
}

/// open_by_handle_at(2) opens a namespace with O_RDONLY or O_PATH; O_RDWR and O_WRONLY fail with EPERM, O_DIRECTORY
/// with ENOTDIR.
#[claim(source = "kernel 7.3 fs/nsfs.c", since = "6.18", needs = [Config("TIME_NS"), Config("FHANDLE")])]
fn fh_open_readonly_only() -> Verdict {
    for link in Link::ALL {
        let handle = handle_of(link)?;
        let opened = |flags| open_by_handle(Mount::Nsfs, &handle, flags).map(drop);
        expect_ok!(opened(OFlag::O_RDONLY), "{link}");
        expect_ok!(opened(OFlag::O_PATH), "{link}");
        expect_errno!(opened(OFlag::O_RDWR), EPERM, "{link}");
        expect_errno!(opened(OFlag::O_WRONLY), EPERM, "{link}");
        expect_errno!(opened(OFlag::O_RDONLY | OFlag::O_DIRECTORY), ENOTDIR, "{link}");
    }
    holds()
}

/// open_by_handle_at(2) fails with ESTALE if one field of a namespace's handle was changed, or if the handle was cut.
///
/// The fields are the type, the ID, the CLONE_NEW* flag and the inode number.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_open_tampered_estale() -> Verdict {
    for link in Link::ALL {
        let handle = handle_of(link)?;
        let says = said_by(&handle)?;
        let other = if link.kind() == Kind::Uts { CLONE_NEWIPC } else { CLONE_NEWUTS };
        let changed = [
            ("number 0", NamespaceHandle { id: 0, ..says }.write()),
            ("a number that nothing has", NamespaceHandle { id: u64::MAX, ..says }.write()),
            ("another kind's flag", NamespaceHandle { kind: other, ..says }.write()),
            ("no kind's flag", NamespaceHandle { kind: CloneFlags::from_bits_retain(1), ..says }.write()),
            ("flag 0", NamespaceHandle { kind: NONE, ..says }.write()),
            ("another inode", NamespaceHandle { inode: says.inode ^ 1, ..says }.write()),
            ("another type", FileHandle { kind: 1, ..handle.clone() }),
            ("8 bytes", FileHandle { bytes: handle.bytes[..8].to_vec(), ..handle.clone() }),
        ];
        for (change, changed) in changed {
            expect_errno!(open_by_handle(Mount::Nsfs, &changed, OFlag::O_RDONLY), ESTALE, "{link}, {change}");
        }
        expect_ok!(open_by_handle(Mount::Nsfs, &says.write(), OFlag::O_RDONLY), "{link}, put together again");
    }
    holds()
}

/// A namespace's handle with four more bytes at its end, zero or not, opens the namespace as if they were not there.
///
/// The kernel means to refuse bytes other than zero, but looks at a byte in the middle of the ID instead.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Config("TIME_NS"), Config("FHANDLE")],
    erratum = "fs/nsfs.c nsfs_fh_to_dentry, comment: trailing bytes are checked to be zero.",
)]
fn fh_open_ignores_what_follows() -> Verdict {
    for link in Link::ALL {
        let handle = handle_of(link)?;
        for rest in [[0; 4], [0, 0, 0, 1], [0xff; 4]] {
            let longer = FileHandle { bytes: [&handle.bytes, &rest[..]].concat(), ..handle.clone() };
            let opened = expect_ok!(open_by_handle(Mount::Nsfs, &longer, OFlag::O_RDONLY), "{link}, then {rest:?}");
            expect_eq!(Namespace::from_fd(opened).inode()?, inode_at(own(link))?, "{link}, then {rest:?}");
        }
        let mut wrong = handle.clone();
        wrong.bytes[4] ^= 1;
        wrong.bytes.extend([0; 4]);
        expect_errno!(open_by_handle(Mount::Nsfs, &wrong, OFlag::O_RDONLY), ESTALE, "{link}, another number, longer");
    }
    holds()
}

/// On 6.18 open_by_handle_at(2) fails with ESTALE if a handle's CLONE_NEW* flag and inode number are 0.
///
/// Since 6.19 the ID alone suffices.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    until = "6.19",
    needs = [Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_open_id_only_estale() -> Verdict {
    for link in Link::ALL {
        let handle = handle_of(link)?;
        let number_alone = NamespaceHandle { kind: NONE, inode: 0, ..said_by(&handle)? }.write();
        expect_errno!(open_by_handle(Mount::Nsfs, &number_alone, OFlag::O_RDONLY), ESTALE, "{link}");
        expect_ok!(open_by_handle(Mount::Nsfs, &handle, OFlag::O_RDONLY), "{link}, whole");
    }
    holds()
}

/// A handle whose CLONE_NEW* flag and inode number are 0 opens the namespace that has its ID, of whatever kind.
///
/// If only the flag is 0, open_by_handle_at(2) fails with ESTALE.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.19",
    replaces = "fh_open_id_only_estale",
    needs = [Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_open_id_only() -> Verdict {
    for link in Link::ALL {
        let says = said_by(&handle_of(link)?)?;
        let number_alone = NamespaceHandle { kind: NONE, inode: 0, ..says };
        let opened = expect_ok!(open_by_handle(Mount::Nsfs, &number_alone.write(), OFlag::O_RDONLY), "{link}");
        expect_eq!(Namespace::from_fd(opened).inode()?, inode_at(own(link))?, "{link}");
        let with_inode = NamespaceHandle { kind: NONE, ..says }.write();
        expect_errno!(open_by_handle(Mount::Nsfs, &with_inode, OFlag::O_RDONLY), ESTALE, "{link}, with the inode");
    }
    holds()
}

/// The handle of the caller's own namespace.
fn handle_of(link: Link) -> Outcome<FileHandle> {
    handle_at(&own(link), AtFlags::AT_SYMLINK_FOLLOW).doing(format!("name_to_handle_at of {link}"))
}

fn said_by(handle: &FileHandle) -> Outcome<NamespaceHandle> {
    NamespaceHandle::read(handle).ok_or_else(|| Failure::broken(format!("{handle:?} is no namespace's handle")))
}
