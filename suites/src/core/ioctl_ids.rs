//! The numbers of namespaces that are never given again, unlike their inode numbers: `NS_GET_ID` of `linux/nsfs.h`.

use std::collections::{BTreeSet, HashMap};

use kit::eventually;
use kit::namespace::Link;
use kit::prelude::*;
use kit::process::{processors, stay_on};
use kit::sys::ns::get_nstype;
use kit::sys::ns_ids::id;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    namespaces_had_no_number_to_ask_for,
    ioctl_ns_id,
    ioctl_ns_id_unique_across_kinds,
    ioctl_ns_id_monotonic,
    ns_ids_rise_on_one_processor,
    ns_id_order_is_that_of_one_processor,
    ioctl_ns_id_initial_fixed,
];

/// Before 6.18 there is no NS_GET_ID: the request fails with ENOTTY on a namespace of any kind.
#[claim(source = "include/uapi/linux/nsfs.h", until = "6.18", needs = [Config("TIME_NS")])]
fn namespaces_had_no_number_to_ask_for() -> Verdict {
    for kind in Kind::ALL {
        let own = Namespace::own(kind)?;
        expect_errno!(id(&own), ENOTTY, "{kind}");
        expect_eq!(expect_ok!(get_nstype(&own)), kind.flag());
    }
    holds()
}

/// NS_GET_ID returns a 64-bit ID of a namespace of any kind: always the same for one namespace, and another for
/// another.
///
/// Through whichever of the ten links of whichever process the namespace was opened.
#[claim(
    source = "include/uapi/linux/nsfs.h",
    since = "6.18",
    replaces = "namespaces_had_no_number_to_ask_for",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn ioctl_ns_id() -> Verdict {
    let caller = spawn(CLONE_NEWUSER, |outside| {
        // From here on what children get is something else than what the process is in.
        unshare(CLONE_NEWPID | CLONE_NEWTIME | CLONE_NEWUTS)?;
        let member = waiting(NONE)?;
        outside.send(&member.proc_pid()?.as_raw())?;
        outside.wait()
    })?;
    let member: i32 = caller.recv()?;
    let mut seen = Vec::new();
    for process in ["self".to_owned(), caller.pid().to_string(), member.to_string()] {
        for link in Link::ALL {
            let path = format!("/proc/{process}/ns/{link}");
            let namespace = Namespace::at(&path)?;
            seen.push((expect_ok!(id(&namespace), "{path}"), namespace.inode()?, path));
        }
    }
    for (number, inode, path) in &seen {
        expect_ne!(*number, 0, "{path}");
        for (other_number, other_inode, other_path) in &seen {
            expect_eq!(number == other_number, inode == other_inode, "{path} and {other_path}");
        }
    }
    // Ours; a user and a UTS namespace; the PID and time namespace of children.
    let numbers: BTreeSet<_> = seen.iter().map(|(number, _, _)| number).collect();
    expect_eq!(numbers.len(), 8 + 2 + 2);
    holds()
}

/// A namespace's ID is given to no other namespace, of whatever kind, even when it no longer exists; its inode number
/// is.
#[claim(source = "kernel 7.3 kernel/nstree.c __ns_tree_gen_id", since = "6.18", needs = [Root, Config("TIME_NS")])]
fn ioctl_ns_id_unique_across_kinds() -> Verdict {
    let mut numbers = BTreeSet::new();
    let mut inodes: HashMap<Inode, usize> = HashMap::new();
    let kept: Vec<_> = Kind::ALL.iter().map(|kind| waiting(kind.flag())).collect::<Outcome<_>>()?;
    for (process, kind) in kept.iter().zip(Kind::ALL) {
        let number = expect_ok!(id(process.namespace(kind)?));
        expect!(numbers.insert(number), "{number} of the {kind} namespace is another's too: {numbers:?}");
    }
    // The kernel has got round to freeing one of those that are given up here when its inode number comes again.
    let comes_again = || {
        let passing = waiting(CLONE_NEWUTS)?.namespace(Kind::Uts)?;
        let number = expect_ok!(id(&passing));
        expect!(numbers.insert(number), "{number} has been given before: {numbers:?}");
        let count = inodes.entry(passing.inode()?).or_default();
        *count += 1;
        Ok(*count == 3)
    };
    let again = eventually(comes_again)?;
    if !again {
        return Err(Failure::broken(format!("no inode number was given three times, by which to see: {inodes:?}")));
    }
    holds()
}

