//! The program that the spanning tree protocol of bridges is left to: `ip-link(8)`, stp_state.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::packet_route::link::{
    BridgeStpState, InfoBridge, InfoData, InfoKind, LinkAttribute, LinkInfo, LinkMessage,
};
use rtnetlink::{LinkBridge, LinkMessageBuilder};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![bridge_stp_program_is_for_the_initial_network_only];

/// The program, where the kernel looks for it.
const PROGRAM: &str = "/sbin/bridge-stp";

/// Where it writes with what it was called.
const CALLS: &str = "/tmp/bridge-stp.calls";

/// A bridge leaves its spanning tree protocol to the program /sbin/bridge-stp in the initial network namespace only;
/// elsewhere the kernel does it.
#[claim(
    source = ["ip-link(8)", "net/bridge/br_stp_if.c br_stp_start"],
    needs = [InitialNamespaces, Disposable, Root, Module("bridge"), Tool("sh")],
)]
fn bridge_stp_program_is_for_the_initial_network_only() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    expect_eq!(started(&here, "without")?, Some(BridgeStpState::KernelStp), "here, without the program");
    fs::create_dir_all("/sbin")?;
    fs::write(PROGRAM, format!("#!/bin/sh\necho \"$1 $2\" >> {CALLS}\n")).doing("write the program")?;
    fs::set_permissions(PROGRAM, Permissions::from_mode(0o755)).doing("make it a program")?;
    expect_eq!(started(there.netlink(), "there")?, Some(BridgeStpState::KernelStp), "elsewhere, with the program");
    expect!(!Path::new(CALLS).exists(), "the program was called elsewhere");
    expect_eq!(started(&here, "here")?, Some(BridgeStpState::UserStp), "here, with the program");
    expect_eq!(fs::read_to_string(CALLS)?, "here start\n", "how the program was called");
    holds()
}

/// Makes a bridge of which the protocol is switched on; answers who does it.
fn started(place: &Netlink, name: &str) -> Outcome<Option<BridgeStpState>> {
    let on = InfoData::Bridge(vec![InfoBridge::StpState(BridgeStpState::KernelStp)]);
    let bridge = LinkMessageBuilder::<LinkBridge>::new_with_info_kind(InfoKind::Bridge).name(name.to_owned());
    place.add(bridge.set_info_data(on).build())?.doing("make a bridge")?;
    let devices = place.dump(Message::GetLink(LinkMessage::default()))?;
    Ok(devices.into_iter().find_map(|message| match message {
        Message::NewLink(device) => state(&device, name),
        _ => None,
    }))
}

/// Who does the protocol of a bridge, if it is the one of this name.
fn state(device: &LinkMessage, name: &str) -> Option<BridgeStpState> {
    let is_it = device.attributes.contains(&LinkAttribute::IfName(name.to_owned()));
    let infos = device.attributes.iter().filter(|_| is_it).filter_map(|attribute| match attribute {
        LinkAttribute::LinkInfo(infos) => Some(infos),
        _ => None,
    });
    let data = infos.flatten().filter_map(|info| match info {
        LinkInfo::Data(InfoData::Bridge(data)) => Some(data),
        _ => None,
    });
    data.flatten().find_map(|one| match one {
        InfoBridge::StpState(state) => Some(*state),
        _ => None,
    })
}
