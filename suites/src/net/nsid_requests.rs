//! Requests about the IDs of network namespaces: who may make them, what is refused, what is told.
//! `ip-netns(8)`; net/core/net_namespace.c.

use std::fs::File;
use std::os::fd::AsRawFd;

use kit::netlink::{Elsewhere, Events, Named, Netlink, nsid_message};
use kit::prelude::*;
use kit::process::{NOBODY, as_user_with, capabilities, user_namespace_with};
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::packet_route::nsid::{NsidAttribute, NsidMessage};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nsid_request_errors,
    nsid_needs_net_admin,
    nsid_owner_may_give_ids,
    nsid_no_user_delete,
    nsid_released_on_death,
    nsid_notifications,
    nsid_get_by_number,
    nsid_in_another_numbering,
    nsid_list_target,
];

/// `linux/rtnetlink.h`.
const RTNLGRP_NSID: u32 = 28;

/// RTM_NEWNSID without an ID, or without a network namespace that exists, fails with EINVAL, EBADF or ESRCH.
#[claim(source = "net/core/net_namespace.c rtnl_net_newid", needs = [Root])]
fn nsid_request_errors() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let (null, uts) = (File::open("/dev/null")?, Namespace::own(Kind::Uts)?);
    let file = |file: i32| NsidAttribute::Fd(file as u32);
    let (id, pid) = (NsidAttribute::Id(12), NsidAttribute::Pid(there.pid().as_raw() as u32));
    let ask = |attributes: Vec<NsidAttribute>| {
        here.tell(Message::NewNsId(nsid_message(attributes)), NLM_F_CREATE | NLM_F_EXCL)
    };
    expect_errno!(ask(vec![pid.clone()])?, EINVAL, "no ID");
    expect_errno!(ask(vec![id.clone()])?, EINVAL, "no namespace");
    expect_errno!(ask(vec![id.clone(), file(9999)])?, EBADF, "no open file");
    expect_errno!(ask(vec![id.clone(), file(null.as_raw_fd())])?, EINVAL, "no namespace's file");
    expect_errno!(ask(vec![id.clone(), file(uts.fd().as_raw_fd())])?, EINVAL, "a UTS namespace's file");
    expect_errno!(ask(vec![id.clone(), NsidAttribute::Pid(i32::MAX as u32)])?, ESRCH, "no process");
    expect_eq!(here.nsids()?, Vec::<i32>::new(), "after the refusals");
    expect_ok!(ask(vec![id, pid])?, "an ID and a process");
    holds()
}

/// RTM_NEWNSID requires CAP_NET_ADMIN, and fails with EPERM without it; RTM_GETNSID requires no capability.
#[claim(source = "net/core/rtnetlink.c rtnetlink_rcv_msg", needs = [Root])]
fn nsid_needs_net_admin() -> Verdict {
    let here = Netlink::open()?;
    let (one, other) = (Elsewhere::new()?, Elsewhere::new()?);
    let files = [one.namespace()?, other.namespace()?];
    let give = |held: CapabilitySet, to: &Namespace, id: i32| {
        as_user_with(NOBODY, held, || Ok(Netlink::open()?.set_nsid(Named::File(to.fd()), id)?.portable()))
    };
    let others = capabilities()?.permitted - CapabilitySet::NET_ADMIN;
    expect_errno!(give(CapabilitySet::empty(), &files[0], 12)?, EPERM, "without capabilities");
    expect_errno!(give(others, &files[0], 12)?, EPERM, "with all but CAP_NET_ADMIN");
    expect_eq!(here.nsid(Named::File(files[0].fd()))?, Ok(None), "after the refusals");
    expect_ok!(give(CapabilitySet::NET_ADMIN, &files[0], 12)?, "with CAP_NET_ADMIN alone");
    let seen = as_user_with(NOBODY, CapabilitySet::empty(), || {
        let asker = Netlink::open()?;
        Ok([0, 1].map(|one| asker.nsid(Named::File(files[one].fd())).map(|answer| answer.portable())))
    });
    let [known, unknown] = seen?;
    expect_eq!((known?, unknown?), (Ok(Some(12)), Ok(None)), "asked without capabilities");
    holds()
}

