//! What a case finds, and how «violated» and «broken» are kept apart on the way.
//!
//! A case returns [`Verdict`]. `?` on anything that fails turns into *broken*: the case could not be carried out.
//! Only the macros of [`crate::expect`] say *violated*: the kernel gave a wrong answer to the question asked.

use std::fmt;
use std::panic::Location;

use serde::{Deserialize, Serialize};

/// What a case returns.
pub type Verdict = Outcome<Holds>;

/// What helpers of a case return: a value, or the reason why the case ends here.
pub type Outcome<T> = Result<T, Failure>;

/// The claim was found to be true. Returned by [`holds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds;

/// The last line of every case.
pub fn holds() -> Verdict {
    Ok(Holds)
}

/// Why a case ended early. Deliberately no `std::error::Error`, so that every error can become one by `?`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The kernel's answer is not what the claim says.
    Violated(Box<Finding>),
    /// The case could not be carried out.
    Broken(Box<Finding>),
    /// Something that the case needs is missing; only what no declared need can express is found out in a body.
    Unmet(String),
}

/// The particulars of a failure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// One sentence for a person.
    pub message: String,
    /// The expression that was evaluated, as it stands in the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// What the claim says must come of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// `file:line` in the suite's source.
    #[serde(default)]
    pub at: String,
}

impl Failure {
    /// The case could not be carried out, for the reason given.
    #[track_caller]
    pub fn broken(message: impl fmt::Display) -> Self {
        Self::Broken(Box::new(Finding { message: message.to_string(), at: here(), ..Finding::default() }))
    }

    /// The kernel's answer is wrong, where no macro of [`crate::expect`] can say it.
    #[track_caller]
    pub fn violated(message: impl fmt::Display) -> Self {
        Self::Violated(Box::new(Finding { message: message.to_string(), at: here(), ..Finding::default() }))
    }

    /// What the case needs is missing.
    pub fn unmet(reason: impl fmt::Display) -> Self {
        Self::Unmet(reason.to_string())
    }

    /// The particulars, unless the case was unmet.
    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Self::Violated(finding) | Self::Broken(finding) => Some(finding),
            Self::Unmet(_) => None,
        }
    }

    fn prefixed(mut self, what: &dyn fmt::Display) -> Self {
        match &mut self {
            Self::Violated(finding) | Self::Broken(finding) => {
                finding.message = format!("{what}: {}", finding.message);
            }
            Self::Unmet(reason) => *reason = format!("{what}: {reason}"),
        }
        self
    }
}

impl<E: std::error::Error> From<E> for Failure {
    /// An error that reaches `?` is a failed preparation.
    #[track_caller]
    fn from(error: E) -> Self {
        Self::broken(super::sentence::in_one_sentence(&error))
    }
}

/// Says what was being done when something failed: `mount(…).doing("mount proc")?`.
pub trait Doing<T> {
    /// Puts `what` before the error's message.
    fn doing(self, what: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: Into<Failure>> Doing<T> for Result<T, E> {
    #[track_caller]
    fn doing(self, what: impl fmt::Display) -> Outcome<T> {
        let at = here();
        self.map_err(|error| {
            let mut failure = error.into().prefixed(&what);
            // An error from outside was given the place of this line inside of `into`; its own is more use.
            if let Failure::Broken(finding) = &mut failure
                && finding.at.contains(file!())
            {
                finding.at = at;
            }
            failure
        })
    }
}

#[track_caller]
pub(crate) fn here() -> String {
    let place = Location::caller();
    format!("{}:{}", place.file(), place.line())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails() -> Outcome<()> {
        Err(nix::errno::Errno::EPERM)?
    }

    #[test]
    fn a_question_mark_is_broken_and_names_its_own_line() {
        let Err(Failure::Broken(finding)) = fails() else { panic!("not broken") };
        assert_eq!(finding.message, "EPERM: Operation not permitted");
        assert!(finding.at.ends_with(&format!("verdict.rs:{}", line!() - 7)), "{}", finding.at);
    }

    #[test]
    fn doing_names_what_failed_and_where() {
        let failed: Result<(), _> = Err(nix::errno::Errno::ENOENT);
        let Err(Failure::Broken(finding)) = failed.doing("mount proc") else { panic!("not broken") };
        assert_eq!(finding.message, "mount proc: ENOENT: No such file or directory");
        assert!(finding.at.ends_with(&format!("verdict.rs:{}", line!() - 2)), "{}", finding.at);
    }

    #[test]
    fn doing_keeps_a_violation_violated() {
        let failed: Outcome<()> = Err(Failure::violated("wrong answer"));
        let Err(Failure::Violated(finding)) = failed.doing("second look") else { panic!("not violated") };
        assert_eq!(finding.message, "second look: wrong answer");
    }
}
