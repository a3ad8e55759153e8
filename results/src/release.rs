//! Kernel versions, as far as results need them: to put kernels in order.

use crate::record::Kernel;

/// The numbers a kernel's release begins with, for putting kernels in order: `6.12.107` of
/// `6.12.107+deb13-cloud-amd64`. A kernel that never came up has none and stands last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Release {
    unknown: bool,
    numbers: Vec<u32>,
}

impl Release {
    /// Of `kernel`: from its release, or from the word that named it when it never came up.
    pub(crate) fn of(kernel: &Kernel) -> Self {
        let release = Self::parse(&kernel.release);
        if release.unknown { Self::parse(&kernel.word) } else { release }
    }

    /// Of a version as claims write it, `6.14`, or a release as `uname -r` does.
    pub(crate) fn parse(text: &str) -> Self {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let numbers: Vec<u32> = text[..end].split('.').map_while(|part| part.parse().ok()).collect();
        Self { unknown: numbers.len() < 2, numbers }
    }

    /// True when this kernel is `version` or newer: 6.14.0-rc1 counts as 6.14.
    pub(crate) fn reaches(&self, version: &Self) -> bool {
        !self.unknown && self.numbers >= version.numbers
    }

    /// True when nothing is known.
    pub(crate) fn is_unknown(&self) -> bool {
        self.unknown
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("5.10.223", "6.1.0")]
    #[case("6.9", "6.12.107+deb13-cloud-amd64")]
    #[case("6.12.9", "6.12.10")]
    #[case("7.3.4", "host")]
    fn older_stands_first(#[case] older: &str, #[case] newer: &str) {
        assert!(Release::parse(older) < Release::parse(newer));
    }

    #[rstest]
    #[case("6.14.0-rc1", "6.14", true)]
    #[case("6.13.7", "6.14", false)]
    #[case("6.13.7", "6.13", true)]
    #[case("6.12.107", "6.12.108", false)]
    #[case("", "6.13", false)]
    fn ranges(#[case] kernel: &str, #[case] version: &str, #[case] reaches: bool) {
        assert_eq!(Release::parse(kernel).reaches(&Release::parse(version)), reaches);
    }

    #[test]
    fn a_kernel_that_never_came_up_is_placed_by_its_word() {
        let kernel = Kernel { word: "6.12".into(), ..Kernel::default() };
        assert!(!Release::of(&kernel).is_unknown());
    }
}
