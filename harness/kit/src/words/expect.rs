//! Expectations: the only place where a case says «violated».
//!
//! Each prints what was expected, what was seen, the call as it stands in the source, and an errno by its name.

use std::fmt::Debug;

use nix::errno::Errno;

use super::verdict::{Failure, Finding, here};

/// An error that a system call gave: whatever crate wrapped the call, an errno stands behind it.
pub trait HasErrno: Debug {
    /// The errno; `UnknownErrno` when the error came from elsewhere.
    fn errno(&self) -> Errno;

    /// When it is no answer of the kernel's at all: why the case could not be carried out.
    fn never_asked(&self) -> Option<Failure> {
        None
    }
}

impl HasErrno for Errno {
    fn errno(&self) -> Errno {
        *self
    }
}

impl HasErrno for rustix::io::Errno {
    fn errno(&self) -> Errno {
        Errno::from_raw(self.raw_os_error())
    }
}

impl HasErrno for std::io::Error {
    fn errno(&self) -> Errno {
        self.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
    }
}

/// The claim says that this condition is true. More arguments describe the case in words.
///
/// `expect!(inner != outer)` · `expect!(names.is_empty(), "names left over: {names:?}")`
#[macro_export]
macro_rules! expect {
    ($condition:expr $(,)?) => {
        if !$condition {
            return ::core::result::Result::Err($crate::expect::not_true(stringify!($condition), None));
        }
    };
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return ::core::result::Result::Err($crate::expect::not_true(stringify!($condition), Some(format!($($words)+))));
        }
    };
}

/// The claim says that the first value equals the second.
///
/// `expect_eq!(hostname()?, "creator")` · `expect_eq!(seen, wanted, "seen by the grandchild")`
#[macro_export]
macro_rules! expect_eq {
    ($seen:expr, $expected:expr $(,)?) => {
        match (&$seen, &$expected) {
            (seen, expected) => {
                if !(*seen == *expected) {
                    return ::core::result::Result::Err($crate::expect::not_equal(stringify!($seen), expected, seen, None));
                }
            }
        }
    };
    ($seen:expr, $expected:expr, $($words:tt)+) => {
        match (&$seen, &$expected) {
            (seen, expected) => {
                if !(*seen == *expected) {
                    return ::core::result::Result::Err($crate::expect::not_equal(stringify!($seen), expected, seen, Some(format!($($words)+))));
                }
            }
        }
    };
}

/// The claim says that the two values differ.
///
/// `expect_ne!(own, child.namespace(Pid)?.id()?)`
#[macro_export]
macro_rules! expect_ne {
    ($seen:expr, $other:expr $(,)?) => {
        match (&$seen, &$other) {
            (seen, other) => {
                if *seen == *other {
                    return ::core::result::Result::Err($crate::expect::equal(stringify!($seen), other, None));
                }
            }
        }
    };
    ($seen:expr, $other:expr, $($words:tt)+) => {
        match (&$seen, &$other) {
            (seen, other) => {
                if *seen == *other {
                    return ::core::result::Result::Err($crate::expect::equal(stringify!($seen), other, Some(format!($($words)+))));
                }
            }
        }
    };
}

/// The claim says that this call is refused with this errno: `expect_errno!(unshare(CLONE_NEWPID), EPERM)`.
#[macro_export]
macro_rules! expect_errno {
    ($call:expr, $errno:ident $(,)?) => {
        match &$call {
            answer => {
                if let Some(failure) = $crate::expect::wrong_errno(stringify!($call), answer, ::nix::errno::Errno::$errno, None) {
                    return ::core::result::Result::Err(failure);
                }
            }
        }
    };
    ($call:expr, $errno:ident, $($words:tt)+) => {
        match &$call {
            answer => {
                if let Some(failure) = $crate::expect::wrong_errno(
                    stringify!($call), answer, ::nix::errno::Errno::$errno, Some(format!($($words)+)),
                ) {
                    return ::core::result::Result::Err(failure);
                }
            }
        }
    };
}

/// The claim says that this call succeeds, and here is its value: `let fd = expect_ok!(open(path));`.
///
/// For the call the claim is about; what only prepares uses `?`.
#[macro_export]
macro_rules! expect_ok {
    ($call:expr $(,)?) => {
        match $call {
            Ok(value) => value,
            Err(error) => return ::core::result::Result::Err($crate::expect::not_ok(stringify!($call), &error, None)),
        }
    };
    ($call:expr, $($words:tt)+) => {
        match $call {
            Ok(value) => value,
            Err(error) => {
                return ::core::result::Result::Err($crate::expect::not_ok(stringify!($call), &error, Some(format!($($words)+))))
            }
        }
    };
}

