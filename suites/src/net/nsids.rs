//! The IDs that network namespaces have for each other (nsid), and how they come by them: `ip-netns(8)`; rtnl_net_newid()
//! in net/core/net_namespace.c.

use kit::netlink::{Elsewhere, Named, Netlink};
use kit::prelude::*;

use super::devices::send;
use super::drivers;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nsid_none_by_default,
    nsid_explicit,
    nsid_auto,
    nsid_cannot_change,
    nsid_taken_eexist,
    nsid_is_local,
    nsid_self,
    nsid_assigned_when_veth_moves,
    nsid_assigned_when_a_device_moves,
];

/// A network namespace has no ID in any other, nor in itself, until it is given one.
#[claim(source = ["ip-netns(8)", "Linux Namespaces"], needs = [Root])]
fn nsid_none_by_default() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let own = Namespace::own(Kind::Net)?;
    expect_eq!(here.nsid(of(&there))?, Ok(None), "the other one's here");
    expect_eq!(there.netlink().nsid(Named::File(own.fd()))?, Ok(None), "ours there");
    expect_eq!(here.nsid(Named::File(own.fd()))?, Ok(None), "our own");
    expect_eq!((here.nsids()?, there.netlink().nsids()?), (vec![], vec![]), "all that there are");
    here.set_nsid(of(&there), 12)?.doing("give the other one an ID")?;
    expect_eq!(here.nsid(of(&there))?, Ok(Some(12)), "after it was given one");
    holds()
}

/// RTM_NEWNSID gives a network namespace an ID of the caller's choice; it is named by a file descriptor or by a PID.
#[claim(source = ["ip-netns(8)", "net/core/net_namespace.c rtnl_net_newid"], needs = [Root])]
fn nsid_explicit() -> Verdict {
    let here = Netlink::open()?;
    let (one, other) = (Elsewhere::new()?, Elsewhere::new()?);
    let file = one.namespace()?;
    expect_ok!(here.set_nsid(Named::File(file.fd()), 12)?, "by descriptor");
    expect_ok!(here.set_nsid(of(&other), 77)?, "by PID");
    let (one_again, other_again) = (of(&one), other.namespace()?);
    expect_eq!(here.nsid(Named::File(file.fd()))?, Ok(Some(12)), "asked for by descriptor");
    expect_eq!(here.nsid(one_again)?, Ok(Some(12)), "asked for by PID");
    expect_eq!(here.nsid(Named::File(other_again.fd()))?, Ok(Some(77)), "the other one");
    expect_eq!(here.nsids()?, [12, 77], "all that there are");
    holds()
}

/// RTM_NEWNSID with a negative ID gives a network namespace the lowest ID that is free.
#[claim(source = ["ip-netns(8)", "net/core/net_namespace.c alloc_netid"], needs = [Root])]
fn nsid_auto() -> Verdict {
    let here = Netlink::open()?;
    let mut others = Vec::new();
    for (asked, given) in [(1, 1), (-1, 0), (-1, 2), (-77, 3), (5, 5), (i32::MIN, 4), (-1, 6)] {
        let there = Elsewhere::new()?;
        expect_ok!(here.set_nsid(of(&there), asked)?, "asked for {asked}");
        expect_eq!(here.nsid(of(&there))?, Ok(Some(given)), "asked for {asked}");
        others.push(there);
    }
    holds()
}

/// Giving an ID to a network namespace that has one already fails with EEXIST, also if it is the same one.
#[claim(source = ["ip-netns(8)", "net/core/net_namespace.c rtnl_net_newid"], needs = [Root])]
fn nsid_cannot_change() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    expect_ok!(here.set_nsid(of(&there), 12)?);
    for again in [12, 13, -1] {
        expect_errno!(here.set_nsid(of(&there), again)?, EEXIST, "asked for {again}");
        expect_eq!(here.nsid(of(&there))?, Ok(Some(12)), "after {again} was asked for");
    }
    expect_ok!(here.set_nsid(of(&Elsewhere::new()?), 13)?, "another namespace");
    holds()
}

