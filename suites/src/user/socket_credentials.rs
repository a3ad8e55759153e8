//! User and group IDs that travel over sockets: `user_namespaces(7)` Miscellaneous, `unix(7)` SCM_CREDENTIALS and
//! SO_PEERCRED.

use std::os::fd::OwnedFd;

use kit::prelude::*;
use kit::process::{become_user, container, container_with, without};
use kit::sysctl::sysctl;
use kit::unix_credentials::{Credentials, credential_pair, received_credentials, send_credentials, send_plain};
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerCredentials;
use rustix::thread::CapabilitySet;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    scm_credentials_ids_translated,
    scm_credentials_unmapped_id_einval,
    scm_credentials_other_id_needs_cap,
    so_peercred_ids_translated,
];

/// SCM_CREDENTIALS show the sender's user and group ID as they are in the receiver's user namespace, and the overflow IDs if
/// they are not mapped there.
#[claim(
    source = [
        "user_namespaces(7) Miscellaneous",
        "user_namespaces(7) Unmapped user and group IDs",
        "unix(7) SCM_CREDENTIALS",
    ],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn scm_credentials_ids_translated() -> Verdict {
    let overflow: (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    let (ours, theirs) = credential_pair()?;
    container(100_000, NONE, || {
        expect_ok!(send_plain(&theirs));
        expect_ok!(claim_to_be(&theirs, (0, 0)));
        expect_ok!(claim_to_be(&theirs, (5, 6)));
        Ok(())
    })?;
    expect_eq!(received(&ours)?, (100_000, 100_000), "from root inside, added by the kernel");
    expect_eq!(received(&ours)?, (100_000, 100_000), "from root inside, as its own");
    expect_eq!(received(&ours)?, (100_005, 100_006), "from root inside, as 5 and 6");
    expect_ok!(claim_to_be(&ours, (100_007, 100_008)));
    expect_ok!(claim_to_be(&ours, (0, 100_008)));
    expect_ok!(claim_to_be(&ours, (0, 0)));
    expect_ok!(send_plain(&ours));
    container(100_000, NONE, || {
        expect_eq!(received(&theirs)?, (7, 8), "from root outside, as 100007 and 100008");
        expect_eq!(received(&theirs)?, (overflow.0, 8), "from root outside, as 0 and 100008");
        expect_eq!(received(&theirs)?, overflow, "from root outside, as its own");
        expect_eq!(received(&theirs)?, overflow, "from root outside, added by the kernel");
        holds()
    })
}

/// Sending SCM_CREDENTIALS with an ID that the sender's user namespace does not map fails with EINVAL, even with all
/// capabilities there.
#[claim(source = "unix(7) SCM_CREDENTIALS", needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)])]
fn scm_credentials_unmapped_id_einval() -> Verdict {
    let (ours, theirs) = credential_pair()?;
    container(100_000, NONE, || {
        expect_errno!(claim_to_be(&theirs, (1000, 0)), EINVAL, "a user that is not mapped");
        expect_errno!(claim_to_be(&theirs, (0, 1000)), EINVAL, "a group that is not mapped");
        expect_ok!(claim_to_be(&theirs, (999, 999)), "IDs that are mapped");
        Ok(())
    })?;
    expect_ok!(claim_to_be(&ours, (1000, 1000)), "outside, where they are mapped");
    holds()
}

/// Sending SCM_CREDENTIALS with another user's or group's ID requires CAP_SETUID or CAP_SETGID in the sender's user namespace;
/// otherwise it fails with EPERM.
#[claim(
    source = ["unix(7) SCM_CREDENTIALS", "capabilities(7) CAP_SETUID"],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn scm_credentials_other_id_needs_cap() -> Verdict {
    let (ours, theirs) = credential_pair()?;
    container(100_000, NONE, || {
        without(CapabilitySet::SETUID, NONE, || {
            expect_errno!(claim_to_be(&theirs, (5, 0)), EPERM, "another user, without CAP_SETUID");
            expect_ok!(claim_to_be(&theirs, (0, 6)), "another group, without CAP_SETUID");
            Ok(())
        })?;
        without(CapabilitySet::SETGID, NONE, || {
            expect_errno!(claim_to_be(&theirs, (0, 6)), EPERM, "another group, without CAP_SETGID");
            expect_ok!(claim_to_be(&theirs, (5, 0)), "another user, without CAP_SETGID");
            Ok(())
        })?;
        child(NONE, || {
            become_user(5)?;
            expect_errno!(claim_to_be(&theirs, (0, 0)), EPERM, "root, as user 5");
            expect_ok!(claim_to_be(&theirs, (5, 5)), "its own, as user 5");
            Ok(())
        })
    })?;
    for expected in [(100_000, 100_006), (100_005, 100_000), (100_005, 100_005)] {
        expect_eq!(received(&ours)?, expected);
    }
    holds()
}

/// SO_PEERCRED shows the peer's user and group ID as they are in the caller's user namespace, and the overflow IDs if they are
/// not mapped there.
#[claim(
    source = ["user_namespaces(7) Unmapped user and group IDs", "unix(7) SO_PEERCRED"],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn so_peercred_ids_translated() -> Verdict {
    let overflow: (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    let (socket, _other) = credential_pair()?;
    expect_eq!(peer_of(&socket)?, (0, 0), "in the namespace of the peer");
    let line = |inside| vec![IdMap { inside, outside: 0, count: 1 }];
    let maps = Maps { uid: line(7), gid: line(8), deny_setgroups: false };
    let mapped = kit::process::user_namespace_with(&maps, NONE, |_| peer_of(&socket))?;
    expect_eq!(mapped.join()?, (7, 8), "where root outside is 7 and 8");
    expect_eq!(container(100_000, NONE, || peer_of(&socket))?, overflow, "where root outside is not mapped");
    let inner = container_with(&Maps::range(100_000, 10), NONE, |outside| {
        let (own, _other) = credential_pair()?;
        outside.send_fd(&own)?;
        outside.send(&peer_of(&own)?)?;
        outside.wait()
    })?;
    let theirs = inner.peer().recv_fd()?;
    expect_eq!(inner.recv::<(u32, u32)>()?, (0, 0), "of root inside, asked inside");
    expect_eq!(peer_of(&theirs)?, (100_000, 100_000), "of root inside, asked outside");
    holds()
}

/// Sends a message in which the caller claims to be this user and group.
fn claim_to_be(socket: &OwnedFd, (uid, gid): (u32, u32)) -> nix::Result<()> {
    send_credentials(socket, Credentials { uid, gid, ..Credentials::own() })
}

/// The user and the group in the next message's credentials.
fn received(socket: &OwnedFd) -> Outcome<(u32, u32)> {
    let seen = received_credentials(socket)?;
    Ok((seen.uid, seen.gid))
}

fn peer_of(socket: &OwnedFd) -> Outcome<(u32, u32)> {
    let seen = getsockopt(socket, PeerCredentials).doing("SO_PEERCRED")?;
    Ok((seen.uid(), seen.gid()))
}
