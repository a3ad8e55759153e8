//! What root of a user namespace is refused of what it may mount or open: options of tmpfs and devpts, the audit system.

use std::os::fd::{AsRawFd, OwnedFd};

use kit::mounts::mount_kind;
use kit::prelude::*;
use kit::process::{as_each_inner_root, container};
use kit::words::refusal::Answer;
use nix::mount::MsFlags;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    tmpfs_without_swap_needs_the_initial_user_namespace,
    tmpfs_owners_must_be_mapped,
    devpts_owners_must_be_mapped,
    audit_refuses_a_user_namespace,
];

/// Root of a user namespace cannot mount a tmpfs with the option noswap; mount() fails with EINVAL.
#[claim(
    source = "mm/shmem.c shmem_parse_one",
    since = "6.4",
    needs = [Root, UserNamespaces, Config("TMPFS"), Behaviour(AT_THE_TOP)],
)]
fn tmpfs_without_swap_needs_the_initial_user_namespace() -> Verdict {
    as_each_inner_root(CLONE_NEWNS, |whose| {
        expect_errno!(mounted("tmpfs", "noswap"), EINVAL, "{whose}");
        expect_ok!(mounted("tmpfs", "size=1m"), "another option, {whose}");
        Ok(())
    })?;
    child(CLONE_NEWNS, || {
        expect_ok!(mounted("tmpfs", "noswap"), "root outside");
        holds()
    })
}

/// The options uid= and gid= of a tmpfs take IDs that the mounter's user namespace maps; others fail with EINVAL.
#[claim(
    source = "mm/shmem.c shmem_parse_one",
    needs = [Root, UserNamespaces, Config("TMPFS"), Behaviour(AT_THE_TOP)],
)]
fn tmpfs_owners_must_be_mapped() -> Verdict {
    owners_must_be_mapped("tmpfs")
}

/// The options uid= and gid= of a devpts take IDs that the mounter's user namespace maps; others fail with EINVAL.
#[claim(
    source = "fs/devpts/inode.c parse_mount_options",
    needs = [Root, UserNamespaces, Config("UNIX98_PTYS"), Behaviour(AT_THE_TOP)],
)]
fn devpts_owners_must_be_mapped() -> Verdict {
    owners_must_be_mapped("devpts")
}

/// A message to the audit system fails with ECONNREFUSED in a user namespace, for its root, too, as if there were no audit.
///
/// It does so for requests that read and that change. Outside, a request that reads is answered.
#[claim(
    source = ["kernel/audit.c audit_netlink_ok", "netlink(7)"],
    needs = [Root, UserNamespaces, InitialNamespaces, Config("AUDIT"), Behaviour(AT_THE_TOP)],
)]
fn audit_refuses_a_user_namespace() -> Verdict {
    // AUDIT_GET, AUDIT_SIGNAL_INFO, AUDIT_USER.
    const KINDS: [u16; 3] = [1000, 1010, 1005];
    as_each_inner_root(CLONE_NEWNET, |whose| {
        let socket = audit_socket()?;
        for kind in KINDS {
            expect_eq!(answer(&socket, kind)?, -(nix::errno::Errno::ECONNREFUSED as i32), "request {kind}, {whose}");
        }
        Ok(())
    })?;
    expect_eq!(answer(&audit_socket()?, KINDS[0])?, 0, "root outside");
    holds()
}

fn owners_must_be_mapped(kind: &'static str) -> Verdict {
    container(100_000, CLONE_NEWNS, || {
        for option in ["uid", "gid"] {
            for mapped in [0, 1, 999] {
                expect_ok!(mounted(kind, &format!("{option}={mapped}")), "{option}={mapped}");
            }
            for unmapped in [1000, 100_000, u32::MAX] {
                expect_errno!(mounted(kind, &format!("{option}={unmapped}")), EINVAL, "{option}={unmapped}");
            }
        }
        Ok(())
    })?;
    child(CLONE_NEWNS, || {
        expect_ok!(mounted(kind, "uid=1000,gid=100000"), "outside");
        holds()
    })
}

/// Mounts a file system of this type with an option.
fn mounted(kind: &str, option: &str) -> Answer {
    mount_kind(kind, "/mnt", MsFlags::empty(), Some(option)).calling(format!("mount {kind} with {option}"))
}

fn audit_socket() -> Outcome<OwnedFd> {
    let protocol = Some(SockProtocol::NetlinkAudit);
    socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol).doing("open an audit socket")
}

/// What the audit system acknowledges a request of this kind with: 0, or a negative errno.
fn answer(socket: &OwnedFd, kind: u16) -> Outcome<i32> {
    const REQUEST_AND_ACKNOWLEDGE: u16 = 1 | 4;
    const ERROR: u16 = 2;
    let mut message = 16_u32.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(REQUEST_AND_ACKNOWLEDGE.to_ne_bytes());
    message.extend([0; 8]);
    send(socket.as_raw_fd(), &message, MsgFlags::empty()).doing("send to audit")?;
    loop {
        let mut bytes = [0_u8; 8192];
        recv(socket.as_raw_fd(), &mut bytes, MsgFlags::empty()).doing("hear from audit")?;
        let [_, _, _, _, k0, k1, ..] = bytes;
        if u16::from_ne_bytes([k0, k1]) == ERROR {
            let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, e0, e1, e2, e3, ..] = bytes;
            return Ok(i32::from_ne_bytes([e0, e1, e2, e3]));
        }
    }
}
