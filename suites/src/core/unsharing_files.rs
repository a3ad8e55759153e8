//! Undoing what `clone(2)` was told to share: `unshare(2)`, CLONE_FILES.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::AsRawFd;

use kit::prelude::*;
use kit::sys::vfork::vfork;
use nix::unistd::close;
use rustix::io::fcntl_getfd;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![unshare_files_reverses_clone_files];

/// unshare(CLONE_FILES) ends the sharing of open files: what the caller then closes stays open for the other process.
#[claim(
    source = ["unshare(2) CLONE_FILES", "Documentation/userspace-api/unshare.rst 5) Functional Specification"],
    needs = [],
)]
fn unshare_files_reverses_clone_files() -> Verdict {
    for (unshared, stays) in [(CLONE_FILES, true), (NONE, false), (CLONE_FS, false)] {
        // Whether it is this process that closes it is the question.
        let file = ManuallyDrop::new(File::open("/dev/null")?);
        expect_ok!(fcntl_getfd(&*file), "before");
        let in_child = expect_ok!(vfork(CLONE_FILES, || {
            expect_ok!(unshare(unshared), "{unshared:?}");
            close(file.as_raw_fd()).doing("close a file")?;
            expect_errno!(fcntl_getfd(&*file), EBADF, "in the process that has closed it");
            Ok(())
        }));
        in_child?;
        if stays {
            expect_ok!(fcntl_getfd(&*file), "after unshare({unshared:?}) by the process that closed it");
            drop(ManuallyDrop::into_inner(file));
        } else {
            expect_errno!(fcntl_getfd(&*file), EBADF, "after unshare({unshared:?}) by the process that closed it");
        }
    }
    holds()
}
