//! What there is in a new network namespace: `network_namespaces(7)`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;
use kit::sysctl::set_sysctl;
use rtnetlink::LinkDummy;
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};

use super::devices::device;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    net_new_namespace_has_only_lo,
    net_new_lo_is_down,
    net_new_lo_has_ifindex_one,
    net_new_lo_has_no_address,
    net_fallback_tunnels,
];

/// The devices that tunnel modules put into each network namespace.
const FALLBACK: [&str; 9] =
    ["tunl0", "gre0", "gretap0", "erspan0", "sit0", "ip_vti0", "ip6tnl0", "ip6gre0", "ip6_vti0"];

/// A new network namespace has one device, lo, and nothing of what its creator has.
///
/// If tunnel modules are loaded it has their fallback devices, too.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "namespaces-fun", "unshare(1)"],
    needs = [Root, Module("dummy")],
)]
fn net_new_namespace_has_only_lo() -> Verdict {
    let here = Netlink::open()?;
    here.add(LinkDummy::new("ours").build())?.doing("make a device here")?;
    let made_by_clone = others_in(Elsewhere::new()?.netlink())?;
    let made_by_unshare = child(NONE, || {
        unshare(CLONE_NEWNET)?;
        others_in(&Netlink::open()?)
    })?;
    expect_eq!((made_by_clone, made_by_unshare), (vec!["lo".to_owned()], vec!["lo".to_owned()]));
    expect!(others_in(&here)?.contains(&"ours".into()), "the creator's");
    holds()
}

/// The loopback device of a new network namespace is down, whether or not its creator's is up.
#[claim(source = ["namespaces-fun", "Linux_name_space"], needs = [Root])]
fn net_new_lo_is_down() -> Verdict {
    let here = Netlink::open()?;
    for up in [false, true] {
        let set = if up { device("lo").up() } else { device("lo").down() };
        here.change(set.build())?.doing("set lo up or down here")?;
        let there = Elsewhere::new()?;
        expect!(!there.netlink().device("lo")?.up, "lo is up there; here it is up: {up}");
        there.netlink().change(device("lo").up().build())?.doing("set lo up there")?;
        expect!(there.netlink().device("lo")?.up, "lo is down there after it was set up");
        expect_eq!(here.device("lo")?.up, up, "lo here after it was set up there");
    }
    holds()
}

/// The loopback device has index 1 in each network namespace.
#[claim(source = ["Linux_name_space", "Few notes about network namespaces in Linux"], needs = [Root, Module("dummy")])]
fn net_new_lo_has_ifindex_one() -> Verdict {
    let here = Netlink::open()?;
    here.add(LinkDummy::new("ours").build())?.doing("make a device here")?;
    let others = [Elsewhere::new()?, Elsewhere::new()?];
    for place in [&here, others[0].netlink(), others[1].netlink()] {
        expect_eq!(place.device("lo")?.index, 1);
    }
    expect_ne!(here.device("ours")?.index, 1, "another device");
    holds()
}

/// The loopback device of a new network namespace has no address; set up, it has 127.0.0.1/8 and ::1/128.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "Linux_name_space"],
    needs = [Root, Config("INET"), Config("IPV6")],
)]
fn net_new_lo_has_no_address() -> Verdict {
    let there = Elsewhere::new()?;
    expect_eq!(addresses(there.netlink())?, vec![]);
    there.netlink().change(device("lo").up().build())?.doing("set lo up")?;
    let own: [(IpAddr, u8); 2] = [(Ipv4Addr::LOCALHOST.into(), 8), (Ipv6Addr::LOCALHOST.into(), 128)];
    expect_eq!(addresses(there.netlink())?, own, "after it was set up");
    holds()
}

/// Tunnel modules that are loaded put their fallback devices into each new network namespace.
///
/// With fb_tunnels_only_for_init_net set to 1 they do not.
#[claim(
    source = "Documentation/admin-guide/sysctl/net.rst fb_tunnels_only_for_init_net",
    needs = [
        InitialNamespaces, Disposable, Root, Module("ipip"), Module("ip_gre"), Module("sit"), Module("ip_vti"),
        Module("ip6_tunnel"), Module("ip6_gre"), Module("ip6_vti"),
    ],
)]
fn net_fallback_tunnels() -> Verdict {
    for (setting, expected) in [(0, FALLBACK.len()), (1, 0), (0, FALLBACK.len())] {
        set_sysctl("net/core/fb_tunnels_only_for_init_net", setting)?;
        let names = Elsewhere::new()?.netlink().names()?;
        let found = FALLBACK.iter().filter(|name| names.iter().any(|one| one == *name)).count();
        expect_eq!((found, names.len()), (expected, expected + 1), "with {setting}: {names:?}");
    }
    let here = Netlink::open()?.names()?;
    expect!(FALLBACK.iter().all(|name| here.iter().any(|one| one == name)), "in the initial one: {here:?}");
    holds()
}

/// The names of the devices that no tunnel module has put there.
fn others_in(place: &Netlink) -> Outcome<Vec<String>> {
    let mut names = place.names()?;
    names.retain(|name| !FALLBACK.contains(&name.as_str()));
    Ok(names)
}

/// All addresses of a network namespace, with their prefixes.
fn addresses(place: &Netlink) -> Outcome<Vec<(IpAddr, u8)>> {
    let mut found = Vec::new();
    for message in place.dump(Message::GetAddress(AddressMessage::default()))? {
        let Message::NewAddress(told) = message else { continue };
        found.extend(told.attributes.iter().filter_map(|attribute| match attribute {
            AddressAttribute::Address(address) => Some((*address, told.header.prefix_len)),
            _ => None,
        }));
    }
    found.sort();
    Ok(found)
}
