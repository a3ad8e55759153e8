//! What capabilities over files allow in a user namespace: `user_namespaces(7)`, Operation of file-related
//! capabilities.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use kit::Behaviour;
use kit::prelude::*;
use kit::process::{container, map_self, with_only, without};
use kit::sysctl::sysctl;
use nix::unistd::{Gid, Uid};
use rustix::thread::CapabilitySet;

use super::files::{file_of, mode_at, owners_at};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    host_root_loses_dac_override,
    dac_override_needs_both_ids_mapped,
    chown_needs_both_ids_mapped,
    fowner_needs_only_uid_mapped,
    fsetid_needs_gid_mapped,
    noatime_needs_fowner_over_mapped_uid,
    protected_hardlinks_needs_mapped_owner,
];

/// A user and a group that the containers here map to 5, and a pair that they do not map.
const MAPPED: u32 = 100_005;
const FOREIGN: u32 = 1000;

/// In a user namespace that does not map user and group 0 of its parent, CAP_DAC_OVERRIDE has no effect on root's files,
/// but root still owns them.
#[claim(
    source = ["user_namespaces(7) Capabilities", "user_namespaces(7) Accessing files"],
    needs = [Root, Config("USER_NS")],
)]
fn host_root_loses_dac_override() -> Verdict {
    let closed = file_of("/tmp/closed", (0, 0), 0o000)?;
    let open = file_of("/tmp/open", (0, 0), 0o600)?;
    child(NONE, || {
        expect_ok!(read_and_write(&closed), "before");
        let maps = Maps::own_as_root();
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        expect_errno!(read_and_write(&closed), EACCES, "without maps");
        expect_ok!(read_and_write(&open), "a file that its owner may use, without maps");
        map_self(&maps)?;
        expect_ok!(read_and_write(&closed), "with user and group 0 mapped");
        Ok(())
    })?;
    child(CLONE_NEWUSER, || {
        expect_ok!(chmod(&closed, 0o600), "by its owner, without maps");
        expect_ok!(read_and_write(&closed), "after chmod, without maps");
        holds()
    })
}

/// CAP_DAC_OVERRIDE in a user namespace has effect only on files whose user and group are both mapped there; opening others
/// fails with EACCES.
#[claim(
    source = "user_namespaces(7) Operation of file-related capabilities",
    needs = [Root, Config("USER_NS")],
)]
fn dac_override_needs_both_ids_mapped() -> Verdict {
    let [both, user, group, neither] = each_mixture(0o600)?;
    container(100_000, NONE, || {
        expect_ok!(read_and_write(&both), "user and group mapped");
        expect_errno!(read_and_write(&user), EACCES, "only the user mapped");
        expect_errno!(read_and_write(&group), EACCES, "only the group mapped");
        expect_errno!(read_and_write(&neither), EACCES, "neither mapped");
        without(CapabilitySet::DAC_OVERRIDE, NONE, || {
            expect_errno!(read_and_write(&both), EACCES, "user and group mapped, without the capability");
            holds()
        })
    })
}

/// CAP_CHOWN in a user namespace allows chown() only on files whose user and group are both mapped there; on others it fails
/// with EPERM.
///
/// With a new owner that is not mapped it fails with EINVAL. On every file it can be asked to change nothing.
#[claim(
    source = "user_namespaces(7) Operation of file-related capabilities",
    needs = [Root, Config("USER_NS")],
)]
fn chown_needs_both_ids_mapped() -> Verdict {
    let [both, user, group, neither] = each_mixture(0o644)?;
    container(100_000, NONE, || {
        for (file, which) in [(&user, "only the user"), (&group, "only the group"), (&neither, "neither")] {
            expect_errno!(chown(file, Some(6), Some(6)), EPERM, "{which} mapped");
            expect_errno!(chown(file, Some(6), None), EPERM, "{which} mapped, to another user");
            expect_errno!(chown(file, None, Some(6)), EPERM, "{which} mapped, to another group");
            expect_ok!(chown(file, None, None), "{which} mapped, to change nothing");
        }
        without(CapabilitySet::CHOWN, NONE, || {
            expect_errno!(chown(&both, Some(6), Some(6)), EPERM, "user and group mapped, without the capability");
            Ok(())
        })?;
        expect_errno!(chown(&both, Some(1000), None), EINVAL, "to a user that is not mapped");
        expect_errno!(chown(&both, None, Some(1000)), EINVAL, "to a group that is not mapped");
        expect_ok!(chown(&both, Some(999), Some(6)), "user and group mapped");
        Ok(())
    })?;
    expect_eq!(owners_at(&both)?, (100_999, 100_006), "seen outside");
    expect_eq!(owners_at(&neither)?, (FOREIGN, FOREIGN), "seen outside");
    holds()
}

/// CAP_FOWNER in a user namespace allows chmod() and utimensat() on other users' files if their user is mapped; their group
/// need not be.
///
/// On other files the calls fail with EPERM.
#[claim(
    source = "user_namespaces(7) Operation of file-related capabilities",
    needs = [Root, Config("USER_NS")],
)]
fn fowner_needs_only_uid_mapped() -> Verdict {
    let [both, user, group, neither] = each_mixture(0o604)?;
    container(100_000, NONE, || {
        for (file, which) in [(&both, "user and group"), (&user, "only the user")] {
            without(CapabilitySet::FOWNER, NONE, || {
                expect_errno!(chmod(file, 0o640), EPERM, "{which} mapped, without the capability");
                expect_errno!(set_times(file), EPERM, "{which} mapped, without the capability");
                Ok(())
            })?;
            expect_ok!(chmod(file, 0o640), "{which} mapped");
            expect_ok!(set_times(file), "{which} mapped");
            expect_eq!(mode_at(file)?, 0o640, "{which} mapped");
        }
        for (file, which) in [(&group, "only the group"), (&neither, "neither")] {
            expect_errno!(chmod(file, 0o640), EPERM, "{which} mapped");
            expect_errno!(set_times(file), EPERM, "{which} mapped");
        }
        // Which another capability, on the same file, does not.
        expect_errno!(read_and_write(&user), EACCES, "with CAP_DAC_OVERRIDE, only the user mapped");
        holds()
    })
}

