//! The names as files in `/proc/sys/kernel`: `proc_sys_kernel(5)`.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use kit::eventually;
use kit::prelude::*;
use kit::uts::{Name, Names, hostname, sethostname};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::utsname::uname;
use procfs::process::Process;

/// What poll(2) tells of a file whose value has changed.
const CHANGED: PollFlags = PollFlags::POLLERR.union(PollFlags::POLLPRI);

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    proc_hostname_mirrors_uname,
    proc_hostname_write_sets_name,
    proc_hostname_write_truncates,
    proc_uts_constants_read_only,
    proc_sys_kernel_arch,
    proc_hostname_fd_follows_caller,
    proc_hostname_through_other_root_is_own,
    hostname_poll_wakes_other_namespaces,
    hostname_poll_tells_of_writes_only,
];

/// hostname and domainname in /proc/sys/kernel show what uname(2) returns in the reader's UTS namespace.
#[claim(source = ["uname(2) NOTES", "proc_sys_kernel(5)"], needs = [Root])]
fn proc_hostname_mirrors_uname() -> Verdict {
    let (ours, theirs) = (Names::new("ours", "ours.example"), Names::new("theirs", "theirs.example"));
    ours.set()?;
    expect_eq!(names_in_proc()?, ours);
    child(CLONE_NEWUTS, || {
        theirs.set()?;
        expect_eq!(names_in_proc()?, theirs);
        Ok(())
    })?;
    expect_eq!(names_in_proc()?, ours);
    holds()
}

/// A write to hostname or domainname in /proc/sys/kernel sets the name of the writer's UTS namespace to the text before
/// a newline.
#[claim(source = "proc_sys_kernel(5)", needs = [Root])]
fn proc_hostname_write_sets_name() -> Verdict {
    let outside = Names::new("outside", "outside.example");
    outside.set()?;
    child(CLONE_NEWUTS, || {
        for name in Name::BOTH {
            for (written, read) in [("plain", "plain"), ("line\n", "line"), ("two\nlines", "two"), ("\n", "")] {
                expect_ok!(fs::write(name.file(), written), "{written:?}");
                expect_eq!(name.get()?, read, "after {written:?} was written to {}", name.file());
            }
        }
        Ok(())
    })?;
    expect_eq!(Names::own()?, outside);
    holds()
}

/// A write of more than 64 characters to hostname or domainname in /proc/sys/kernel sets the name to the first 64.
///
/// sethostname(2) and setdomainname(2) fail with EINVAL then.
#[claim(source = "proc_sys_kernel(5)", needs = [Root])]
fn proc_hostname_write_truncates() -> Verdict {
    let long: String = ('a'..='z').cycle().take(70).collect();
    for name in Name::BOTH {
        expect_errno!(name.set(&long), EINVAL);
        let mut file = open_for_writing(name.file())?;
        expect_eq!(expect_ok!(file.write(long.as_bytes())), 70);
        expect_eq!(name.get()?, &long[..64]);
    }
    holds()
}

/// ostype, osrelease and version in /proc/sys/kernel show what uname(2) returns; opening them for writing fails with
/// EACCES for root too.
#[claim(source = ["uname(2) NOTES", "proc_sys_kernel(5)"], needs = [Root])]
fn proc_uts_constants_read_only() -> Verdict {
    let system = uname()?;
    for (file, field) in [("ostype", system.sysname()), ("osrelease", system.release()), ("version", system.version())]
    {
        expect_read_only(&format!("/proc/sys/kernel/{file}"), &field.to_string_lossy())?;
    }
    expect_ok!(open_for_writing(Name::Host.file()));
    holds()
}

/// /proc/sys/kernel/arch shows the machine that uname(2) returns; opening it for writing fails with EACCES even for
/// root.
#[claim(source = "uname(2) NOTES", needs = [Root], since = "6.1")]
fn proc_sys_kernel_arch() -> Verdict {
    expect_read_only("/proc/sys/kernel/arch", &uname()?.machine().to_string_lossy())?;
    expect_ok!(open_for_writing(Name::Host.file()));
    holds()
}

/// read(2) and write(2) on an open /proc/sys/kernel/hostname act on the UTS namespace of the caller, not of the opener.
///
/// A file of `/proc/sys/net`, in contrast, stays with the network namespace in which it was opened.
#[claim(source = "uts_namespaces(7) DESCRIPTION", needs = [Root, Config("NET_NS")])]
fn proc_hostname_fd_follows_caller() -> Verdict {
    let forwarding = "/proc/sys/net/ipv4/ip_forward";
    sethostname("opener")?;
    fs::write(forwarding, "1")?;
    let opened = |path| OpenOptions::new().read(true).write(true).open(path).doing(format!("open {path}"));
    let (name, of_net) = (opened(Name::Host.file())?, opened(forwarding)?);
    child(CLONE_NEWUTS | CLONE_NEWNET, || {
        sethostname("other")?;
        fs::write(forwarding, "0")?;
        expect_eq!(text_of(&name)?, "other\n");
        expect_eq!(text_of(&of_net)?, "1\n");
        name.write_at(b"written", 0)?;
        expect_eq!(hostname()?, "written");
        Ok(())
    })?;
    expect_eq!(text_of(&name)?, "opener\n");
    expect_eq!(hostname()?, "opener");
    holds()
}

