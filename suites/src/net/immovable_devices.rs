//! Network devices that stay in their network namespace, and how the kernel says so: `ip-link(8)`, ip link set netns.

use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;
use kit::sys::device_features::{Feature, feature};

use super::devices::send;
use super::drivers::{self, Make};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    bridge_cannot_be_moved,
    bond_cannot_be_moved,
    team_cannot_be_moved,
    vrf_cannot_be_moved,
    fallback_tunl0_cannot_be_moved,
    fallback_gre0_cannot_be_moved,
    fallback_gretap0_cannot_be_moved,
    fallback_erspan0_cannot_be_moved,
    fallback_sit0_cannot_be_moved,
    fallback_ip_vti0_cannot_be_moved,
    fallback_ip6tnl0_cannot_be_moved,
    fallback_ip6gre0_cannot_be_moved,
    fallback_ip6_vti0_cannot_be_moved,
    the_kernel_tells_which_devices_stay,
    the_reason_is_that_the_namespace_is_immutable,
    ethtool_told_which_devices_stay,
    ethtool_no_longer_tells_which_devices_stay,
];

/// Moving a bridge to another network namespace fails with EINVAL.
#[claim(source = "ip-link(8)", needs = [Root, Module("bridge"), Module("dummy")])]
fn bridge_cannot_be_moved() -> Verdict {
    cannot_be_moved(drivers::bridge)
}

/// Moving a bond to another network namespace fails with EINVAL.
#[claim(source = "drivers/net/bonding/bond_main.c bond_setup", needs = [Root, Module("bonding"), Module("dummy")])]
fn bond_cannot_be_moved() -> Verdict {
    cannot_be_moved(drivers::bond)
}

/// Moving a team device to another network namespace fails with EINVAL.
#[claim(source = "drivers/net/team/team_core.c team_setup", needs = [Root, Module("team"), Module("dummy")])]
fn team_cannot_be_moved() -> Verdict {
    cannot_be_moved(drivers::team)
}

/// Moving a vrf device to another network namespace fails with EINVAL.
#[claim(source = "drivers/net/vrf.c vrf_setup", needs = [Root, Module("vrf"), Module("dummy")])]
fn vrf_cannot_be_moved() -> Verdict {
    cannot_be_moved(drivers::vrf)
}

/// Moving tunl0, the fallback device of its kind in each network namespace, to another one fails with EINVAL.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_init_net", needs = [Root, Module("ipip")])]
fn fallback_tunl0_cannot_be_moved() -> Verdict {
    fallback_cannot_be_moved("tunl0", drivers::ipip)
}

/// Moving gre0, the fallback device of its kind in each network namespace, to another one fails with EINVAL.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_init_net", needs = [Root, Module("ip_gre")])]
fn fallback_gre0_cannot_be_moved() -> Verdict {
    fallback_cannot_be_moved("gre0", drivers::gre)
}

/// Moving gretap0, the fallback device of its kind in each network namespace, to another one fails with EINVAL.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_init_net", needs = [Root, Module("ip_gre")])]
fn fallback_gretap0_cannot_be_moved() -> Verdict {
    fallback_cannot_be_moved("gretap0", drivers::gretap)
}

/// Moving erspan0, the fallback device of its kind in each network namespace, to another one fails with EINVAL.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_init_net", needs = [Root, Module("ip_gre")])]
fn fallback_erspan0_cannot_be_moved() -> Verdict {
    fallback_cannot_be_moved("erspan0", drivers::gretap)
}

/// Moving sit0, the fallback device of its kind in each network namespace, to another one fails with EINVAL.
#[claim(source = "net/ipv6/sit.c sit_init_net", needs = [Root, Module("sit")])]
fn fallback_sit0_cannot_be_moved() -> Verdict {
    fallback_cannot_be_moved("sit0", drivers::sit)
}

/// Moving ip_vti0, the fallback device of its kind in each network namespace, to another one fails with EINVAL.
#[claim(source = "net/ipv4/ip_tunnel.c ip_tunnel_init_net", needs = [Root, Module("ip_vti")])]
fn fallback_ip_vti0_cannot_be_moved() -> Verdict {
    fallback_cannot_be_moved("ip_vti0", drivers::vti)
}

/// Moving ip6tnl0, the fallback device of its kind in each network namespace, to another one fails with EINVAL.
#[claim(source = "net/ipv6/ip6_tunnel.c ip6_tnl_init_net", needs = [Root, Module("ip6_tunnel")])]
fn fallback_ip6tnl0_cannot_be_moved() -> Verdict {
    fallback_cannot_be_moved("ip6tnl0", drivers::ip6tnl)
}

/// Moving ip6gre0, the fallback device of its kind in each network namespace, to another one fails with EINVAL.
#[claim(source = "net/ipv6/ip6_gre.c ip6gre_init_net", needs = [Root, Module("ip6_gre")])]
fn fallback_ip6gre0_cannot_be_moved() -> Verdict {
    fallback_cannot_be_moved("ip6gre0", drivers::ip6gre)
}

