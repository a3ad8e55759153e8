//! What `uname(2)` and the C library's functions on top of it tell.

use kit::prelude::*;
use kit::sys::uts::{PER_LINUX32, UNAME26, getdomainname, gethostname, personality};
use kit::uts::{Names, sethostname};
use nix::sys::utsname::uname;
use serde::{Deserialize, Serialize};

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![gethostname_glibc_enametoolong, getdomainname_glibc_truncates, uname_personality_is_per_process];

/// glibc's gethostname(2) fails with ENAMETOOLONG if the buffer is too small for the hostname and its null byte.
#[claim(
    source = ["gethostname(2) ERRORS", "gethostname(2) C library/kernel differences"],
    needs = [Root],
)]
fn gethostname_glibc_enametoolong() -> Verdict {
    sethostname("ten-bytes!")?;
    let mut buffer = [b'?'; 11];
    expect_ok!(gethostname(&mut buffer));
    expect_eq!(buffer, *b"ten-bytes!\0");
    for length in [10, 5] {
        expect_errno!(gethostname(&mut buffer[..length]), ENAMETOOLONG, "a buffer of {length} bytes");
    }
    holds()
}

/// glibc's getdomainname(2) with a buffer that is too small returns the beginning of the name without a null byte.
#[claim(source = "getdomainname(2) DESCRIPTION", needs = [Root])]
fn getdomainname_glibc_truncates() -> Verdict {
    Names::new("ten-bytes!", "ten-bytes!").set()?;
    for (length, told) in [(11, "ten-bytes!\0"), (10, "ten-bytes!"), (5, "ten-b")] {
        let mut buffer = vec![b'?'; length];
        expect_ok!(getdomainname(&mut buffer), "a buffer of {length} bytes");
        expect_eq!(String::from_utf8_lossy(&buffer), told);
    }
    holds()
}

/// personality(2) changes the release and the machine that uname(2) returns to the process, not to others in its UTS
/// namespace.
#[claim(source = "uname(2) NOTES", needs = [Root])]
fn uname_personality_is_per_process() -> Verdict {
    sethostname("shared")?;
    let real = told()?;
    // A process with a personality, alive, and what it is told.
    let with_personality = |persona| {
        let process = spawn(NONE, move |parent| {
            expect_ok!(personality(persona));
            parent.send(&told()?)?;
            parent.wait()
        })?;
        Ok::<_, Failure>((process.recv::<Told>()?, process))
    };
    let (old, _alive) = with_personality(UNAME26)?;
    expect!(old.release.starts_with("2.6."), "the release is {}", old.release);
    expect_eq!(old, Told { release: old.release.clone(), ..real.clone() });
    let (narrow, _alive_too) = with_personality(PER_LINUX32)?;
    expect_eq!(narrow, Told { machine: ANCESTOR.to_owned(), ..real.clone() });
    expect_eq!(told()?, real, "by a member without a personality");
    holds()
}

/// The machine whose programs this one can run too.
const ANCESTOR: &str = if cfg!(target_arch = "aarch64") { "armv8l" } else { "i686" };

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Told {
    hostname: String,
    release: String,
    machine: String,
}

fn told() -> Outcome<Told> {
    let system = uname()?;
    let [hostname, release, machine] =
        [system.nodename(), system.release(), system.machine()].map(|field| field.to_string_lossy().into_owned());
    Ok(Told { hostname, release, machine })
}
