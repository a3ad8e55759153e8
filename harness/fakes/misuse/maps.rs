//! Wrong claims about who may write which map, and right ones beside them.

use kit::prelude::*;
use kit::process::{MapFile, NOBODY, Newborn, Writer, write_once};
use kit::words::refusal::Answer;
use rustix::thread::CapabilitySet;

pub(crate) const CASES: &[Case] = cases![
    each_writer_may_what_it_may,
    ordinary_user_may_write,
    process_without_its_capability_may_write,
    process_with_another_capability_may_write,
    caller_without_its_capability_may_write,
    caller_with_another_capability_may_write,
    caller_may_not_write,
    second_write_is_refused,
    second_write_goes_through,
    owner_may_not_write,
];

const ADMIN: CapabilitySet = CapabilitySet::SYS_ADMIN;
const SETUID: CapabilitySet = CapabilitySet::SETUID;
const SETGID: CapabilitySet = CapabilitySet::SETGID;
const SETFCAP: CapabilitySet = CapabilitySet::SETFCAP;

/// The writer's own user, which takes CAP_SYS_ADMIN inside, and CAP_SETFCAP since it is root outside.
const OWN: &str = "0 0 1";
/// What takes CAP_SETUID outside.
const OTHERS: &str = "0 1000 10";

/// Writes to the uid_map of a new namespace of the caller's.
fn written(text: &str, writer: Writer) -> Outcome<Answer> {
    Newborn::new()?.write(MapFile::Uid, text, writer)
}

/// Each writer may write what its capabilities are for.
#[claim(source = "namespaces(7)", needs = [Root])]
fn each_writer_may_what_it_may() -> Verdict {
    expect_ok!(written(OWN, Writer::Itself)?);
    expect_ok!(written(OWN, Writer::ItselfWith(ADMIN | SETFCAP))?);
    expect_ok!(written(OWN, Writer::ItselfWithout(SETGID))?);
    expect_ok!(written(OTHERS, Writer::CallerWith(SETUID))?);
    expect_ok!(written(OTHERS, Writer::CallerWithout(SETGID))?);
    let newborn = Newborn::new()?;
    expect_eq!(newborn.read(MapFile::Uid)?, "");
    expect_ok!(newborn.write(MapFile::Uid, OTHERS, Writer::Caller)?);
    expect_eq!(newborn.read(MapFile::Uid)?, OTHERS);
    holds()
}

/// An ordinary user may write a map of a namespace of root.
#[claim(source = "namespaces(7)", needs = [Root])]
fn ordinary_user_may_write() -> Verdict {
    expect_ok!(written(OWN, Writer::User(NOBODY))?);
    holds()
}

/// A process without CAP_SYS_ADMIN may write its own uid_map.
#[claim(source = "namespaces(7)", needs = [Root])]
fn process_without_its_capability_may_write() -> Verdict {
    expect_ok!(written(OWN, Writer::ItselfWithout(ADMIN))?);
    holds()
}

/// A process with CAP_SETUID alone may write its own uid_map.
#[claim(source = "namespaces(7)", needs = [Root])]
fn process_with_another_capability_may_write() -> Verdict {
    expect_ok!(written(OWN, Writer::ItselfWith(SETUID))?);
    holds()
}

/// Without CAP_SETUID a process may map other users.
#[claim(source = "namespaces(7)", needs = [Root])]
fn caller_without_its_capability_may_write() -> Verdict {
    expect_ok!(written(OTHERS, Writer::CallerWithout(SETUID))?);
    holds()
}

/// With CAP_SETGID alone a process may map other users.
#[claim(source = "namespaces(7)", needs = [Root])]
fn caller_with_another_capability_may_write() -> Verdict {
    expect_ok!(written(OTHERS, Writer::CallerWith(SETGID))?);
    holds()
}

/// Root may not map other users.
#[claim(source = "namespaces(7)", needs = [Root])]
fn caller_may_not_write() -> Verdict {
    expect_errno!(written(OTHERS, Writer::Caller)?, EPERM);
    holds()
}

/// A map is written once.
#[claim(source = "namespaces(7)", needs = [Root])]
fn second_write_is_refused() -> Verdict {
    expect_errno!(second_write()?, EPERM);
    holds()
}

/// A map is written twice.
#[claim(source = "namespaces(7)", needs = [Root])]
fn second_write_goes_through() -> Verdict {
    expect_ok!(second_write()?);
    holds()
}

fn second_write() -> Outcome<nix::Result<()>> {
    let newborn = Newborn::new()?;
    let [one, other] = [(), ()].map(|()| MapFile::Uid.open(newborn.pid()));
    write_once(&one.doing("open a map")?, OTHERS).doing("write a map")?;
    Ok(write_once(&other.doing("open a map again")?, OTHERS))
}

/// The owner of a user namespace may not write its map.
#[claim(source = "namespaces(7)", needs = [Root])]
fn owner_may_not_write() -> Verdict {
    let newborn = Newborn::of_user(NOBODY)?;
    let own = format!("0 {NOBODY} 1");
    expect_errno!(newborn.write(MapFile::Uid, &own, Writer::User(NOBODY))?, EPERM);
    holds()
}
