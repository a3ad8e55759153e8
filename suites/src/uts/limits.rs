//! How long the names can be, what else is refused as a name, and how many namespaces there can be.

use std::fs;

use kit::limits::set_limit;
use kit::prelude::*;
use kit::process::try_clone3;
use kit::uts::{Name, sethostname};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    hostname_limit_64,
    domainname_limit_is_64_without_nul,
    hostname_negative_length_einval,
    hostname_bad_pointer_efault,
    sethostname_stops_at_nul,
    max_enospc,
];

/// sethostname(2) accepts 0 to 64 bytes; with 65 it fails with EINVAL and leaves the hostname unchanged.
#[claim(source = ["gethostname(2) ERRORS", "gethostname(2) VERSIONS"], needs = [Root])]
fn hostname_limit_64() -> Verdict {
    expect_64_bytes_at_most(Name::Host)?;
    holds()
}

/// setdomainname(2) accepts 0 to 64 bytes, without a null byte; with 65 it fails with EINVAL and leaves the domain name
/// unchanged.
#[claim(
    source = "getdomainname(2) HISTORY",
    needs = [Root],
    erratum = "getdomainname(2), HISTORY: the 64 bytes that a domain name can have include a terminating null byte.",
    quote = "including the terminating null byte, is 64 bytes",
)]
fn domainname_limit_is_64_without_nul() -> Verdict {
    expect_64_bytes_at_most(Name::Domain)?;
    holds()
}

/// sethostname(2) and setdomainname(2) with a negative length fail with EINVAL and leave the name unchanged.
#[claim(source = ["gethostname(2) ERRORS", "getdomainname(2) ERRORS"], needs = [Root])]
fn hostname_negative_length_einval() -> Verdict {
    for name in Name::BOTH {
        name.set("old")?;
        let new = b"new".as_ptr().expose_provenance();
        for length in [-1, i32::MIN] {
            expect_errno!(name.set_at(new, length), EINVAL, "length {length}");
        }
        expect_eq!(name.get()?, "old");
        expect_ok!(name.set_at(new, 3));
        expect_eq!(name.get()?, "new");
    }
    holds()
}

/// sethostname(2) and setdomainname(2) with an address that the caller cannot read fail with EFAULT and leave the name
/// unchanged.
#[claim(source = ["gethostname(2) ERRORS", "getdomainname(2) ERRORS"], needs = [Root])]
fn hostname_bad_pointer_efault() -> Verdict {
    for name in Name::BOTH {
        name.set("old")?;
        // The first page, which no process may map, and the last, which is the kernel's.
        for address in [8, usize::MAX - 8] {
            expect_errno!(name.set_at(address, 3), EFAULT, "address {address:#x}");
        }
        expect_eq!(name.get()?, "old");
        expect_ok!(name.set_at(b"new".as_ptr().expose_provenance(), 3));
        expect_eq!(name.get()?, "new");
    }
    holds()
}

/// /proc/sys/kernel/hostname shows a hostname up to the first null byte that sethostname(2) was given.
#[claim(source = "gethostname(2) DESCRIPTION", needs = [Root])]
fn sethostname_stops_at_nul() -> Verdict {
    for (set, read) in [(b"aXb", "aXb"), (b"a\0b", "a"), (b"\0ab", "")] {
        expect_ok!(sethostname(set));
        expect_eq!(fs::read_to_string(Name::Host.file())?, format!("{read}\n"));
    }
    holds()
}

/// clone3(2) and unshare(2) with CLONE_NEWUTS fail with ENOSPC once the user namespace or an ancestor has
/// max_uts_namespaces of them.
#[claim(source = "namespaces(7) The /proc/sys/user directory", needs = [UserNamespaces])]
fn max_enospc() -> Verdict {
    user_namespace(NONE, || {
        limit(0)?;
        expect_no_more("none are allowed")?;
        limit(1)?;
        expect_ok!(unshare(CLONE_NEWUTS), "one is allowed");
        expect_no_more("the caller is in the only one allowed")?;
        // User namespaces below have limits of their own, but what is made there counts here too.
        user_namespace(NONE, || {
            expect_no_more("the limit of the parent is reached")?;
            user_namespace(NONE, || expect_no_more("the limit of the parent's parent is reached"))
        })?;
        limit(2)?;
        for round in ["two are allowed", "two are allowed, and the child's has gone"] {
            expect_ok!(try_clone3(&CloneArgs::new(CLONE_NEWUTS)), "{round}");
        }
        user_namespace(CLONE_NEWUTS, || expect_no_more("the second is in a child user namespace"))?;
        expect_ok!(unshare(CLONE_NEWUTS), "two are allowed");
        Ok(())
    })?;
    holds()
}

/// Sets the limit of the caller's user namespace.
fn limit(count: u32) -> Outcome<()> {
    set_limit(Kind::Uts, count).doing(format!("allow {count} UTS namespaces"))
}

fn expect_no_more(why: &str) -> Outcome<()> {
    expect_errno!(unshare(CLONE_NEWUTS), ENOSPC, "{why}");
    expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWUTS)), ENOSPC, "{why}");
    Ok(())
}

/// A name can have up to 64 bytes and no more.
fn expect_64_bytes_at_most(name: Name) -> Outcome<()> {
    // Shorter after longer: nothing of the longer one may be left.
    for length in [64, 1, 0, 63, 64] {
        let value = "x".repeat(length);
        expect_ok!(name.set(&value), "{length} bytes");
        expect_eq!(name.get()?, value);
    }
    expect_errno!(name.set("y".repeat(65)), EINVAL);
    expect_eq!(name.get()?, "x".repeat(64));
    Ok(())
}
