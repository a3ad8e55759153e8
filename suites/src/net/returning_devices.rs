//! What returns to the initial network namespace when another one ends: physical devices.
//! `network_namespaces(7)`; default_device_exit_net() in net/core/dev.c.
//!
//! Tried with the devices of two drivers that make theirs when they are loaded, eql and teql: they have no link kind, and
//! by that alone the kernel tells a device of hardware from one that was made on request.

use kit::eventually;
use kit::netlink::{Device, Elsewhere, Netlink};
use kit::prelude::*;
use rtnetlink::{LinkDummy, LinkUnspec};

use super::devices::{device, send};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    physical_device_returns_to_init,
    physical_device_returns_after_the_last_reference,
    physical_device_returns_down_with_same_name,
    physical_device_returns_renamed,
    physical_device_index_conflict,
    physical_device_name_conflict,
    physical_device_fallback_name_conflict,
    altname_conflict_when_a_netns_ends,
    physical_device_returns_past_its_mover,
];

/// When a network namespace ends, a physical device in it returns to the initial one; a dummy device does not.
///
/// The device tried is that of the driver eql: no hardware's, but one without a link kind, as hardware's is.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "ip-netns(8)"],
    needs = [InitialNamespaces, Root, Module("eql"), Module("sch_teql"), Module("dummy")],
)]
fn physical_device_returns_to_init() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let before = here.names()?;
    here.add(LinkDummy::new("dummy-moved").build())?.doing("make a dummy device")?;
    for name in ["eql", "teql0", "dummy-moved"] {
        expect_ok!(here.change(send(name, &there).build())?, "{name}");
        expect!(here.device(name).is_err() && there.netlink().device(name).is_ok(), "where {name} is after the move");
    }
    drop(there);
    for name in ["eql", "teql0"] {
        expect!(returns(&here, name)?, "{name} does not return");
    }
    let mut after = here.names()?;
    after.sort();
    let mut before = before;
    before.sort();
    expect_eq!(after, before, "the devices of the initial network namespace");
    holds()
}

/// A physical device returns to the initial network namespace with the last reference to its own, not with the last
/// process.
///
/// The device tried is that of the driver eql: no hardware's, but one without a link kind, as hardware's is.
#[claim(
    source = "namespaces(7) Namespace lifetime",
    needs = [InitialNamespaces, Root, Module("eql"), Module("sch_teql")],
    erratum = "network_namespaces(7): physical devices move back when the last process of the namespace terminates.",
)]
fn physical_device_returns_after_the_last_reference() -> Verdict {
    let (here, there, twin) = (Netlink::open()?, Elsewhere::new()?, Elsewhere::new()?);
    here.change(send("eql", &there).build())?.doing("move the device")?;
    here.change(send("teql0", &twin).build())?.doing("move another one elsewhere")?;
    let file = there.namespace()?;
    drop(there);
    drop(twin);
    expect!(returns(&here, "teql0")?, "the one whose namespace nothing refers to does not return");
    expect!(here.device("eql").is_err(), "the one whose namespace a file refers to has returned");
    expect!(Netlink::open_in(&file)?.device("eql").is_ok(), "it is not where it was");
    drop(file);
    expect!(returns(&here, "eql")?, "it does not return after the file was closed");
    holds()
}

/// A physical device that has returned to the initial network namespace is down; it has the index, MTU and name that it had.
///
/// The device tried is that of the driver eql: no hardware's, but one without a link kind, as hardware's is.
#[claim(source = "network_namespaces(7) DESCRIPTION", needs = [InitialNamespaces, Root, Module("eql")])]
fn physical_device_returns_down_with_same_name() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let before = here.device("eql")?;
    here.change(send("eql", &there).up().build())?.doing("move the device")?;
    there.netlink().change(device("eql").mtu(before.mtu - 100).build())?.doing("set its MTU there")?;
    expect!(there.netlink().device("eql")?.up, "not up there");
    drop(there);
    expect!(returns(&here, "eql")?, "it does not return");
    let after = here.device("eql")?;
    expect!(!after.up, "up after it has returned");
    expect_eq!(after, Device { mtu: before.mtu - 100, queueing: after.queueing.clone(), ..before });
    holds()
}

/// A physical device that was renamed in another network namespace returns to the initial one with the new name.
///
/// The device tried is that of the driver eql: no hardware's, but one without a link kind, as hardware's is.
#[claim(source = "net/core/dev.c default_device_exit_net", needs = [InitialNamespaces, Root, Module("eql")])]
fn physical_device_returns_renamed() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    here.change(send("eql", &there).build())?.doing("move the device")?;
    there.netlink().change(rename(&there.netlink().device("eql")?, "renamed"))?.doing("rename it")?;
    drop(there);
    expect!(returns(&here, "renamed")?, "it does not return with its new name");
    expect!(here.device("eql").is_err(), "the old name names a device");
    here.change(rename(&here.device("renamed")?, "eql"))?.doing("give it its name back")?;
    holds()
}

