//! No memory for a new namespace: ENOMEM, `unshare(2)` and `clone(2)` ERRORS.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use harness::prelude::*;
use harness::process::try_clone3;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use rustix::io::fcntl_dupfd_cloexec;

/// The cases of this file.
pub const CASES: &[Case] = cases![clone_enomem];

/// unshare() and clone3() with CLONE_NEWUTS fail with ENOMEM while the kernel has no memory for one more namespace.
///
/// Here the memory is what a cgroup may use, whose only process must not be killed for the lack of it.
#[claim(
    source = ["clone(2) ERRORS", "unshare(2) ERRORS", "cgroups(7)"],
    needs = [Root, Cgroup2, Config("MEMCG")],
)]
fn clone_enomem() -> Verdict {
    let group = Path::new(HIERARCHY).join("tight");
    mount(Some("cgroup2"), HIERARCHY, Some("cgroup2"), MsFlags::empty(), None::<&str>).doing("mount cgroup2")?;
    fs::write(Path::new(HIERARCHY).join("cgroup.subtree_control"), "+memory").doing("count memory in cgroups")?;
    fs::create_dir(&group).doing("make a cgroup")?;
    let limited = spawn(NONE, |_| {
        fs::write("/proc/self/oom_score_adj", "-1000").doing("forbid to kill this process for its memory")?;
        fs::write(group.join("cgroup.procs"), "0").doing("join the cgroup")?;
        let mut limit = OpenOptions::new().write(true).open(group.join("memory.max")).doing("open memory.max")?;
        // Whatever the process needs of its own it has after a rehearsal: with no memory left, a page fault would hang.
        let _far = fcntl_dupfd_cloexec(&limit, 2 * FILES as i32).doing("make room for many open files")?;
        let rehearsal = with_limit(&mut limit, "max", 1)?;
        expect_eq!(rehearsal, (Ok(()), Ok(())), "unshare and clone3 with memory");
        let answers = with_limit(&mut limit, "0", FILES)?;
        expect_eq!(answers, (Err(Errno::ENOMEM), Err(Errno::ENOMEM)), "unshare and clone3 without memory");
        expect_eq!(with_limit(&mut limit, "max", 1)?, (Ok(()), Ok(())), "unshare and clone3 with memory again");
        Ok(())
    })?;
    limited.join()?;
    fs::remove_dir(&group).doing("remove the cgroup")?;
    holds()
}

const HIERARCHY: &str = "/mnt";

/// More open files than fit into what the kernel has set aside for the cgroup.
const FILES: usize = 256;

/// The answers of `unshare(2)` and `clone3(2)` to CLONE_NEWUTS under this limit, which is lifted again.
///
/// What the kernel has set aside for the cgroup, less than a page, is used up first: by open files, `most` at the most,
/// each of which takes less than a namespace. Something that is freed late may add to it once more.
fn with_limit(limit: &mut File, bytes: &str, most: usize) -> Outcome<(nix::Result<()>, nix::Result<()>)> {
    let mut files = Vec::with_capacity(FILES);
    limit.write_all(bytes.as_bytes()).doing("write memory.max")?;
    let mut by_unshare = Ok(());
    for _ in 0..FILES {
        while files.len() < most
            && let Ok(file) = File::open("/dev/null")
        {
            files.push(file);
        }
        by_unshare = unshare(CLONE_NEWUTS);
        if by_unshare.is_err() || files.len() == most {
            break;
        }
    }
    let by_clone = try_clone3(&CloneArgs::new(CLONE_NEWUTS));
    limit.write_all(b"max").doing("write memory.max")?;
    Ok((by_unshare, by_clone))
}
