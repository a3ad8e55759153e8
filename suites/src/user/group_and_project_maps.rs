//! What is special about the maps of groups and of projects: `user_namespaces(7)`, Defining user and group ID mappings:
//! writing to uid_map and gid_map, and Project ID mappings: projid_map.

use kit::prelude::*;
use kit::process::{MapFile, Newborn, Writer};
use nix::unistd::getegid;
use rustix::thread::CapabilitySet;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    gid_map_needs_setgroups_deny,
    gid_map_with_cap_setgid_needs_no_deny,
    projid_map_needs_no_capability,
    projid_map_validity_einval,
];

/// An unprivileged process can map its own group only after `deny` was written to `setgroups`; before that, the write to
/// `gid_map` fails with EPERM.
///
/// Lines with other groups fail with EPERM before and after.
#[claim(
    source = [
        "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
        "user_namespaces(7) Interaction with system calls that change process UIDs or GIDs",
    ],
    since = "3.19",
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn gid_map_needs_setgroups_deny() -> Verdict {
    unprivileged(NONE, || {
        let own = getegid().as_raw();
        for writer in [Writer::Itself, Writer::Caller] {
            let process = Newborn::new()?;
            let text = format!("5 {own} 1");
            let others = [format!("0 {} 1", own + 1), format!("0 {own} 2"), format!("0 {own} 1\n1 {} 1", own + 1)];
            for refused in others.iter().chain([&text]) {
                expect_errno!(process.write(MapFile::Gid, refused, writer)?, EPERM, "before deny, by {writer:?}");
            }
            expect_ok!(process.write(MapFile::Setgroups, "deny", writer)?, "by {writer:?}");
            for others in &others {
                expect_errno!(process.write(MapFile::Gid, others, writer)?, EPERM, "«{others}» by {writer:?}");
            }
            expect_ok!(process.write(MapFile::Gid, &text, writer)?, "after deny, by {writer:?}");
            expect_eq!(process.read(MapFile::Gid)?, text);
        }
        holds()
    })
}

/// A process with CAP_SETGID in the parent namespace can write `gid_map` while `setgroups` says `allow`; without it the
/// write fails with EPERM.
///
/// The writers here are the namespace's owner, and so have CAP_SYS_ADMIN in the namespace itself.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn gid_map_with_cap_setgid_needs_no_deny() -> Verdict {
    for text in ["0 4242 77", "0 0 1"] {
        let process = Newborn::new()?;
        let (none, one) = (CapabilitySet::empty(), CapabilitySet::SETGID);
        for powerless in [Writer::CallerWith(none), Writer::CallerWithout(one), Writer::Itself] {
            expect_errno!(process.write(MapFile::Gid, text, powerless)?, EPERM, "«{text}» by {powerless:?}");
        }
        expect_ok!(process.write(MapFile::Gid, text, Writer::CallerWith(one))?, "«{text}» with CAP_SETGID alone");
        expect_eq!((process.read(MapFile::Gid)?.as_str(), process.read(MapFile::Setgroups)?.as_str()), (text, "allow"));
    }
    holds()
}

/// A process without any capability can map many project IDs in its `projid_map`; a second write fails with EPERM, as with
/// the other maps.
#[claim(
    source = "user_namespaces(7) Project ID mappings: projid_map",
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn projid_map_needs_no_capability() -> Verdict {
    unprivileged(NONE, || {
        let powerless = Writer::ItselfWith(CapabilitySet::empty());
        let (text, process) = ("0 5000 100\n100 0 10", Newborn::new()?);
        for file in [MapFile::Uid, MapFile::Gid] {
            expect_errno!(process.write(file, text, powerless)?, EPERM, "the {file:?} map without capabilities");
            expect_errno!(process.write(file, text, Writer::Itself)?, EPERM, "the {file:?} map with all of them");
        }
        expect_ok!(process.write(MapFile::Projid, text, powerless)?);
        expect_eq!(process.read(MapFile::Projid)?, text);
        expect_errno!(process.write(MapFile::Projid, text, powerless)?, EPERM, "again");
        expect_ok!(Newborn::new()?.write(MapFile::Projid, text, Writer::Caller)?, "from the parent");
        holds()
    })
}

/// Writing `projid_map` fails with EPERM for project IDs that the parent namespace does not map, and with EINVAL for invalid
/// lines.
#[claim(
    source = "user_namespaces(7) Project ID mappings: projid_map",
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn projid_map_validity_einval() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            MapFile::Projid.write("self", "0 500 10").doing("write the parent's map")?;
            let process = Newborn::new()?;
            for invalid in ["0 0 0", "0 0", "0 0 5\n4 5 5", "0 0 -1"] {
                expect_errno!(process.write(MapFile::Projid, invalid, Writer::Itself)?, EINVAL, "«{invalid:?}»");
            }
            for unmapped in ["0 5 10", "0 10 1", "0 500 1", "0 0 5\n5 10 1"] {
                expect_errno!(process.write(MapFile::Projid, unmapped, Writer::Itself)?, EPERM, "«{unmapped:?}»");
            }
            expect_ok!(process.write(MapFile::Projid, "0 5 5", Writer::Itself)?);
            expect_eq!(process.read(MapFile::Projid)?, "0 5 5");
            holds()
        })
    })
}
