//! Keys and keyrings: `add_key(2)` and `keyctl(2)`, for which no crate here has a wrapper.

use std::ffi::CStr;

use nix::errno::Errno;

/// A key's or keyring's number, or one of the special ones.
pub type Serial = i32;

/// `KEY_SPEC_SESSION_KEYRING`
pub const SESSION: Serial = -3;
/// `KEY_SPEC_USER_KEYRING`
pub const USER: Serial = -4;
/// `KEY_SPEC_USER_SESSION_KEYRING`
pub const USER_SESSION: Serial = -5;

/// `KEYCTL_GET_PERSISTENT` for the caller's own user.
pub const OWN_USER: u32 = u32::MAX;

const GET_KEYRING_ID: i32 = 0;
const JOIN_SESSION_KEYRING: i32 = 1;
const SETPERM: i32 = 5;
const READ: i32 = 11;
const GET_PERSISTENT: i32 = 22;

/// The number behind a special one; the keyring is made when it is not there (`KEYCTL_GET_KEYRING_ID`).
pub fn keyring_id(special: Serial) -> nix::Result<Serial> {
    keyctl(GET_KEYRING_ID, [special as usize, 1, 0, 0])
}

/// Gives the caller another session keyring: the one of that name where it may, else a new one; without a name a new one.
pub fn join_session_keyring(name: Option<&CStr>) -> nix::Result<Serial> {
    keyctl(JOIN_SESSION_KEYRING, [name.map_or(0, |name| name.as_ptr() as usize), 0, 0, 0])
}

/// Sets the permissions of a key (`KEYCTL_SETPERM`).
pub fn set_permissions(key: Serial, permissions: u32) -> nix::Result<()> {
    keyctl(SETPERM, [key as usize, permissions as usize, 0, 0]).map(drop)
}

/// The persistent keyring of a user, linked to the caller's session keyring (`KEYCTL_GET_PERSISTENT`).
pub fn persistent_keyring(user: u32) -> nix::Result<Serial> {
    keyctl(GET_PERSISTENT, [user as usize, SESSION as usize, 0, 0])
}

/// The first bytes of what a key holds (`KEYCTL_READ`).
pub fn read(key: Serial) -> nix::Result<Vec<u8>> {
    let mut bytes = vec![0; 64];
    let length = keyctl(READ, [key as usize, bytes.as_mut_ptr() as usize, bytes.len(), 0])?;
    bytes.truncate(length as usize);
    Ok(bytes)
}

/// Adds a key of the type «user» to a keyring.
pub fn add(name: &CStr, content: &[u8], keyring: Serial) -> nix::Result<Serial> {
    let kind = c"user";
    // SAFETY: both texts end with a null byte, and the kernel reads the content for the length given.
    let answer = unsafe {
        libc::syscall(libc::SYS_add_key, kind.as_ptr(), name.as_ptr(), content.as_ptr(), content.len(), keyring)
    };
    Errno::result(answer).map(|serial| serial as Serial)
}

fn keyctl(operation: i32, arguments: [usize; 4]) -> nix::Result<i32> {
    let [first, second, third, fourth] = arguments;
    // SAFETY: those of the callers above that pass addresses pass such as live throughout the call, with their length.
    let answer = unsafe { libc::syscall(libc::SYS_keyctl, operation, first, second, third, fourth) };
    Errno::result(answer).map(|answer| answer as i32)
}
