//! Pairs of veth devices: made and deleted together, wherever the two are: `veth(4)`.

use std::os::fd::AsRawFd;

use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;
use rtnetlink::packet_route::link::{InfoData, InfoKind, InfoVeth, LinkMessage};
use rtnetlink::{LinkDummy, LinkMessageBuilder, LinkUnspec, LinkVeth};

use super::devices::{device, send, veth_pair};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    veth_created_in_pairs,
    veth_delete_one_deletes_both,
    veth_delete_one_deletes_both_across_namespaces,
    veth_same_name_needs_two_namespaces,
    veth_create_directly_in_namespaces,
    a_name_taken_here_does_not_matter_to_a_device_made_elsewhere,
    a_name_taken_here_hindered_a_device_made_elsewhere,
];

/// One request makes two veth devices, with the names that it gives; a missing name becomes vethN, the first that is
/// free.
#[claim(source = "veth(4) DESCRIPTION", needs = [Root, Module("veth")])]
fn veth_created_in_pairs() -> Verdict {
    let here = Netlink::open()?;
    let before = here.names()?;
    expect_ok!(here.add(LinkVeth::new("one", "other").build())?, "two names");
    expect_ok!(here.add(LinkMessageBuilder::<LinkVeth>::new_with_info_kind(InfoKind::Veth).build())?, "no name");
    let alone = LinkMessageBuilder::<LinkVeth>::new_with_info_kind(InfoKind::Veth).name("alone");
    expect_ok!(here.add(alone.build())?, "one name");
    let mut new = here.names()?;
    new.retain(|name| !before.contains(name));
    new.sort();
    expect_eq!(new, ["alone", "one", "other", "veth0", "veth1", "veth2"]);
    holds()
}

/// Deleting a veth device deletes its peer, whichever of the two is deleted.
#[claim(source = "veth(4) DESCRIPTION", needs = [Root, Module("veth")])]
fn veth_delete_one_deletes_both() -> Verdict {
    for deleted in ["a", "b"] {
        let here = veth_pair()?;
        here.add(LinkVeth::new("c", "d").build())?.doing("make another pair")?;
        expect_ok!(here.delete(here.device(deleted)?.index)?, "{deleted}");
        expect_eq!(present(&here)?, "cd", "after {deleted} was deleted");
        here.delete(here.device("c")?.index)?.doing("delete the other pair")?;
    }
    holds()
}

/// Deleting a veth device deletes its peer in another network namespace, too.
#[claim(source = "veth(4) DESCRIPTION", needs = [Root, Module("veth")])]
fn veth_delete_one_deletes_both_across_namespaces() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    for here_deleted in [true, false] {
        veth_pair()?.change(send("a", &there).build())?.doing("move one of them")?;
        let (place, name) = if here_deleted { (&here, "b") } else { (there.netlink(), "a") };
        expect_eq!([present(&here)?, present(there.netlink())?], ["b", "a"], "before");
        expect_ok!(place.delete(place.device(name)?.index)?, "{name}");
        expect_eq!([present(&here)?, present(there.netlink())?], ["", ""], "after {name} was deleted");
    }
    holds()
}

/// The two devices of a pair can have the same name if they are in different network namespaces; in one they cannot:
/// EEXIST.
#[claim(source = "veth(4) DESCRIPTION", needs = [Root, Module("veth")])]
fn veth_same_name_needs_two_namespaces() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    expect_errno!(here.add(LinkVeth::new("a", "a").build())?, EEXIST, "in one namespace");
    expect_eq!(present(&here)?, "", "after the refusal");
    let target = there.namespace()?;
    let peer = device("a").setns_by_fd(target.fd().as_raw_fd()).build();
    expect_ok!(here.add(pair(device("a"), peer))?, "in two namespaces");
    expect_eq!([present(&here)?, present(there.netlink())?], ["a", "a"]);
    holds()
}

/// The request that makes a pair can put each of the two into a network namespace of its own.
#[claim(source = ["veth(4) DESCRIPTION", "ip-link(8) ip link add - add virtual link"], needs = [Root, Module("veth")])]
fn veth_create_directly_in_namespaces() -> Verdict {
    let here = Netlink::open()?;
    let (one, other) = (Elsewhere::new()?, Elsewhere::new()?);
    let target = one.namespace()?;
    let first = device("a").setns_by_fd(target.fd().as_raw_fd());
    expect_ok!(here.add(pair(first, send("b", &other).build()))?);
    expect_eq!(present(&here)?, "", "here");
    expect_eq!(present(one.netlink())?, "a", "in the first");
    expect_eq!(present(other.netlink())?, "b", "in the second");
    other.netlink().delete(other.netlink().device("b")?.index)?.doing("delete one of them")?;
    expect_eq!(present(one.netlink())?, "", "after its peer was deleted");
    holds()
}

/// To make a device in another network namespace its name must be free there; whether it is free here does not matter.
///
/// It fails with EEXIST otherwise.
#[claim(
    source = "net/core/rtnetlink.c rtnl_newlink",
    since = "6.15",
    replaces = "a_name_taken_here_hindered_a_device_made_elsewhere",
    needs = [Root, Module("dummy")],
)]
fn a_name_taken_here_does_not_matter_to_a_device_made_elsewhere() -> Verdict {
    let (there, makes) = two_names()?;
    expect_errno!(makes[0], EEXIST, "taken there");
    expect_ok!(makes[1], "taken here");
    expect_ok!(makes[2], "taken nowhere");
    expect_eq!(there, "abc");
    holds()
}

/// Making a device in another network namespace fails with EEXIST if its name is taken there, or taken here.
#[claim(source = "net/core/rtnetlink.c rtnl_newlink", until = "6.15", needs = [Root, Module("dummy")])]
fn a_name_taken_here_hindered_a_device_made_elsewhere() -> Verdict {
    let (there, makes) = two_names()?;
    expect_errno!(makes[0], EEXIST, "taken there");
    expect_errno!(makes[1], EEXIST, "taken here");
    expect_ok!(makes[2], "taken nowhere");
    expect_eq!(there, "ac");
    holds()
}

/// Dummy devices are made elsewhere: `a`, whose name is taken there, `b`, whose name is taken here, and `c`.
fn two_names() -> Outcome<(String, [nix::Result<()>; 3])> {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    there.netlink().add(LinkDummy::new("a").build())?.doing("make a dummy device there")?;
    here.add(LinkDummy::new("b").build())?.doing("make a dummy device here")?;
    let make = |name| here.add(LinkDummy::new(name).setns_by_pid(there.pid().as_raw() as u32).build());
    let made = [make("a")?, make("b")?, make("c")?];
    Ok((present(there.netlink())?, made))
}

/// A pair that consists of these two.
fn pair(device: LinkMessageBuilder<LinkUnspec>, peer: LinkMessage) -> LinkMessage {
    let mut kind = LinkMessageBuilder::<LinkVeth>::new_with_info_kind(InfoKind::Veth)
        .set_info_data(InfoData::Veth(InfoVeth::Peer(peer)))
        .build();
    let device = device.build();
    kind.attributes.extend(device.attributes);
    kind
}

/// The names that are one letter, in a row.
fn present(place: &Netlink) -> Outcome<String> {
    let mut names = place.names()?;
    names.retain(|name| name.len() == 1);
    names.sort();
    Ok(names.concat())
}
