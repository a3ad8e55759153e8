//! Which namespaces `listns(2)` lists, in what order, and to whom: `kernel/nstree.c`.

use kit::listed::{PLENTY, are_listed, have_gone, id_of, list, own_id, own_ids};
use kit::prelude::*;
use kit::prepared;
use kit::process::{NOBODY, as_user_with, capabilities};
use kit::settle;
use kit::sys::listns::{CURRENT_USER, Request, listns};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    namespaces_could_not_be_listed,
    listns_exists,
    listns_all_sorted,
    listns_type_filter,
    listns_type_filter_among_others,
    listns_owner_filter,
    listns_current_user,
    listns_unprivileged_own_only,
    listns_pagination,
    listns_pages_of_some_kinds,
    listns_page_behind_the_visible_ones_is_empty,
];

const NO_NUMBERS: [u64; 0] = [];

/// Before 6.19 the system call 470, later listns(2), fails with ENOSYS.
#[claim(source = "include/uapi/asm-generic/unistd.h", until = "6.19", needs = [])]
fn namespaces_could_not_be_listed() -> Verdict {
    expect_errno!(list(&Request::all()), ENOSYS);
    holds()
}

/// The system call 470, listns(2), lists the IDs, as NS_GET_ID returns them, of the namespaces that its caller is in.
#[claim(
    source = "include/uapi/asm-generic/unistd.h",
    since = "6.19",
    replaces = "namespaces_could_not_be_listed",
    needs = [Config("TIME_NS")],
)]
fn listns_exists() -> Verdict {
    let listed = expect_ok!(list(&Request::all()));
    for kind in Kind::ALL {
        expect!(listed.contains(&own_id(kind)?), "the own {kind} namespace is not among {listed:?}");
    }
    holds()
}

/// To root, listns() lists all namespaces that are in use, in the order of their IDs: the initial eight, 1 to 8, first.
#[claim(
    source = "kernel 7.3 kernel/nstree.c do_listns",
    since = "6.19",
    needs = [Root, InitialNamespaces, Config("TIME_NS")],
)]
fn listns_all_sorted() -> Verdict {
    let process = waiting(Kind::flags(&Kind::ALL))?;
    let made = Kind::ALL.iter().map(|kind| id_of(&process, *kind)).collect::<Outcome<Vec<_>>>()?;
    let listed = expect_ok!(list(&Request::all()));
    expect_eq!(listed.get(..8), Some(&[1, 2, 3, 4, 5, 6, 7, 8][..]));
    expect!(listed.is_sorted_by(|one, next| one < next), "in order: {listed:?}");
    for (kind, number) in Kind::ALL.iter().zip(&made) {
        expect!(listed.contains(number), "the {kind} namespace {number} is not among {listed:?}");
    }
    drop(process);
    expect!(have_gone(&made)?, "some of {made:?} are listed still");
    holds()
}

/// A listns() request for some kinds lists the namespaces of these kinds and no others: each kind alone, and two
/// together.
#[claim(source = "include/uapi/linux/nsfs.h struct ns_id_req", since = "6.19", needs = [UserNamespaces, Config("TIME_NS")])]
fn listns_type_filter() -> Verdict {
    unprivileged(NONE, || {
        expect_eq!(expect_ok!(list(&Request::all())), own_ids()?, "all kinds");
        for kind in Kind::ALL {
            expect_eq!(expect_ok!(list(&Request::of_kinds(kind.flag()))), [own_id(kind)?], "{kind}");
        }
        let mut two = [own_id(Kind::Mnt)?, own_id(Kind::User)?];
        two.sort_unstable();
        expect_eq!(expect_ok!(list(&Request::of_kinds(CLONE_NEWNS | CLONE_NEWUSER))), two, "mount and user");
        holds()
    })
}

