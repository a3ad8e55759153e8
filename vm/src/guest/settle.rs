//! Bringing the kernel to a state from which clones go on alike.
//!
//! The kernel makes a worker for its unbound workqueues when work is waiting and no worker is idle. Whether that comes about in a
//! clone would depend on how busy the host is; and each new worker takes a process id. Idle workers are kept for five minutes
//! (kernel/workqueue.c): some made before a template is frozen spare its clones from making any.

use std::fs;
use std::io;
use std::thread;
use std::time::Instant;

use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::setpriority_process;

use crate::deadline;

/// Families of sockets that no kernel for x86-64 has built in (include/linux/socket.h): Rose, DECnet, Econet, IRDA and the like.
const UNKNOWN: [u16; 12] = [11, 12, 14, 18, 19, 22, 23, 25, 33, 35, 37, 39];

/// Makes workers, by work that blocks on others: to look for a module, a worker starts modprobe(8) and waits for it. There is no
/// modprobe, nor such a module; so nothing else comes of it.
pub(super) fn make_workers() {
    // Ahead of the workers: all the work is to wait at once. Threads inherit the priority.
    let _as_it_is = setpriority_process(None, -20);
    thread::scope(|scope| {
        for family in UNKNOWN {
            scope.spawn(move || socket(AddressFamily::from_raw(family), SocketType::STREAM, None));
        }
    });
    let _as_it_was = setpriority_process(None, 0);
    // A thread that was joined may still be there for the kernel, and some system calls refuse a process with threads.
    let deadline = Instant::now() + deadline::SETTLE;
    while threads().is_ok_and(|count| count > 1) && Instant::now() < deadline {
        thread::yield_now();
    }
}

fn threads() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}
