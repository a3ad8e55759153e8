//! What a namespace is in use by: threads, descriptors wherever they are, mounts, and the namespaces that it owns; and what is
//! not enough. `listns(2)` lists what is in use, and only that opens by its handle. `kernel/nscommon.c`.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

use kit::lifetime::{end, file_from_inside, make_zombie};
use kit::listed::{are_listed, have_gone, id_of, own_id};
use kit::namespace::Link;
use kit::prelude::*;
use kit::prepared;
use kit::process::user_namespace_with;
use kit::sys::clone::unshare;
use kit::sys::ns_ids::id;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    active_by_a_thread_alone,
    active_by_pid_for_children,
    active_until_the_last_of_several,
    active_by_a_path_alone,
    active_by_a_descriptor_in_flight,
    active_by_a_descriptor_that_an_ioctl_returned,
    active_by_a_detached_mount,
    zombie_keeps_its_user_and_pid_namespace_active,
    not_active_by_a_files_credentials,
    not_active_by_a_child_pid_namespace,
    active_by_members_whose_children_are_elsewhere,
];

/// listns() lists a namespace that only one thread of a process is in, until that thread ends, though the process goes on.
#[claim(source = "kernel 7.3 kernel/nsproxy.c", since = "6.19", needs = [Root, InitialNamespaces])]
fn active_by_a_thread_alone() -> Verdict {
    for kind in [Kind::Cgroup, Kind::Ipc, Kind::Net, Kind::Uts] {
        let process = spawn(NONE, |outside| {
            let (thread, number) = Thread::start(move || {
                unshare(kind.flag()).doing("unshare")?;
                own_id(kind)
            })?;
            prepared(number != own_id(kind)?, "a thread in a namespace of its own")?;
            outside.send(&number)?;
            outside.wait()?;
            thread.end()?;
            outside.go()?;
            outside.wait()
        })?;
        let number: u64 = process.recv()?;
        expect!(are_listed(&[number])?, "the {kind} namespace of a thread");
        process.go()?;
        process.recv::<()>()?;
        expect!(have_gone(&[number])?, "the {kind} namespace of a thread that has ended");
    }
    holds()
}

/// listns() lists a PID or time namespace for a process's children while the process lives, even if it has had none.
#[claim(source = "kernel 7.3 fs/nsfs.c nsproxy_ns_active_get", since = "6.19", needs = [Root, InitialNamespaces, Config("TIME_NS")])]
fn active_by_pid_for_children() -> Verdict {
    for (kind, link) in [(Kind::Pid, Link::PidForChildren), (Kind::Time, Link::TimeForChildren)] {
        let process = spawn(NONE, |outside| {
            unshare(kind.flag()).doing("unshare")?;
            outside.go()?;
            outside.wait()
        })?;
        process.recv::<()>()?;
        // The link in /proc leads nowhere before the first child (before 7.1).
        let number = id(link.of_pidfd(process.pidfd()).doing("open it")?)?;
        prepared(number != own_id(kind)?, "a namespace for children that is another one")?;
        expect!(are_listed(&[number])?, "a {kind} namespace for children");
        end(process)?;
        expect!(have_gone(&[number])?, "a {kind} namespace for children, of a process that has ended");
    }
    holds()
}

/// listns() lists a namespace until the last of what it is in use by has gone: processes, descriptors and mounts, in any order.
#[claim(source = "kernel 7.3 kernel/nscommon.c __ns_ref_active_put", since = "6.19", needs = [Root, InitialNamespaces])]
fn active_until_the_last_of_several() -> Verdict {
    child(CLONE_NEWNS, || {
        kit::mounts::Propagation::Private.make_all("/")?;
        kit::mounts::tmpfs("/mnt")?;
        for last in 0..3 {
            let process = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
            let both = [id_of(&process, Kind::Uts)?, id_of(&process, Kind::User)?];
            let place = format!("/mnt/{last}");
            std::fs::write(&place, "").doing("make a file to mount on")?;
            kit::mounts::bind(format!("/proc/{}/ns/uts", process.pid()), place.as_str())?;
            let file = process.namespace(Kind::Uts)?;
            let mut ways: Vec<Box<dyn FnOnce() -> Outcome<()>>> = vec![
                Box::new(move || end(process)),
                Box::new(move || {
                    drop(file);
                    Ok(())
                }),
                Box::new(move || nix::mount::umount(place.as_str()).doing("unmount")),
            ];
            ways.rotate_left(last);
            for (gone, let_go) in ways.into_iter().enumerate() {
                expect!(are_listed(&both)?, "{both:?} when {gone} of three have gone, turn {last}");
                let_go()?;
            }
            expect!(have_gone(&both)?, "{both:?} when all three have gone, turn {last}");
        }
        holds()
    })
}

