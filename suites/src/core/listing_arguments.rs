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

/// A listns() request may be longer than the kernel's up to a page, if the rest is zero; otherwise the call fails with
/// E2BIG.
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

/// listns() fails with EINVAL if the request says that it is shorter than the first published structure, of 32 bytes.
#[claim(source = "kernel 7.3 kernel/nstree.c copy_ns_id_req", since = "6.19", needs = [])]
fn listns_short_size_einval() -> Verdict {
    for size in 0..32 {
        expect_errno!(list(&Request { size, ..Request::all() }), EINVAL, "{size} bytes");
    }
    expect_ok!(list(&Request { size: 32, ..Request::all() }), "32 bytes");
    holds()
}

/// listns() fails with EFAULT if the request cannot be read or the buffer cannot be written to.
#[claim(source = "kernel 7.3 kernel/nstree.c", since = "6.19", needs = [])]
fn listns_efault() -> Verdict {
    expect_errno!(listns_of_nothing(), EFAULT, "no request");
    expect_errno!(listns_to_nowhere(&Request::all()), EFAULT, "no room");
    expect_ok!(list(&Request::all()), "a request and room");
    holds()
}

/// listns() fails with EINVAL if any flag is set.
#[claim(source = "kernel 7.3 kernel/nstree.c listns", since = "6.19", needs = [])]
fn listns_flags_einval() -> Verdict {
    for flags in (0..u32::BITS).map(|place| 1 << place) {
        expect_errno!(listns_with(&Request::all(), PLENTY, flags), EINVAL, "{flags:#x}");
    }
    expect_ok!(listns_with(&Request::all(), PLENTY, 0));
    holds()
}

/// listns() fails with EINVAL if the first unused field of the request is not 0; the second one is not looked at.
#[claim(source = "kernel 7.3 kernel/nstree.c copy_ns_id_req", since = "6.19", needs = [])]
fn listns_spare_einval() -> Verdict {
    let plain = expect_ok!(list(&Request::all()));
    expect_errno!(list(&Request { spare: 1, ..Request::all() }), EINVAL);
    expect_eq!(expect_ok!(list(&Request { spare2: 1, ..Request::all() })), plain);
    holds()
}

/// listns() fails with EINVAL if the owner's ID is that of no namespace, or of one of another kind than user.
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

/// listns() fails with EOPNOTSUPP if the kinds hold a bit that is not the flag of a kind of namespace, alone or beside
/// one.
#[claim(source = "kernel 7.3 kernel/nstree.c copy_ns_id_req", since = "6.19", needs = [Config("TIME_NS")])]
fn listns_bad_type_eopnotsupp() -> Verdict {
    for bit in (0..u32::BITS).map(|place| CloneFlags::from_bits_retain(1 << place)) {
        match Kind::ALL.into_iter().find(|kind| kind.flag() == bit) {
            Some(kind) => {
                let listed = expect_ok!(list(&Request::of_kinds(bit | CLONE_NEWUTS)), "{kind} and UTS");
                expect!(listed.contains(&own_id(kind)?), "the own {kind} namespace is not among {listed:?}");
            }
            None => {
                expect_errno!(list(&Request::of_kinds(bit)), EOPNOTSUPP, "{bit:?} alone");
                expect_errno!(list(&Request::of_kinds(bit | CLONE_NEWUTS)), EOPNOTSUPP, "{bit:?} and CLONE_NEWUTS");
            }
        }
    }
    holds()
}

/// listns() fails with EOVERFLOW if it is asked for more than a million namespaces; it returns as many as it is asked
/// for.
#[claim(source = "kernel 7.3 kernel/nstree.c listns", since = "6.19", needs = [])]
fn listns_too_many_eoverflow() -> Verdict {
    expect_errno!(listns(&Request::all(), 1_000_001), EOVERFLOW);
    let all = expect_ok!(listns(&Request::all(), 1_000_000));
    expect_eq!(expect_ok!(listns(&Request::all(), 2)), &all[..2], "asked for two");
    expect_eq!(expect_ok!(listns(&Request::all(), 0)), [0_u64; 0], "asked for none");
    holds()
}
