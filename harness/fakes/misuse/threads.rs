//! Wrong claims about a second thread, and right ones beside them.

use kit::eventually;
use kit::prelude::*;

pub(crate) const CASES: &[Case] = cases![
    thread_stays_until_its_end,
    thread_is_none,
    thread_goes_by_itself,
    thread_stays_after_its_end,
    thread_is_where_it_went,
    thread_is_where_we_are,
    thread_expects_in_vain,
];

/// A process with a second thread cannot make a user namespace, and can when that has ended.
#[claim(source = "namespaces(7)", needs = [Root])]
fn thread_stays_until_its_end() -> Verdict {
    let second = Thread::idle()?;
    expect_errno!(unshare(CLONE_NEWUSER), EINVAL);
    second.end()?;
    expect_ok!(unshare(CLONE_NEWUSER));
    holds()
}

/// A process with a second thread can make a user namespace.
#[claim(source = "namespaces(7)", needs = [Root])]
fn thread_is_none() -> Verdict {
    let _second = Thread::idle()?;
    expect_ok!(unshare(CLONE_NEWUSER));
    holds()
}

/// A second thread ends without being told to.
#[claim(source = "namespaces(7)", needs = [Root], deadline = 3)]
fn thread_goes_by_itself() -> Verdict {
    let _second = Thread::idle()?;
    expect!(eventually(|| Ok(unshare(CLONE_NEWUSER).is_ok()))?);
    holds()
}

/// A process cannot make a user namespace when its second thread has ended.
#[claim(source = "namespaces(7)", needs = [Root])]
fn thread_stays_after_its_end() -> Verdict {
    Thread::idle()?.end()?;
    expect_errno!(unshare(CLONE_NEWUSER), EINVAL);
    holds()
}

/// A thread that has unshared its UTS namespace is in another one than the first.
#[claim(source = "namespaces(7)", needs = [Root])]
fn thread_is_where_it_went() -> Verdict {
    expect_ne!(seen_by_a_thread_elsewhere()?, own_inode(Kind::Uts)?);
    holds()
}

/// A thread that has unshared its UTS namespace is in that of the first.
#[claim(source = "namespaces(7)", needs = [Root])]
fn thread_is_where_we_are() -> Verdict {
    expect_eq!(seen_by_a_thread_elsewhere()?, own_inode(Kind::Uts)?);
    holds()
}

fn seen_by_a_thread_elsewhere() -> Outcome<Inode> {
    let (second, seen) = Thread::start(|| {
        unshare(CLONE_NEWUTS).doing("unshare")?;
        own_inode(Kind::Uts)
    })?;
    second.end()?;
    Ok(seen)
}

/// What a thread expects in vain does not matter.
#[claim(source = "namespaces(7)", needs = [Root])]
fn thread_expects_in_vain() -> Verdict {
    Thread::start(|| {
        expect_eq!(1, 2, "in a thread");
        Ok(())
    })?;
    holds()
}