/// listns() lists a namespace without processes while its file is open with O_PATH.
#[claim(source = "kernel 7.3 fs/nsfs.c nsfs_init_inode", since = "6.19", needs = [Root, InitialNamespaces, Config("TIME_NS")])]
fn active_by_a_path_alone() -> Verdict {
    kept_by(Kind::ALL, |process, kind| {
        let link = format!("/proc/{}/ns/{kind}", process.pid());
        Ok(open(link.as_str(), OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?)
    })
}

/// listns() lists a namespace without processes while a descriptor of its file waits in a UNIX socket to be received.
#[claim(source = "kernel 7.3 fs/nsfs.c nsfs_init_inode", since = "6.19", needs = [Root, InitialNamespaces, Config("TIME_NS")])]
fn active_by_a_descriptor_in_flight() -> Verdict {
    kept_by(Kind::ALL, |process, kind| {
        let (ours, theirs) = Peer::pair()?;
        theirs.send_fd(process.namespace(kind)?)?;
        Ok((ours, theirs))
    })
}

/// listns() lists a user namespace without processes while a descriptor that NS_GET_USERNS or NS_GET_PARENT returned is open.
#[claim(source = "kernel 7.3 fs/nsfs.c open_related_ns", since = "6.19", needs = [Root, InitialNamespaces])]
fn active_by_a_descriptor_that_an_ioctl_returned() -> Verdict {
    let process = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
    let (uts, user) = (id_of(&process, Kind::Uts)?, id_of(&process, Kind::User)?);
    let owner = process.namespace(Kind::Uts)?.owner().doing("NS_GET_USERNS")?;
    end(process)?;
    expect!(have_gone(&[uts])?, "the UTS namespace, of which nothing is open");
    expect!(are_listed(&[user])?, "its owner, which is open");
    drop(owner);
    expect!(have_gone(&[user])?, "its owner, closed");
    let process = user_namespace_with(&Maps::own_as_root(), NONE, |outside| {
        outside.send(&own_id(Kind::User)?)?;
        unshare(CLONE_NEWUSER).doing("unshare")?;
        outside.go()?;
        outside.wait()
    })?;
    let above: u64 = process.recv()?;
    process.recv::<()>()?;
    let below = id_of(&process, Kind::User)?;
    let parent = process.namespace(Kind::User)?.parent().doing("NS_GET_PARENT")?;
    end(process)?;
    expect!(have_gone(&[below])?, "the lower one, of which nothing is open");
    expect!(are_listed(&[above])?, "its parent, which is open");
    drop(parent);
    expect!(have_gone(&[above])?, "its parent, closed");
    holds()
}

/// listns() lists a namespace without processes while a detached mount of its file is open, that is nowhere in the tree.
#[claim(source = "kernel 7.3 fs/nsfs.c nsfs_init_inode", since = "6.19", needs = [Root, InitialNamespaces])]
fn active_by_a_detached_mount() -> Verdict {
    use rustix::mount::{OpenTreeFlags, open_tree};
    kept_by([Kind::Uts, Kind::Net, Kind::User, Kind::Pid], |process, kind| {
        let link = format!("/proc/{}/ns/{kind}", process.pid());
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        open_tree(rustix::fs::CWD, link, flags).doing("open_tree")
    })
}

/// listns() lists the user and the PID namespace of a process that is dead but not reaped, and none of its other namespaces.
#[claim(source = ["kernel 7.3 kernel/exit.c release_task", "kernel 7.3 kernel/nsproxy.c"], since = "6.19", needs = [Root, InitialNamespaces])]
fn zombie_keeps_its_user_and_pid_namespace_active() -> Verdict {
    let others = [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Uts];
    let process = waiting(CLONE_NEWUSER | CLONE_NEWPID | Kind::flags(&others))?;
    let kept = [id_of(&process, Kind::User)?, id_of(&process, Kind::Pid)?];
    let all = others.iter().map(|kind| id_of(&process, *kind)).collect::<Outcome<Vec<_>>>()?;
    expect!(are_listed(&all)? && are_listed(&kept)?, "all, while it lives");
    let zombie = make_zombie(process)?;
    expect!(have_gone(&all)?, "its other namespaces, of a zombie");
    expect!(are_listed(&kept)?, "its user and PID namespace, of a zombie");
    zombie.wait()?;
    expect!(have_gone(&kept)?, "its user and PID namespace, when it has been reaped");
    holds()
}

/// listns() does not list a user namespace that only a file keeps that was opened in it, though the namespace exists.
///
/// Its place among the user namespaces is taken still.
#[claim(source = "kernel 7.3 kernel/cred.c", since = "6.19", needs = [Root, InitialNamespaces])]
fn not_active_by_a_files_credentials() -> Verdict {
    let (process, file) = file_from_inside(CLONE_NEWUSER, || Ok(File::open("/dev/null")?.into()))?;
    let number = id_of(&process, Kind::User)?;
    expect!(are_listed(&[number])?, "while it has a process");
    end(process)?;
    expect!(have_gone(&[number])?, "when a file is all that it has");
    drop::<OwnedFd>(file);
    holds()
}

/// listns() does not list a PID namespace without processes, though a namespace that was made in it is in use and keeps it.
///
/// Of all relations only that to the owner counts. NS_GET_PARENT opens it, and it is listed as long as that is open.
#[claim(source = "kernel 7.3 kernel/nscommon.c ns_owner", since = "6.19", needs = [Root, InitialNamespaces])]
fn not_active_by_a_child_pid_namespace() -> Verdict {
    let outer = spawn(CLONE_NEWPID, |outside| {
        let inner = waiting(CLONE_NEWPID)?;
        outside.send_fd(inner.pidfd())?;
        outside.wait()
    })?;
    let inner = outer.peer().recv_fd()?;
    let parent = id_of(&outer, Kind::Pid)?;
    let lowest = Namespace::from_fd(Link::Pid.of_pidfd(inner.as_fd()).doing("open the inner one")?);
    let number = id(&lowest)?;
    prepared(number != parent, "a PID namespace in another one")?;
    end(outer)?;
    expect!(have_gone(&[parent])?, "the outer one, while the inner one is open");
    expect!(are_listed(&[number])?, "the inner one, which is open");
    let opened = expect_ok!(lowest.parent(), "it exists");
    expect_eq!(id(&opened)?, parent, "the parent's number");
    expect!(are_listed(&[parent])?, "the outer one, while it is open");
    drop(opened);
    expect!(have_gone(&[parent])?, "the outer one, closed");
    holds()
}

/// listns() lists a PID namespace by its members even when all of them have unshared another one for their children.
#[claim(source = "kernel 7.3 kernel/pid.c alloc_pid", since = "6.19", needs = [Root, InitialNamespaces])]
fn active_by_members_whose_children_are_elsewhere() -> Verdict {
    let process = spawn(CLONE_NEWPID, |outside| {
        outside.wait()?;
        unshare(CLONE_NEWPID).doing("unshare")?;
        outside.go()?;
        outside.wait()
    })?;
    let number = id_of(&process, Kind::Pid)?;
    expect!(are_listed(&[number])?, "while its children would be in it");
    process.go()?;
    process.recv::<()>()?;
    let children = id(Link::PidForChildren.of_pidfd(process.pidfd()).doing("open it")?)?;
    prepared(children != number, "a PID namespace for children that is another one")?;
    expect!(are_listed(&[number, children])?, "both, when its children will be elsewhere");
    end(process)?;
    expect!(have_gone(&[number, children])?, "when the process has ended");
    holds()
}

/// The claim says that what `keep` takes of a process's namespace of each of these kinds keeps it listed, and nothing else does.
fn kept_by<K>(kinds: impl IntoIterator<Item = Kind>, keep: impl Fn(&Child<()>, Kind) -> Outcome<K>) -> Verdict {
    for kind in kinds {
        let process = waiting(kind.flag())?;
        let number = id_of(&process, kind)?;
        let kept = keep(&process, kind)?;
        end(process)?;
        expect!(are_listed(&[number])?, "a {kind} namespace without processes");
        drop(kept);
        expect!(have_gone(&[number])?, "a {kind} namespace when that has gone, too");
    }
    holds()
}
