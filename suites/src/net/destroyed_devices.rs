//! Virtual network devices go with their network namespace: `network_namespaces(7)`.

use kit::eventually;
use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;

use super::devices::{fetch, send};
use super::drivers::{self, Make};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    ifb_is_destroyed_with_its_namespace,
    nlmon_is_destroyed_with_its_namespace,
    wireguard_is_destroyed_with_its_namespace,
    geneve_is_destroyed_with_its_namespace,
    netkit_is_destroyed_with_its_namespace,
    macvlan_is_destroyed_with_its_namespace,
    macvtap_is_destroyed_with_its_namespace,
    ipvlan_is_destroyed_with_its_namespace,
    ipvtap_is_destroyed_with_its_namespace,
    vlan_is_destroyed_with_its_namespace,
    macsec_is_destroyed_with_its_namespace,
    vxlan_is_destroyed_with_its_namespace,
    gre_is_destroyed_with_its_namespace,
    gretap_is_destroyed_with_its_namespace,
    ipip_is_destroyed_with_its_namespace,
    sit_is_destroyed_with_its_namespace,
    vti_is_destroyed_with_its_namespace,
    ip6tnl_is_destroyed_with_its_namespace,
    ip6gre_is_destroyed_with_its_namespace,
    ip6gretap_is_destroyed_with_its_namespace,
    vti6_is_destroyed_with_its_namespace,
    xfrm_is_destroyed_with_its_namespace,
];

/// An ifb device is destroyed when its network namespace ends: it does not return to the initial one, where it was
/// made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("ifb"), Module("dummy"), Module("veth")],
)]
fn ifb_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::ifb, false)
}

/// An nlmon device is destroyed when its network namespace ends: it does not return to the initial one, where it was
/// made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("nlmon"), Module("dummy"), Module("veth")],
)]
fn nlmon_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::nlmon, false)
}

/// A WireGuard device is destroyed when its network namespace ends: it does not return to the initial one, where it was
/// made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("wireguard"), Module("dummy"), Module("veth")],
)]
fn wireguard_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::wireguard, false)
}

/// A geneve device is destroyed when its network namespace ends: it does not return to the initial one, where it was
/// made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("geneve"), Module("dummy"), Module("veth")],
)]
fn geneve_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::geneve, false)
}

/// A netkit device is destroyed when its network namespace ends: it does not return to the initial one, where its peer
/// is.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    since = "6.7",
    needs = [InitialNamespaces, Root, Module("netkit"), Module("dummy"), Module("veth")],
)]
fn netkit_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::netkit, false)
}

/// A macvlan device is destroyed when its network namespace ends: it does not return to the initial one, where its
/// lower device is.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("macvlan"), Module("dummy"), Module("veth")],
)]
fn macvlan_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::macvlan, true)
}

/// A macvtap device is destroyed when its network namespace ends: it does not return to the initial one, where its
/// lower device is.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("macvtap"), Module("dummy"), Module("veth")],
)]
fn macvtap_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::macvtap, true)
}

/// An ipvlan device is destroyed when its network namespace ends: it does not return to the initial one, where its
/// lower device is.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("ipvlan"), Module("dummy"), Module("veth")],
)]
fn ipvlan_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::ipvlan, true)
}

/// An ipvtap device is destroyed when its network namespace ends: it does not return to the initial one, where its
/// lower device is.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("ipvtap"), Module("dummy"), Module("veth")],
)]
fn ipvtap_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::ipvtap, true)
}

/// A VLAN device is destroyed when its network namespace ends: it does not return to the initial one, where its lower
/// device is.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("8021q"), Module("dummy"), Module("veth")],
)]
fn vlan_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::vlan, true)
}

/// A MACsec device is destroyed when its network namespace ends: it does not return to the initial one, where its lower
/// device is.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("macsec"), Module("dummy"), Module("veth")],
)]
fn macsec_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::macsec, true)
}

/// A vxlan device is destroyed when its network namespace ends: it does not return to the initial one, where it was
/// made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("vxlan"), Module("dummy"), Module("veth")],
)]
fn vxlan_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::vxlan, false)
}

/// A gre tunnel is destroyed when its network namespace ends: it does not return to the initial one, where it was made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("ip_gre"), Module("dummy"), Module("veth")],
)]
fn gre_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::gre, false)
}

/// A gretap tunnel is destroyed when its network namespace ends: it does not return to the initial one, where it was
/// made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("ip_gre"), Module("dummy"), Module("veth")],
)]
fn gretap_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::gretap, false)
}

/// An ipip tunnel is destroyed when its network namespace ends: it does not return to the initial one, where it was
/// made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("ipip"), Module("dummy"), Module("veth")],
)]
fn ipip_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::ipip, false)
}

/// A sit tunnel is destroyed when its network namespace ends: it does not return to the initial one, where it was made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("sit"), Module("dummy"), Module("veth")],
)]
fn sit_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::sit, false)
}

/// A vti tunnel is destroyed when its network namespace ends: it does not return to the initial one, where it was made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("ip_vti"), Module("dummy"), Module("veth")],
)]
fn vti_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::vti, false)
}

/// An ip6tnl tunnel is destroyed when its network namespace ends: it does not return to the initial one, where it was
/// made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("ip6_tunnel"), Module("dummy"), Module("veth")],
)]
fn ip6tnl_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::ip6tnl, false)
}

/// An ip6gre tunnel is destroyed when its network namespace ends: it does not return to the initial one, where it was
/// made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("ip6_gre"), Module("dummy"), Module("veth")],
)]
fn ip6gre_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::ip6gre, false)
}

/// An ip6gretap tunnel is destroyed when its network namespace ends: it does not return to the initial one, where it
/// was made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("ip6_gre"), Module("dummy"), Module("veth")],
)]
fn ip6gretap_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::ip6gretap, false)
}

/// A vti6 tunnel is destroyed when its network namespace ends: it does not return to the initial one, where it was
/// made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("ip6_vti"), Module("dummy"), Module("veth")],
)]
fn vti6_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::vti6, false)
}

/// An xfrm interface is destroyed when its network namespace ends: it does not return to the initial one, where it was
/// made.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/core/dev.c default_device_exit_net"],
    needs = [InitialNamespaces, Root, Module("xfrm_interface"), Module("dummy"), Module("veth")],
)]
fn xfrm_is_destroyed_with_its_namespace() -> Verdict {
    is_destroyed(drivers::xfrm, false)
}

/// A veth device here goes with its peer there: when it has gone, all devices of the namespace have.
fn is_destroyed(make: Make, on_another: bool) -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let lower = if on_another { drivers::lower(&here)? } else { 0 };
    let before = here.names()?;
    here.add(make("moved", lower))?.doing("make the device")?;
    here.change(send("moved", &there).build())?.doing("move it")?;
    there.netlink().device("moved")?;
    there.netlink().add(drivers::veth("pair", 0))?.doing("make a pair of veth devices there")?;
    there.netlink().change(fetch("pair").build())?.doing("move one of them here")?;
    drop(there);
    let gone = eventually(|| Ok(!here.names()?.contains(&"pair".into())))?;
    expect!(gone, "the veth device whose peer was in the namespace is still there");
    expect_eq!(here.names()?, before, "the devices of the initial network namespace");
    if on_another {
        here.delete(lower)?.doing("delete the lower device")?;
    }
    holds()
}
