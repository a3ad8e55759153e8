//! Wrong claims about answers that come from another process, and about what was prepared; and right ones beside them.

use kit::limits::{limit, set_limit};
use kit::prelude::*;
use kit::uts::sethostname;
use kit::{Answer, prepared};

pub(crate) const CASES: &[Case] = cases![
    refusal_arrives,
    refusal_is_another,
    refusal_is_a_success,
    refusal_is_no_preparation,
    limit_is_the_namespaces,
    limit_is_that_of_all,
    prepared_goes_on,
    unprepared_goes_on,
];

/// The answer of an ordinary user's child to a call that takes a privilege.
fn refused() -> Outcome<Answer> {
    unprivileged(NONE, || Ok(sethostname("refused").calling("set the hostname")))
}

/// A refusal in another process is the same here.
#[claim(source = "uts_namespaces(7)", needs = [Root])]
fn refusal_arrives() -> Verdict {
    expect_errno!(refused()?, EPERM);
    holds()
}

/// A refusal in another process is another one here.
#[claim(source = "uts_namespaces(7)", needs = [Root])]
fn refusal_is_another() -> Verdict {
    expect_errno!(refused()?, EINVAL);
    holds()
}

/// A refusal in another process is a success here.
#[claim(source = "uts_namespaces(7)", needs = [Root])]
fn refusal_is_a_success() -> Verdict {
    expect_ok!(refused()?);
    holds()
}

/// A refusal in another process does not keep a case from going on.
#[claim(source = "uts_namespaces(7)", needs = [Root])]
fn refusal_is_no_preparation() -> Verdict {
    refused()??;
    holds()
}

/// A limit that is set in a user namespace is that namespace's, and not its parent's.
#[claim(source = "namespaces(7)", needs = [Root])]
fn limit_is_the_namespaces() -> Verdict {
    let before = limit(Kind::Uts)?;
    expect_eq!(limit_after_setting_it_below()?, 7);
    expect_eq!(limit(Kind::Uts)?, before);
    holds()
}

/// A limit that is set in a user namespace is that of all.
#[claim(source = "namespaces(7)", needs = [Root])]
fn limit_is_that_of_all() -> Verdict {
    expect_eq!(limit_after_setting_it_below()?, limit(Kind::Uts)?);
    holds()
}

fn limit_after_setting_it_below() -> Outcome<u32> {
    user_namespace(NONE, || {
        set_limit(Kind::Uts, 7)?;
        limit(Kind::Uts)
    })
}

/// A case goes on that has what it needs.
#[claim(source = "namespaces(7)", needs = [])]
fn prepared_goes_on() -> Verdict {
    prepared(true, "what it needs")?;
    holds()
}

/// A case goes on that has not what it needs.
#[claim(source = "namespaces(7)", needs = [])]
fn unprepared_goes_on() -> Verdict {
    prepared(false, "what it needs")?;
    holds()
}