/// An ID that another network namespace has is refused with EEXIST.
#[claim(source = "net/core/net_namespace.c rtnl_net_newid", needs = [Root])]
fn nsid_taken_eexist() -> Verdict {
    let here = Netlink::open()?;
    let (one, other) = (Elsewhere::new()?, Elsewhere::new()?);
    for taken in [0, 12] {
        let holder = Elsewhere::new()?;
        here.set_nsid(of(&holder), taken)?.doing("give a namespace an ID")?;
        expect_errno!(here.set_nsid(of(&one), taken)?, EEXIST, "{taken}");
        expect_eq!(here.nsid(of(&one))?, Ok(None), "after the refusal of {taken}");
        expect_eq!(here.nsid(of(&holder))?, Ok(Some(taken)), "the one that has it");
    }
    expect_ok!(here.set_nsid(of(&other), 13)?, "a free one");
    holds()
}

/// An nsid is valid in the network namespace in which it was given: others have other IDs for the same one, or none.
#[claim(source = "ip-netns(8)", needs = [Root])]
fn nsid_is_local() -> Verdict {
    let here = Netlink::open()?;
    let (subject, second, third) = (Elsewhere::new()?, Elsewhere::new()?, Elsewhere::new()?);
    let own = Namespace::own(Kind::Net)?;
    here.set_nsid(of(&subject), 12)?.doing("give it an ID here")?;
    expect_ok!(second.netlink().set_nsid(of(&subject), 77)?, "another ID elsewhere");
    expect_ok!(third.netlink().set_nsid(of(&second), 12)?, "our number for another namespace elsewhere");
    expect_eq!(here.nsid(of(&subject))?, Ok(Some(12)), "here");
    expect_eq!(second.netlink().nsid(of(&subject))?, Ok(Some(77)), "in the second");
    expect_eq!(third.netlink().nsid(of(&subject))?, Ok(None), "in the third");
    expect_eq!(subject.netlink().nsid(Named::File(own.fd()))?, Ok(None), "ours in it");
    holds()
}

/// A network namespace can have an ID in itself.
#[claim(source = ["ip-netns(8)", "net/core/net_namespace.c rtnl_net_newid"], needs = [Root])]
fn nsid_self() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let own = Namespace::own(Kind::Net)?;
    expect_ok!(here.set_nsid(Named::File(own.fd()), 100)?);
    expect_eq!(here.nsid(Named::File(own.fd()))?, Ok(Some(100)), "here");
    expect_eq!(there.netlink().nsid(Named::File(own.fd()))?, Ok(None), "elsewhere");
    holds()
}

/// When a veth device is moved to another network namespace than its peer, each of the two gets an ID in the other.
///
/// The namespace need not have a name: it is given by PID here.
#[claim(
    source = ["Linux Namespaces", "drivers/net/veth.c veth_get_link_net"],
    needs = [Root, Module("veth")],
    erratum = "Linux Namespaces: an nsid is given when a device is moved to a namespace with a name.",
)]
fn nsid_assigned_when_veth_moves() -> Verdict {
    let (here, there, third) = (Netlink::open()?, Elsewhere::new()?, Elsewhere::new()?);
    let own = Namespace::own(Kind::Net)?;
    // So that the IDs are not the same.
    there.netlink().set_nsid(of(&third), 0)?.doing("take the first ID there")?;
    here.add(drivers::veth("moved", 0))?.doing("make a pair of veth devices")?;
    expect_eq!(here.nsid(of(&there))?, Ok(None), "the other one's here, before the move");
    here.change(send("moved", &there).build())?.doing("move one of them")?;
    expect_eq!(here.nsid(of(&there))?, Ok(Some(0)), "the other one's here");
    expect_eq!(there.netlink().nsid(Named::File(own.fd()))?, Ok(Some(1)), "ours there");
    expect_eq!(here.nsid(of(&third))?, Ok(None), "that of a third one here");
    holds()
}

/// When a device is moved, the network namespace that it leaves has an ID for the one that it goes to, but not the other
/// way round.
#[claim(source = "net/core/dev.c __dev_change_net_namespace", needs = [Root, Module("dummy")])]
fn nsid_assigned_when_a_device_moves() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let own = Namespace::own(Kind::Net)?;
    here.add(drivers::dummy("moved", 0))?.doing("make a dummy device")?;
    expect_eq!(here.nsid(of(&there))?, Ok(None), "the other one's here, before the move");
    here.change(send("moved", &there).build())?.doing("move it")?;
    expect_eq!(here.nsid(of(&there))?, Ok(Some(0)), "the other one's here");
    expect_eq!(there.netlink().nsid(Named::File(own.fd()))?, Ok(None), "ours there");
    holds()
}

fn of(there: &Elsewhere) -> Named<'static> {
    Named::Pid(there.pid().as_raw())
}
