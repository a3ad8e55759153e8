//! What `statmount(2)` and `listmount(2)` are asked for: `struct mnt_id_req`.

use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

bitflags::bitflags! {
    /// What is wanted of a mount, and what the kernel has told.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Wanted: u64 {
        /// Device, magic number and flags of the file system.
        const STATMOUNT_SB_BASIC = 0x1;
        /// IDs, attributes and propagation of the mount.
        const STATMOUNT_MNT_BASIC = 0x2;
        /// The nearest group up the chain of masters.
        const STATMOUNT_PROPAGATE_FROM = 0x4;
        /// What it shows of its file system.
        const STATMOUNT_MNT_ROOT = 0x8;
        /// Where it is mounted.
        const STATMOUNT_MNT_POINT = 0x10;
        /// The type of the file system.
        const STATMOUNT_FS_TYPE = 0x20;
        /// The number of its mount namespace (since 6.11).
        const STATMOUNT_MNT_NS_ID = 0x40;
        /// The options of the file system (since 6.11).
        const STATMOUNT_MNT_OPTS = 0x80;
        /// The part of the type behind a dot (since 6.13).
        const STATMOUNT_FS_SUBTYPE = 0x100;
        /// What was mounted (since 6.13).
        const STATMOUNT_SB_SOURCE = 0x200;
        /// The options one by one (since 6.13).
        const STATMOUNT_OPT_ARRAY = 0x400;
        /// The options of security modules (since 6.13).
        const STATMOUNT_OPT_SEC_ARRAY = 0x800;
        /// All that the kernel knows to tell (since 6.15).
        const STATMOUNT_SUPPORTED_MASK = 0x1000;
        /// The ID map for users (since 6.15).
        const STATMOUNT_MNT_UIDMAP = 0x2000;
        /// The ID map for groups (since 6.15).
        const STATMOUNT_MNT_GIDMAP = 0x4000;
        const _ = !0;
    }
}

/// How large `struct mnt_id_req` was when it was first published, without a mount namespace.
pub const REQUEST_SIZE_0: u32 = 24;

/// How large it has been since it names a mount namespace (since 6.11).
pub const REQUEST_SIZE_1: u32 = 32;

/// What a later kernel might know behind the structure: the kernel reads no more than a page, which has 64 KiB at most.
const BEYOND: usize = 65536 - REQUEST_SIZE_1 as usize;

/// `struct mnt_id_req`. The descriptor that it may name is open as long as `'fd` lasts.
#[repr(C, align(8))]
#[derive(Debug, Clone, Copy)]
pub struct MountRequest<'fd> {
    /// How many bytes of this the kernel is to read.
    pub size: u32,
    /// A descriptor of a mount namespace (since 6.18), or with `STATMOUNT_BY_FD` of a mount; else 0.
    pub fd: i32,
    /// The unique ID of a mount.
    pub mount: u64,
    /// What is wanted; of `listmount(2)` the ID after which to go on.
    pub param: u64,
    /// The number of a mount namespace (since 6.11); 0 for the caller's.
    pub namespace: u64,
    /// What the published structures do not have.
    pub beyond: [u8; BEYOND],
    held: PhantomData<&'fd OwnedFd>,
}

impl<'fd> MountRequest<'fd> {
    /// About one mount of the caller's mount namespace.
    pub const fn about(mount: u64) -> Self {
        Self { size: REQUEST_SIZE_0, fd: 0, mount, param: 0, namespace: 0, beyond: [0; BEYOND], held: PhantomData }
    }

    /// For [`statmount`](super::statmount::statmount): what is wanted.
    pub const fn wanting(self, wanted: Wanted) -> Self {
        self.param(wanted.bits())
    }

    /// With the parameter of the call.
    pub const fn param(mut self, param: u64) -> Self {
        self.param = param;
        self
    }

    /// About the mount namespace with this number.
    pub const fn in_namespace(mut self, number: u64) -> Self {
        self.size = REQUEST_SIZE_1;
        self.namespace = number;
        self
    }

    /// About the mount or the mount namespace behind a descriptor.
    pub fn behind(mut self, fd: BorrowedFd<'fd>) -> Self {
        self.size = REQUEST_SIZE_1;
        self.fd = fd.as_raw_fd();
        self
    }
}