/// The capability counts in the user namespace that owns the network namespace in which the ID is given.
#[claim(source = "net/core/rtnetlink.c rtnetlink_rcv_msg", needs = [UserNamespaces])]
fn nsid_owner_may_give_ids() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (outer, outer_file) = (Netlink::open()?, Namespace::own(Kind::Net)?);
        let inner = user_namespace_with(&Maps::own_as_root(), NONE, |case| {
            let own = Netlink::open()?.set_nsid(Named::File(outer_file.fd()), 12)?.portable();
            unshare(CLONE_NEWNET).doing("make a network namespace")?;
            let new = Netlink::open()?.set_nsid(Named::File(outer_file.fd()), 12)?.portable();
            case.send(&(own, new))
        })?;
        let (own, new): (Result<(), Refusal>, Result<(), Refusal>) = inner.recv()?;
        expect_errno!(own, EPERM, "by root of a child user namespace, in the network namespace of the parent");
        expect_ok!(new, "in a network namespace of its own");
        expect_ok!(outer.set_nsid(Named::File(outer_file.fd()), 12)?, "by the owner");
        holds()
    })
}

/// RTM_DELNSID fails with EOPNOTSUPP: an ID that was given cannot be taken away.
#[claim(source = "net/core/net_namespace.c net_ns_init", needs = [Root])]
fn nsid_no_user_delete() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let of = Named::Pid(there.pid().as_raw());
    here.set_nsid(of, 12)?.doing("give it an ID")?;
    let attributes = [vec![NsidAttribute::Id(12)], vec![of.attribute()], vec![of.attribute(), NsidAttribute::Id(12)]];
    for attributes in attributes {
        expect_errno!(here.tell(Message::DelNsId(nsid_message(attributes)), 0)?, EOPNOTSUPP);
        expect_eq!(here.nsid(of)?, Ok(Some(12)), "after the refusal");
    }
    holds()
}

/// The ID of a network namespace is free again when the network namespace has ended.
#[claim(source = "net/core/net_namespace.c unhash_nsid", needs = [Root])]
fn nsid_released_on_death() -> Verdict {
    let (here, stays) = (Netlink::open()?, Elsewhere::new()?);
    let new = Elsewhere::new()?;
    let of_new = Named::Pid(new.pid().as_raw());
    here.set_nsid(Named::Pid(stays.pid().as_raw()), 3)?.doing("give an ID")?;
    for id in [0, 12] {
        let ends = Elsewhere::new()?;
        here.set_nsid(Named::Pid(ends.pid().as_raw()), id)?.doing("give an ID")?;
        expect_eq!(here.nsids()?.contains(&id), true, "{id} while the namespace exists");
        drop(ends);
        let left = kit::settle(|left| *left == [3], || here.nsids())?;
        expect_eq!(left, [3], "after the end of the namespace that had {id}");
    }
    expect_ok!(here.set_nsid(of_new, 12)?, "an ID that was another one's");
    expect_ok!(here.set_nsid(Named::Pid(Elsewhere::new()?.pid().as_raw()), -1)?, "any ID");
    expect_eq!(here.nsid(of_new)?, Ok(Some(12)), "in the end");
    holds()
}

/// The group RTNLGRP_NSID is told when an ID is given, and when the network namespace that had it has ended.
///
/// In other network namespaces it is not told.
#[claim(source = ["net/core/net_namespace.c rtnl_net_notifyid", "rtnetlink(7)"], needs = [Root])]
fn nsid_notifications() -> Verdict {
    let here = Netlink::open()?;
    let (ends, second) = (Elsewhere::new()?, Elsewhere::new()?);
    let events = Events::of(RTNLGRP_NSID)?;
    let events_there = Events::of_in(RTNLGRP_NSID, &second.namespace()?)?;
    here.set_nsid(Named::Pid(ends.pid().as_raw()), 55)?.doing("give it an ID here")?;
    second.netlink().set_nsid(Named::Pid(ends.pid().as_raw()), 66)?.doing("give it another one elsewhere")?;
    drop(ends);
    for (told, id, place) in [(&events, 55, "here"), (&events_there, 66, "elsewhere")] {
        let given = told.next()?;
        expect!(matches!(&given, Message::NewNsId(about) if names(about, id)), "{place}, at first: {given:?}");
        let gone = told.next()?;
        expect!(matches!(&gone, Message::DelNsId(about) if names(about, id)), "{place}, then: {gone:?}");
    }
    holds()
}