/// A listns() request for some kinds leaves out namespaces of other kinds that the caller is not in, too.
#[claim(
    source = "include/uapi/linux/nsfs.h struct ns_id_req",
    since = "6.19",
    needs = [Root, InitialNamespaces, Config("TIME_NS")],
)]
fn listns_type_filter_among_others() -> Verdict {
    let process = waiting(Kind::flags(&Kind::ALL))?;
    for asked in Kind::ALL {
        let listed = expect_ok!(list(&Request::of_kinds(asked.flag())));
        for kind in Kind::ALL {
            let numbers = [own_id(kind)?, id_of(&process, kind)?];
            expect_eq!(numbers.map(|number| listed.contains(&number)), [kind == asked; 2], "{kind} among {asked}");
        }
    }
    let two = expect_ok!(list(&Request::of_kinds(CLONE_NEWUTS | CLONE_NEWIPC)));
    for kind in Kind::ALL {
        let is_asked = matches!(kind, Kind::Uts | Kind::Ipc);
        expect_eq!(two.contains(&id_of(&process, kind)?), is_asked, "{kind} among two kinds");
    }
    holds()
}

/// A listns() request for what a user namespace owns lists that, and not the user namespace itself.
#[claim(source = "include/uapi/linux/nsfs.h struct ns_id_req", since = "6.19", needs = [Root, InitialNamespaces])]
fn listns_owner_filter() -> Verdict {
    let process = waiting(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNET)?;
    let owner = id_of(&process, Kind::User)?;
    let mut owned = [id_of(&process, Kind::Uts)?, id_of(&process, Kind::Net)?];
    owned.sort_unstable();
    expect_eq!(expect_ok!(list(&Request::owned_by(owner))), owned);
    let of_one_kind = Request { owner, ..Request::of_kinds(CLONE_NEWUTS) };
    expect_eq!(expect_ok!(list(&of_one_kind)), [id_of(&process, Kind::Uts)?], "and of one kind");
    expect!(are_listed(&[owned[0], owned[1], owner])?, "to those who ask for everybody's");
    let initial = expect_ok!(list(&Request::owned_by(own_id(Kind::User)?)));
    expect_eq!(expect_ok!(list(&Request::owned_by(CURRENT_USER))), initial, "the caller's own");
    expect!(initial.contains(&owner), "a user namespace is owned by its parent: {initial:?}");
    expect!(!initial.contains(&owned[0]) && !initial.contains(&own_id(Kind::User)?), "{initial:?}");
    holds()
}

/// LISTNS_CURRENT_USER (all ones) in the place of a user namespace's ID stands for the caller's own user namespace.
#[claim(source = "include/uapi/linux/nsfs.h LISTNS_CURRENT_USER", since = "6.19", needs = [UserNamespaces])]
fn listns_current_user() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWUTS | CLONE_NEWNET, || {
            let mut owned = [own_id(Kind::Uts)?, own_id(Kind::Net)?];
            owned.sort_unstable();
            expect_eq!(expect_ok!(list(&Request::owned_by(CURRENT_USER))), owned);
            expect_eq!(expect_ok!(list(&Request::owned_by(own_id(Kind::User)?))), owned, "by its number");
            expect_eq!(expect_ok!(list(&Request::all())), own_ids()?, "whoever owns them");
            holds()
        })
    })
}

/// listns() lists namespaces that the caller is not in only with CAP_SYS_ADMIN, in the initial user and PID namespace.
///
/// Capabilities in another user namespace do not help, not even for the namespaces that it owns.
#[claim(
    source = "kernel 7.3 kernel/nstree.c may_list_ns",
    since = "6.19",
    needs = [Root, UserNamespaces, InitialNamespaces, Config("TIME_NS")],
)]
fn listns_unprivileged_own_only() -> Verdict {
    let others = waiting(CLONE_NEWUTS | CLONE_NEWUSER)?;
    let [uts, user] = [id_of(&others, Kind::Uts)?, id_of(&others, Kind::User)?];
    let only_own = || {
        expect_eq!(expect_ok!(list(&Request::all())), own_ids()?);
        expect_eq!(expect_ok!(list(&Request::owned_by(user))), NO_NUMBERS, "what another user namespace owns");
        Ok(())
    };
    let all = capabilities()?.permitted;
    as_user_with(NOBODY, all - CapabilitySet::SYS_ADMIN, only_own).doing("with all capabilities but CAP_SYS_ADMIN")?;
    user_namespace(NONE, || {
        let _below = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
        only_own()
    })
    .doing("with all capabilities in another user namespace, even of what it owns")?;
    child(CLONE_NEWPID, only_own).doing("with all capabilities, in another PID namespace")?;
    as_user_with(NOBODY, CapabilitySet::SYS_ADMIN, || {
        expect!(are_listed(&[uts, user])?, "with CAP_SYS_ADMIN alone");
        expect_eq!(expect_ok!(list(&Request::owned_by(user))), [uts], "with CAP_SYS_ADMIN alone");
        holds()
    })
}

