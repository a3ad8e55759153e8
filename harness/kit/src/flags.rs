//! Flags in messages, as the manual names them.

use bitflags::Flags;
use bitflags::parser::to_writer;

/// The names of these flags, `MS_BIND|MS_REC`; what has no name as a number, and `0` when there is none at all.
pub fn names<F: Flags>(flags: F) -> String
where
    F::Bits: bitflags::parser::WriteHex,
{
    let mut text = String::new();
    // A string takes everything.
    let _ = to_writer(&flags, &mut text);
    if text.is_empty() { "0".to_owned() } else { text.replace(" | ", "|") }
}

#[cfg(test)]
mod tests {
    use nix::mount::MsFlags;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(MsFlags::empty(), "0")]
    #[case(MsFlags::MS_BIND | MsFlags::MS_REC, "MS_BIND|MS_REC")]
    #[case(MsFlags::MS_BIND | MsFlags::from_bits_retain(0x100), "MS_BIND|0x100")]
    fn flags_have_names(#[case] flags: MsFlags, #[case] expected: &str) {
        assert_eq!(names(flags), expected);
    }
}
