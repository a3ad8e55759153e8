//! Devices behind `/dev/net/tun`: `Documentation/networking/tuntap.rst`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;

use kit::netlink::Netlink;
use kit::prelude::*;
use kit::sys::tun::{make_device, network_of_device};
use kit::{eventually, prepared, settle};
use nix::errno::Errno;
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::mkdtemp;
use rtnetlink::LinkUnspec;

use super::networks::Network;
use super::wires::hand_over;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    tun_device_is_made_where_the_file_was_opened,
    tun_device_requires_net_admin_where_the_file_was_opened,
    tun_file_stays_with_its_device,
    tun_file_outlives_its_network,
];

/// A tun device is made in the network namespace in which its file was opened, wherever the process is by then.
#[claim(source = ["Documentation/networking/tuntap.rst", "drivers/net/tun.c tun_chr_open"], needs = [Root, Module("tun")])]
fn tun_device_is_made_where_the_file_was_opened() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    let file = one.inside(open)?;
    expect_ok!(other.inside(|| Ok(make_device(&file, "tunnel")))?, "inside another network namespace");
    expect_eq!(one.netlink().names()?, ["lo", "tunnel"], "where the file was opened");
    expect_eq!(other.netlink().names()?, ["lo"], "where the device was asked for");
    drop(file);
    let gone = eventually(|| Ok(one.netlink().names()? == ["lo"]))?;
    expect!(gone, "the device is there after its file was closed");
    holds()
}

/// Making a tun device requires CAP_NET_ADMIN in the user namespace that owns the network namespace in which the file was
/// opened: EPERM.
#[claim(source = "drivers/net/tun.c tun_set_iff", needs = [Root, UserNamespaces, Module("tun")])]
fn tun_device_requires_net_admin_where_the_file_was_opened() -> Verdict {
    let path = node()?;
    let before = File::options().read(true).write(true).open(&path).doing("open a tun file")?;
    user_namespace(CLONE_NEWNET, || {
        expect_errno!(make_device(&before, "tunnel"), EPERM, "with a file opened in a network namespace outside");
        let own = File::options().read(true).write(true).open(&path).doing("open a tun file")?;
        expect_ok!(make_device(&own, "tunnel"), "with a file opened in its own network namespace");
        holds()
    })?;
    user_namespace(NONE, || {
        let foreign = File::options().read(true).write(true).open(&path).doing("open a tun file")?;
        expect_errno!(
            make_device(&foreign, "tunnel"),
            EPERM,
            "as root of a user namespace that owns no network namespace"
        );
        holds()
    })?;
    expect_ok!(make_device(&before, "tunnel"), "as root outside");
    holds()
}

/// The file of a tun device stays with it when it is moved to another network namespace, which TUNGETDEVNETNS opens.
#[claim(source = "drivers/net/tun.c tun_chr_ioctl", since = "5.2", needs = [Root, Module("tun")])]
fn tun_file_stays_with_its_device() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    let file = one.inside(open)?;
    one.inside(|| make_device(&file, "tunnel").doing("make a tun device"))?;
    let home = || Namespace::from_fd(expect_ok!(network_of_device(&file))).inode();
    for (from, to) in [(&one, &other), (&other, &one)] {
        expect_eq!(home()?, from.inode()?, "before the move");
        hand_over(from, "tunnel", to)?;
        expect_eq!(home()?, to.inode()?, "after the move");
        to.set_up("tunnel")?;
        expect_ok!((&file).write(&PACKET), "a packet, after the move");
    }
    holds()
}

/// Once the network namespace of its device has ended writing to the file of a tun device fails with EBADFD.
#[claim(source = "drivers/net/tun.c tun_chr_write_iter", needs = [Root, Module("tun")])]
fn tun_file_outlives_its_network() -> Verdict {
    let (one, other) = (Network::new()?, waiting(CLONE_NEWNET)?);
    let file = one.inside(open)?;
    one.inside(|| make_device(&file, "tunnel").doing("make a tun device"))?;
    let theirs = other.namespace(Kind::Net)?;
    let request = LinkUnspec::new_with_name("tunnel").setns_by_fd(theirs.fd().as_raw_fd()).build();
    one.netlink().change(request)?.doing("move the device")?;
    Netlink::open_in(&theirs)?.change(LinkUnspec::new_with_name("tunnel").up().build())?.doing("set it up")?;
    expect_ok!((&file).write(&PACKET), "while the network namespace is there");
    drop((theirs, other));
    let write = || Ok::<_, Failure>((&file).write(&PACKET).map_err(|error| error.raw_os_error().map(Errno::from_raw)));
    // While the device is going down it is another error for a moment.
    let last = settle(|answer| *answer == Err(Some(Errno::EBADFD)), write)?;
    expect_eq!(last, Err(Some(Errno::EBADFD)), "after the end of the network namespace");
    holds()
}

/// An IPv4 packet of which nobody can make anything.
const PACKET: [u8; 20] = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 59, 0, 0, 10, 77, 0, 2, 10, 77, 0, 1];

/// A new file like `/dev/net/tun`, which a stage does not have.
fn node() -> Outcome<String> {
    let path = mkdtemp("/tmp/nsproof-XXXXXX").doing("create a directory")?.join("tun");
    let mode = Mode::from_bits_retain(0o666);
    mknod(&path, SFlag::S_IFCHR, mode, makedev(10, 200)).doing("make the file of a device")?;
    for place in [&path, &path.with_file_name("")] {
        std::fs::set_permissions(place, std::os::unix::fs::PermissionsExt::from_mode(0o777)).doing("chmod")?;
    }
    let path = path.to_string_lossy().into_owned();
    prepared(OpenOptions::new().read(true).write(true).open(&path).is_ok(), "a file of tun devices")?;
    Ok(path)
}

/// Opens one in the network namespace that the caller is in.
fn open() -> Outcome<File> {
    File::options().read(true).write(true).open(node()?).doing("open a tun file")
}
