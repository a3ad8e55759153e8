//! The kinds of alterations, and the names that places have.

use std::fmt;
use std::str::FromStr;

/// What is done to an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A conditional jump is taken where it was not, and the other way round.
    Jump,
    /// A conditional jump is never taken.
    Never,
    /// A conditional jump is always taken.
    Always,
    /// A conditional move is made where it was not, and the other way round.
    Move,
    /// A condition that is written down as 0 or 1 is written down the wrong way.
    Set,
    /// An errno becomes another.
    Errno,
    /// A check of rights says yes.
    Yes,
    /// A check of rights says no.
    No,
    /// A number that is compared with is one more.
    More,
    /// A number that is compared with is one less.
    Less,
    /// A reference is neither taken nor given back.
    Skip,
}

impl Kind {
    /// Every kind, the coarse ones first.
    pub(crate) const ALL: [Self; 11] = [
        Self::Jump,
        Self::Never,
        Self::Always,
        Self::Move,
        Self::Set,
        Self::Errno,
        Self::Yes,
        Self::No,
        Self::More,
        Self::Less,
        Self::Skip,
    ];

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Jump => "jcc",
            Self::Never => "never",
            Self::Always => "always",
            Self::Move => "cmov",
            Self::Set => "setcc",
            Self::Errno => "errno",
            Self::Yes => "yes",
            Self::No => "no",
            Self::More => "more",
            Self::Less => "less",
            Self::Skip => "skip",
        }
    }
}

impl Kind {
    /// Whether it is one of the two that take a jump's condition away: half of what turning it round does.
    pub(crate) fn is_half(self) -> bool {
        matches!(self, Self::Never | Self::Always)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// An alteration's name: `copy_pid_ns+0xc8:jcc`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    /// The function's name.
    pub(crate) function: String,
    /// The instruction's distance from the function's first byte.
    pub(crate) offset: u64,
    /// What is done to it.
    pub(crate) kind: Kind,
}

impl Name {
    /// The place without the kind: `copy_pid_ns+0xc8`.
    pub(crate) fn place(&self) -> String {
        format!("{}+{:#x}", self.function, self.offset)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.place(), self.kind)
    }
}

/// A text that names no alteration.
#[derive(Debug, thiserror::Error)]
#[error(
    "«{text}» names no alteration: type FUNCTION+0xOFFSET:KIND, such as copy_pid_ns+0xc8:jcc; kinds are {}",
    kinds()
)]
pub(crate) struct NoName {
    text: String,
}

fn kinds() -> String {
    Kind::ALL.map(Kind::word).join(", ")
}

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let name = || {
            let (place, kind) = text.rsplit_once(':')?;
            let (function, offset) = place.rsplit_once('+')?;
            let offset = u64::from_str_radix(offset.strip_prefix("0x")?, 16).ok()?;
            let kind = Kind::ALL.into_iter().find(|known| known.word() == kind)?;
            (!function.is_empty()).then(|| Self { function: function.to_owned(), offset, kind })
        };
        name().ok_or_else(|| NoName { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_name_is_read_as_it_is_written() {
        for kind in Kind::ALL {
            let name = Name { function: "copy_pid_ns.part.0".to_owned(), offset: 0xc8, kind };
            assert_eq!(name.to_string().parse::<Name>().unwrap(), name);
        }
    }

    #[rstest]
    #[case("copy_pid_ns")]
    #[case("copy_pid_ns+0xc8")]
    #[case("copy_pid_ns+c8:jcc")]
    #[case("copy_pid_ns+0xc8:jump")]
    #[case("+0xc8:jcc")]
    fn what_names_none_is_told(#[case] text: &str) {
        let error = text.parse::<Name>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("«{text}» names no alteration: type FUNCTION+0xOFFSET:KIND")), "{error}");
    }
}