/// /proc/PID/root/proc/sys/kernel/hostname of a process in another UTS namespace shows the reader's hostname.
#[claim(source = "uts_namespaces(7) DESCRIPTION", needs = [Root])]
fn proc_hostname_through_other_root_is_own() -> Verdict {
    sethostname("ours")?;
    let other = spawn(CLONE_NEWUTS | CLONE_NEWNS, |parent| {
        sethostname("theirs")?;
        parent.go()?;
        parent.wait()
    })?;
    other.recv::<()>()?;
    let path = format!("/proc/{}/root/proc/sys/kernel/hostname", other.pid());
    expect_eq!(fs::read_to_string(&path)?, "ours\n");
    let joined = enter(other.pid(), &[Kind::Uts], || Ok(fs::read_to_string(&path)?))?;
    expect_eq!(joined, "theirs\n");
    holds()
}

/// What sets a name.
type Set = fn() -> Outcome<()>;

/// poll(2) on a name's file in /proc/sys/kernel tells that the name was written, by whatever way, and not that it was read.
// Disposable, since another case that sets a name on the same kernel would be told of, too.
#[claim(source = ["proc_sys_kernel(5)", "kernel/utsname_sysctl.c proc_do_uts_string"], needs = [Root, Disposable])]
fn hostname_poll_tells_of_writes_only() -> Verdict {
    for name in Name::BOTH {
        let polled = File::open(name.file())?;
        let other = OpenOptions::new().read(true).write(true).open(name.file())?;
        let mut text = [0; 100];
        for length in [1, text.len()] {
            other.read_at(&mut text[..length], 0).doing("read the name")?;
            expect_eq!(events(&polled, PollTimeout::ZERO)?, PollFlags::empty(), "{length} bytes read: {}", name.file());
        }
        name.get()?;
        expect_eq!(events(&polled, PollTimeout::ZERO)?, PollFlags::empty(), "asked by a call: {}", name.file());
        other.write_at(b"written", 0).doing("write the name")?;
        expect_eq!(events(&polled, PollTimeout::ZERO)?, CHANGED, "written: {}", name.file());
    }
    holds()
}

/// A hostname that is set in another UTS namespace wakes a process that waits in poll(2) on /proc/sys/kernel/hostname.
///
/// So a process can see that a hostname was set somewhere on the machine.
// Disposable, since another case that sets a hostname on the same kernel would wake it, too.
#[claim(source = "uts_namespaces(7) DESCRIPTION", needs = [Root, Disposable])]
fn hostname_poll_wakes_other_namespaces() -> Verdict {
    sethostname("poller")?;
    let file = File::open(Name::Host.file())?;
    expect_eq!(events(&file, PollTimeout::ZERO)?, PollFlags::empty(), "nothing was changed");
    let changes: [(&str, Set); 2] = [
        ("sethostname(2) elsewhere", || Ok(sethostname("elsewhere")?)),
        ("a written file elsewhere", || Ok(fs::write(Name::Host.file(), "elsewhere")?)),
    ];
    for (change, set) in changes {
        let poller = spawn(NONE, |case| {
            case.go()?;
            let told = events(&file, PollTimeout::NONE)?.bits();
            case.send(&(told, events(&file, PollTimeout::ZERO)?.bits()))
        })?;
        poller.recv::<()>()?;
        let sleeps = || Ok(Process::new(poller.pid().as_raw())?.stat()?.state == 'S');
        expect!(eventually(sleeps)?, "there was nothing to sleep for before {change}");
        child(CLONE_NEWUTS, || Ok(()))?;
        expect!(sleeps()?, "a new namespace has woken it");
        child(CLONE_NEWUTS, set)?;
        let has_spoken =
            || Ok(poll(&mut [PollFd::new(poller.peer().as_fd(), PollFlags::POLLIN)], PollTimeout::ZERO)? > 0);
        expect!(eventually(has_spoken)?, "it was not woken by {change}");
        let told: (i16, i16) = poller.recv()?;
        expect_eq!(told, (CHANGED.bits(), 0), "by {change}: told, and told again");
    }
    expect_eq!(hostname()?, "poller");
    holds()
}

/// The two names as their files tell them.
fn names_in_proc() -> Outcome<Names> {
    let [hostname, domainname] = Name::BOTH.map(|name| fs::read_to_string(name.file()));
    Ok(Names::new(hostname?.trim_end_matches('\n'), domainname?.trim_end_matches('\n')))
}

/// A file that cannot be opened for writing tells this value.
fn expect_read_only(path: &str, value: &str) -> Outcome<()> {
    expect_eq!(expect_ok!(fs::read_to_string(path), "{path}"), format!("{value}\n"));
    expect_errno!(open_for_writing(path), EACCES, "{path}");
    Ok(())
}

fn open_for_writing(path: &str) -> std::io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

/// What an open file tells from its beginning on.
fn text_of(file: &File) -> Outcome<String> {
    let mut buffer = [0; 128];
    let length = file.read_at(&mut buffer, 0)?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// What `poll(2)` has to tell of a file within this time.
fn events(file: &File, patience: PollTimeout) -> Outcome<PollFlags> {
    let mut sources = [PollFd::new(file.as_fd(), PollFlags::POLLPRI)];
    poll(&mut sources, patience)?;
    Ok(sources[0].revents().unwrap_or(PollFlags::empty()))
}
