//! Wrong claims about what processes say to each other, and right ones beside them.

use kit::prelude::*;
use kit::unix_credentials::{Credentials, credential_pair, received_credentials, send_credentials, send_plain};

pub(crate) const CASES: &[Case] = cases![
    sender_is_told,
    sender_is_the_receiver,
    sender_may_be_anybody,
    sender_may_not_be_itself,
    value_is_no_descriptor,
    descriptor_is_no_value,
    descriptor_is_the_same_file,
];

/// The receiver of a message is told its sender.
#[claim(source = "namespaces(7)", needs = [Root])]
fn sender_is_told() -> Verdict {
    let (sender, told) = sender_of_a_message()?;
    expect_eq!(told, sender);
    holds()
}

/// The receiver of a message is told itself.
#[claim(source = "namespaces(7)", needs = [Root])]
fn sender_is_the_receiver() -> Verdict {
    expect_eq!(sender_of_a_message()?.1, Credentials::own());
    holds()
}

/// Who sends a message, and who the receiver is told to have sent it.
fn sender_of_a_message() -> Outcome<(Credentials, Credentials)> {
    let (one, other) = credential_pair()?;
    let sender = spawn(NONE, |_| send_plain(&one).doing("send a byte"))?;
    let own = Credentials { pid: sender.pid().as_raw(), ..Credentials::own() };
    sender.join()?;
    Ok((own, received_credentials(&other)?))
}

/// An ordinary user may claim to be process 1.
#[claim(source = "namespaces(7)", needs = [Root])]
fn sender_may_be_anybody() -> Verdict {
    unprivileged(NONE, || {
        expect_ok!(send_credentials(&credential_pair()?.0, Credentials { pid: 1, ..Credentials::own() }));
        holds()
    })
}

/// An ordinary user may not claim to be itself.
#[claim(source = "namespaces(7)", needs = [Root])]
fn sender_may_not_be_itself() -> Verdict {
    unprivileged(NONE, || {
        let (one, _other) = credential_pair()?;
        expect_errno!(send_credentials(&one, Credentials::own()), EPERM);
        holds()
    })
}

/// A value is a descriptor.
#[claim(source = "namespaces(7)", needs = [])]
fn value_is_no_descriptor() -> Verdict {
    spawn(NONE, |parent| parent.go())?.peer().recv_fd()?;
    holds()
}

/// A descriptor is a value.
#[claim(source = "namespaces(7)", needs = [])]
fn descriptor_is_no_value() -> Verdict {
    spawn(NONE, |parent| parent.send_fd(Namespace::own(Kind::Uts)?))?.recv::<()>()?;
    holds()
}

/// A descriptor that a process passes on refers to the same file.
#[claim(source = "namespaces(7)", needs = [Root])]
fn descriptor_is_the_same_file() -> Verdict {
    let there = spawn(CLONE_NEWUTS, |parent| {
        parent.send_fd(Namespace::own(Kind::Uts)?)?;
        parent.wait()
    })?;
    let passed = Namespace::from_fd(there.peer().recv_fd()?);
    expect_eq!(passed.inode()?, there.namespace(Kind::Uts)?.inode()?);
    holds()
}
