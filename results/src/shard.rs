//! Parts of a matrix, for machines that share the work.

use std::str::FromStr;

use crate::outdir::fnv;
use crate::record::Shard;

/// What is wrong with a shard that was typed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no shard: type I/N, the part and how many there are, such as 1/4")]
pub struct ShardError {
    /// What was typed.
    pub text: String,
}

impl FromStr for Shard {
    type Err = ShardError;

    /// Reads `2/4`.
    fn from_str(text: &str) -> Result<Self, ShardError> {
        let shard = text
            .split_once('/')
            .and_then(|(index, count)| Some(Self { index: index.parse().ok()?, count: count.parse().ok()? }))
            .filter(|shard| (1..=shard.count).contains(&shard.index));
        shard.ok_or_else(|| ShardError { text: text.into() })
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Shard {
    /// True when the case is this shard's on the kernel of this word. Each pair of the two is exactly one
    /// shard's, on every machine, and stays so whatever other cases and kernels come and go.
    #[must_use]
    pub fn takes(self, kernel: &str, case: &str) -> bool {
        // FNV's low bits mix little; the high ones are folded in before the remainder is taken.
        let hash = fnv(&format!("{kernel}\n{case}"));
        let hash = (hash ^ (hash >> 16)).wrapping_mul(0x45d9_f3b3);
        (hash ^ (hash >> 16)) % self.count == self.index - 1
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0/4")]
    #[case("5/4")]
    #[case("1")]
    #[case("1/0")]
    #[case("-1/2")]
    #[case("a/b")]
    #[case("1/2/3")]
    fn what_is_no_shard_is_told(#[case] text: &str) {
        let error = Shard::from_str(text).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{text:?} is no shard: type I/N")));
    }

    #[test]
    fn each_case_is_one_shards_and_shards_are_about_equal() {
        let mut sizes = [0; 4];
        for number in 0..2000 {
            let case = format!("pid::a_claim_with_number_{number}");
            let takers: Vec<u32> = (1..=4).filter(|&index| Shard { index, count: 4 }.takes("6.12", &case)).collect();
            assert_eq!(takers.len(), 1, "{case}");
            sizes[takers[0] as usize - 1] += 1;
        }
        assert!(sizes.iter().all(|size| (450..550).contains(size)), "{sizes:?}");
    }

    #[test]
    fn kernels_are_spread_as_well() {
        let shard = Shard { index: 1, count: 3 };
        let taken = |word: &str| shard.takes(word, "pid::nesting_stops_at_depth_32");
        let words = ["5.10", "6.1", "6.12", "6.18", "7.3", "7.0", "host"];
        let some = words.iter().filter(|word| taken(word)).count();
        assert!((1..words.len()).contains(&some), "{some}");
    }

    #[test]
    fn the_parts_never_move() {
        // If these numbers change, machines of two versions would share the work wrongly.
        let taken: Vec<_> = (0..12)
            .filter(|number| Shard { index: 2, count: 3 }.takes("6.12", &format!("uts::case_{number}")))
            .collect();
        insta::assert_debug_snapshot!(taken);
        assert_eq!(Shard::from_str("2/3").unwrap().to_string(), "2/3");
    }
}
