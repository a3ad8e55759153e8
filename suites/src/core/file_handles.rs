//! Handles of namespaces' files: what is in them, and what opens by them: `name_to_handle_at(2)`, `linux/nsfs.h`.

use std::fs::File;

use kit::namespace::Link;
use kit::namespace::directory::own;
use kit::prelude::*;
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
    fh_open_readonly_only,
    fh_open_tampered_estale,
    fh_open_ignores_what_follows,
    fh_open_id_only_estale,
    fh_open_id_only,
];

/// Before 6.18 a namespace's file has no handle: name_to_handle_at(2) is EOPNOTSUPP, as for any file of procfs.
#[claim(source = "kernel 7.3 include/uapi/linux/nsfs.h struct nsfs_file_handle", until = "6.18", needs = [Root, Config("TIME_NS")])]
fn fh_none_before() -> Verdict {
    for link in Link::ALL {
        expect_errno!(handle_at(&own(link), AtFlags::AT_SYMLINK_FOLLOW), EOPNOTSUPP, "{link}");
    }
    expect_ok!(handle_at("/mnt", AtFlags::empty()), "a directory of a tmpfs");
    holds()
}

/// The handle of a namespace's file is of type 0xf1 and has 16 bytes: the namespace's number, its CLONE_NEW flag, its inode.
#[claim(source = "kernel 7.3 include/uapi/linux/nsfs.h struct nsfs_file_handle", since = "6.18", needs = [Config("TIME_NS")])]
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

/// A link in /proc/PID/ns itself has no handle, EOPNOTSUPP: name_to_handle_at(2) must be told AT_SYMLINK_FOLLOW.
#[claim(source = "name_to_handle_at(2)", since = "6.18", needs = [Config("TIME_NS")])]
fn fh_encode_needs_follow() -> Verdict {
    for link in Link::ALL {
        expect_errno!(handle_at(&own(link), AtFlags::empty()), EOPNOTSUPP, "{link}");
        expect_ok!(handle_at(&own(link), AtFlags::AT_SYMLINK_FOLLOW), "{link}, followed");
    }
    holds()
}

/// With room for less than 16 bytes, name_to_handle_at(2) of a namespace's file is EOVERFLOW and says that it takes 16.
#[claim(source = "name_to_handle_at(2)", since = "6.18", needs = [Config("TIME_NS")])]
fn fh_encode_overflow() -> Verdict {
    for link in Link::ALL {
        for room in [0, 8, 15] {
            let (handle, needed) = handle_with_room(&own(link), AtFlags::AT_SYMLINK_FOLLOW, room);
            expect_errno!(handle, EOVERFLOW, "{link}, {room} bytes");
            expect_eq!(needed, 16, "{link}, {room} bytes");
        }
        expect_ok!(handle_with_room(&own(link), AtFlags::AT_SYMLINK_FOLLOW, 16).0, "{link}, 16 bytes");
    }
    holds()
}

/// open_by_handle_at(2) opens a namespace by its handle, on any namespace's file or, without one, on FD_NSFS_ROOT (-10003).
///
/// On a file of another file system, such as the working directory, that is ESTALE.
#[claim(source = "kernel 7.3 include/uapi/linux/fcntl.h", since = "6.18", needs = [Root, Config("TIME_NS")])]
fn fh_open_root_sentinel() -> Verdict {
    let other_kind = |kind| Namespace::own(if kind == Kind::Uts { Kind::Ipc } else { Kind::Uts });
    for link in Link::ALL {
        let handle = handle_of(link)?;
        let file = other_kind(link.kind())?;
        for (which, mount) in [("FD_NSFS_ROOT", Mount::Nsfs), ("another kind's file", Mount::of(&file))] {
            let opened =
                Namespace::from_fd(expect_ok!(open_by_handle(mount, &handle, OFlag::O_RDONLY), "{link}, {which}"));
            expect_eq!(opened.inode()?, inode_at(own(link))?, "{link}, {which}");
        }
        expect_errno!(open_by_handle(Mount::Here, &handle, OFlag::O_RDONLY), ESTALE, "{link}, AT_FDCWD");
    }
    let uts = open_by_handle(Mount::Nsfs, &handle_of(Link::Uts)?, OFlag::O_RDONLY)?;
    let before = own_inode(Kind::Uts)?;
    unshare(CLONE_NEWUTS)?;
    expect_ne!(own_inode(Kind::Uts)?, before);
    expect_ok!(setns(&uts, CLONE_NEWUTS), "with a file opened by its handle");
    expect_eq!(own_inode(Kind::Uts)?, before);
    holds()
}

/// By its handle a namespace opens for reading and with O_PATH: for writing that is EPERM, and as a directory ENOTDIR.
#[claim(source = "kernel 7.3 fs/nsfs.c", since = "6.18", needs = [Config("TIME_NS")])]
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

/// A namespace's handle that has been changed is ESTALE: its number, flag, inode, type or length, or its flag alone void.
#[claim(source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry", since = "6.18", needs = [Config("TIME_NS")])]
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
            ("an inode but no flag", NamespaceHandle { kind: NONE, ..says }.write()),
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

/// A namespace's handle may be longer by four bytes, whatever they are: it opens the namespace as if they were not there.
///
/// The kernel means to refuse them unless they are zero, but looks at a byte in the middle of the number instead.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Config("TIME_NS")],
    erratum = "fs/nsfs.c nsfs_fh_to_dentry, its comment: trailing bytes are checked to be zero.",
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

/// On 6.18 a handle with nothing but a namespace's number is ESTALE.
#[claim(source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry", since = "6.18", until = "6.19", needs = [Config("TIME_NS")])]
fn fh_open_id_only_estale() -> Verdict {
    for link in Link::ALL {
        let handle = handle_of(link)?;
        let number_alone = NamespaceHandle { kind: NONE, inode: 0, ..said_by(&handle)? }.write();
        expect_errno!(open_by_handle(Mount::Nsfs, &number_alone, OFlag::O_RDONLY), ESTALE, "{link}");
        expect_ok!(open_by_handle(Mount::Nsfs, &handle, OFlag::O_RDONLY), "{link}, whole");
    }
    holds()
}

/// A handle with nothing but a namespace's number, flag and inode being 0, opens the namespace, whatever its kind.
#[claim(source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry", since = "6.19", needs = [Config("TIME_NS")])]
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
