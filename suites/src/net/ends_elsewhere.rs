//! What becomes of a network device when another network namespace than its own ends: that of the device that it is
//! made on, or that in which it was made and in which its packets are sent on.

use kit::eventually;
use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;

use super::devices::fetch;
use super::drivers::{self, Make};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    macvlan_ends_with_its_lower_device,
    macvtap_ends_with_its_lower_device,
    ipvlan_ends_with_its_lower_device,
    ipvtap_ends_with_its_lower_device,
    vlan_ends_with_its_lower_device,
    macsec_ends_with_its_lower_device,
    vxlan_ends_with_the_namespace_it_was_made_in,
    geneve_ends_with_the_namespace_it_was_made_in,
    gre_ends_with_the_namespace_it_was_made_in,
    gretap_ends_with_the_namespace_it_was_made_in,
    ipip_ends_with_the_namespace_it_was_made_in,
    sit_ends_with_the_namespace_it_was_made_in,
    vti_ends_with_the_namespace_it_was_made_in,
    ip6tnl_ends_with_the_namespace_it_was_made_in,
    ip6gre_ends_with_the_namespace_it_was_made_in,
    ip6gretap_ends_with_the_namespace_it_was_made_in,
    vti6_ends_with_the_namespace_it_was_made_in,
    xfrm_ends_with_the_namespace_it_was_made_in,
    dummy_outlives_the_namespace_it_was_made_in,
    ifb_outlives_the_namespace_it_was_made_in,
    nlmon_outlives_the_namespace_it_was_made_in,
    wireguard_outlives_the_namespace_it_was_made_in,
];

/// A macvlan device is destroyed when the network namespace of its lower device ends, although it is in another one
/// itself.
#[claim(source = "drivers/net/macvlan.c macvlan_device_event", needs = [Root, Module("macvlan"), Module("dummy")])]
fn macvlan_ends_with_its_lower_device() -> Verdict {
    ends_with_where_it_was_made(drivers::macvlan, true)
}

/// A macvtap device is destroyed when the network namespace of its lower device ends, although it is in another one
/// itself.
#[claim(source = "drivers/net/macvlan.c macvlan_device_event", needs = [Root, Module("macvtap"), Module("dummy")])]
fn macvtap_ends_with_its_lower_device() -> Verdict {
    ends_with_where_it_was_made(drivers::macvtap, true)
}

/// An ipvlan device is destroyed when the network namespace of its lower device ends, although it is in another one
/// itself.
#[claim(
    source = "drivers/net/ipvlan/ipvlan_main.c ipvlan_device_event",
    needs = [Root, Module("ipvlan"), Module("dummy")],
)]
fn ipvlan_ends_with_its_lower_device() -> Verdict {
    ends_with_where_it_was_made(drivers::ipvlan, true)
}

/// An ipvtap device is destroyed when the network namespace of its lower device ends, although it is in another one
/// itself.
#[claim(
    source = "drivers/net/ipvlan/ipvlan_main.c ipvlan_device_event",
    needs = [Root, Module("ipvtap"), Module("dummy")],
)]
fn ipvtap_ends_with_its_lower_device() -> Verdict {
    ends_with_where_it_was_made(drivers::ipvtap, true)
}

/// A VLAN device is destroyed when the network namespace of its lower device ends, although it is in another one
/// itself.
#[claim(source = "net/8021q/vlan.c vlan_device_event", needs = [Root, Module("8021q"), Module("dummy")])]
fn vlan_ends_with_its_lower_device() -> Verdict {
    ends_with_where_it_was_made(drivers::vlan, true)
}

/// A MACsec device is destroyed when the network namespace of its lower device ends, although it is in another one
/// itself.
#[claim(source = "drivers/net/macsec.c macsec_notify", needs = [Root, Module("macsec"), Module("dummy")])]
fn macsec_ends_with_its_lower_device() -> Verdict {
    ends_with_where_it_was_made(drivers::macsec, true)
}

/// A vxlan device is destroyed when the network namespace ends in which it was made, although it is in another one.
#[claim(
    source = "drivers/net/vxlan/vxlan_core.c vxlan_destroy_tunnels",
    needs = [Root, Module("vxlan"), Module("dummy")],
)]
fn vxlan_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::vxlan, false)
}

/// A geneve device is destroyed when the network namespace ends in which it was made, although it is in another one.
#[claim(source = "drivers/net/geneve.c geneve_exit_batch_rtnl", needs = [Root, Module("geneve"), Module("dummy")])]
fn geneve_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::geneve, false)
}

/// A gre tunnel is destroyed when the network namespace ends in which it was made, although it is in another one.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_delete_nets", needs = [Root, Module("ip_gre"), Module("dummy")])]
fn gre_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::gre, false)
}

/// A gretap tunnel is destroyed when the network namespace ends in which it was made, although it is in another one.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_delete_nets", needs = [Root, Module("ip_gre"), Module("dummy")])]
fn gretap_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::gretap, false)
}

/// An ipip tunnel is destroyed when the network namespace ends in which it was made, although it is in another one.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_delete_nets", needs = [Root, Module("ipip"), Module("dummy")])]
fn ipip_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::ipip, false)
}

