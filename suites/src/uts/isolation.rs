//! Where a change of the two names is seen, and where not: `uts_namespaces(7)` DESCRIPTION.

use std::process::Command;
use std::thread;

use kit::prelude::*;
use kit::uts::{Names, Onlooker, domainname, hostname, setdomainname, sethostname};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    change_seen_by_members,
    child_change_invisible_to_parent,
    parent_change_invisible_to_child,
    domainname_isolated_both_ways,
    membership_is_per_thread,
    unshare_cli_demo,
];

/// A hostname and NIS domain name that a process sets are seen at once by the other processes of its UTS namespace, and
/// not outside.
#[claim(
    source = ["uts_namespaces(7) DESCRIPTION", "gethostname(2) DESCRIPTION", "namespaces(7) DESCRIPTION"],
    needs = [Root],
)]
fn change_seen_by_members() -> Verdict {
    let (before, after) = (Names::new("before", "before.example"), Names::new("after", "after.example"));
    before.set()?;
    let member = Onlooker::new(NONE)?;
    let outsider = Onlooker::new(CLONE_NEWUTS)?;
    child(NONE, || after.set())?;
    expect_eq!(member.names()?, after);
    expect_eq!(Names::own()?, after);
    expect_eq!(outsider.names()?, before);
    holds()
}

/// A hostname set in a new UTS namespace does not change that of the UTS namespace it was copied from.
#[claim(
    source = ["uts_namespaces(7) DESCRIPTION", "namespaces-fun", "Linux_name_space", "What's in a name(space)?"],
    needs = [Root],
)]
fn child_change_invisible_to_parent() -> Verdict {
    let rename = || {
        sethostname("child")?;
        hostname()
    };
    sethostname("parent")?;
    let seen_apart = child(NONE, || {
        unshare(CLONE_NEWUTS)?;
        rename()
    })?;
    expect_eq!(seen_apart, "child");
    expect_eq!(hostname()?, "parent");
    expect_eq!(child(CLONE_NEWUTS, rename)?, "child", "made by clone");
    expect_eq!(hostname()?, "parent", "beside a child made by clone");
    // The same without the unshare.
    child(NONE, rename)?;
    expect_eq!(hostname()?, "child");
    holds()
}

/// A hostname set in a UTS namespace does not change that of a UTS namespace that was copied from it before.
#[claim(source = "uts_namespaces(7) DESCRIPTION", needs = [Root])]
fn parent_change_invisible_to_child() -> Verdict {
    sethostname("before")?;
    let untouched = Onlooker::new(CLONE_NEWUTS)?;
    let renamed = Onlooker::prepared(CLONE_NEWUTS, || Ok(sethostname("child")?))?;
    let sibling = Onlooker::new(NONE)?;
    sethostname("after")?;
    expect_eq!(untouched.names()?.hostname, "before");
    expect_eq!(renamed.names()?.hostname, "child");
    expect_eq!(sibling.names()?.hostname, "after");
    holds()
}

/// A NIS domain name set in a UTS namespace is not seen in the namespace that it was copied from, nor the reverse.
#[claim(
    source = ["uts_namespaces(7) DESCRIPTION", "Linux_name_space", "What's in a name(space)?"],
    needs = [Root],
)]
fn domainname_isolated_both_ways() -> Verdict {
    setdomainname("parent.example")?;
    let sibling = Onlooker::new(NONE)?;
    let apart = Onlooker::prepared(CLONE_NEWUTS, || Ok(setdomainname("child.example")?))?;
    expect_eq!(apart.names()?.domainname, "child.example");
    expect_eq!(domainname()?, "parent.example");
    setdomainname("later.example")?;
    expect_eq!(apart.names()?.domainname, "child.example");
    expect_eq!(sibling.names()?.domainname, "later.example");
    holds()
}

/// unshare(CLONE_NEWUTS) in one thread moves that thread to a new UTS namespace and leaves the main thread where it is.
#[claim(
    source = ["unshare(2) DESCRIPTION", "uts_namespaces(7) DESCRIPTION", "Few notes about network namespaces in Linux"],
    needs = [Root],
)]
fn membership_is_per_thread() -> Verdict {
    sethostname("process")?;
    let in_a_thread = |flags| {
        thread::spawn(move || -> Outcome<_> {
            expect_ok!(unshare(flags));
            sethostname("thread")?;
            Ok((hostname()?, inode_at("/proc/thread-self/ns/uts")?, inode_at("/proc/self/ns/uts")?))
        })
        .join()
        .map_err(|_| Failure::broken("the thread panicked"))?
    };
    let (name, inode, inode_of_process) = in_a_thread(CLONE_NEWUTS)?;
    expect_eq!(name, "thread");
    expect_ne!(inode, inode_of_process);
    expect_eq!(hostname()?, "process", "in the main thread");
    expect_eq!(own_inode(Kind::Uts)?, inode_of_process);
    // A thread that unshares nothing changes the hostname of its whole process.
    let (_, inode, inode_of_process) = in_a_thread(NONE)?;
    expect_eq!(inode, inode_of_process);
    expect_eq!(hostname()?, "thread", "in the main thread");
    holds()
}

/// A hostname set in a shell that «unshare --uts» has started does not change that of the calling shell.
#[claim(
    source = ["namespaces-fun", "What's in a name(space)?", "unshare(1)"],
    needs = [Root, Tool("unshare"), Tool("sh"), Tool("hostname"), Tool("uname")],
)]
fn unshare_cli_demo() -> Verdict {
    sethostname("caller")?;
    expect_eq!(shell("unshare --uts sh -c 'hostname foobar; uname -n'; uname -n")?, "foobar\ncaller\n");
    expect_eq!(shell("sh -c 'hostname foobar; uname -n'; uname -n")?, "foobar\nfoobar\n");
    holds()
}

/// Carries out a command line and returns what it prints.
fn shell(line: &str) -> Outcome<String> {
    let output = Command::new("sh").args(["-c", line]).output().doing("execute sh")?;
    if !output.status.success() {
        return Err(Failure::broken(format!("«{line}»: {}", String::from_utf8_lossy(&output.stderr))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
