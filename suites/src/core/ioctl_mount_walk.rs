//! From one mount namespace to the next, and back: `NS_MNT_GET_NEXT` and `NS_MNT_GET_PREV` of `linux/nsfs.h`.

use std::os::fd::OwnedFd;

use kit::prelude::*;
use kit::process::{NOBODY, as_user_with, capabilities, stay_on_one_processor};
use kit::sys::mnt_ns::{Info, info, next, next_alone, previous};
use kit::sys::ns_ids::mnt_id;
use rustix::io::{FdFlags, fcntl_getfd};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    ioctl_mnt_next_prev,
    ioctl_mnt_next_end_enoent,
    ioctl_mnt_next_einval_other_kind,
    ioctl_mnt_next_privilege_eperm,
    the_walk_leads_others_nowhere,
    ioctl_mnt_next_null_info,
    mnt_next_without_a_structure_efault,
];

/// One step, to either side.
type Step = fn(&Namespace) -> nix::Result<(OwnedFd, Info)>;

const STEPS: [(&str, Step); 2] = [("NS_MNT_GET_NEXT", |from| next(from)), ("NS_MNT_GET_PREV", |from| previous(from))];

/// More mount namespaces than there ever are in a kernel of the tests' own.
const FAR: usize = 1000;

/// NS_MNT_GET_NEXT and NS_MNT_GET_PREV open the mount namespace with the next higher or lower ID, and describe it.
///
/// The new descriptor is closed at execve(2). On 6.18 each processor has a batch of IDs, so that only those of
/// namespaces made on one processor are in the order of their making.
#[claim(source = "include/uapi/linux/nsfs.h", since = "6.12", needs = [Root, InitialNamespaces])]
fn ioctl_mnt_next_prev() -> Verdict {
    let [first, middle, last] = three_in_a_row()?.each_ref().map(|process| process.namespace(Kind::Mnt));
    let (first, middle, last) = (first?, middle?, last?);
    for ((operation, step), neighbour) in STEPS.into_iter().zip([&last, &first]) {
        let (fd, told) = expect_ok!(step(&middle), "{operation}");
        expect_eq!(told, info(neighbour)?, "{operation}");
        expect!(fcntl_getfd(&fd)?.contains(FdFlags::CLOEXEC), "{operation}");
        let found = Namespace::from_fd(fd);
        expect_eq!(found.inode()?, neighbour.inode()?, "{operation}");
        expect_eq!(mnt_id(&found)?, told.id, "{operation}");
    }
    expect!(mnt_id(&first)? < mnt_id(&middle)? && mnt_id(&middle)? < mnt_id(&last)?);
    holds()
}

/// NS_MNT_GET_NEXT fails with ENOENT on the mount namespace with the highest ID, NS_MNT_GET_PREV on that with the
/// lowest.
///
/// A caller with all privileges comes by every mount namespace that was made before.
#[claim(source = "kernel 7.3 fs/namespace.c get_sequential_mnt_ns", since = "6.12", needs = [Root, InitialNamespaces])]
fn ioctl_mnt_next_end_enoent() -> Verdict {
    let made = [waiting(CLONE_NEWNS)?, waiting(CLONE_NEWNS)?];
    for (operation, step) in STEPS {
        let mut from = Namespace::own(Kind::Mnt)?;
        let mut seen = vec![mnt_id(&from)?];
        let end = loop {
            match step(&from) {
                Ok((fd, told)) => {
                    from = Namespace::from_fd(fd);
                    seen.push(told.id);
                }
                refused => break refused,
            }
            expect!(seen.len() < FAR, "{operation} goes on and on: {seen:?}");
        };
        expect_errno!(end, ENOENT, "{operation} after {seen:?}");
        match operation {
            "NS_MNT_GET_NEXT" => expect!(seen.is_sorted_by(|one, next| one < next), "{operation}: {seen:?}"),
            _ => expect!(seen.is_sorted_by(|one, next| one > next), "{operation}: {seen:?}"),
        }
        // Those made by now are on one side or the other of the caller's own.
        for process in &made {
            let number = mnt_id(process.namespace(Kind::Mnt)?)?;
            let on_this_side = (number > seen[0]) == (operation == "NS_MNT_GET_NEXT");
            expect_eq!(seen.contains(&number), on_this_side, "{operation} comes by {number}: {seen:?}");
        }
    }
    holds()
}

/// NS_MNT_GET_INFO, NS_MNT_GET_NEXT and NS_MNT_GET_PREV fail with EINVAL on a namespace of any other kind than mount.
///
/// For the latter two that is the answer to a caller with the privilege that they require.
#[claim(source = "kernel 7.3 fs/nsfs.c ns_ioctl", since = "6.12", needs = [Root, InitialNamespaces, Config("TIME_NS")])]
fn ioctl_mnt_next_einval_other_kind() -> Verdict {
    let [_before, process, _after] = three_in_a_row()?;
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Mnt) {
        let namespace = process.namespace(kind)?;
        expect_errno!(info(&namespace), EINVAL, "NS_MNT_GET_INFO, {kind}");
        for (operation, step) in STEPS {
            expect_errno!(step(&namespace), EINVAL, "{operation}, {kind}");
        }
    }
    let middle = process.namespace(Kind::Mnt)?;
    expect_ok!(info(&middle), "NS_MNT_GET_INFO");
    for (operation, step) in STEPS {
        expect_ok!(step(&middle), "{operation}");
    }
    holds()
}

