//! How QEMU, which runs as nobody where we are root, comes to `/dev/kvm`.

use std::os::unix::fs::MetadataExt;

use rustix::fs::{CWD, FileType, Gid, Mode, Uid, chown, makedev, mknodat, stat};
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::process::geteuid;
use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::error::MachineError;
use crate::spawn::{HERE, NOBODY, Spawner};

const DEVICE: &str = "/dev/kvm";

/// Starts programs that find a `/dev/kvm` of nobody's.
static WITH_DEVICE: Spawner = Spawner::new(make_device);

/// Who may open a device, as far as nobody is concerned.
#[derive(Debug, PartialEq, Eq)]
enum Door {
    /// Everybody.
    Open,
    /// The members of this group.
    Group(u32),
    /// Root alone.
    Closed,
}

/// What is to start QEMU, and the group that it needs.
pub(super) fn way_to_it() -> Result<(&'static Spawner, Option<u32>), MachineError> {
    // Where there is no such device QEMU says so.
    let Some(device) = std::fs::metadata(DEVICE).ok().filter(|_| geteuid().is_root()) else {
        return Ok((&HERE, None));
    };
    match door(device.mode(), device.gid()) {
        Door::Open => Ok((&HERE, None)),
        Door::Group(group) => Ok((&HERE, Some(group))),
        Door::Closed => {
            WITH_DEVICE.ready().map_err(MachineError::KvmClosed)?;
            Ok((&WITH_DEVICE, None))
        }
    }
}

fn door(mode: u32, group: u32) -> Door {
    let may = |who: u32| mode & who == who;
    match (may(0o006), may(0o060) && group != 0) {
        (true, _) => Door::Open,
        (false, true) => Door::Group(group),
        (false, false) => Door::Closed,
    }
}

/// Takes the calling thread into a mount namespace of its own, whose `/dev` is two devices: KVM for nobody, and null.
///
/// QEMU 7.2 opens `/dev/kvm` by that name and no other. The namespace ends with the thread and what it started.
#[expect(unsafe_code, reason = "rustix calls unshare(2) unsafe for the sake of CLONE_FILES")]
fn make_device() -> Result<(), Errno> {
    let kvm = stat(DEVICE)?.st_rdev;
    // SAFETY: the thread goes on sharing its descriptors.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    // What is mounted here stays here; what is unmounted elsewhere goes here, too.
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
    mount("tmpfs", "/dev", "tmpfs", MountFlags::NOSUID | MountFlags::NOEXEC, c"mode=755")?;
    let make = |name, mode, device| mknodat(CWD, name, FileType::CharacterDevice, Mode::from_raw_mode(mode), device);
    make(DEVICE, 0o600, kvm)?;
    chown(DEVICE, Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY)))?;
    make("/dev/null", 0o600, makedev(1, 3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::everybody(0o666, 0, Door::Open)]
    #[case::everybody_and_a_group(0o666, 104, Door::Open)]
    #[case::a_group(0o660, 104, Door::Group(104))]
    #[case::the_group_of_root(0o660, 0, Door::Closed)]
    #[case::a_group_that_only_reads(0o640, 104, Door::Closed)]
    #[case::root(0o600, 0, Door::Closed)]
    fn who_may_open_it_is_read_from_its_mode(#[case] mode: u32, #[case] group: u32, #[case] expected: Door) {
        assert_eq!(door(mode, group), expected);
    }
}
