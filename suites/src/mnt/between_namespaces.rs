//! What of a mount can be reached from another mount namespace, and how far its files can be used there.

use std::fs::{self, Permissions};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command;

use kit::mounts::{Tree, detach};
use kit::prelude::*;
use kit::process::{NOBODY, become_user};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::{chdir, fchdir, getpid};
use rustix::process::getcwd;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    proc_pid_root_leads_into_the_mounts_of_the_process,
    a_set_user_id_program_of_a_foreign_mount_runs_as_its_caller,
    a_unix_socket_is_found_where_its_inode_is,
    an_abstract_unix_socket_is_found_across_mount_namespaces,
    the_working_directory_of_a_detached_mount_is_unreachable,
];

/// Through /proc/PID/root a process reaches files on mounts that only the other process's mount namespace has.
#[claim(source = "proc_pid_root(5)", needs = [Root])]
fn proc_pid_root_leads_into_the_mounts_of_the_process() -> Verdict {
    let tree = Tree::new()?;
    tree.file("a/text", "here")?;
    let there = spawn(CLONE_NEWNS, |outside| {
        tree.tmpfs("a")?.file("a/text", "there")?;
        outside.go()?;
        outside.wait()
    })?;
    there.recv::<()>()?;
    let path = tree.path("a/text");
    let through = |pid| format!("/proc/{pid}/root{}", path.display());
    expect_eq!(expect_ok!(fs::read_to_string(through(there.pid()))), "there");
    expect_eq!(expect_ok!(fs::read_to_string(through(getpid()))), "here", "through its own");
    expect_eq!(fs::read_to_string(&path)?, "here", "by the path alone");
    holds()
}

/// A set-user-ID program that is executed on a mount of another mount namespace does not change the user ID.
///
/// It is reached by a descriptor from there.
#[claim(source = "fs/namespace.c mnt_may_suid", needs = [Root, Tool("id")])]
fn a_set_user_id_program_of_a_foreign_mount_runs_as_its_caller() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?;
    let there = spawn(CLONE_NEWNS, |outside| {
        put_set_user_id_program(&tree)?;
        outside.send_fd(open(&tree.path("a"), OFlag::O_PATH, Mode::empty())?)?;
        outside.wait()
    })?;
    let foreign = there.peer().recv_fd()?;
    let effective_user = |program: PathBuf| {
        child(NONE, || {
            become_user(NOBODY)?;
            let run = Command::new(&program).arg("-u").output().doing("execute the program")?;
            Ok(String::from_utf8_lossy(&run.stdout).trim().to_owned())
        })
    };
    chdir("/")?;
    fchdir(&foreign).doing("fchdir")?;
    expect_eq!(effective_user("./id".into())?, NOBODY.to_string());
    put_set_user_id_program(&tree)?;
    expect_eq!(effective_user(tree.path("a/id"))?, "0", "on a mount of the own namespace");
    holds()
}

/// connect() to the path of a UNIX socket succeeds from another mount namespace as long as the path leads to the same
/// file, and then fails with ENOENT.
#[claim(source = "unix(7)", needs = [Root])]
fn a_unix_socket_is_found_where_its_inode_is() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("b")?;
    let _listener = UnixListener::bind(tree.path("a/socket")).doing("bind a socket")?;
    let connected = |name: &str| UnixStream::connect(tree.path(name)).map(drop);
    child(CLONE_NEWNS, || {
        expect_ok!(connected("a/socket"), "before anything is mounted");
        tree.bind("a", "b")?.tmpfs("a")?;
        expect_errno!(connected("a/socket"), ENOENT, "covered");
        expect_ok!(connected("b/socket"), "by another path to the same file");
        Ok(())
    })?;
    expect_ok!(connected("a/socket"), "in the listener's mount namespace");
    expect_errno!(connected("b/socket"), ENOENT, "in the listener's mount namespace, where it is not bound");
    holds()
}

/// An abstract UNIX socket is found from any mount namespace, whatever is mounted there; what counts is the network namespace.
#[claim(source = ["unix(7)", "network_namespaces(7)"], needs = [Root, Config("NET_NS")])]
fn an_abstract_unix_socket_is_found_across_mount_namespaces() -> Verdict {
    let address = SocketAddr::from_abstract_name("nsproof")?;
    let _listener = UnixListener::bind_addr(&address).doing("bind a socket")?;
    let connected = || UnixStream::connect_addr(&address).map(drop);
    child(CLONE_NEWNS, || {
        detach("/").doing("unmount everything")?;
        expect_ok!(connected(), "with nothing mounted");
        Ok(())
    })?;
    child(CLONE_NEWNET, || {
        expect_errno!(connected(), ECONNREFUSED, "in another network namespace");
        holds()
    })
}

/// getcwd() gives a path that begins with «(unreachable)» once the mount of the working directory has been detached.
#[claim(source = "getcwd(2)", needs = [Root])]
fn the_working_directory_of_a_detached_mount_is_unreachable() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("a/b/c")?;
    chdir(&tree.path("a/b/c"))?;
    // By the system call alone: what the C library makes of such an answer is another thing.
    let seen = || Ok::<_, Failure>(getcwd(Vec::new())?.to_string_lossy().into_owned());
    expect_eq!(seen()?, tree.path("a/b/c").to_string_lossy(), "before");
    tree.detach("a")?;
    expect_eq!(seen()?, "(unreachable)/b/c");
    holds()
}

/// Mounts a tmpfs on «a», with a copy of id(1) that is root's and set-user-ID.
fn put_set_user_id_program(tree: &Tree) -> Outcome<()> {
    tree.tmpfs("a")?;
    let program = tree.path("a/id");
    fs::copy("/usr/bin/id", &program).doing("copy id")?;
    Ok(fs::set_permissions(&program, Permissions::from_mode(0o4755))?)
}
