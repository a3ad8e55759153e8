//! What becomes of a network device when the one that it is made on is moved to another network namespace.

use kit::netlink::{Device, Elsewhere, Named, Netlink};
use kit::prelude::*;
use rtnetlink::LinkDummy;

use super::devices::send;
use super::drivers::{self, Make};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    macvlan_stays_when_its_lower_device_moves,
    macvtap_stays_when_its_lower_device_moves,
    ipvlan_stays_when_its_lower_device_moves,
    vlan_stays_when_its_lower_device_moves,
    ipvtap_stays_when_its_lower_device_moves,
    macsec_is_destroyed_when_its_lower_device_moves,
    vxlan_is_destroyed_when_its_lower_device_moves,
];

/// A macvlan device stays when its lower device is moved to another network namespace, and tells where that one is
/// then.
#[claim(source = "drivers/net/macvlan.c macvlan_device_event", needs = [Root, Module("macvlan"), Module("dummy")])]
fn macvlan_stays_when_its_lower_device_moves() -> Verdict {
    stays_when_its_lower_device_moves(drivers::macvlan, true)
}

/// A macvtap device stays when its lower device is moved to another network namespace, and tells where that one is
/// then.
#[claim(source = "drivers/net/macvlan.c macvlan_device_event", needs = [Root, Module("macvtap"), Module("dummy")])]
fn macvtap_stays_when_its_lower_device_moves() -> Verdict {
    stays_when_its_lower_device_moves(drivers::macvtap, true)
}

/// An ipvlan device stays when its lower device is moved to another network namespace, and tells where that one is
/// then.
#[claim(
    source = "drivers/net/ipvlan/ipvlan_main.c ipvlan_device_event",
    needs = [Root, Module("ipvlan"), Module("dummy")],
)]
fn ipvlan_stays_when_its_lower_device_moves() -> Verdict {
    stays_when_its_lower_device_moves(drivers::ipvlan, true)
}

/// A VLAN device stays when its lower device is moved to another network namespace, and tells where that one is then.
#[claim(source = "net/8021q/vlan.c vlan_device_event", needs = [Root, Module("8021q"), Module("dummy")])]
fn vlan_stays_when_its_lower_device_moves() -> Verdict {
    stays_when_its_lower_device_moves(drivers::vlan, true)
}

/// An ipvtap device stays when its lower device is moved to another network namespace, but does not tell where that one
/// is then.
#[claim(
    source = "drivers/net/ipvlan/ipvlan_main.c ipvlan_device_event",
    needs = [Root, Module("ipvtap"), Module("dummy")],
)]
fn ipvtap_stays_when_its_lower_device_moves() -> Verdict {
    stays_when_its_lower_device_moves(drivers::ipvtap, false)
}

/// A MACsec device is destroyed when its lower device is moved to another network namespace.
#[claim(
    source = "drivers/net/macsec.c macsec_notify",
    needs = [Root, Module("macsec"), Module("macvlan"), Module("dummy")],
)]
fn macsec_is_destroyed_when_its_lower_device_moves() -> Verdict {
    is_destroyed_when_its_lower_device_moves(drivers::macsec)
}

/// A vxlan device is destroyed when its lower device is moved to another network namespace.
#[claim(
    source = "drivers/net/vxlan/vxlan_core.c vxlan_handle_lowerdev_unregister",
    needs = [Root, Module("vxlan"), Module("macvlan"), Module("dummy")],
)]
fn vxlan_is_destroyed_when_its_lower_device_moves() -> Verdict {
    is_destroyed_when_its_lower_device_moves(drivers::vxlan)
}

/// Index and ID of the other namespace, which neither device would come to by counting.
const FAR: i32 = 77;

/// The lower device gets another index where it goes, and deleted there it takes this one with it.
fn stays_when_its_lower_device_moves(make: Make, tells_where: bool) -> Verdict {
    let (here, there, before) = made_on_a_device(make)?;
    there
        .netlink()
        .add(LinkDummy::new("holder").index(before.link.unwrap_or(0)).build())?
        .doing("take its index there")?;
    expect_ok!(here.change(send("lower", &there).build())?);
    let new = there.netlink().device("lower")?.index;
    expect_ne!(Some(new), before.link, "the index of the lower device there");
    expect!(here.names()?.contains(&"upper".into()), "the device is gone when its lower device has been moved");
    let after = here.device("upper")?;
    let nsid = tells_where.then_some(FAR);
    expect_eq!((after.link, after.link_nsid), (Some(new), nsid), "index and nsid of the lower device");
    expect_eq!((after.index, after.address), (before.index, before.address), "index and address of the device");
    there.netlink().delete(new)?.doing("delete the lower device there")?;
    expect!(here.device("upper").is_err(), "it outlives its lower device");
    holds()
}

/// A macvlan device on another one that is moved stays.
fn is_destroyed_when_its_lower_device_moves(make: Make) -> Verdict {
    let (here, there, _) = made_on_a_device(make)?;
    here.add(drivers::dummy("second", 0))?.doing("make a dummy device")?;
    here.add(drivers::macvlan("beside", here.device("second")?.index))?.doing("make a macvlan device on it")?;
    expect_ok!(here.change(send("second", &there).build())?);
    expect!(here.device("beside").is_ok(), "a macvlan device is gone when its lower device has been moved");
    expect!(here.device("upper").is_ok(), "the device is gone before its lower device is moved");
    expect_ok!(here.change(send("lower", &there).build())?);
    expect!(here.device("upper").is_err(), "the device is there when its lower device has been moved");
    holds()
}

/// A device `upper`, on a dummy device `lower`, and another namespace that has an ID here.
fn made_on_a_device(make: Make) -> Outcome<(Netlink, Elsewhere, Device)> {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    here.set_nsid(Named::Pid(there.pid().as_raw()), FAR)?.doing("give the other namespace an ID")?;
    let lower = drivers::lower(&here)?;
    let mut message = make("upper", lower);
    // Not the index that the lower device gets elsewhere: IFLA_LINK is left out where it is the device's own.
    message.header.index = 777;
    here.add(message)?.doing("make the device")?;
    let upper = here.device("upper")?;
    Ok((here, there, upper))
}
