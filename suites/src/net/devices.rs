//! What the cases about moving devices say to rtnetlink.

use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;
use rtnetlink::{LinkMessageBuilder, LinkUnspec, LinkVeth};

/// A pair of veth devices `a` and `b` in the calling process's network namespace, and a socket there.
pub(super) fn veth_pair() -> Outcome<Netlink> {
    let here = Netlink::open()?;
    here.add(LinkVeth::new("a", "b").build())?.doing("make a pair of veth devices")?;
    Ok(here)
}

/// A request about the device of this name.
pub(super) fn device(name: &str) -> LinkMessageBuilder<LinkUnspec> {
    LinkUnspec::new_with_name(name)
}

/// A request to move the device of this name elsewhere.
pub(super) fn send(name: &str, there: &Elsewhere) -> LinkMessageBuilder<LinkUnspec> {
    device(name).setns_by_pid(there.pid().as_raw() as u32)
}

/// A request to move the device of this name to where the calling process is.
pub(super) fn fetch(name: &str) -> LinkMessageBuilder<LinkUnspec> {
    device(name).setns_by_pid(std::process::id())
}