/// Moving ip6_vti0, the fallback device of its kind in each network namespace, to another one fails with EINVAL.
///
/// Kernels of 6.16, 6.17 and 6.18 let it be moved; later ones and stable updates of older ones do not.
#[claim(source = "net/ipv6/ip6_vti.c vti6_init_net", needs = [Root, Module("ip6_vti")])]
fn fallback_ip6_vti0_cannot_be_moved() -> Verdict {
    fallback_cannot_be_moved("ip6_vti0", drivers::vti6)
}

/// A device tells whether it stays in its network namespace: IFLA_NETNS_IMMUTABLE is 1 for lo and a bridge, 0 for others.
///
/// Others that were tried are veth and dummy devices.
#[claim(
    source = "include/uapi/linux/if_link.h IFLA_NETNS_IMMUTABLE",
    since = "6.15",
    needs = [Root, Module("bridge"), Module("dummy"), Module("veth")],
)]
fn the_kernel_tells_which_devices_stay() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    for device in [drivers::bridge("bridge", 0), drivers::dummy("dummy", 0), drivers::veth("veth", 0)] {
        here.add(device)?.doing("make the device")?;
    }
    for (name, stays) in [("lo", true), ("bridge", true), ("dummy", false), ("veth", false)] {
        expect_eq!(here.device(name)?.immutable, Some(stays), "{name}");
        let moved = here.change(send(name, &there).build())?;
        expect_eq!(moved.is_err(), stays, "whether {name} cannot be moved: {moved:?}");
    }
    holds()
}

/// The answer to a request to move a device that cannot be moved says that the interface netns is immutable.
///
/// Before 6.15 it said nothing; stable kernels as old as 6.12 were mended too.
#[claim(
    source = "net/core/dev.c __dev_change_net_namespace",
    since = "6.15",
    needs = [Root, Module("bridge")],
    erratum = "ip-link(8) ip link set - change device attributes: ip reports «Invalid argument».",
)]
fn the_reason_is_that_the_namespace_is_immutable() -> Verdict {
    expect_eq!(reasons()?, vec![Some("The interface netns is immutable".to_owned()); 2]);
    holds()
}

/// The device feature netns-local is on for lo and a bridge and off for a veth device, and cannot be changed.
#[claim(
    source = "ip-link(8)",
    until = "6.12",
    needs = [Root, Module("bridge"), Module("veth")],
)]
fn ethtool_told_which_devices_stay() -> Verdict {
    let here = Netlink::open()?;
    for device in [drivers::bridge("bridge", 0), drivers::veth("veth", 0)] {
        here.add(device)?.doing("make the device")?;
    }
    for (name, stays) in [("lo", true), ("bridge", true), ("veth", false)] {
        let seen = feature(name, "netns-local").doing("ask for a feature")?;
        expect_eq!(seen, Some(Feature { on: stays, fixed: true }), "{name}");
    }
    holds()
}

/// Devices have no feature netns-local; other features are there.
#[claim(
    source = "net/ethtool/common.c netdev_features_strings",
    since = "6.12",
    replaces = "ethtool_told_which_devices_stay",
    needs = [Root, Module("veth")],
    erratum = "ip-link(8) ip link set - change device attributes: ethtool -k shows whether a device is netns-local.",
)]
fn ethtool_no_longer_tells_which_devices_stay() -> Verdict {
    Netlink::open()?.add(drivers::veth("veth", 0))?.doing("make a pair of veth devices")?;
    for name in ["lo", "veth"] {
        expect_eq!(feature(name, "netns-local").doing("ask for a feature")?, None, "netns-local of {name}");
        expect!(feature(name, "rx-gro").doing("ask for a feature")?.is_some(), "rx-gro of {name}");
    }
    holds()
}

/// And stays as it was, while a dummy device beside it moves.
fn cannot_be_moved(make: Make) -> Verdict {
    let here = Netlink::open()?;
    here.add(make("fixed", 0))?.doing("make the device")?;
    stays("fixed", drivers::dummy)
}

/// The control is an ordinary device of the same kind.
fn fallback_cannot_be_moved(name: &str, ordinary: Make) -> Verdict {
    stays(name, ordinary)
}

fn stays(name: &str, control: Make) -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let before = here.device(name)?;
    here.add(control("moved", 0))?.doing("make a device that can be moved")?;
    expect_errno!(here.change(send(name, &there).name("renamed").index(before.index).build())?, EINVAL);
    expect_eq!(here.device(name)?, before, "after the refusal");
    expect_ok!(here.change(send("moved", &there).build())?);
    holds()
}

/// What the kernel says in words to requests to move lo and a bridge.
fn reasons() -> Outcome<Vec<Option<String>>> {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    here.add(drivers::bridge("bridge", 0))?.doing("make a bridge")?;
    let refused = ["lo", "bridge"].map(|name| {
        expect_errno!(here.change(send(name, &there).build())?, EINVAL);
        Ok(here.reason())
    });
    refused.into_iter().collect()
}