/// CAP_FSETID in a user namespace keeps chmod() from clearing the set-group-ID bit only on files whose group is mapped
/// there.
#[claim(
    source = "user_namespaces(7) Operation of file-related capabilities",
    needs = [Root, Config("USER_NS")],
)]
fn fsetid_needs_gid_mapped() -> Verdict {
    let mapped = file_of("/tmp/mapped", (100_000, MAPPED), 0o600)?;
    let foreign = file_of("/tmp/foreign", (100_000, FOREIGN), 0o600)?;
    let seen = |file: &str| -> Outcome<u32> {
        chmod(file, 0o2770).doing("chmod one's own file")?;
        mode_at(file)
    };
    container(100_000, NONE, || {
        expect_eq!(format!("{:o}", seen(&mapped)?), "2770", "a group that is mapped");
        expect_eq!(format!("{:o}", seen(&foreign)?), "770", "a group that is not mapped");
        without(CapabilitySet::FSETID, NONE, || {
            expect_eq!(format!("{:o}", seen(&mapped)?), "770", "a group that is mapped, without the capability");
            holds()
        })
    })
}

/// In a user namespace, open() of another user's file with O_NOATIME requires CAP_FOWNER and that the file's user is mapped;
/// otherwise it fails with EPERM.
#[claim(source = "open(2) O_NOATIME", needs = [Root, Config("USER_NS")])]
fn noatime_needs_fowner_over_mapped_uid() -> Verdict {
    let [both, user, group, neither] = each_mixture(0o644)?;
    let quietly = |file: &str| OpenOptions::new().read(true).custom_flags(libc::O_NOATIME).open(file);
    container(100_000, NONE, || {
        expect_ok!(quietly(&both), "user and group mapped");
        expect_ok!(quietly(&user), "only the user mapped");
        expect_errno!(quietly(&group), EPERM, "only the group mapped");
        expect_errno!(quietly(&neither), EPERM, "neither mapped");
        without(CapabilitySet::FOWNER, NONE, || {
            expect_errno!(quietly(&both), EPERM, "user and group mapped, without the capability");
            Ok(())
        })?;
        for file in [&both, &user, &group, &neither] {
            expect_ok!(File::open(file), "{file}, without O_NOATIME");
        }
        holds()
    })
}

/// With `fs.protected_hardlinks`, CAP_FOWNER in a user namespace allows link() on other users' files only if their user is
/// mapped; otherwise it fails with EPERM.
///
/// The restriction is on files that the caller may not read and write.
#[claim(source = "proc_sys_fs(5)", needs = [Root, Config("USER_NS"), Behaviour(LINKS_PROTECTED)])]
fn protected_hardlinks_needs_mapped_owner() -> Verdict {
    let [both, user, group, neither] = each_mixture(0o604)?;
    let open = file_of("/tmp/open", (FOREIGN, FOREIGN), 0o606)?;
    container(100_000, NONE, || {
        // CAP_DAC_OVERRIDE, by which the caller may read and write, would lift the restriction, too.
        with_only(CapabilitySet::empty(), NONE, || {
            expect_errno!(link(&both), EPERM, "user and group mapped, without the capability");
            expect_errno!(link(&user), EPERM, "only the user mapped, without the capability");
            Ok(())
        })?;
        with_only(CapabilitySet::FOWNER, NONE, || {
            expect_ok!(link(&both), "user and group mapped");
            expect_ok!(link(&user), "only the user mapped");
            expect_errno!(link(&group), EPERM, "only the group mapped");
            expect_errno!(link(&neither), EPERM, "neither mapped");
            expect_ok!(link(&open), "neither mapped, but the caller may read and write it");
            holds()
        })
    })
}

const LINKS_PROTECTED: &Behaviour = &Behaviour {
    what: "has the sysctl fs.protected_hardlinks set to 1",
    probe: || sysctl::<u32>("fs/protected_hardlinks").is_ok_and(|value| value == 1),
};

/// Four files, for what may be mapped of their user and group: both, the user alone, the group alone, neither.
fn each_mixture(mode: u32) -> Outcome<[String; 4]> {
    Ok([
        file_of("/tmp/both", (MAPPED, MAPPED), mode)?,
        file_of("/tmp/user", (MAPPED, FOREIGN), mode)?,
        file_of("/tmp/group", (FOREIGN, MAPPED), mode)?,
        file_of("/tmp/neither", (FOREIGN, FOREIGN), mode)?,
    ])
}

fn read_and_write(path: &str) -> io::Result<()> {
    OpenOptions::new().read(true).write(true).open(path).map(drop)
}

fn chmod(path: &str, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

fn chown(path: &str, user: Option<u32>, group: Option<u32>) -> nix::Result<()> {
    nix::unistd::chown(path, user.map(Uid::from_raw), group.map(Gid::from_raw))
}

/// Sets times other than now, which only the owner may; the time now may be set by every process that may write.
fn set_times(path: &str) -> rustix::io::Result<()> {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
    let long_ago = Timespec { tv_sec: 1_000_000, tv_nsec: 0 };
    utimensat(CWD, path, &Timestamps { last_access: long_ago, last_modification: long_ago }, AtFlags::empty())
}

/// Makes one more name for a file.
fn link(path: &str) -> io::Result<()> {
    fs::hard_link(path, format!("{path}-linked"))
}
