//! The IDs that a network namespace has for others (nsid): `ip-netns(8)`; net/core/net_namespace.c.

use std::os::fd::{AsRawFd, BorrowedFd};

use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::packet_route::nsid::{NsidAttribute, NsidMessage};

use super::connection::{Answer, Netlink};
use crate::words::verdict::{Doing, Failure, Outcome};

/// How a request says which network namespace it is about.
#[derive(Debug, Clone, Copy)]
pub enum Named<'a> {
    /// An open file that refers to it.
    File(BorrowedFd<'a>),
    /// The PID of a process in it, as the sender sees that.
    Pid(i32),
    /// Its ID (since 5.0, as a question only).
    Id(i32),
}

impl Named<'_> {
    /// As an attribute of a message.
    pub fn attribute(self) -> NsidAttribute {
        match self {
            Self::File(file) => NsidAttribute::Fd(file.as_raw_fd() as u32),
            Self::Pid(pid) => NsidAttribute::Pid(pid as u32),
            Self::Id(id) => NsidAttribute::Id(id),
        }
    }
}

impl Netlink {
    /// Gives another network namespace an ID in the socket's (RTM_NEWNSID): this one, or -1 for the lowest that is free.
    pub fn set_nsid(&self, of: Named<'_>, id: i32) -> Answer<()> {
        self.tell(Message::NewNsId(message(vec![of.attribute(), NsidAttribute::Id(id)])), NLM_F_CREATE | NLM_F_EXCL)
    }

    /// The ID of another network namespace in the socket's (RTM_GETNSID), if it has one.
    pub fn nsid(&self, of: Named<'_>) -> Answer<Option<i32>> {
        Ok(match self.ask_nsid(vec![of.attribute()])? {
            Ok(attributes) => Ok(id_in(&attributes)?),
            Err(errno) => Err(errno),
        })
    }

    /// What RTM_GETNSID answers to a question with these attributes.
    pub fn ask_nsid(&self, attributes: Vec<NsidAttribute>) -> Answer<Vec<NsidAttribute>> {
        let answered = self.request(Message::GetNsId(message(attributes)), NLM_F_ACK)?;
        Ok(answered.map(|answers| answers.into_iter().filter_map(told).flatten().collect()))
    }

    /// The IDs that there are in the socket's network namespace, in their order.
    pub fn nsids(&self) -> Outcome<Vec<i32>> {
        self.dump_nsids(vec![])?.doing("list nsids")
    }

    /// The same of the network namespace that has this ID in the socket's, which must [be strict](Self::be_strict).
    pub fn nsids_in(&self, nsid: i32) -> Answer<Vec<i32>> {
        self.dump_nsids(vec![NsidAttribute::TargetNsid(nsid)])
    }

    fn dump_nsids(&self, attributes: Vec<NsidAttribute>) -> Answer<Vec<i32>> {
        let answers = match self.request(Message::GetNsId(message(attributes)), NLM_F_DUMP)? {
            Ok(answers) => answers,
            Err(errno) => return Ok(Err(errno)),
        };
        let ids: Outcome<Vec<_>> = answers.into_iter().filter_map(told).map(|one| id_in(&one)).collect();
        let mut ids: Vec<_> = ids?.into_iter().flatten().collect();
        ids.sort_unstable();
        Ok(Ok(ids))
    }
}

/// A message about network namespaces with these attributes.
pub fn message(attributes: Vec<NsidAttribute>) -> NsidMessage {
    let mut message = NsidMessage::default();
    message.attributes = attributes;
    message
}

fn told(message: Message) -> Option<Vec<NsidAttribute>> {
    match message {
        Message::NewNsId(one) => Some(one.attributes),
        _ => None,
    }
}

/// The kernel tells -1 where there is no ID.
fn id_in(attributes: &[NsidAttribute]) -> Outcome<Option<i32>> {
    let mut ids = attributes.iter().filter_map(|attribute| match attribute {
        NsidAttribute::Id(id) => Some(*id),
        _ => None,
    });
    let id = ids.next().ok_or_else(|| Failure::broken("an answer of RTM_GETNSID without an ID"))?;
    Ok((id != -1).then_some(id))
}
