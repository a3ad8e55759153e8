//! What can be done to the loopback device of a network namespace: `network_namespaces(7)`; `ip-link(8)`.

use kit::netlink::Netlink;
use kit::prelude::*;
use rtnetlink::{LinkDummy, LinkUnspec};

use super::devices::device;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![net_lo_cannot_be_deleted, net_lo_can_be_renamed];

/// Deleting the loopback device fails with EOPNOTSUPP.
#[claim(source = "net/core/rtnetlink.c rtnl_delete_link", needs = [Root, Module("dummy")])]
fn net_lo_cannot_be_deleted() -> Verdict {
    let here = Netlink::open()?;
    here.add(LinkDummy::new("other").build())?.doing("make a dummy device")?;
    for up in [false, true] {
        let set = if up { device("lo").up() } else { device("lo").down() };
        here.change(set.build())?.doing("set lo up or down")?;
        expect_errno!(here.delete(1)?, EOPNOTSUPP, "while it is up: {up}");
        expect_eq!(here.device("lo")?.index, 1, "after the refusal");
    }
    expect_ok!(here.delete(here.device("other")?.index)?, "a dummy device");
    holds()
}

/// The loopback device can be renamed while it is down, and its name then given to another device.
#[claim(source = "net/core/dev.c dev_change_name", needs = [Root, Module("dummy")])]
fn net_lo_can_be_renamed() -> Verdict {
    let here = Netlink::open()?;
    let make_lo = || here.add(LinkDummy::new("lo").build());
    expect_errno!(make_lo()?, EEXIST, "a dummy device lo, beside lo");
    expect_ok!(here.change(LinkUnspec::new_with_index(1).name("other").build())?);
    expect_eq!(here.device("other")?.index, 1, "after it was renamed");
    expect_ok!(make_lo()?, "a dummy device lo, after lo was renamed");
    expect_ne!(here.device("lo")?.index, 1, "the dummy device");
    holds()
}
