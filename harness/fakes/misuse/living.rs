//! Wrong claims about what keeps a namespace in existence, and right ones beside them.

use std::cell::{Cell, RefCell};
use std::os::fd::AsFd;

use kit::Room;
use kit::lifetime::{end, goes_in_spite_of, lives_by};
use kit::prelude::*;

pub(crate) const CASES: &[Case] = cases![
    kept_once,
    kept_twice,
    kept_though_never_made,
    twin_stays,
    twin_takes_the_other_along,
    never_let_go,
    goes_in_spite_of_a_pidfd,
    goes_in_spite_of_its_file,
    was_never_there,
    room_for_two,
    room_for_one_more,
    place_comes_free,
    place_stays_taken,
    kernel_has_caught_up,
];

/// A UTS namespace lives by its only process.
#[claim(source = "namespaces(7)", needs = [Root])]
fn kept_once() -> Verdict {
    lives_by(Kind::Uts, 1, new_process, end)
}

/// A UTS namespace that has a process and an open file lives by the process alone.
#[claim(source = "namespaces(7)", needs = [Root], deadline = 5)]
fn kept_twice() -> Verdict {
    lives_by(
        Kind::Uts,
        1,
        |room| {
            let process = new_process(room)?;
            let file = process.namespace(Kind::Uts)?;
            Ok((process, file))
        },
        |(process, file)| end(process).map(|()| file),
    )
}

/// A UTS namespace that was never made lives by a process.
#[claim(source = "namespaces(7)", needs = [Root], deadline = 5)]
fn kept_though_never_made() -> Verdict {
    lives_by(Kind::Uts, 1, |_| waiting(NONE), end)
}

/// A twin goes although its process is let be.
#[claim(source = "namespaces(7)", needs = [Root], deadline = 5)]
fn twin_stays() -> Verdict {
    lives_by(Kind::Uts, 1, new_process, Ok)
}

/// A namespace stays whose process is ended together with the twin's.
#[claim(source = "namespaces(7)", needs = [Root], deadline = 5)]
fn twin_takes_the_other_along() -> Verdict {
    let processes = RefCell::new(Vec::new());
    let keep = |room: &Room<'_>| {
        processes.borrow_mut().push(new_process(room)?);
        Ok(())
    };
    lives_by(Kind::Uts, 1, keep, |()| processes.take().into_iter().try_for_each(end))
}

/// A namespace goes when its twin's process is ended, and its own let be.
#[claim(source = "namespaces(7)", needs = [Root], deadline = 5)]
fn never_let_go() -> Verdict {
    let twin_has_gone = Cell::new(false);
    lives_by(Kind::Uts, 1, new_process, |process| {
        if twin_has_gone.replace(true) { Ok(Some(process)) } else { end(process).map(|()| None) }
    })
}

/// A pidfd of its only process keeps no UTS namespace.
#[claim(source = "namespaces(7)", needs = [Root])]
fn goes_in_spite_of_a_pidfd() -> Verdict {
    goes_in_spite_of(Kind::Uts, |room| {
        let process = new_process(room)?;
        let pidfd = process.pidfd().as_fd().try_clone_to_owned()?;
        Ok((process, pidfd))
    })
}

/// An open file of it keeps no UTS namespace.
#[claim(source = "namespaces(7)", needs = [Root], deadline = 5)]
fn goes_in_spite_of_its_file() -> Verdict {
    goes_in_spite_of(Kind::Uts, |room| {
        let process = new_process(room)?;
        let file = process.namespace(Kind::Uts)?;
        Ok((process, file))
    })
}

/// A process that has made no UTS namespace has one of its own.
#[claim(source = "namespaces(7)", needs = [Root])]
fn was_never_there() -> Verdict {
    goes_in_spite_of(Kind::Uts, |_| Ok((waiting(NONE)?, ())))
}

/// A room for two namespaces holds two.
#[claim(source = "namespaces(7)", needs = [Root])]
fn room_for_two() -> Verdict {
    Room::with(Kind::Uts, 2, |room| {
        let _one = new_process(room)?;
        let _two = expect_ok!(room.member()?);
        expect_errno!(room.member()?, ENOSPC);
        holds()
    })
}

/// A room for one namespace holds two.
#[claim(source = "namespaces(7)", needs = [Root])]
fn room_for_one_more() -> Verdict {
    Room::with(Kind::Uts, 1, |room| {
        let _one = new_process(room)?;
        expect_ok!(room.member()?);
        holds()
    })
}

/// The place of a namespace that has gone can be had again.
#[claim(source = "namespaces(7)", needs = [Root])]
fn place_comes_free() -> Verdict {
    Room::with(Kind::Net, 1, |room| {
        end(new_process(room)?)?;
        expect_ok!(room.member_when_free()?);
        holds()
    })
}

/// The place of a namespace that has not gone can be had again.
#[claim(source = "namespaces(7)", needs = [Root], deadline = 5)]
fn place_stays_taken() -> Verdict {
    Room::with(Kind::Net, 1, |room| {
        let _stays = new_process(room)?;
        expect_ok!(room.member_when_free()?);
        holds()
    })
}

/// When the kernel has caught up, a network namespace without a process has gone.
#[claim(source = "namespaces(7)", needs = [Root])]
fn kernel_has_caught_up() -> Verdict {
    Room::with(Kind::Net, 1, |room| {
        end(new_process(room)?)?;
        room.let_the_kernel_catch_up()?;
        expect_ok!(room.member()?);
        holds()
    })
}

fn new_process(room: &Room<'_>) -> Outcome<Child<()>> {
    room.member()?.doing("make a namespace")
}