/// NS_MNT_GET_NEXT and NS_MNT_GET_PREV require CAP_SYS_ADMIN in the initial user namespace, from the initial PID
/// namespace.
///
/// Otherwise they fail with EPERM. NS_MNT_GET_INFO requires nothing. Several stable kernels before 7.0 have this rule,
/// too (6.12.107, 6.18.44, 6.19.14).
#[claim(
    source = "kernel 7.3 fs/nsfs.c may_use_nsfs_ioctl",
    since = "7.0",
    replaces = "the_walk_leads_others_nowhere",
    needs = [Root, UserNamespaces, InitialNamespaces],
)]
fn ioctl_mnt_next_privilege_eperm() -> Verdict {
    let [_before, process, _after] = three_in_a_row()?;
    let middle = process.namespace(Kind::Mnt)?;
    let refused = || {
        for (operation, step) in STEPS {
            expect_errno!(step(&middle), EPERM, "{operation}");
        }
        expect_ok!(info(&middle), "NS_MNT_GET_INFO");
        Ok(())
    };
    let all = capabilities()?.permitted;
    as_user_with(NOBODY, all - CapabilitySet::SYS_ADMIN, refused).doing("with all capabilities but CAP_SYS_ADMIN")?;
    user_namespace(NONE, refused).doing("with all capabilities in a new user namespace")?;
    child(CLONE_NEWPID, refused).doing("with all capabilities in a new PID namespace")?;
    as_user_with(NOBODY, CapabilitySet::SYS_ADMIN, || {
        for (operation, step) in STEPS {
            expect_ok!(step(&middle), "{operation}, with CAP_SYS_ADMIN alone");
        }
        holds()
    })
}

/// Before 7.0, NS_MNT_GET_NEXT and NS_MNT_GET_PREV open no mount namespace over which the caller lacks CAP_SYS_ADMIN.
///
/// Depending on the stable release they pass over it, here to the end (ENOENT), or fail with EPERM.
#[claim(
    source = ["kernel 6.12 fs/namespace.c __lookup_next_mnt_ns", "kernel 6.12.107 fs/nsfs.c may_use_nsfs_ioctl"],
    since = "6.12",
    until = "7.0",
    needs = [Root, UserNamespaces, InitialNamespaces],
)]
fn the_walk_leads_others_nowhere() -> Verdict {
    let [_before, process, _after] = three_in_a_row()?;
    let middle = process.namespace(Kind::Mnt)?;
    let nowhere = || {
        for (operation, step) in STEPS {
            match step(&middle).map(drop) {
                refused @ Err(nix::errno::Errno::EPERM) => expect_errno!(refused, EPERM, "{operation}"),
                answer => expect_errno!(answer, ENOENT, "{operation}"),
            }
        }
        Ok(())
    };
    let all = capabilities()?.permitted;
    as_user_with(NOBODY, all - CapabilitySet::SYS_ADMIN, nowhere).doing("with all capabilities but CAP_SYS_ADMIN")?;
    user_namespace(NONE, nowhere).doing("with all capabilities in a new user namespace")?;
    as_user_with(NOBODY, CapabilitySet::SYS_ADMIN, || {
        for (operation, step) in STEPS {
            expect_ok!(step(&middle), "{operation}, with CAP_SYS_ADMIN alone");
        }
        holds()
    })
}

/// Before 6.19, NS_MNT_GET_NEXT with a null pointer opens the next mount namespace without describing it.
#[claim(source = "kernel 6.12 fs/nsfs.c ns_ioctl", since = "6.12", until = "6.19", needs = [Root, InitialNamespaces])]
fn ioctl_mnt_next_null_info() -> Verdict {
    let [_before, process, _after] = three_in_a_row()?;
    let from = process.namespace(Kind::Mnt)?;
    let (described, _) = expect_ok!(next(&from), "with a structure");
    let alone = Namespace::from_fd(expect_ok!(next_alone(&from)));
    expect_eq!(alone.inode()?, Namespace::from_fd(described).inode()?);
    holds()
}

/// NS_MNT_GET_NEXT with a null pointer fails with EFAULT.
///
/// Before 6.19 the structure was optional.
#[claim(
    source = "kernel 7.3 fs/nsfs.c ns_ioctl",
    since = "6.19",
    replaces = "ioctl_mnt_next_null_info",
    needs = [Root, InitialNamespaces],
    erratum = "kernel 7.3 fs/nsfs.c ns_ioctl, comment: «If @uinfo is passed return all information about the mount \
               namespace as well.»",
)]
fn mnt_next_without_a_structure_efault() -> Verdict {
    let [_before, process, _after] = three_in_a_row()?;
    let from = process.namespace(Kind::Mnt)?;
    expect_errno!(next_alone(&from), EFAULT);
    expect_ok!(next(&from), "with a structure");
    holds()
}

/// Processes in mount namespaces whose numbers are in this order.
fn three_in_a_row() -> Outcome<[Child<()>; 3]> {
    stay_on_one_processor()?;
    Ok([waiting(CLONE_NEWNS)?, waiting(CLONE_NEWNS)?, waiting(CLONE_NEWNS)?])
}
