//! What a new UTS namespace starts with, and what keeps the old one: `uts_namespaces(7)` DESCRIPTION.

use kit::Program;
use kit::configured;
use kit::prelude::*;
use kit::process::program_command;
use kit::uts::{Names, domainname, hostname, setdomainname, sethostname};
use nix::sys::utsname::{UtsName, uname};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    hostname_copied_on_unshare,
    hostname_copied_on_clone,
    domainname_copied_on_unshare,
    uname_other_fields_not_isolated,
    inherited_by_fork_and_exec,
    kept_without_its_flag,
    boot_defaults,
];

/// The programs of this file.
pub(super) const PROGRAMS: &[Program] = &[Program { name: TELL_UTS, main: tell_uts }];

/// After unshare(CLONE_NEWUTS) the caller is in a new UTS namespace and has the same hostname as before.
#[claim(source = ["uts_namespaces(7) DESCRIPTION", "clone(2) CLONE_NEWUTS"], needs = [Root])]
fn hostname_copied_on_unshare() -> Verdict {
    // Twice, since a constant could happen to be right once.
    for name in ["first", "second"] {
        sethostname(name)?;
        let (seen, inode) = child(NONE, || {
            unshare(CLONE_NEWUTS)?;
            Ok((hostname()?, own_inode(Kind::Uts)?))
        })?;
        expect_eq!(seen, name);
        expect_ne!(inode, own_inode(Kind::Uts)?);
    }
    holds()
}

/// A child made by clone3(2) with CLONE_NEWUTS starts with the hostname and the NIS domain name of its parent.
#[claim(source = ["uts_namespaces(7) DESCRIPTION", "clone(2) CLONE_NEWUTS"], needs = [Root])]
fn hostname_copied_on_clone() -> Verdict {
    for names in [Names::new("first", "first.example"), Names::new("second", "second.example")] {
        names.set()?;
        let (seen, inode) = child(CLONE_NEWUTS, || Ok((Names::own()?, own_inode(Kind::Uts)?)))?;
        expect_eq!(seen, names);
        expect_ne!(inode, own_inode(Kind::Uts)?);
    }
    holds()
}

/// Without CLONE_NEWUTS, clone(2) and unshare(2) leave a process in its UTS namespace, also when they make a mount namespace.
#[claim(source = ["uts_namespaces(7) DESCRIPTION", "clone(2) CLONE_NEWUTS"], needs = [Root])]
fn kept_without_its_flag() -> Verdict {
    let own = own_inode(Kind::Uts)?;
    for (kept, flags) in [(true, CLONE_NEWNS), (false, CLONE_NEWNS | CLONE_NEWUTS)] {
        for is_clone in [true, false] {
            sethostname("before")?;
            let (made, moved) = if is_clone { (flags, NONE) } else { (NONE, flags) };
            let inode = child(made, || {
                unshare(moved)?;
                sethostname("after")?;
                own_inode(Kind::Uts)
            })?;
            expect_eq!(inode == own, kept, "the child's own, {flags:?}");
            expect_eq!(hostname()?, if kept { "after" } else { "before" }, "{flags:?}");
        }
    }
    holds()
}

/// After unshare(CLONE_NEWUTS) the caller is in a new UTS namespace and has the same NIS domain name as before.
#[claim(source = "uts_namespaces(7) DESCRIPTION", needs = [Root])]
fn domainname_copied_on_unshare() -> Verdict {
    for name in ["first.example", "second.example"] {
        setdomainname(name)?;
        let (seen, inode) = child(NONE, || {
            unshare(CLONE_NEWUTS)?;
            Ok((domainname()?, own_inode(Kind::Uts)?))
        })?;
        expect_eq!(seen, name);
        expect_ne!(inode, own_inode(Kind::Uts)?);
    }
    holds()
}

/// uname(2) returns the same system name, release, version and machine in a new UTS namespace, also after its two names
/// have changed.
#[claim(source = ["uts_namespaces(7) DESCRIPTION", "uname(2) NOTES"], needs = [Root])]
fn uname_other_fields_not_isolated() -> Verdict {
    let old = Names::new("old", "old.example");
    old.set()?;
    let outside = constants(&uname()?);
    child(CLONE_NEWUTS, || {
        let new = Names::new("new", "new.example");
        expect_eq!(constants(&uname()?), outside);
        new.set()?;
        expect_eq!(constants(&uname()?), outside, "after both names were set");
        expect_eq!(Names::own()?, new);
        Ok(())
    })?;
    expect_eq!(Names::own()?, old);
    expect_eq!(constants(&uname()?), outside, "in the namespace that was left alone");
    holds()
}

/// A child made by fork(2) is in its parent's UTS namespace, and execve(2) leaves a process in its own.
#[claim(source = ["clone(2) CLONE_NEWUTS", "namespaces(7) The namespaces API"], needs = [Root])]
fn inherited_by_fork_and_exec() -> Verdict {
    sethostname("inherited")?;
    let own = link_text("/proc/self/ns/uts")?;
    let forked = child(NONE, || Ok((hostname()?, link_text("/proc/self/ns/uts")?)))?;
    expect_eq!(forked, ("inherited".to_owned(), own.clone()));
    expect_eq!(told_by_a_program()?, format!("inherited in {own}"));
    // The same program, executed by a process that is somewhere else.
    let elsewhere = child(CLONE_NEWUTS, || {
        sethostname("elsewhere")?;
        expect_eq!(told_by_a_program()?, format!("elsewhere in {}", link_text("/proc/self/ns/uts")?));
        link_text("/proc/self/ns/uts")
    })?;
    expect_ne!(elsewhere, own);
    holds()
}

/// After boot, the NIS domain name is «(none)», and the hostname is CONFIG_DEFAULT_HOSTNAME, by default «(none)» too.
///
/// A kernel can be built with another hostname, but not with another domain name.
#[claim(source = "uname(2)", needs = [InitialNamespaces, Config("UTS_NS")])]
fn boot_defaults() -> Verdict {
    let unset = Names::new(configured("DEFAULT_HOSTNAME").unwrap_or("(none)"), "(none)");
    expect_eq!(Names::own()?, unset);
    // In a copy, so that the kernel stays as it booted.
    let set = Names::new("set", "set.example");
    child(CLONE_NEWUTS, || {
        expect_eq!(Names::own()?, unset);
        set.set()?;
        expect_eq!(Names::own()?, set);
        Ok(())
    })?;
    expect_eq!(Names::own()?, unset, "in the initial namespace, after a copy was named");
    holds()
}

/// What `uname(2)` tells besides the two names.
fn constants(system: &UtsName) -> [String; 4] {
    [system.sysname(), system.release(), system.version(), system.machine()]
        .map(|field| field.to_string_lossy().into_owned())
}

const TELL_UTS: &str = "tell-uts";

/// Prints the hostname and the UTS namespace of the process it runs in.
fn tell_uts(_: &[String]) -> i32 {
    match (hostname(), link_text("/proc/self/ns/uts")) {
        (Ok(name), Ok(link)) => {
            print!("{name} in {link}");
            0
        }
        _ => 1,
    }
}

fn told_by_a_program() -> Outcome<String> {
    let output = program_command(TELL_UTS).output().doing("execute a program")?;
    if !output.status.success() {
        return Err(Failure::broken(format!("the program {TELL_UTS} ended with {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
