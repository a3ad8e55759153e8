//! Cases whose verdict depends on the kernel's version, for the search of the kernel where it changed.

use kit::prelude::*;
use nix::errno::Errno;

pub(crate) const CASES: &[Case] = cases![changed_in_6_14, is_about_6_14_and_newer, has_no_answer_between];

/// The kernel that runs, as far as these cases care.
fn version() -> Result<(u32, u32), Failure> {
    let system = nix::sys::utsname::uname()?;
    let release = system.release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).filter_map(|part| part.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) => Ok((major, minor)),
        _ => Err(Failure::broken("the release has no numbers")),
    }
}

/// The claim holds up to 6.13.
#[claim(source = "namespaces(7)")]
fn changed_in_6_14() -> Verdict {
    println!("evidence of this kernel");
    let old = version()? < (6, 14);
    expect_eq!(old, true);
    holds()
}

/// The claim is about 6.14 and what came after it, and holds there.
#[claim(source = "namespaces(7)", since = "6.14")]
fn is_about_6_14_and_newer() -> Verdict {
    expect_eq!(version()? < (6, 14), false);
    holds()
}

/// The claim holds up to 6.1 and not from 7.0 on, and between the two the case is broken.
#[claim(source = "namespaces(7)")]
fn has_no_answer_between() -> Verdict {
    let version = version()?;
    let prepared = if version > (6, 1) && version < (7, 0) { Err(Errno::EPERM) } else { Ok(()) };
    prepared.doing("prepare the case")?;
    expect_eq!(version < (7, 0), true);
    holds()
}
