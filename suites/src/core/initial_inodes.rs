//! The inode numbers of the initial namespaces, and of those made later: `namespaces(7)`, The /proc/pid/ns/ directory.

use kit::prelude::*;
use kit::settle;
use nix::unistd::Pid;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![ino_six_fixed, ino_net_mnt_fixed, ino_net_mnt_dynamic_old, ino_new_dynamic, ino_reused, ino_proc_root_1,];

/// The first number that the kernel gives out at run time; the fixed ones are below it.
const FIRST_DYNAMIC: Inode = 0xf000_0000;

/// The processes that are born in the initial namespaces: the first one, and the one that starts the kernel's threads.
const BORN_INITIAL: [i32; 2] = [1, 2];

/// The initial IPC, UTS, user, PID, cgroup and time namespaces have the inode numbers 0xEFFFFFFF down to 0xEFFFFFFA.
#[claim(
    source = ["include/uapi/linux/nsfs.h enum init_ns_ino", "include/linux/proc_ns.h", "Linux Namespaces", "namespaces-fun",
        "Linux_name_space"],
    needs = [InitialNamespaces, Config("TIME_NS")],
    erratum = "Linux Namespaces: the inode number of the initial PID namespace is allocated at run time.",
)]
fn ino_six_fixed() -> Verdict {
    expect_initial_inodes(&[
        (Kind::Ipc, 4_026_531_839),
        (Kind::Uts, 4_026_531_838),
        (Kind::User, 4_026_531_837),
        (Kind::Pid, 4_026_531_836),
        (Kind::Cgroup, 4_026_531_835),
        (Kind::Time, 4_026_531_834),
    ])
}

/// The initial network and mount namespaces have the inode numbers 0xEFFFFFF9 and 0xEFFFFFF8.
#[claim(
    source = "include/uapi/linux/nsfs.h enum init_ns_ino",
    since = "6.17",
    replaces = "ino_net_mnt_dynamic_old",
    needs = [InitialNamespaces, Config("NET_NS")],
    erratum = "Linux Namespaces: only six initial namespaces have fixed inode numbers, and that of the mount \
               namespace is 4026531840.",
)]
fn ino_net_mnt_fixed() -> Verdict {
    expect_initial_inodes(&[(Kind::Net, 4_026_531_833), (Kind::Mnt, 4_026_531_832)])
}

/// The initial network and mount namespaces have inode numbers allocated at run time, from 0xF0000000 up.
#[claim(
    source = ["Linux Namespaces", "Linux_name_space", "unshare(2) EXAMPLES"],
    until = "6.17",
    needs = [InitialNamespaces, Config("NET_NS"), Config("PID_NS")],
)]
fn ino_net_mnt_dynamic_old() -> Verdict {
    let [net, mnt] = [Kind::Net, Kind::Mnt].map(initial_inode);
    let (net, mnt) = (net?, mnt?);
    expect!(net >= FIRST_DYNAMIC && mnt >= FIRST_DYNAMIC, "net is {net} and mnt is {mnt}");
    expect_ne!(net, mnt);
    expect!(initial_inode(Kind::Pid)? < FIRST_DYNAMIC, "the numbers of the other kinds are fixed and lower");
    holds()
}

/// A namespace made after boot, of any of the eight kinds, has an inode number of at least 0xF0000000.
#[claim(
    source = ["kernel 7.3 fs/proc/generic.c PROC_DYNAMIC_FIRST", "Linux Namespaces"],
    needs = [Root, Config("TIME_NS")],
)]
fn ino_new_dynamic() -> Verdict {
    for kind in Kind::ALL {
        let made = child(kind.flag(), || own_inode(kind))?;
        expect!(made >= FIRST_DYNAMIC, "a new {kind} namespace has number {made}");
        expect_ne!(made, own_inode(kind)?, "a new {kind} namespace and its creator's");
    }
    expect!(own_inode(Kind::User)? < FIRST_DYNAMIC, "the user namespace that is there from the start");
    holds()
}

/// The inode number of a namespace that is gone is given to a later one, which may be of another kind.
///
/// While the namespace exists, no other has its number.
#[claim(source = "Linux Namespaces", needs = [Root])]
fn ino_reused() -> Verdict {
    let old = waiting(CLONE_NEWUTS)?;
    let number = inode_of(old.pid(), Kind::Uts)?;
    // While it lives no other gets its number, whatever comes and goes.
    for round in 0..8 {
        expect_ne!(child(CLONE_NEWIPC, || own_inode(Kind::Ipc))?, number, "round {round}");
    }
    drop(old);
    // The lowest free number is given out next: whatever is free below is taken first, and kept.
    let mut below = Vec::new();
    let next = settle(
        |next| *next == number,
        || {
            let one = waiting(CLONE_NEWIPC)?;
            let next = inode_of(one.pid(), Kind::Ipc)?;
            if next < number {
                below.push(one);
            }
            Ok(next)
        },
    )?;
    expect_eq!(next, number, "the number of a new IPC namespace, after {} lower ones", below.len());
    holds()
}

/// The root directory of a proc file system has inode number 1.
#[claim(source = "Linux Namespaces", needs = [])]
fn ino_proc_root_1() -> Verdict {
    expect_eq!(inode_at("/proc")?, 1);
    expect_ne!(inode_at("/proc/self")?, 1);
    holds()
}

fn expect_initial_inodes(expected: &[(Kind, Inode)]) -> Verdict {
    for (kind, number) in expected {
        expect_eq!(initial_inode(*kind)?, *number, "the initial {kind} namespace");
        let made = child(kind.flag(), || own_inode(*kind))?;
        expect_ne!(made, *number, "a {kind} namespace that is not the initial one");
    }
    holds()
}

/// The number of the initial namespace of this kind, in which both these processes were born.
fn initial_inode(kind: Kind) -> Outcome<Inode> {
    let [first, threads] = BORN_INITIAL.map(|pid| inode_of(Pid::from_raw(pid), kind));
    let (first, threads) = (first?, threads?);
    if first != threads {
        return Err(Failure::broken(format!("PID 1 is not in the initial {kind} namespace: {first}, not {threads}")));
    }
    Ok(first)
}
