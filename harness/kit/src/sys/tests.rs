//! What is answered without the kernel is none of the kernel's answers.

use std::fs::File;

use nix::fcntl::OFlag;
use rstest::rstest;
use rustix::fs::{AtFlags, CWD};
use rustix::mount::OpenTreeFlags;

use super::clone::{CloneArgs, CloneFlags, clone3};
use super::file_handle::{FileHandle, Mount, handle_at, open_by_handle};
use super::ioctl::at_address;
use super::mnt_ns::info_of_size;
use super::mount_attributes::{MountAttributes, mount_setattr, open_tree_attr};
use super::sharing::share_memory;
use super::vfork::vfork;
use super::*;

const NUL: &str = "a\0b";

fn any_file() -> File {
    File::open("/dev/null").unwrap()
}

#[rstest]
#[case::memory_on_one_stack(|| clone3(&CloneArgs::new(CloneFlags::VM)).map(drop))]
#[case::suspended_on_one_stack(|| clone3(&CloneArgs::new(CloneFlags::VFORK)).map(drop))]
#[case::a_thread(|| clone3(&CloneArgs::new(CloneFlags::THREAD)).map(drop))]
#[case::handlers_that_are_shared(|| clone3(&CloneArgs::new(CloneFlags::SIGHAND)).map(drop))]
#[case::a_pidfd_to_nowhere(|| share_memory(CloneFlags::PIDFD, 0).map(drop))]
#[case::flags_of_clone3(|| share_memory(CloneFlags::CLEAR_SIGHAND, 0).map(drop))]
#[case::a_child_without_a_value(|| vfork(CloneFlags::empty(), || raw::exit_now(0)))]
#[case::more_than_the_buffer(|| info_of_size(any_file(), 300).map(drop))]
#[case::an_address_of_ours(|| at_address(any_file(), 0, 4096).map(drop))]
#[case::a_handle_too_long(|| {
    let handle = FileHandle { kind: 0, bytes: vec![0; 129] };
    open_by_handle(Mount::Here, &handle, OFlag::empty()).map(drop)
})]
#[case::a_path_with_a_null_byte(|| handle_at(NUL, nix::fcntl::AtFlags::empty()).map(drop))]
#[case::a_mount_with_a_null_byte(|| mount_setattr(CWD, NUL, AtFlags::empty(), &MountAttributes::NONE))]
#[case::a_tree_with_a_null_byte(|| open_tree_attr(CWD, NUL, OpenTreeFlags::empty(), &[]).map(drop))]
fn nothing_is_asked(#[case] call: fn() -> nix::Result<()>) {
    assert_eq!(call(), Err(NOT_ASKED));
}