/// A namespace that is made later has a higher ID, also if it is made on another processor.
#[claim(
    source = "kernel 7.3 kernel/nstree.c __ns_tree_gen_id",
    since = "6.19",
    replaces = "ns_id_order_is_that_of_one_processor",
    needs = [UserNamespaces, Config("TIME_NS"), Cpus(2)],
)]
fn ioctl_ns_id_monotonic() -> Verdict {
    let [one, other] = two_processors()?;
    let numbers = made_in_turn(&[one, other])?;
    expect!(numbers.is_sorted_by(|earlier, later| earlier < later), "in the order of their making: {numbers:?}");
    holds()
}

/// Of the namespaces made on one processor, a later one has a higher ID, whatever their kinds.
#[claim(
    source = ["kernel 6.18 kernel/nstree.c ns_tree_gen_id", "kernel 7.3 kernel/nstree.c __ns_tree_gen_id"],
    since = "6.18",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn ns_ids_rise_on_one_processor() -> Verdict {
    let numbers = made_in_turn(&processors()?[..1])?;
    expect!(numbers.is_sorted_by(|earlier, later| earlier < later), "in the order of their making: {numbers:?}");
    holds()
}

/// On 6.18 only the IDs of namespaces made on one processor are in order: each processor has a batch of its own.
#[claim(
    source = "kernel 6.18 kernel/nstree.c ns_tree_gen_id",
    since = "6.18",
    until = "6.19",
    needs = [UserNamespaces, Config("TIME_NS"), Cpus(2)],
)]
fn ns_id_order_is_that_of_one_processor() -> Verdict {
    let [one, other] = two_processors()?;
    let numbers = made_in_turn(&[one, other])?;
    for first in [0, 1] {
        let of_one: Vec<_> = numbers.iter().skip(first).step_by(2).collect();
        expect!(of_one.is_sorted_by(|earlier, later| earlier < later), "made on one processor: {of_one:?}");
    }
    expect!(!numbers.is_sorted(), "made on two in turn, and yet in order: {numbers:?}");
    holds()
}

/// The initial namespaces have fixed IDs: IPC 1, UTS 2, user 3, PID 4, cgroup 5, time 6, network 7 and mount 8.
#[claim(
    source = "include/uapi/linux/nsfs.h enum init_ns_id",
    since = "6.19",
    needs = [Root, InitialNamespaces, Config("TIME_NS")],
)]
fn ioctl_ns_id_initial_fixed() -> Verdict {
    for (kind, fixed) in [
        (Kind::Ipc, 1),
        (Kind::Uts, 2),
        (Kind::User, 3),
        (Kind::Pid, 4),
        (Kind::Cgroup, 5),
        (Kind::Time, 6),
        (Kind::Net, 7),
        (Kind::Mnt, 8),
    ] {
        expect_eq!(expect_ok!(id(Namespace::at(format!("/proc/1/ns/{kind}"))?)), fixed, "{kind}");
        let made = expect_ok!(id(waiting(kind.flag())?.namespace(kind)?));
        expect!(made > 8, "the number of a new {kind} namespace is {made}");
    }
    holds()
}

/// The numbers of namespaces of all kinds, each kind made on all of these processors in turn.
fn made_in_turn(processors: &[usize]) -> Outcome<Vec<u64>> {
    user_namespace(NONE, || {
        let mut numbers = Vec::new();
        for kind in Kind::ALL {
            for processor in processors {
                stay_on(*processor)?;
                numbers.push(id(waiting(kind.flag())?.namespace(kind)?).doing("NS_GET_ID")?);
            }
        }
        Ok(numbers)
    })
}

fn two_processors() -> Outcome<[usize; 2]> {
    match processors()?[..] {
        [one, other, ..] => Ok([one, other]),
        ref fewer => Err(Failure::broken(format!("two processors were promised: {fewer:?}"))),
    }
}
