//! POSIX message queues as the claims of this suite make and use them: `mq_overview(7)`.

use kit::prelude::*;
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_open, mq_receive, mq_send};
use nix::sys::stat::Mode;

/// For its user only.
const MODE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);

/// Opens a queue that is there; nothing waits at it.
pub(super) fn open(name: &str) -> nix::Result<MqdT> {
    mq_open(name, MQ_OFlag::O_RDWR | MQ_OFlag::O_NONBLOCK, Mode::empty(), None)
}

/// Makes a small queue that is not there yet.
pub(super) fn create(name: &str) -> nix::Result<MqdT> {
    create_of(name, 8, 64)
}

/// The same with the namespace's default attributes.
pub(super) fn create_default(name: &str) -> nix::Result<MqdT> {
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR | MQ_OFlag::O_NONBLOCK;
    mq_open(name, flags, MODE, None)
}

/// The same for so many messages of so many bytes each.
pub(super) fn create_of(name: &str, messages: i64, size: i64) -> nix::Result<MqdT> {
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR | MQ_OFlag::O_NONBLOCK;
    mq_open(name, flags, MODE, Some(&MqAttr::new(0, messages, size, 0)))
}

/// Sends a message of the lowest priority.
pub(super) fn send(queue: &MqdT, text: &str) -> nix::Result<()> {
    mq_send(queue, text.as_bytes(), 0)
}

/// Takes the first message; EAGAIN where there is none.
pub(super) fn receive(queue: &MqdT) -> nix::Result<String> {
    let mut buffer = [0; 8192];
    let length = mq_receive(queue, &mut buffer, &mut 0)?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// Mounts the caller's namespace's queues on a new directory of the stage.
pub(super) fn mount_queues(directory: &str) -> Outcome<()> {
    std::fs::create_dir(directory).doing(format!("make {directory}"))?;
    mount_queues_at(directory).doing(format!("mount mqueue on {directory}"))
}

/// The same on a directory that is there.
pub(super) fn mount_queues_at(directory: &str) -> nix::Result<()> {
    nix::mount::mount(Some("mqueue"), directory, Some("mqueue"), nix::mount::MsFlags::empty(), None::<&str>)
}

/// What a directory has in it, sorted.
pub(super) fn names_in(directory: &str) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).doing(format!("list {directory}"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
