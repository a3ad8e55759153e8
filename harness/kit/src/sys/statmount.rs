//! `statmount(2)`: what one mount is like (since 6.8).

use nix::errno::Errno;
use nix::mount::MsFlags;
use rustix::mount::MountAttrFlags;

use super::mount_request::{MountRequest, Wanted};

/// The same number on every architecture that matters here.
const SYS_STATMOUNT: libc::c_long = 457;

/// A flag of `statmount(2)`: the request's descriptor is on the mount that is meant (since 7.0).
pub const STATMOUNT_BY_FD: u32 = 1;

/// What `struct statmount` has before its strings.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Head {
    size: u32,
    mnt_opts: u32,
    mask: u64,
    sb_dev_major: u32,
    sb_dev_minor: u32,
    sb_magic: u64,
    sb_flags: u32,
    fs_type: u32,
    mnt_id: u64,
    mnt_parent_id: u64,
    mnt_id_old: u32,
    mnt_parent_id_old: u32,
    mnt_attr: u64,
    mnt_propagation: u64,
    mnt_peer_group: u64,
    mnt_master: u64,
    propagate_from: u64,
    mnt_root: u32,
    mnt_point: u32,
    mnt_ns_id: u64,
    fs_subtype: u32,
    sb_source: u32,
    opt_num: u32,
    opt_array: u32,
    opt_sec_num: u32,
    opt_sec_array: u32,
    supported_mask: u64,
    mnt_uidmap_num: u32,
    mnt_uidmap: u32,
    mnt_gidmap_num: u32,
    mnt_gidmap: u32,
    _spare: [u64; 43],
}

/// What the kernel has told of a mount: `struct statmount`. A field means something when [`told`](Self::told) says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountStatus {
    /// How many bytes the kernel has filled in.
    pub size: u32,
    /// What it has told.
    pub told: Wanted,
    /// The major and minor device number of the file system.
    pub device: (u32, u32),
    /// The magic number of its type.
    pub magic: u64,
    /// Its flags.
    pub super_flags: MsFlags,
    /// The unique ID of the mount.
    pub id: u64,
    /// That of its parent.
    pub parent: u64,
    /// The ID in mountinfo.
    pub old_id: u32,
    /// That of its parent.
    pub old_parent: u32,
    /// Its attributes, of which the lowest 32 are in use.
    pub attributes: MountAttrFlags,
    /// Its propagation.
    pub propagation: MsFlags,
    /// Its peer group, or 0.
    pub peer_group: u64,
    /// The peer group of its master, or 0.
    pub master: u64,
    /// The nearest peer group up the chain of masters that the caller's root shows, or 0.
    pub propagate_from: u64,
    /// The number of its mount namespace.
    pub namespace: u64,
    /// All that the kernel knows to tell.
    pub supported: Wanted,
    /// The type of the file system.
    pub kind: String,
    /// What it shows of its file system.
    pub root: String,
    /// Where it is mounted.
    pub point: String,
    /// The options of its file system.
    pub options: String,
    /// The same, one by one and without escapes.
    pub option_list: Vec<String>,
    /// Those of security modules.
    pub security_options: Vec<String>,
    /// The lines of its ID map for users, as `uid_map` has them.
    pub uid_map: Vec<String>,
    /// The lines of its ID map for groups.
    pub gid_map: Vec<String>,
    /// The part of the type behind a dot.
    pub subtype: String,
    /// What was mounted.
    pub source: String,
}

/// What the mount that is asked about is like, in at most `room` bytes.
pub fn statmount(request: &MountRequest<'_>, room: usize, flags: u32) -> nix::Result<MountStatus> {
    // The kernel may write less than the head, or nothing but that; all else stays zero.
    let mut bytes = vec![0_u8; room.max(size_of::<Head>())];
    // SAFETY: the kernel reads the request as far as its size tells, and refuses more than a page; it writes at most `room`
    // bytes, and there are as many.
    let answer = unsafe { libc::syscall(SYS_STATMOUNT, &raw const *request, bytes.as_mut_ptr(), room, flags) };
    Errno::result(answer)?;
    // SAFETY: there are enough bytes, and all fields are integers, for which every value is valid.
    let head = unsafe { bytes.as_ptr().cast::<Head>().read_unaligned() };
    Ok(status(&head, &bytes[size_of::<Head>()..]))
}

fn status(head: &Head, strings: &[u8]) -> MountStatus {
    let told = Wanted::from_bits_retain(head.mask);
    let list = |bit: Wanted, start: u32, count: u32| -> Vec<String> {
        let rest = if told.contains(bit) { strings.get(start as usize..).unwrap_or_default() } else { &[] };
        let texts = rest.split(|byte| *byte == 0).take(count as usize);
        texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    };
    let text = |bit, start| list(bit, start, 1).pop().unwrap_or_default();
    MountStatus {
        size: head.size,
        told,
        device: (head.sb_dev_major, head.sb_dev_minor),
        magic: head.sb_magic,
        super_flags: MsFlags::from_bits_retain(head.sb_flags.into()),
        id: head.mnt_id,
        parent: head.mnt_parent_id,
        old_id: head.mnt_id_old,
        old_parent: head.mnt_parent_id_old,
        attributes: MountAttrFlags::from_bits_retain(head.mnt_attr as u32),
        propagation: MsFlags::from_bits_retain(head.mnt_propagation),
        peer_group: head.mnt_peer_group,
        master: head.mnt_master,
        propagate_from: head.propagate_from,
        namespace: head.mnt_ns_id,
        supported: Wanted::from_bits_retain(head.supported_mask),
        kind: text(Wanted::STATMOUNT_FS_TYPE, head.fs_type),
        root: text(Wanted::STATMOUNT_MNT_ROOT, head.mnt_root),
        point: text(Wanted::STATMOUNT_MNT_POINT, head.mnt_point),
        options: text(Wanted::STATMOUNT_MNT_OPTS, head.mnt_opts),
        option_list: list(Wanted::STATMOUNT_OPT_ARRAY, head.opt_array, head.opt_num),
        security_options: list(Wanted::STATMOUNT_OPT_SEC_ARRAY, head.opt_sec_array, head.opt_sec_num),
        uid_map: list(Wanted::STATMOUNT_MNT_UIDMAP, head.mnt_uidmap, head.mnt_uidmap_num),
        gid_map: list(Wanted::STATMOUNT_MNT_GIDMAP, head.mnt_gidmap, head.mnt_gidmap_num),
        subtype: text(Wanted::STATMOUNT_FS_SUBTYPE, head.fs_subtype),
        source: text(Wanted::STATMOUNT_SB_SOURCE, head.sb_source),
    }
}

const _: () = assert!(size_of::<Head>() == 512);
