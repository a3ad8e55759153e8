//! Which kinds of network devices can be moved to another network namespace: `ip-link(8)`, ip link set netns.

use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;

use super::devices::{fetch, send};
use super::drivers::{self, Make};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    dummy_can_be_moved,
    ifb_can_be_moved,
    nlmon_can_be_moved,
    wireguard_can_be_moved,
    geneve_can_be_moved,
    netkit_can_be_moved,
    macvlan_can_be_moved,
    macvtap_can_be_moved,
    ipvlan_can_be_moved,
    ipvtap_can_be_moved,
    vlan_can_be_moved,
    macsec_can_be_moved,
    vxlan_can_be_moved,
    gre_can_be_moved,
    gretap_can_be_moved,
    ipip_can_be_moved,
    sit_can_be_moved,
    vti_can_be_moved,
    ip6tnl_can_be_moved,
    ip6gre_can_be_moved,
    ip6gretap_can_be_moved,
    vti6_can_be_moved,
    xfrm_can_be_moved,
];

/// A dummy device can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("dummy")])]
fn dummy_can_be_moved() -> Verdict {
    can_be_moved(drivers::dummy, false)
}

/// An ifb device can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("ifb")])]
fn ifb_can_be_moved() -> Verdict {
    can_be_moved(drivers::ifb, false)
}

/// An nlmon device can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("nlmon")])]
fn nlmon_can_be_moved() -> Verdict {
    can_be_moved(drivers::nlmon, false)
}

/// A WireGuard device can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("wireguard")])]
fn wireguard_can_be_moved() -> Verdict {
    can_be_moved(drivers::wireguard, false)
}

/// A geneve device can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("geneve")])]
fn geneve_can_be_moved() -> Verdict {
    can_be_moved(drivers::geneve, false)
}

/// A netkit device can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], since = "6.7", needs = [Root, Module("netkit")])]
fn netkit_can_be_moved() -> Verdict {
    can_be_moved(drivers::netkit, false)
}

/// A macvlan device can be moved to another network namespace and back.
#[claim(
    source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"],
    needs = [Root, Module("macvlan"), Module("dummy")],
)]
fn macvlan_can_be_moved() -> Verdict {
    can_be_moved(drivers::macvlan, true)
}

/// A macvtap device can be moved to another network namespace and back.
#[claim(
    source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"],
    needs = [Root, Module("macvtap"), Module("dummy")],
)]
fn macvtap_can_be_moved() -> Verdict {
    can_be_moved(drivers::macvtap, true)
}

/// An ipvlan device can be moved to another network namespace and back.
#[claim(
    source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"],
    needs = [Root, Module("ipvlan"), Module("dummy")],
)]
fn ipvlan_can_be_moved() -> Verdict {
    can_be_moved(drivers::ipvlan, true)
}

/// An ipvtap device can be moved to another network namespace and back.
#[claim(
    source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"],
    needs = [Root, Module("ipvtap"), Module("dummy")],
)]
fn ipvtap_can_be_moved() -> Verdict {
    can_be_moved(drivers::ipvtap, true)
}

/// A VLAN device can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("8021q"), Module("dummy")])]
fn vlan_can_be_moved() -> Verdict {
    can_be_moved(drivers::vlan, true)
}

/// A MACsec device can be moved to another network namespace and back.
#[claim(
    source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"],
    needs = [Root, Module("macsec"), Module("dummy")],
)]
fn macsec_can_be_moved() -> Verdict {
    can_be_moved(drivers::macsec, true)
}

/// A vxlan device can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("vxlan")])]
fn vxlan_can_be_moved() -> Verdict {
    can_be_moved(drivers::vxlan, false)
}

/// A gre tunnel can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("ip_gre")])]
fn gre_can_be_moved() -> Verdict {
    can_be_moved(drivers::gre, false)
}

/// A gretap tunnel can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("ip_gre")])]
fn gretap_can_be_moved() -> Verdict {
    can_be_moved(drivers::gretap, false)
}

/// An ipip tunnel can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("ipip")])]
fn ipip_can_be_moved() -> Verdict {
    can_be_moved(drivers::ipip, false)
}

/// A sit tunnel can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("sit")])]
fn sit_can_be_moved() -> Verdict {
    can_be_moved(drivers::sit, false)
}

/// A vti tunnel can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("ip_vti")])]
fn vti_can_be_moved() -> Verdict {
    can_be_moved(drivers::vti, false)
}

/// An ip6tnl tunnel can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("ip6_tunnel")])]
fn ip6tnl_can_be_moved() -> Verdict {
    can_be_moved(drivers::ip6tnl, false)
}

/// An ip6gre tunnel can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("ip6_gre")])]
fn ip6gre_can_be_moved() -> Verdict {
    can_be_moved(drivers::ip6gre, false)
}

/// An ip6gretap tunnel can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("ip6_gre")])]
fn ip6gretap_can_be_moved() -> Verdict {
    can_be_moved(drivers::ip6gretap, false)
}

/// A vti6 tunnel can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("ip6_vti")])]
fn vti6_can_be_moved() -> Verdict {
    can_be_moved(drivers::vti6, false)
}

/// An xfrm interface can be moved to another network namespace and back.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("xfrm_interface")])]
fn xfrm_can_be_moved() -> Verdict {
    can_be_moved(drivers::xfrm, false)
}

/// There and back, and each time it is in one of the two only.
fn can_be_moved(make: Make, on_another: bool) -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let lower = if on_another { drivers::lower(&here)? } else { 0 };
    here.add(make("moved", lower))?.doing("make the device")?;
    let places = || Ok::<_, Failure>([&here, there.netlink()].map(|place| place.device("moved").is_ok()));
    expect_eq!(places()?, [true, false], "whether it is here, and there, before the move");
    expect_ok!(here.change(send("moved", &there).build())?);
    expect_eq!(places()?, [false, true], "whether it is here, and there, after the move");
    expect_ok!(there.netlink().change(fetch("moved").build())?, "and back");
    expect_eq!(places()?, [true, false], "whether it is here, and there, after it has come back");
    holds()
}
