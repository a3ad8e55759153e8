//! Children of ours in a PID namespace that somebody else's init is in charge of.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::child::{Child, spawn};
use super::peer::Peer;
use crate::namespace::{Kind, Namespace};
use crate::sys::clone::{CloneFlags, setns};
use crate::words::verdict::{Doing, Outcome};

/// Starts `body` in a child of ours that is a member of this PID namespace, which is ours or one below it. What we
/// fork next is in our own namespace again.
pub fn member<T>(namespace: &Namespace, body: impl FnOnce(&Peer) -> Outcome<T>) -> Outcome<Child<T>>
where
    T: Serialize + DeserializeOwned,
{
    let own = Namespace::own(Kind::Pid)?;
    setns(namespace, CloneFlags::NEWPID).doing("setns to a PID namespace")?;
    let started = spawn(CloneFlags::empty(), body);
    setns(&own, CloneFlags::NEWPID).doing("setns back to the own PID namespace")?;
    started
}