/// A listns() request with the last ID of a page lists the next page, and fails with ENOENT after the last ID of all.
#[claim(source = "include/uapi/linux/nsfs.h struct ns_id_req", since = "6.19", needs = [Root, InitialNamespaces])]
fn listns_pagination() -> Verdict {
    let _some = [waiting(CLONE_NEWUTS | CLONE_NEWIPC)?, waiting(CLONE_NEWUSER | CLONE_NEWNET)?];
    // What earlier cases have left may still be going.
    let paged_and_whole = || Ok((paged(Request::all(), 3)?, expect_ok!(list(&Request::all()))));
    let (paged, whole) = settle(|(paged, whole)| paged == whole, paged_and_whole)?;
    expect_eq!(paged, whole, "pages of 3, and all at once");
    prepared(whole.len() >= 12, "the initial namespaces and those that were made here")?;
    let last = whole[whole.len() - 1];
    for after in [last, last + 1, u64::MAX - 1] {
        expect_errno!(list(&Request { after, ..Request::all() }), ENOENT, "after {after}");
    }
    expect_eq!(expect_ok!(list(&Request { after: last - 1, ..Request::all() })), [last], "before the last");
    holds()
}

/// The pages of a listns() request for some kinds hold what one list of these kinds holds, also where others lie in between.
#[claim(source = "include/uapi/linux/nsfs.h struct ns_id_req", since = "6.19", needs = [Root, InitialNamespaces])]
fn listns_pages_of_some_kinds() -> Verdict {
    let each = CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWIPC;
    let some = [waiting(each)?, waiting(CLONE_NEWIPC)?, waiting(each)?, waiting(CLONE_NEWUTS)?, waiting(each)?];
    for kinds in [CLONE_NEWUSER, CLONE_NEWUTS, CLONE_NEWUSER | CLONE_NEWIPC] {
        let request = Request::of_kinds(kinds);
        for length in [1, 2, 3] {
            let paged_and_whole = || Ok((paged(request, length)?, expect_ok!(list(&request))));
            let (paged, whole) = settle(|(paged, whole)| paged == whole, paged_and_whole)?;
            expect_eq!(paged, whole, "{kinds:?} in pages of {length}");
            prepared(whole.len() > 2, "more than a page")?;
            for kind in Kind::ALL.into_iter().filter(|kind| kinds.contains(kind.flag())) {
                expect!(whole.contains(&id_of(&some[0], kind)?), "the first one's {kind} namespace, in {whole:?}");
            }
        }
    }
    holds()
}

/// After the last namespace that the caller may see, listns() returns 0, not ENOENT, while there are later ones that it
/// may not.
#[claim(
    source = "kernel 7.3 kernel/nstree.c do_listns",
    since = "6.19",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn listns_page_behind_the_visible_ones_is_empty() -> Verdict {
    unprivileged(NONE, || {
        let visible = own_ids()?;
        let last = visible[visible.len() - 1];
        let later = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
        if id_of(&later, Kind::Uts)? < last {
            return Err(Failure::broken("a namespace that was made later has a lower number"));
        }
        let after = |after| list(&Request { after, ..Request::all() });
        expect_eq!(expect_ok!(after(last)), NO_NUMBERS, "after {last}");
        expect_errno!(after(u64::MAX - 1), ENOENT, "after all there can be");
        expect_eq!(expect_ok!(after(visible[0])), &visible[1..], "after the first");
        holds()
    })
}

/// What the request is for, listed in pages of this length.
fn paged(request: Request, length: usize) -> Outcome<Vec<u64>> {
    let mut seen: Vec<u64> = Vec::new();
    while seen.len() < PLENTY {
        let after = seen.last().copied().unwrap_or_default();
        match listns(&Request { after, ..request }, length) {
            Err(nix::errno::Errno::ENOENT) => break,
            Ok(page) if page.is_empty() => break,
            page => seen.extend(expect_ok!(page, "after {after}")),
        }
    }
    Ok(seen)
}
