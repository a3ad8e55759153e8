//! Why rtnetlink refuses something, in its own words: the extended acknowledgement of `netlink(7)`.

use rtnetlink::packet_core::{ErrorMessage, NlasIterator};
use rtnetlink::sys::Socket;

use crate::words::verdict::{Doing, Outcome};

/// Has the kernel add the words to its answers, behind the request's header and without the rest of it.
pub(super) fn ask_for(socket: &Socket) -> Outcome<()> {
    socket.set_cap_ack(true).doing("set NETLINK_CAP_ACK")?;
    socket.set_ext_ack(true).doing("set NETLINK_EXT_ACK")
}

/// The words of an answer, if it has any.
pub(super) fn of(answer: &ErrorMessage) -> Option<String> {
    let attributes = NlasIterator::new(answer.header.get(HEADER..)?);
    let text = attributes.flatten().find(|attribute| attribute.kind() == NLMSGERR_ATTR_MSG)?;
    Some(String::from_utf8_lossy(text.value()).trim_end_matches('\0').to_owned())
}

/// The length of `struct nlmsghdr`.
const HEADER: usize = 16;

/// `linux/netlink.h`.
const NLMSGERR_ATTR_MSG: u16 = 1;
