//! An answer of the kernel that can be passed on: to another process, or to a person with what had been asked for.

use std::fmt;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::expect::HasErrno;
use super::verdict::Failure;

/// What a call answers.
pub type Answer<T = ()> = Result<T, Refusal>;

/// A call that the kernel refused. Unlike the errors of the crates that wrap calls it can be sent over a
/// [`Peer`](crate::process::Peer), and it may know what was being done.
///
/// By `?` it is a failed preparation like any error; [`expect_errno!`](crate::expect_errno) takes it as an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What was being done; empty when nobody has said.
    doing: String,
    reason: Reason,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Reason {
    /// The kernel's errno.
    Errno(i32),
    /// The kernel was not asked: what the call takes for granted could not be made.
    NeverAsked(String),
}

impl Refusal {
    /// What a call could not even be made for; for helpers that prepare something before they call. The expectations take
    /// it as a case that could not be carried out, whatever the claim is.
    pub fn never_asked(doing: impl fmt::Display, why: &Failure) -> Self {
        let why = why.finding().map_or_else(|| format!("{why:?}"), |finding| finding.message.clone());
        Self { doing: doing.to_string(), reason: Reason::NeverAsked(why) }
    }

    /// The errno.
    pub fn errno(&self) -> Errno {
        match self.reason {
            Reason::Errno(number) => Errno::from_raw(number),
            Reason::NeverAsked(_) => Errno::UnknownErrno,
        }
    }
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self { doing: String::new(), reason: Reason::Errno(errno as i32) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.doing.is_empty() {
            write!(f, "{}: ", self.doing)?;
        }
        match &self.reason {
            Reason::Errno(number) => Errno::from_raw(*number).fmt(f),
            Reason::NeverAsked(why) => f.write_str(why),
        }
    }
}

/// The errno by its name, beside what was being done.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Errno(_) if self.doing.is_empty() => self.errno().fmt(f),
            Reason::Errno(_) => write!(f, "{:?} («{}»)", self.errno(), self.doing),
            Reason::NeverAsked(_) => write!(f, "«{self}»"),
        }
    }
}

impl std::error::Error for Refusal {}

impl HasErrno for Refusal {
    fn errno(&self) -> Errno {
        self.errno()
    }

    fn never_asked(&self) -> Option<Failure> {
        matches!(self.reason, Reason::NeverAsked(_)).then(|| Failure::broken(self))
    }
}

/// Makes a [`Refusal`] of an error.
pub trait Portable<T> {
    /// The same answer in a form that can be sent to another process.
    fn portable(self) -> Result<T, Refusal>;

    /// The same, saying what was being done.
    fn calling(self, what: impl fmt::Display) -> Result<T, Refusal>;
}

impl<T, E: HasErrno> Portable<T> for Result<T, E> {
    fn portable(self) -> Result<T, Refusal> {
        self.calling("")
    }

    fn calling(self, what: impl fmt::Display) -> Result<T, Refusal> {
        self.map_err(|error| Refusal { doing: what.to_string(), reason: Reason::Errno(error.errno() as i32) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::verdict::{Outcome, Verdict, holds};
    use crate::{expect_errno, expect_ok};

    fn refused() -> Result<(), Refusal> {
        Err(Errno::EINVAL).calling("bind a on b")
    }

    fn unprepared() -> Result<(), Refusal> {
        Err(Refusal::never_asked("bind a on b", &Failure::broken("there is no b")))
    }

    fn message(outcome: Outcome<impl fmt::Debug>) -> (bool, String) {
        match outcome {
            Err(Failure::Broken(finding)) => (false, finding.message),
            Err(Failure::Violated(finding)) => (true, finding.message),
            other => panic!("neither broken nor violated: {other:?}"),
        }
    }

    #[test]
    fn a_question_mark_names_what_was_done() {
        let outcome = (|| -> Outcome<()> { Ok(refused()?) })();
        assert_eq!(message(outcome), (false, "bind a on b: EINVAL: Invalid argument".to_owned()));
    }

    #[test]
    fn the_expectations_take_it_as_an_answer() {
        let right = || -> Verdict {
            expect_errno!(refused(), EINVAL);
            holds()
        };
        assert!(right().is_ok());
        let wrong = || -> Verdict {
            expect_errno!(refused(), EPERM);
            holds()
        };
        assert!(message(wrong()).0);
    }

    #[test]
    fn what_was_never_asked_is_no_answer() {
        let refusal = || -> Verdict {
            expect_errno!(unprepared(), EINVAL);
            holds()
        };
        let success = || -> Verdict {
            expect_ok!(unprepared());
            holds()
        };
        for broken in [refusal(), success()] {
            assert_eq!(message(broken), (false, "bind a on b: there is no b".to_owned()));
        }
    }

    #[test]
    fn it_comes_through_a_line_as_it_was() {
        let answer: Result<u32, Refusal> = Err(Errno::ENOSPC).portable();
        let line = serde_json::to_string(&answer).unwrap();
        assert_eq!(serde_json::from_str::<Result<u32, Refusal>>(&line).unwrap(), answer);
        assert_eq!(answer, Err(Errno::ENOSPC.into()));
        assert_eq!(format!("{answer:?} {:?}", refused()), "Err(ENOSPC) Err(EINVAL («bind a on b»))");
    }
}