/// An errno as a person writes it: `EPERM (Operation not permitted)`.
pub fn name(errno: Errno) -> String {
    format!("{errno:?} ({})", errno.desc())
}

#[doc(hidden)]
#[track_caller]
pub fn not_true(call: &str, words: Option<String>) -> Failure {
    violated(call, "true".into(), "false".into(), words)
}

#[doc(hidden)]
#[track_caller]
pub fn not_equal(call: &str, expected: &dyn Debug, seen: &dyn Debug, words: Option<String>) -> Failure {
    violated(call, format!("{expected:?}"), format!("{seen:?}"), words)
}

#[doc(hidden)]
#[track_caller]
pub fn equal(call: &str, other: &dyn Debug, words: Option<String>) -> Failure {
    violated(call, format!("anything but {other:?}"), format!("{other:?}"), words)
}

#[doc(hidden)]
#[track_caller]
pub fn not_ok(call: &str, error: &dyn HasErrno, words: Option<String>) -> Failure {
    match error.never_asked() {
        Some(failure) => failure,
        None => violated(call, "success".into(), seen(error), words),
    }
}

#[doc(hidden)]
#[track_caller]
pub fn wrong_errno<T: Debug, E: HasErrno>(
    call: &str,
    answer: &Result<T, E>,
    expected: Errno,
    words: Option<String>,
) -> Option<Failure> {
    let seen = match answer {
        Err(error) if error.errno() == expected => return None,
        Err(error) => match error.never_asked() {
            Some(failure) => return Some(failure),
            None => seen(error),
        },
        Ok(value) => success(value),
    };
    Some(violated(call, name(expected), seen, words))
}

/// What a call returned; that it was nothing goes without saying.
fn success(value: &impl Debug) -> String {
    match format!("{value:?}").as_str() {
        "()" => "success".into(),
        value => format!("success: {value}"),
    }
}

fn seen(error: &dyn HasErrno) -> String {
    match error.errno() {
        Errno::UnknownErrno => format!("{error:?}"),
        errno => name(errno),
    }
}

#[track_caller]
fn violated(call: &str, expected: String, seen: String, words: Option<String>) -> Failure {
    let call = call.split_whitespace().collect::<Vec<_>>().join(" ");
    let place = words.map(|words| format!(" ({words})")).unwrap_or_default();
    Failure::Violated(Box::new(Finding {
        message: format!("{call}: expected {expected}, saw {seen}{place}"),
        call: Some(call),
        expected: Some(expected),
        seen: Some(seen),
        at: here(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::verdict::{Outcome, Verdict, holds};

    fn finding(verdict: Verdict) -> Finding {
        match verdict {
            Err(Failure::Violated(finding)) => *finding,
            other => panic!("not violated: {other:?}"),
        }
    }

    fn refused() -> Result<(), Errno> {
        Err(Errno::EINVAL)
    }

    #[test]
    fn a_wrong_errno_is_told_by_name() {
        let found = finding((|| {
            expect_errno!(refused(), EPERM);
            holds()
        })());
        assert_eq!(found.message, "refused(): expected EPERM (Operation not permitted), saw EINVAL (Invalid argument)");
        assert!(found.at.contains("expect.rs:"), "{}", found.at);
    }

    #[test]
    fn a_success_where_a_refusal_was_due_is_violated() {
        let found = finding((|| {
            expect_errno!(Ok::<_, Errno>(5), EPERM, "as {}", "nobody");
            holds()
        })());
        assert_eq!(
            found.message,
            "Ok::<_, Errno>(5): expected EPERM (Operation not permitted), saw success: 5 (as nobody)"
        );
    }

    #[test]
    fn unequal_values_are_both_shown() {
        let found = finding((|| {
            expect_eq!(1 + 1, 3);
            holds()
        })());
        assert_eq!((found.expected.as_deref(), found.seen.as_deref()), (Some("3"), Some("2")));
    }

    #[test]
    fn right_answers_hold() {
        let verdict: Outcome<_> = (|| {
            expect!(true);
            expect_eq!(2, 2);
            expect_ne!(2, 3);
            expect_errno!(refused(), EINVAL);
            expect_eq!(expect_ok!(Ok::<_, Errno>(7)), 7);
            holds()
        })();
        assert!(verdict.is_ok());
    }
}
