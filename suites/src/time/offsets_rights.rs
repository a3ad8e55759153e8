//! Who may write to `/proc/PID/timens_offsets`: `time_namespaces(7)`, `user_namespaces(7)`.

use std::fs::File;
use std::io::Write;

use kit::prelude::*;
use kit::process::{with_only, without};
use nix::time::ClockId;
use rustix::thread::CapabilitySet;

use super::clock::now;
use super::offsets::{BOTH, MONOTONIC, SECOND, make, maker, open, shown, write};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setting_offsets_takes_sys_time,
    setting_offsets_takes_sys_time_over_the_owner,
    setting_offsets_takes_the_openers_capability,
    ordinary_users_set_offsets_in_their_own_user_namespace,
    offset_errors_come_in_order,
];

/// Writing to `timens_offsets` takes CAP_SYS_TIME, and fails with EPERM without it; no other capability is needed.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn setting_offsets_takes_sys_time() -> Verdict {
    user_namespace(NONE, || {
        let process = maker("")?;
        let set = |seconds: i64| write(process.pid(), &format!("monotonic {seconds} 0")).portable();
        expect_errno!(without(CapabilitySet::SYS_TIME, NONE, || Ok(set(1)))?, EPERM, "with every other capability");
        expect_eq!(shown(process.pid())?, [(0, 0); 2]);
        expect_ok!(with_only(CapabilitySet::SYS_TIME, NONE, || Ok(set(2)))?, "with no other capability");
        expect_eq!(shown(process.pid())?, [(2, 0), (0, 0)]);
        holds()
    })
}

/// The capability to set offsets is asked for in the user namespace that owns the time namespace, and nowhere else.
///
/// One has it over the namespaces of user namespaces below, too; not over those of user namespaces above.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn setting_offsets_takes_sys_time_over_the_owner() -> Verdict {
    user_namespace(NONE, || {
        let ours = maker("")?;
        let below = kit::process::user_namespace_with(&kit::process::Maps::own_as_root(), NONE, |case| {
            make("")?;
            case.go()?;
            case.wait()
        })?;
        below.recv::<()>()?;
        // A process in a user namespace below, whose time namespace is from before.
        let moved = spawn(NONE, |case| {
            make("")?;
            unshare(CLONE_NEWUSER)?;
            case.send(&write("self", "monotonic 1 0").portable())?;
            case.wait()
        })?;
        expect_errno!(
            moved.recv::<Result<usize, Refusal>>()?,
            EPERM,
            "from below, a namespace of above, its own process's"
        );
        expect_ok!(write(below.pid(), "monotonic 1 0"), "from above, a namespace of below");
        expect_ok!(write(moved.pid(), "monotonic 1 0"), "from above, a namespace of above, of a process below");
        expect_ok!(write(ours.pid(), "monotonic 1 0"), "in one user namespace");
        let from_below = user_namespace(NONE, || Ok(write(ours.pid(), "monotonic 2 0").portable()))?;
        expect_errno!(from_below, EPERM, "from below, a namespace of above");
        holds()
    })
}

/// Whether a process may set offsets is asked of the process that opened the file, not of the one that writes.
#[claim(
    source = "kernel/time/namespace.c proc_timens_set_offset",
    needs = [UserNamespaces, Config("TIME_NS")],
    erratum = "time_namespaces(7), /proc/pid/timens_offsets: in order to write the file, a process must have CAP_SYS_TIME.",
)]
fn setting_offsets_takes_the_openers_capability() -> Verdict {
    user_namespace(NONE, || {
        let process = maker("")?;
        let mut file = open(process.pid())?;
        let answer = without(CapabilitySet::SYS_TIME, NONE, || Ok(file.write(b"monotonic 1 0").portable()))?;
        expect_ok!(answer, "opened with the capability, written without it");
        let opener = spawn(NONE, |case| {
            without(CapabilitySet::SYS_TIME, NONE, || case.send_fd(open(process.pid()).doing("open")?))
        })?;
        let mut file = File::from(opener.peer().recv_fd()?);
        opener.join()?;
        expect_errno!(file.write(b"monotonic 2 0"), EPERM, "opened without the capability, written with it");
        expect_eq!(shown(process.pid())?, [(1, 0), (0, 0)]);
        holds()
    })
}

/// An ordinary user can make a time namespace in a user namespace of its own, and set its offsets.
///
/// Without a user namespace of its own, making one fails with EPERM.
#[claim(
    source = ["time_namespaces(7) /proc/pid/timens_offsets", "user_namespaces(7)"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn ordinary_users_set_offsets_in_their_own_user_namespace() -> Verdict {
    unprivileged(NONE, || {
        expect_errno!(unshare(CLONE_NEWTIME), EPERM, "in the user namespace of others");
        user_namespace(NONE, || {
            expect_ok!(unshare(CLONE_NEWTIME), "in its own");
            expect_ok!(write("self", BOTH), "both offsets");
            let ahead = child(NONE, || now(ClockId::CLOCK_MONOTONIC))?;
            expect!(ahead >= MONOTONIC * SECOND, "its child's clock: {ahead}");
            Ok(())
        })
    })?;
    holds()
}

/// Of several reasons to refuse offsets, a malformed line comes first: EINVAL; then EPERM, ERANGE, and EACCES as the last.
#[claim(source = "kernel/time/namespace.c proc_timens_set_offset", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_errors_come_in_order() -> Verdict {
    let [good, malformed, beyond] = ["monotonic 1 0", "nothing 1 0", "monotonic 99999999999 0"];
    user_namespace(NONE, || {
        let process = maker("")?;
        let set = |text: &str| write(process.pid(), text).portable();
        let powerless = |text: &str| without(CapabilitySet::SYS_TIME, NONE, || Ok(set(text)));
        expect_ok!(set(good));
        expect_errno!(set(malformed), EINVAL);
        expect_errno!(set(beyond), ERANGE);
        expect_errno!(powerless(good)?, EPERM);
        process.go()?;
        process.recv::<()>()?;
        // From here on the namespace has had a member.
        expect_errno!(set(good), EACCES);
        expect_errno!(set(malformed), EINVAL, "and too late");
        expect_errno!(set(beyond), ERANGE, "and too late");
        expect_errno!(powerless(good)?, EPERM, "and too late");
        expect_errno!(powerless(beyond)?, EPERM, "and too much, and too late");
        expect_errno!(powerless(malformed)?, EINVAL, "without the capability, and too late");
        holds()
    })
}
