//! What `listns(2)` refuses: `kernel/nstree.c`.

use kit::listed::{PLENTY, list, own_id};
use kit::prelude::*;
use kit::sys::listns::{REQUEST_SIZE, Request, listns, listns_of_nothing, listns_to_nowhere, listns_with};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    listns_errors_size,
    listns_short_size_einval,
    listns_efault,
    listns_flags_einval,
    listns_spare_einval,
    listns_bad_user_ns_einval,
    listns_bad_type_eopnotsupp,
    listns_too_many_eoverflow,
];

/// A longer request than the kernel knows may hold only zeros there, and be no longer than a page: else E2BIG.
#[claim(source = "kernel 7.3 kernel/nstree.c copy_ns_id_req", since = "6.19", needs = [])]
fn listns_errors_size() -> Verdict {
    let plain = expect_ok!(list(&Request::all()));
    let page = rustix::param::page_size() as u32;
    for size in [REQUEST_SIZE + 8, page] {
        let mut longer = Request { size, ..Request::all() };
        expect_eq!(expect_ok!(list(&longer), "{size} bytes, zeros"), plain);
        longer.beyond[(size - REQUEST_SIZE) as usize] = 1;
        expect_eq!(expect_ok!(list(&longer), "{size} bytes, zeros, and something after them"), plain);
        longer.beyond[(size - REQUEST_SIZE - 1) as usize] = 1;
        expect_errno!(list(&longer), E2BIG, "{size} bytes, the last one not zero");
    }
    for size in [page + 1, u32::MAX] {
        expect_errno!(list(&Request { size, ..Request::all() }), E2BIG, "{size} bytes");
    }
    holds()
}

/// A request that says it is shorter than the first published structure, of 32 bytes, is EINVAL.
#[claim(source = "kernel 7.3 kernel/nstree.c copy_ns_id_req", since = "6.19", needs = [])]
fn listns_short_size_einval() -> Verdict {
    for size in [0, 8, 31] {
        expect_errno!(list(&Request { size, ..Request::all() }), EINVAL, "{size} bytes");
    }
    expect_ok!(list(&Request { size: 32, ..Request::all() }), "32 bytes");
    holds()
}

/// A request that cannot be read, or room that cannot be written to, is EFAULT.
#[claim(source = "kernel 7.3 kernel/nstree.c", since = "6.19", needs = [])]
fn listns_efault() -> Verdict {
    expect_errno!(listns_of_nothing(), EFAULT, "no request");
    expect_errno!(listns_to_nowhere(&Request::all()), EFAULT, "no room");
    expect_ok!(list(&Request::all()), "a request and room");
    holds()
}

/// There are no flags: any is EINVAL.
#[claim(source = "kernel 7.3 kernel/nstree.c listns", since = "6.19", needs = [])]
fn listns_flags_einval() -> Verdict {
    for flags in [1, 1 << 31] {
        expect_errno!(listns_with(&Request::all(), PLENTY, flags), EINVAL, "{flags:#x}");
    }
    expect_ok!(listns_with(&Request::all(), PLENTY, 0));
    holds()
}

/// Of the two fields of a request that have no use, the first must be 0, or it is EINVAL, and the second is not looked at.
#[claim(source = "kernel 7.3 kernel/nstree.c copy_ns_id_req", since = "6.19", needs = [])]
fn listns_spare_einval() -> Verdict {
    let plain = expect_ok!(list(&Request::all()));
    expect_errno!(list(&Request { spare: 1, ..Request::all() }), EINVAL);
    expect_eq!(expect_ok!(list(&Request { spare2: 1, ..Request::all() })), plain);
    holds()
}

/// The owner has to be a user namespace that exists: a number of no namespace, or of one of another kind, is EINVAL.
#[claim(source = "kernel 7.3 kernel/nstree.c do_listns_userns", since = "6.19", needs = [UserNamespaces])]
fn listns_bad_user_ns_einval() -> Verdict {
    let passing = waiting(CLONE_NEWUSER)?;
    let gone = kit::listed::id_of(&passing, Kind::User)?;
    expect_ok!(list(&Request::owned_by(gone)), "a user namespace");
    drop(passing);
    let is_refused = || Ok(list(&Request::owned_by(gone)) == Err(nix::errno::Errno::EINVAL));
    expect!(kit::eventually(is_refused)?, "the user namespace {gone} has gone");
    expect_errno!(list(&Request::owned_by(0xfff_ffff_ffff)), EINVAL, "a number that was never given");
    expect_errno!(list(&Request::owned_by(own_id(Kind::Uts)?)), EINVAL, "a UTS namespace");
    expect_ok!(list(&Request::owned_by(own_id(Kind::User)?)), "the own user namespace");
    holds()
}

/// A kind that is no flag of a kind of namespaces is EOPNOTSUPP, alone and beside one that is.
#[claim(source = "kernel 7.3 kernel/nstree.c copy_ns_id_req", since = "6.19", needs = [])]
fn listns_bad_type_eopnotsupp() -> Verdict {
    for other in [CloneFlags::from_bits_retain(1), CLONE_VM, CLONE_NEWUTS | CLONE_FILES] {
        expect_errno!(list(&Request::of_kinds(other)), EOPNOTSUPP, "{other:?}");
    }
    expect_eq!(expect_ok!(list(&Request::of_kinds(CLONE_NEWUTS))).contains(&own_id(Kind::Uts)?), true);
    holds()
}

/// One can ask for a million namespaces at once and not for one more, which is EOVERFLOW; asked for none, it gives none.
#[claim(source = "kernel 7.3 kernel/nstree.c listns", since = "6.19", needs = [])]
fn listns_too_many_eoverflow() -> Verdict {
    expect_errno!(listns(&Request::all(), 1_000_001), EOVERFLOW);
    let all = expect_ok!(listns(&Request::all(), 1_000_000));
    expect_eq!(expect_ok!(listns(&Request::all(), 2)), &all[..2], "asked for two");
    expect_eq!(expect_ok!(listns(&Request::all(), 0)), [0_u64; 0], "asked for none");
    holds()
}