/// A physical device whose index is taken in the initial network namespace returns there with another one.
///
/// The device tried is that of the driver eql: no hardware's, but one without a link kind, as hardware's is.
#[claim(source = "net/core/dev.c dev_change_net_namespace", needs = [InitialNamespaces, Root, Module("eql"), Module("dummy")])]
fn physical_device_index_conflict() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let index = here.device("eql")?.index;
    here.change(send("eql", &there).build())?.doing("move the device")?;
    here.add(LinkDummy::new("holder").index(index).build())?.doing("take its index")?;
    drop(there);
    expect!(returns(&here, "eql")?, "it does not return");
    expect_eq!(here.device("holder")?.index, index, "the device that has its index");
    expect!(here.device("eql")?.index > index, "its new index: {}", here.device("eql")?.index);
    here.delete(index)?.doing("delete the other one")?;
    holds()
}

/// A physical device whose name is taken in the initial network namespace returns there as devN, where N is its index.
///
/// The device tried is that of the driver eql: no hardware's, but one without a link kind, as hardware's is.
#[claim(source = "net/core/dev.c default_device_exit_net", needs = [InitialNamespaces, Root, Module("eql"), Module("dummy")])]
fn physical_device_name_conflict() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let index = here.device("eql")?.index;
    here.change(send("eql", &there).build())?.doing("move the device")?;
    here.add(LinkDummy::new("eql").build())?.doing("take its name")?;
    let holder = here.device("eql")?.index;
    drop(there);
    expect!(returns(&here, &format!("dev{index}"))?, "it does not return as dev{index}: {:?}", here.names()?);
    expect_eq!(here.device("eql")?.index, holder, "the device that has its name");
    let returned = here.device(&format!("dev{index}"))?;
    expect_eq!(returned.index, index, "its index");
    here.delete(holder)?.doing("delete the other one")?;
    here.change(rename(&returned, "eql"))?.doing("give it its name back")?;
    holds()
}

/// If devN is taken as well, a physical device returns as the first of dev0, dev1 and so on that is free.
///
/// The device tried is that of the driver eql: no hardware's, but one without a link kind, as hardware's is.
#[claim(source = "net/core/dev.c default_device_exit_net", needs = [InitialNamespaces, Root, Module("eql"), Module("dummy")])]
fn physical_device_fallback_name_conflict() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let index = here.device("eql")?.index;
    here.change(send("eql", &there).build())?.doing("move the device")?;
    let taken = ["eql".to_owned(), "dev0".to_owned(), format!("dev{index}")];
    for name in &taken {
        here.add(LinkDummy::new(name).build())?.doing(format!("take the name {name}"))?;
    }
    let free = (1..).map(|number| format!("dev{number}")).find(|name| here.device(name).is_err());
    let free = free.unwrap_or_default();
    drop(there);
    expect!(returns(&here, &free)?, "it does not return as {free}: {:?}", here.names()?);
    let returned = here.device(&free)?;
    expect_eq!(returned.index, index, "its index");
    for name in &taken {
        here.delete(here.device(name)?.index)?.doing("delete the other ones")?;
    }
    here.change(rename(&returned, "eql"))?.doing("give it its name back")?;
    holds()
}

/// A physical device returns to the initial network namespace without an alternative name that is taken there, and under its
/// first name.
///
/// Before it was mended the kernel had a fault there (CVE-2024-26634).
///
/// The device tried is that of the driver eql: no hardware's, but one without a link kind, as hardware's is.
#[claim(source = "net/core/dev.c dev_change_net_namespace", since = "6.6", needs = [InitialNamespaces, Root, Module("eql"), Module("dummy")])]
fn altname_conflict_when_a_netns_ends() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let index = here.device("eql")?.index;
    for name in ["taken", "free"] {
        here.add_altname(index, name)?.doing("give it another name")?;
    }
    here.change(send("eql", &there).build())?.doing("move the device")?;
    here.add(LinkDummy::new("taken").build())?.doing("take one of its other names")?;
    drop(there);
    expect!(returns(&here, "eql")?, "it does not return as eql: {:?}", here.names()?);
    expect_eq!(here.device("eql")?.altnames, ["free"], "its other names");
    let other = here.device("taken")?.index;
    expect_ne!(other, index, "the device that has the name");
    here.delete(other)?.doing("delete that one")?;
    here.delete_altname(index, "free")?.doing("take the other name away")?;
    holds()
}

/// A physical device returns to the initial network namespace, not to the one from which it was moved to where it was.
///
/// The device tried is that of the driver eql: no hardware's, but one without a link kind, as hardware's is.
#[claim(
    source = "network_namespaces(7) DESCRIPTION",
    needs = [InitialNamespaces, Root, Module("eql")],
)]
fn physical_device_returns_past_its_mover() -> Verdict {
    let (here, mover, there) = (Netlink::open()?, Elsewhere::new()?, Elsewhere::new()?);
    here.change(send("eql", &mover).build())?.doing("move the device")?;
    mover.netlink().change(send("eql", &there).build())?.doing("move it on")?;
    there.netlink().device("eql")?;
    drop(there);
    expect!(returns(&here, "eql")?, "it does not return to the initial one");
    expect!(mover.netlink().device("eql").is_err(), "it is where it was moved from");
    holds()
}

/// Whether a device of this name comes here in time.
fn returns(here: &Netlink, name: &str) -> Outcome<bool> {
    eventually(|| Ok(here.names()?.iter().any(|one| one == name)))
}

fn rename(device: &Device, name: &str) -> rtnetlink::packet_route::link::LinkMessage {
    LinkUnspec::new_with_index(device.index).down().name(name).build()
}