/// A sit tunnel is destroyed when the network namespace ends in which it was made, although it is in another one.
#[claim(source = "net/ipv6/sit.c sit_destroy_tunnels", needs = [Root, Module("sit"), Module("dummy")])]
fn sit_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::sit, false)
}

/// A vti tunnel is destroyed when the network namespace ends in which it was made, although it is in another one.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_delete_nets", needs = [Root, Module("ip_vti"), Module("dummy")])]
fn vti_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::vti, false)
}

/// An ip6tnl tunnel is destroyed when the network namespace ends in which it was made, although it is in another one.
#[claim(
    source = "net/ipv6/ip6_tunnel.c ip6_tnl_destroy_tunnels",
    needs = [Root, Module("ip6_tunnel"), Module("dummy")],
)]
fn ip6tnl_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::ip6tnl, false)
}

/// An ip6gre tunnel is destroyed when the network namespace ends in which it was made, although it is in another one.
#[claim(source = "net/ipv6/ip6_gre.c ip6gre_destroy_tunnels", needs = [Root, Module("ip6_gre"), Module("dummy")])]
fn ip6gre_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::ip6gre, false)
}

/// An ip6gretap tunnel is destroyed when the network namespace ends in which it was made, although it is in another
/// one.
#[claim(source = "net/ipv6/ip6_gre.c ip6gre_destroy_tunnels", needs = [Root, Module("ip6_gre"), Module("dummy")])]
fn ip6gretap_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::ip6gretap, false)
}

/// A vti6 tunnel is destroyed when the network namespace ends in which it was made, although it is in another one.
#[claim(source = "net/ipv6/ip6_vti.c vti6_destroy_tunnels", needs = [Root, Module("ip6_vti"), Module("dummy")])]
fn vti6_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::vti6, false)
}

/// An xfrm interface is destroyed when the network namespace ends in which it was made, although it is in another one.
#[claim(
    source = "net/xfrm/xfrm_interface_core.c xfrmi_exit_batch",
    needs = [Root, Module("xfrm_interface"), Module("dummy")],
)]
fn xfrm_ends_with_the_namespace_it_was_made_in() -> Verdict {
    ends_with_where_it_was_made(drivers::xfrm, false)
}

/// A dummy device outlives the network namespace in which it was made, when it was moved to another one before.
#[claim(source = "net/core/dev.c default_device_exit_batch", needs = [Root, Module("dummy"), Module("veth")])]
fn dummy_outlives_the_namespace_it_was_made_in() -> Verdict {
    outlives_where_it_was_made(drivers::dummy)
}

/// An ifb device outlives the network namespace in which it was made, when it was moved to another one before.
#[claim(source = "net/core/dev.c default_device_exit_batch", needs = [Root, Module("ifb"), Module("veth")])]
fn ifb_outlives_the_namespace_it_was_made_in() -> Verdict {
    outlives_where_it_was_made(drivers::ifb)
}

/// An nlmon device outlives the network namespace in which it was made, when it was moved to another one before.
#[claim(source = "net/core/dev.c default_device_exit_batch", needs = [Root, Module("nlmon"), Module("veth")])]
fn nlmon_outlives_the_namespace_it_was_made_in() -> Verdict {
    outlives_where_it_was_made(drivers::nlmon)
}

/// A WireGuard device outlives the network namespace in which it was made and in which its packets are sent.
#[claim(
    source = "drivers/net/wireguard/device.c wg_netns_pre_exit",
    needs = [Root, Module("wireguard"), Module("veth")],
)]
fn wireguard_outlives_the_namespace_it_was_made_in() -> Verdict {
    outlives_where_it_was_made(drivers::wireguard)
}

/// A dummy device that was made there and moved here, too, stays.
fn ends_with_where_it_was_made(make: Make, on_another: bool) -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let lower = if on_another { drivers::lower(there.netlink())? } else { 0 };
    there.netlink().add(make("moved", lower))?.doing("make the device")?;
    there.netlink().add(drivers::dummy("stays", 0))?.doing("make a dummy device")?;
    for name in ["moved", "stays"] {
        there.netlink().change(fetch(name).build())?.doing("move it here")?;
        here.device(name)?;
    }
    drop(there);
    let gone = eventually(|| Ok(!here.names()?.contains(&"moved".into())))?;
    expect!(gone, "the device is still there");
    expect!(here.names()?.contains(&"stays".into()), "the dummy device is gone, too");
    holds()
}

/// A veth device that was moved with it goes with its peer: when it has gone, the namespace has ended.
fn outlives_where_it_was_made(make: Make) -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    for device in [make("moved", 0), drivers::veth("pair", 0)] {
        there.netlink().add(device)?.doing("make the device")?;
    }
    for name in ["moved", "pair"] {
        there.netlink().change(fetch(name).build())?.doing("move it here")?;
    }
    let before = here.device("moved")?;
    drop(there);
    let gone = eventually(|| Ok(!here.names()?.contains(&"pair".into())))?;
    expect!(gone, "the veth device whose peer was in the namespace is still there");
    expect!(here.names()?.contains(&"moved".into()), "the device is gone, too");
    expect_eq!(here.device("moved")?, before, "after the namespace has ended");
    expect_ok!(here.change(super::devices::device("moved").mtu(1280).build())?, "still in use");
    holds()
}
