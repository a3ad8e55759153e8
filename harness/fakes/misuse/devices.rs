//! Wrong claims about network devices, and right ones beside them.

use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;

pub(crate) const CASES: &[Case] = cases![
    second_name_is_there,
    second_name_is_not_there,
    same_name_is_taken_twice,
    loopback_can_be_deleted,
    device_is_missing,
    name_is_where_it_was_given,
    name_is_everywhere,
    socket_leads_back,
    socket_leads_elsewhere,
];

const LOOPBACK: u32 = 1;

/// The other names of the loopback device where a socket leads.
fn names_by(netlink: &Netlink) -> Outcome<Vec<String>> {
    Ok(netlink.device("lo")?.altnames)
}

fn give_a_name(netlink: &Netlink) -> Outcome<nix::Result<()>> {
    netlink.add_altname(LOOPBACK, "second")
}

/// A device that is given a second name has it.
#[claim(source = "namespaces(7)", needs = [Root])]
fn second_name_is_there() -> Verdict {
    let here = Netlink::open()?;
    expect_eq!(here.names()?, ["lo"]);
    expect_ok!(give_a_name(&here)?);
    expect_eq!(names_by(&here)?, ["second"]);
    expect_ok!(here.delete_altname(LOOPBACK, "second")?);
    expect!(names_by(&here)?.is_empty());
    holds()
}

/// A device that is given a second name has none.
#[claim(source = "namespaces(7)", needs = [Root])]
fn second_name_is_not_there() -> Verdict {
    let here = Netlink::open()?;
    give_a_name(&here)??;
    expect!(names_by(&here)?.is_empty());
    holds()
}

/// A device can be given one name twice.
#[claim(source = "namespaces(7)", needs = [Root])]
fn same_name_is_taken_twice() -> Verdict {
    let here = Netlink::open()?;
    give_a_name(&here)??;
    expect_ok!(give_a_name(&here)?);
    holds()
}

/// The loopback device can be deleted.
#[claim(source = "namespaces(7)", needs = [Root])]
fn loopback_can_be_deleted() -> Verdict {
    expect_ok!(Netlink::open()?.delete(LOOPBACK)?);
    holds()
}

/// A device is there that was never made.
#[claim(source = "namespaces(7)", needs = [Root])]
fn device_is_missing() -> Verdict {
    Netlink::open()?.device("never")?;
    holds()
}

/// A name that is given in another network namespace is there, and not here.
#[claim(source = "namespaces(7)", needs = [Root])]
fn name_is_where_it_was_given() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    expect_ok!(give_a_name(there.netlink())?);
    expect!(names_by(&here)?.is_empty());
    expect_eq!(names_by(there.netlink())?, ["second"]);
    holds()
}

/// A name that is given in another network namespace is here.
#[claim(source = "namespaces(7)", needs = [Root])]
fn name_is_everywhere() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    give_a_name(there.netlink())??;
    expect_eq!(names_by(&here)?, ["second"]);
    holds()
}

/// After a socket has been opened elsewhere, the next one is opened here.
#[claim(source = "namespaces(7)", needs = [Root])]
fn socket_leads_back() -> Verdict {
    let before = own_inode(Kind::Net)?;
    let _there = Elsewhere::new()?;
    expect_eq!(own_inode(Kind::Net)?, before);
    holds()
}

/// After a socket has been opened elsewhere, the caller is there.
#[claim(source = "namespaces(7)", needs = [Root])]
fn socket_leads_elsewhere() -> Verdict {
    let there = Elsewhere::new()?;
    expect_eq!(own_inode(Kind::Net)?, there.namespace()?.inode()?);
    holds()
}
