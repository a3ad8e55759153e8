//! What the caller makes of the ten links of a process's directory `ns`: `namespaces(7)`.

use std::fmt::Display;

use super::file::{Inode, Namespace, link_text};
use super::link::Link;
use crate::sys::ns::get_nstype;
use crate::words::verdict::Outcome;
use crate::{expect, expect_eq};

/// A link's path for a process, named as in `/proc`: a PID, `self` or `thread-self`.
pub fn path_of(link: Link, process: impl Display) -> String {
    format!("/proc/{process}/ns/{link}")
}

/// A link's path for the calling thread.
pub fn own(link: Link) -> String {
    path_of(link, "thread-self")
}

/// Which namespace comes of a link for the caller: by reading its text, and by opening it. 5.10's late updates answer
/// with success where nothing comes of it.
pub fn leads_to(link: Link, process: impl Display) -> (Option<Inode>, Option<Inode>) {
    let (path, kind) = (path_of(link, process), link.kind());
    let number = |text: String| text.strip_prefix(&format!("{kind}:["))?.strip_suffix(']')?.parse().ok();
    let read = link_text(&path).ok().and_then(number);
    let opened = Namespace::at(&path).ok().filter(|file| get_nstype(file) == Ok(kind.flag()));
    (read, opened.and_then(|namespace| namespace.inode().ok()))
}

/// The claim says that the caller can read and open all ten links of a process; `whose` describes it.
pub fn expect_open(process: impl Display, whose: &str) -> Outcome<()> {
    for link in Link::ALL {
        let (read, opened) = leads_to(link, &process);
        expect!(read.is_some() && read == opened, "{link} of {whose}: by its text {read:?}, by opening it {opened:?}");
    }
    Ok(())
}

/// The claim says that for the caller nothing comes of any of the ten links of a process.
pub fn expect_closed(process: impl Display, whose: &str) -> Outcome<()> {
    for link in Link::ALL {
        expect_eq!(leads_to(link, &process), (None, None), "{link} of {whose}, by its text and by opening it");
    }
    Ok(())
}
