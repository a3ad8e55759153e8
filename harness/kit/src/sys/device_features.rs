//! The features and statistics of network devices, by their names, as `ethtool(8)` -k and -S tell them: SIOCETHTOOL,
//! include/uapi/linux/ethtool.h.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

const ETHTOOL_GSTRINGS: u32 = 0x1b;
const ETHTOOL_GSTATS: u32 = 0x1d;
const ETHTOOL_GSSET_INFO: u32 = 0x37;
const ETHTOOL_GFEATURES: u32 = 0x3a;

/// The sets of the names of statistics, and of features.
const ETH_SS_STATS: u32 = 1;
const ETH_SS_FEATURES: u32 = 4;

/// The length of a name, with the zeros behind it.
const NAME: usize = 32;

/// The longest set that is asked for: more than any kernel has.
const MOST: usize = 256;

/// A feature of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// Whether the device has it now.
    pub on: bool,
    /// Whether it can never be changed.
    pub fixed: bool,
}

/// A feature of a device in the calling thread's network namespace; none if the kernel has no feature of that name.
pub fn feature(device: &str, name: &str) -> nix::Result<Option<Feature>> {
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    let Some(number) = names(&socket, device, ETH_SS_FEATURES)?.iter().position(|one| one == name) else {
        return Ok(None);
    };
    let blocks = MOST / 32;
    let mut answer = vec![0_u32; 2 + 4 * blocks];
    (answer[0], answer[1]) = (ETHTOOL_GFEATURES, blocks as u32);
    ask(&socket, device, &mut answer)?;
    // For each 32 features: which there can be, which are wanted, which are on, and which can never be changed.
    let bit = |word: usize| answer[2 + 4 * (number / 32) + word] >> (number % 32) & 1 == 1;
    Ok(Some(Feature { on: bit(2), fixed: bit(3) }))
}

/// A statistic of a device in the calling thread's network namespace; none if its driver has none of that name.
///
/// # Errors
/// E2BIG for a device with more statistics than are asked for here.
pub fn statistic(device: &str, name: &str) -> nix::Result<Option<u64>> {
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    let names = names(&socket, device, ETH_SS_STATS)?;
    let mut answer = vec![0_u32; 2 + MOST * size_of::<u64>() / size_of::<u32>()];
    (answer[0], answer[1]) = (ETHTOOL_GSTATS, names.len() as u32);
    ask(&socket, device, &mut answer)?;
    let number = |at: usize| u64::from(answer[2 + 2 * at]) | u64::from(answer[3 + 2 * at]) << u32::BITS;
    Ok(names.iter().position(|one| one == name).map(number))
}

/// The names in a set, in the order of their numbers.
fn names(socket: &OwnedFd, device: &str, set: u32) -> nix::Result<Vec<String>> {
    let mut info = [ETHTOOL_GSSET_INFO, 0, 1 << set, 0, 0];
    ask(socket, device, &mut info)?;
    let count = info[4] as usize;
    // The kernel writes all there are, whatever is asked for.
    if count > MOST {
        return Err(Errno::E2BIG);
    }
    let mut answer = vec![0_u32; 3 + MOST * NAME / size_of::<u32>()];
    (answer[0], answer[1], answer[2]) = (ETHTOOL_GSTRINGS, set, count as u32);
    ask(socket, device, &mut answer)?;
    let bytes: Vec<u8> = answer[3..].iter().flat_map(|word| word.to_ne_bytes()).collect();
    let text = |name: &[u8]| String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
    Ok(bytes.chunks_exact(NAME).take(count).map(text).collect())
}

/// Has the kernel answer in the place of the question. `message` has room for every answer to the commands above.
fn ask(socket: &OwnedFd, device: &str, message: &mut [u32]) -> nix::Result<()> {
    // SAFETY: the structure consists of integers and null pointers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last place stays 0.
    let places = request.ifr_name.len() - 1;
    for (place, letter) in request.ifr_name[..places].iter_mut().zip(device.bytes()) {
        *place = letter as libc::c_char;
    }
    request.ifr_ifru.ifru_data = message.as_mut_ptr().cast();
    // SAFETY: the kernel reads a whole `struct ifreq`, and writes no more behind its pointer than the message says that
    // there is room for: the blocks of features, one number for the one set asked for, and as many names and statistics as
    // that said there are, for which there is room.
    Errno::result(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL as libc::Ioctl, &raw const request) })
        .map(drop)
}
