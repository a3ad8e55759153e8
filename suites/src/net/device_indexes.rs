//! The number of a network device, at home and where it is moved to: `network_namespaces(7)`; `netdevice(7)`.

use std::os::fd::AsRawFd;

use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;
use rtnetlink::packet_route::link::LinkAttribute;
use rtnetlink::{LinkDummy, LinkMessageBuilder, LinkUnspec, LinkVeth};

use super::devices::{fetch, send};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    net_moved_device_keeps_ifindex,
    moved_dummy_keeps_its_index,
    net_moved_device_gets_new_ifindex_on_conflict,
    moved_dummy_gets_a_new_index_on_conflict,
    each_namespace_counts_indexes_for_itself,
    net_ifindex_not_reused,
    net_explicit_ifindex,
    net_new_ifindex_attribute,
];

/// A number that no namespace of a case comes to by counting.
const FAR: u32 = 777;

/// A veth device that is moved to a network namespace in which nothing has its index keeps that index.
#[claim(source = ["Few notes about network namespaces in Linux", "Linux_name_space"], needs = [Root, Module("veth")])]
fn net_moved_device_keeps_ifindex() -> Verdict {
    keeps_its_index(veth)
}

/// A dummy device that is moved to a network namespace in which nothing has its index keeps that index.
#[claim(source = "Few notes about network namespaces in Linux", needs = [Root, Module("dummy")])]
fn moved_dummy_keeps_its_index() -> Verdict {
    keeps_its_index(dummy)
}

/// A veth device moved to a network namespace where its index is taken gets the one after the last that was given out
/// there.
///
/// Lower indexes are not used for it, although they may be free. It keeps the new index from then on, also back where
/// the old one is free.
#[claim(source = "net/core/dev.c dev_change_net_namespace", needs = [Root, Module("veth")])]
fn net_moved_device_gets_new_ifindex_on_conflict() -> Verdict {
    gets_a_new_index(veth)
}

/// A dummy device moved to a network namespace where its index is taken gets the one after the last that was given out
/// there.
///
/// Lower indexes are not used for it, although they may be free. It keeps the new index from then on, also back where
/// the old one is free.
#[claim(source = "net/core/dev.c dev_change_net_namespace", needs = [Root, Module("dummy")])]
fn moved_dummy_gets_a_new_index_on_conflict() -> Verdict {
    gets_a_new_index(dummy)
}

/// Each network namespace counts the indexes of its devices for itself: two new ones give out the same numbers.
#[claim(
    source = "net/core/dev.c dev_index_reserve",
    needs = [Root, Module("veth")],
    erratum = "«Few notes about network namespaces in Linux»: interface numbers are unique over all network namespaces, but for \
               the loopback devices.",
)]
fn each_namespace_counts_indexes_for_itself() -> Verdict {
    let (one, other) = (Elsewhere::new()?, Elsewhere::new()?);
    let mut indexes = Vec::new();
    for place in [&one, &other] {
        place.netlink().add(veth("here").build())?.doing("make a pair of veth devices")?;
        let new: Vec<_> = place.netlink().devices()?.into_iter().map(|device| (device.name, device.index)).collect();
        indexes.push(new);
    }
    expect_eq!(indexes[0], indexes[1], "names and indexes in two new namespaces");
    let mut numbers: Vec<_> = indexes[0].iter().map(|(_, index)| index).collect();
    numbers.dedup();
    expect_eq!(numbers.len(), indexes[0].len(), "different numbers within one namespace");
    holds()
}

/// A new device gets a higher index than one that was deleted before, although that one's index is free.
#[claim(source = "net/core/dev.c dev_index_reserve", needs = [Root, Module("veth")])]
fn net_ifindex_not_reused() -> Verdict {
    let here = Netlink::open()?;
    here.add(veth("first").build())?.doing("make a pair of veth devices")?;
    let first = here.device("first")?.index;
    here.delete(first)?.doing("delete the pair")?;
    here.add(veth("second").build())?.doing("make another pair")?;
    expect!(here.device("second")?.index > first, "{} after {first}", here.device("second")?.index);
    expect_ok!(here.add(veth("third").index(first).build())?, "with the number of the deleted one");
    expect_eq!(here.device("third")?.index, first);
    holds()
}