/// RTM_GETNSID answers which ID there is, by ID, too; an ID that no network namespace has fails with ENOENT.
#[claim(source = "net/core/net_namespace.c rtnl_net_getid", since = "5.0", needs = [Root])]
fn nsid_get_by_number() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    here.set_nsid(Named::Pid(there.pid().as_raw()), 13)?.doing("give it an ID")?;
    expect_eq!(here.nsid(Named::Id(13))?, Ok(Some(13)));
    for unknown in [0, 12, -1] {
        expect_errno!(here.nsid(Named::Id(unknown))?, ENOENT, "{unknown}");
    }
    expect_errno!(there.netlink().nsid(Named::Id(13))?, ENOENT, "in another namespace");
    holds()
}

/// With NETNSA_TARGET_NSID the answer is the ID in that network namespace, and in the asker's as NETNSA_CURRENT_NSID.
#[claim(source = "net/core/net_namespace.c rtnl_net_getid", since = "5.0", needs = [Root])]
fn nsid_in_another_numbering() -> Verdict {
    let here = Netlink::open()?;
    let (target, subject) = (Elsewhere::new()?, Elsewhere::new()?);
    here.set_nsid(Named::Pid(target.pid().as_raw()), 12)?.doing("give the target an ID")?;
    here.set_nsid(Named::Pid(subject.pid().as_raw()), 13)?.doing("give the subject an ID")?;
    target.netlink().set_nsid(Named::Pid(subject.pid().as_raw()), 23)?.doing("give it another one in the target")?;
    let file = subject.namespace()?;
    let names = [Named::Id(13), Named::Pid(subject.pid().as_raw()), Named::File(file.fd())];
    for subject in names {
        let answer = here.ask_nsid(vec![NsidAttribute::TargetNsid(12), subject.attribute()])?;
        expect_eq!(answer, Ok(vec![NsidAttribute::Id(23), NsidAttribute::CurrentNsid(13)]), "{subject:?}");
        expect_eq!(
            here.ask_nsid(vec![subject.attribute()])?,
            Ok(vec![NsidAttribute::Id(13)]),
            "{subject:?}, no target"
        );
    }
    let unknown = here.ask_nsid(vec![NsidAttribute::TargetNsid(99), NsidAttribute::Id(13)])?;
    expect_errno!(unknown, EINVAL, "a target that has no ID");
    holds()
}

/// A dump of IDs with NETNSA_TARGET_NSID lists those of that network namespace, if the socket has
/// NETLINK_GET_STRICT_CHK.
///
/// Without that option the attribute is not looked at. With it a target that has no ID fails with EINVAL.
#[claim(source = "net/core/net_namespace.c rtnl_net_dumpid", since = "5.0", needs = [Root])]
fn nsid_list_target() -> Verdict {
    let (plain, strict) = (Netlink::open()?, Netlink::open()?);
    strict.be_strict()?;
    let (target, subject) = (Elsewhere::new()?, Elsewhere::new()?);
    plain.set_nsid(Named::Pid(target.pid().as_raw()), 12)?.doing("give the target an ID")?;
    plain.set_nsid(Named::Pid(subject.pid().as_raw()), 13)?.doing("give the subject an ID")?;
    for (there, id) in [(&target, 22), (&subject, 23)] {
        target.netlink().set_nsid(Named::Pid(there.pid().as_raw()), id)?.doing("give an ID in the target")?;
    }
    expect_eq!(strict.nsids_in(12)?, Ok(vec![22, 23]));
    expect_errno!(strict.nsids_in(99)?, EINVAL, "a target that has no ID");
    expect_eq!(strict.nsids()?, [12, 13], "without a target");
    expect_eq!(plain.nsids_in(12)?, Ok(vec![12, 13]), "without the option");
    expect_eq!(plain.nsids_in(99)?, Ok(vec![12, 13]), "without the option, a target that has no ID");
    holds()
}

fn names(about: &NsidMessage, id: i32) -> bool {
    about.attributes.contains(&NsidAttribute::Id(id))
}
