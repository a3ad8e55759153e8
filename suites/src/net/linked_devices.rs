//! What a network device tells of the one that it is made on, or paired with, across network namespaces: IFLA_LINK and
//! IFLA_LINK_NETNSID, `rtnetlink(7)`; link-netnsid in `ip-link(8)`.

use kit::netlink::{Elsewhere, Named, Netlink};
use kit::prelude::*;
use rtnetlink::LinkDummy;

use super::devices::{fetch, send};
use super::drivers::{self, Make};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    macvlan_tells_where_its_lower_device_is,
    macvtap_tells_where_its_lower_device_is,
    ipvlan_tells_where_its_lower_device_is,
    vlan_tells_where_its_lower_device_is,
    macsec_tells_where_its_lower_device_is,
    gre_tells_where_its_lower_device_is,
    gretap_tells_where_its_lower_device_is,
    ipip_tells_where_its_lower_device_is,
    sit_tells_where_its_lower_device_is,
    vti_tells_where_its_lower_device_is,
    ip6tnl_tells_where_its_lower_device_is,
    ip6gre_tells_where_its_lower_device_is,
    ip6gretap_tells_where_its_lower_device_is,
    vti6_tells_where_its_lower_device_is,
    xfrm_tells_where_its_lower_device_is,
    vxlan_tells_where_its_lower_device_is_but_not_which,
    netkit_tells_where_its_peer_is,
    ipvtap_tells_its_lower_device_but_not_where_it_is,
    geneve_does_not_tell_where_it_was_made,
    wireguard_does_not_tell_where_it_was_made,
];

/// A macvlan device in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "drivers/net/macvlan.c macvlan_get_link_net", needs = [Root, Module("macvlan"), Module("dummy")])]
fn macvlan_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::macvlan)
}

/// A macvtap device in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "drivers/net/macvtap.c macvtap_link_net", needs = [Root, Module("macvtap"), Module("dummy")])]
fn macvtap_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::macvtap)
}

/// An ipvlan device in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(
    source = "drivers/net/ipvlan/ipvlan_main.c ipvlan_get_link_net",
    needs = [Root, Module("ipvlan"), Module("dummy")],
)]
fn ipvlan_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::ipvlan)
}

/// A VLAN device in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "net/8021q/vlan_netlink.c vlan_get_link_net", needs = [Root, Module("8021q"), Module("dummy")])]
fn vlan_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::vlan)
}

/// A MACsec device in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "drivers/net/macsec.c macsec_get_link_net", needs = [Root, Module("macsec"), Module("dummy")])]
fn macsec_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::macsec)
}

/// A gre tunnel in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_get_link_net", needs = [Root, Module("ip_gre"), Module("dummy")])]
fn gre_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::gre)
}

/// A gretap tunnel in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_get_link_net", needs = [Root, Module("ip_gre"), Module("dummy")])]
fn gretap_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::gretap)
}

/// An ipip tunnel in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_get_link_net", needs = [Root, Module("ipip"), Module("dummy")])]
fn ipip_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::ipip)
}

/// A sit tunnel in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_get_link_net", needs = [Root, Module("sit"), Module("dummy")])]
fn sit_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::sit)
}

/// A vti tunnel in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_get_link_net", needs = [Root, Module("ip_vti"), Module("dummy")])]
fn vti_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::vti)
}

/// An ip6tnl tunnel in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "net/ipv6/ip6_tunnel.c ip6_tnl_get_link_net", needs = [Root, Module("ip6_tunnel"), Module("dummy")])]
fn ip6tnl_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::ip6tnl)
}

/// An ip6gre tunnel in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "net/ipv6/ip6_tunnel.c ip6_tnl_get_link_net", needs = [Root, Module("ip6_gre"), Module("dummy")])]
fn ip6gre_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::ip6gre)
}

/// An ip6gretap tunnel in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "net/ipv6/ip6_tunnel.c ip6_tnl_get_link_net", needs = [Root, Module("ip6_gre"), Module("dummy")])]
fn ip6gretap_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::ip6gretap)
}

/// A vti6 tunnel in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(source = "net/ipv6/ip6_tunnel.c ip6_tnl_get_link_net", needs = [Root, Module("ip6_vti"), Module("dummy")])]
fn vti6_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::vti6)
}

/// An xfrm interface in another network namespace than its lower device tells that one's index and the nsid of its
/// namespace.
#[claim(
    source = "net/xfrm/xfrm_interface_core.c xfrmi_get_link_net",
    needs = [Root, Module("xfrm_interface"), Module("dummy")],
)]
fn xfrm_tells_where_its_lower_device_is() -> Verdict {
    tells_where_its_lower_device_is(drivers::xfrm)
}

/// A vxlan device in another network namespace than its lower device tells the nsid of that namespace, and as IFLA_LINK
/// its own index.
#[claim(source = "drivers/net/vxlan/vxlan_core.c vxlan_get_link_net", needs = [Root, Module("vxlan"), Module("dummy")])]
fn vxlan_tells_where_its_lower_device_is_but_not_which() -> Verdict {
    let (here, there) = (Netlink::open()?, known_elsewhere()?);
    let lower = drivers::lower(&here)?;
    here.add(drivers::vxlan("moved", lower))?.doing("make the device")?;
    let index = here.device("moved")?.index;
    let link = |place: &Netlink| place.device("moved").map(|device| (device.link, device.link_nsid));
    expect_eq!(link(&here)?, (None, None), "in the namespace of the lower device");
    here.change(send("moved", &there).build())?.doing("move it")?;
    expect_eq!(there.netlink().device("moved")?.index, index, "its index there");
    expect_eq!(link(there.netlink())?, (Some(index), Some(FAR)), "from another namespace");
    holds()
}

