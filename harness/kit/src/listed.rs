//! Which namespaces there are, by their numbers: `listns(2)`, since 6.19.

use crate::expect_ok;
use crate::namespace::{Kind, Namespace};
use crate::process::Child;
use crate::settle::eventually;
use crate::sys::listns::{Request, listns};
use crate::sys::ns_ids::id;
use crate::words::verdict::{Doing, Outcome};

/// Room for more namespaces than there ever are in a kernel of the cases' own.
pub const PLENTY: usize = 10_000;

/// The numbers of the namespaces that are asked for, all in one answer.
pub fn list(request: &Request) -> nix::Result<Vec<u64>> {
    listns(request, PLENTY)
}

/// The number of a process's namespace of this kind.
pub fn id_of(process: &Child<()>, kind: Kind) -> Outcome<u64> {
    id(process.namespace(kind)?).doing("NS_GET_ID")
}

/// The number of the caller's namespace of this kind.
pub fn own_id(kind: Kind) -> Outcome<u64> {
    id(Namespace::own(kind)?).doing("NS_GET_ID")
}

/// The numbers of the caller's namespaces, in ascending order.
pub fn own_ids() -> Outcome<Vec<u64>> {
    let mut ids = Kind::ALL.into_iter().map(own_id).collect::<Outcome<Vec<_>>>()?;
    ids.sort_unstable();
    Ok(ids)
}

/// Whether these all are listed.
pub fn are_listed(ids: &[u64]) -> Outcome<bool> {
    let listed = expect_ok!(list(&Request::all()));
    Ok(ids.iter().all(|id| listed.contains(id)))
}

/// Whether none of these is listed any more, when the kernel has had its time.
pub fn have_gone(ids: &[u64]) -> Outcome<bool> {
    eventually(|| {
        let listed = expect_ok!(list(&Request::all()));
        Ok(!ids.iter().any(|id| listed.contains(id)))
    })
}
