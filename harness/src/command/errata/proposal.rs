//! What a page should say instead, as it is written by hand.
//!
//! ```text
//! Claim: suite::name
//! Page: man/man7/page.7
//! Subject: what changes
//!
//! Why, in a few sentences.
//!
//! <<<<
//! the lines of the page's source that go
//! ====
//! the lines that come, if any
//! >>>>
//! ```

use anyhow::{Context, Result};

/// One change to one page.
#[derive(Debug, PartialEq)]
pub(super) struct Proposal<'a> {
    /// The claim that shows it.
    pub(super) claim: &'a str,
    /// The page's file in the source of man-pages.
    pub(super) page: &'a str,
    /// The first line of the commit's message, without the page.
    pub(super) subject: &'a str,
    /// The rest of the message.
    pub(super) why: &'a str,
    /// Lines that stand in the page once.
    pub(super) old: Vec<&'a str>,
    /// What stands there instead.
    pub(super) new: Vec<&'a str>,
}

impl<'a> Proposal<'a> {
    /// # Errors
    /// If a part is missing.
    pub(super) fn parse(text: &'a str) -> Result<Self> {
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.with_context(|| format!("a proposal has no line «{name}: …»"))
        };
        let claim = field("Claim")?;
        let parts = || {
            let (head, change) = text.split_once("\n<<<<\n")?;
            let (_, why) = head.split_once("\n\n")?;
            let (old, rest) = change.split_once("\n====\n")?;
            let (new, _) = rest.split_once(">>>>")?;
            Some((why.trim(), old, new))
        };
        let (why, old, new) = parts().with_context(|| format!("the proposal for {claim} is not whole"))?;
        Ok(Self {
            claim,
            page: field("Page")?,
            subject: field("Subject")?,
            why,
            old: old.lines().collect(),
            new: new.lines().collect(),
        })
    }
}