/// A netkit device whose peer is in another network namespace tells that one's index and the nsid of its namespace.
#[claim(
    source = "drivers/net/netkit.c netkit_get_link_net",
    since = "6.7",
    needs = [Root, Module("netkit"), Module("dummy")],
)]
fn netkit_tells_where_its_peer_is() -> Verdict {
    tells_where_its_peer_is(drivers::netkit)
}

/// An ipvtap device in another network namespace than its lower device tells that one's index, but not the nsid of its
/// namespace.
#[claim(
    source = "drivers/net/ipvlan/ipvtap.c ipvtap_link_ops",
    needs = [Root, Module("ipvtap"), Module("ipvlan"), Module("dummy")],
)]
fn ipvtap_tells_its_lower_device_but_not_where_it_is() -> Verdict {
    let (here, there) = (Netlink::open()?, known_elsewhere()?);
    let lower = drivers::lower(&here)?;
    for (name, make) in [("moved", drivers::ipvtap as Make), ("beside", drivers::ipvlan)] {
        here.add(make(name, lower))?.doing("make the device")?;
        here.change(send(name, &there).build())?.doing("move it")?;
    }
    let link = |name: &str| there.netlink().device(name).map(|device| (device.link, device.link_nsid));
    expect_eq!(link("moved")?, (Some(lower), None), "index and nsid of the lower device");
    expect_eq!(link("beside")?, (Some(lower), Some(FAR)), "those of an ipvlan device beside it");
    holds()
}

/// A geneve device does not tell the network namespace in which it was made, and in which its packets are: it has no
/// link-netnsid.
#[claim(source = "net/core/rtnetlink.c rtnl_fill_link_netnsid", needs = [Root, Module("geneve"), Module("veth")])]
fn geneve_does_not_tell_where_it_was_made() -> Verdict {
    does_not_tell_where_it_was_made(drivers::geneve)
}

/// A WireGuard device does not tell the network namespace in which it was made, and in which its packets are: it has no
/// link-netnsid.
#[claim(source = "net/core/rtnetlink.c rtnl_fill_link_netnsid", needs = [Root, Module("wireguard"), Module("veth")])]
fn wireguard_does_not_tell_where_it_was_made() -> Verdict {
    does_not_tell_where_it_was_made(drivers::wireguard)
}

/// An nsid that no namespace of a case gets by counting.
const FAR: i32 = 77;

/// At home it tells the index alone; elsewhere the index in the lower device's namespace, where another has it, too.
fn tells_where_its_lower_device_is(make: Make) -> Verdict {
    let (here, there) = (Netlink::open()?, known_elsewhere()?);
    let lower = drivers::lower(&here)?;
    here.add(make("moved", lower))?.doing("make the device")?;
    there.netlink().add(LinkDummy::new("other").index(lower).build())?.doing("make one with the same index there")?;
    let link = |place: &Netlink| place.device("moved").map(|device| (device.link, device.link_nsid));
    expect_eq!(link(&here)?, (Some(lower), None), "index and nsid of the lower device, in the same namespace");
    here.change(send("moved", &there).build())?.doing("move it")?;
    expect_eq!(link(there.netlink())?, (Some(lower), Some(FAR)), "from another namespace");
    there.netlink().change(fetch("moved").build())?.doing("move it back")?;
    expect_eq!(link(&here)?, (Some(lower), None), "after it has come back");
    holds()
}

/// Both ends, which have other indexes and for which the namespaces have other nsids.
fn tells_where_its_peer_is(make: Make) -> Verdict {
    let (here, there) = (Netlink::open()?, known_elsewhere()?);
    here.set_nsid(Named::File(there.namespace()?.fd()), FAR + 1)?.doing("give the other namespace an nsid")?;
    here.add(make("moved", 0))?.doing("make the pair")?;
    let peer = here.device("peer")?;
    let link = |place: &Netlink, name: &str| place.device(name).map(|device| (device.link, device.link_nsid));
    let moved = here.device("moved")?.index;
    expect_eq!(link(&here, "moved")?, (Some(peer.index), None), "index and nsid of the peer, in the same namespace");
    expect_eq!(link(&here, "peer")?, (Some(moved), None), "those of the other one, in the same namespace");
    there.netlink().add(LinkDummy::new("other").index(moved).build())?.doing("make one with the same index there")?;
    here.change(send("moved", &there).build())?.doing("move it")?;
    let new = there.netlink().device("moved")?.index;
    expect_ne!(new, moved, "the index there");
    expect_eq!(link(there.netlink(), "moved")?, (Some(peer.index), Some(FAR)), "from the other namespace");
    expect_eq!(link(&here, "peer")?, (Some(new), Some(FAR + 1)), "from here");
    holds()
}

fn does_not_tell_where_it_was_made(make: Make) -> Verdict {
    let (here, there) = (Netlink::open()?, known_elsewhere()?);
    here.add(make("moved", 0))?.doing("make the device")?;
    here.add(drivers::veth("pair", 0))?.doing("make a pair of veth devices")?;
    for name in ["moved", "pair"] {
        here.change(send(name, &there).build())?.doing("move it")?;
    }
    expect_eq!(there.netlink().device("moved")?.link_nsid, None);
    expect_eq!(there.netlink().device("pair")?.link_nsid, Some(FAR), "a veth device beside it");
    holds()
}

/// Another namespace, in which the caller's has an nsid that was not come to by counting.
fn known_elsewhere() -> Outcome<Elsewhere> {
    let there = Elsewhere::new()?;
    let own = Namespace::own(Kind::Net)?;
    there.netlink().set_nsid(Named::File(own.fd()), FAR)?.doing("give the own namespace an nsid there")?;
    Ok(there)
}