/// A device can be made with a chosen index; if a device of the network namespace has it already, the request fails
/// with EEXIST.
#[claim(source = "ip-link(8) index", needs = [Root, Module("veth")])]
fn net_explicit_ifindex() -> Verdict {
    let here = Netlink::open()?;
    expect_ok!(here.add(veth("first").index(FAR).build())?);
    expect_eq!(here.device("first")?.index, FAR);
    expect_errno!(here.add(veth("second").index(FAR).build())?, EEXIST);
    expect_ok!(here.add(veth("second").index(FAR + 1).build())?);
    expect_eq!(here.device("second")?.index, FAR + 1);
    let there = Elsewhere::new()?;
    expect_ok!(there.netlink().add(veth("third").index(FAR).build())?, "in another network namespace");
    holds()
}

/// IFLA_NEW_IFINDEX sets the index of a moved device in its new network namespace; if it is taken there, the move fails
/// with EBUSY.
#[claim(source = "include/uapi/linux/if_link.h IFLA_NEW_IFINDEX", since = "5.13", needs = [Root, Module("veth")])]
fn net_new_ifindex_attribute() -> Verdict {
    let here = Netlink::open()?;
    here.add(LinkVeth::new("one", "other").build())?.doing("make a pair of veth devices")?;
    let (one, other) = (here.device("one")?.index, here.device("other")?.index);
    let there = Elsewhere::new()?;
    let target = there.namespace()?;
    let ask = |index: u32, wanted: i32| {
        let device = LinkUnspec::new_with_index(index).setns_by_fd(target.fd().as_raw_fd());
        device.append_extra_attribute(LinkAttribute::NewIfIndex(wanted)).build()
    };
    expect_ok!(here.change(ask(one, FAR as i32))?);
    expect_eq!(there.netlink().device("one")?.index, FAR);
    expect_errno!(here.change(ask(other, FAR as i32))?, EBUSY);
    expect_eq!(here.device("other")?.index, other, "after the refusal");
    expect_ok!(here.change(ask(other, FAR as i32 + 1))?);
    expect_eq!(there.netlink().device("other")?.index, FAR + 1);
    holds()
}

/// A builder of a device with this name.
type Make<T> = fn(&str) -> LinkMessageBuilder<T>;

fn veth(name: &str) -> LinkMessageBuilder<LinkVeth> {
    LinkVeth::new(name, &format!("{name}-peer"))
}

fn dummy(name: &str) -> LinkMessageBuilder<LinkDummy> {
    LinkDummy::new(name)
}

fn keeps_its_index<T>(make: Make<T>) -> Verdict {
    let here = Netlink::open()?;
    let there = Elsewhere::new()?;
    here.add(make("moved").index(FAR).build())?.doing("make a device with a number of our choice")?;
    expect_ok!(here.change(send("moved", &there).build())?);
    expect_eq!(there.netlink().device("moved")?.index, FAR);
    // Had it been numbered anew there, it would have got the number that the next one gets.
    there.netlink().add(make("next").build())?.doing("make a device there")?;
    expect!(there.netlink().device("next")?.index < FAR, "the number by counting is another one");
    holds()
}

fn gets_a_new_index<T>(make: Make<T>) -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    here.add(make("moved").index(FAR).build())?.doing("make a device with a number of our choice")?;
    there.netlink().add(make("holder").index(FAR).build())?.doing("make one with the same number there")?;
    // The lowest number that is free is not the next one.
    there.netlink().add(make("hole").build())?.doing("make one that is numbered by counting")?;
    let hole = there.netlink().device("hole")?.index;
    there.netlink().add(make("counted").build())?.doing("make another one")?;
    let counted = there.netlink().devices()?.iter().map(|device| device.index).filter(|index| *index < FAR).max();
    there.netlink().delete(hole)?.doing("delete the first one")?;
    expect_ok!(here.change(send("moved", &there).build())?);
    let new = there.netlink().device("moved")?.index;
    expect_eq!(Some(new), counted.map(|last| last + 1), "the number after the last one given out there");
    expect_eq!(there.netlink().device("holder")?.index, FAR, "the device that had the number before");
    there.netlink().change(fetch("moved").build())?.doing("move the device back")?;
    expect_eq!(here.device("moved")?.index, new, "back where the old number is free");
    holds()
}
