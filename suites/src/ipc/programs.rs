//! The programs that make, list and remove System V objects, in an IPC namespace: `ipcmk(1)`, `ipcs(1)`, `ipcrm(1)`.

use kit::prelude::*;
use kit::process::{expect_failure, expect_success};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![ipcs_lists_what_ipcmk_makes_in_the_same_ipc, ipcrm_removes_in_its_ipc_only];

/// What «unshare --ipc» runs: a shell that makes one object of each kind, lists all, and says so.
const SESSION: &str = "ipcmk -M 4096 && ipcmk -Q && ipcmk -S 1 && ipcs";

/// The objects that «ipcmk» makes under «unshare --ipc» are in the list of «ipcs» there, and not in the one outside.
#[claim(
    source = ["ipcmk(1)", "ipcs(1)", "unshare(1) OPTIONS"],
    needs = [
        Root, Config("SYSVIPC"), Config("IPC_NS"), Tool("unshare"), Tool("sh"), Tool("ipcmk"), Tool("ipcs"),
    ],
    deadline = 30,
)]
fn ipcs_lists_what_ipcmk_makes_in_the_same_ipc() -> Verdict {
    expect_eq!(listed()?, [0, 0, 0], "at first");
    let said = expect_success(&["unshare", "--ipc", "sh", "-c", SESSION])?;
    expect_eq!(counted(&said), [1, 1, 1], "in the new namespace");
    expect_eq!(listed()?, [0, 0, 0], "outside, afterwards");
    let said = expect_success(&["sh", "-c", SESSION])?;
    expect_eq!(counted(&said), [1, 1, 1], "without a new namespace");
    expect_eq!(listed()?, [1, 1, 1], "outside, afterwards");
    expect_eq!(child(CLONE_NEWIPC, listed)?, [0, 0, 0], "in one made after that");
    holds()
}

/// «ipcrm» removes the object of a number in its own IPC namespace; the one of the same number elsewhere stays.
#[claim(
    source = "ipcrm(1)",
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS"), Tool("ipcmk"), Tool("ipcs"), Tool("ipcrm")],
    deadline = 30,
)]
fn ipcrm_removes_in_its_ipc_only() -> Verdict {
    let make = || {
        for line in [&["ipcmk", "-M", "4096"][..], &["ipcmk", "-Q"], &["ipcmk", "-S", "1"]] {
            expect_success(line)?;
        }
        Ok::<_, Failure>(())
    };
    // Objects get the same numbers in each namespace, and other keys each time.
    make()?;
    child(CLONE_NEWIPC, || {
        for kind in ["-m", "-q", "-s"] {
            expect_failure(&["ipcrm", kind, "0"], "")?;
        }
        make()?;
        for (kind, left) in [("-m", [0, 1, 1]), ("-q", [0, 0, 1]), ("-s", [0, 0, 0])] {
            expect_success(&["ipcrm", kind, "0"])?;
            expect_eq!(listed()?, left, "after «ipcrm {kind} 0»");
        }
        Ok(())
    })?;
    expect_eq!(listed()?, [1, 1, 1], "outside");
    for kind in ["-m", "-q", "-s"] {
        expect_success(&["ipcrm", kind, "0"])?;
    }
    expect_eq!(listed()?, [0, 0, 0], "removed outside, too");
    holds()
}

/// How many segments, queues and sets of semaphores «ipcs» lists.
fn listed() -> Outcome<[usize; 3]> {
    Ok(counted(&expect_success(&["ipcs"])?))
}

/// The same in what it has said.
fn counted(said: &str) -> [usize; 3] {
    ["Shared Memory Segments", "Message Queues", "Semaphore Arrays"].map(|title| {
        let table = said.split("------ ").find(|table| table.starts_with(title)).unwrap_or_default();
        table.lines().filter(|line| line.starts_with("0x")).count()
    })
}
