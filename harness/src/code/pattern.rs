//! Names with `*` and `?` in them.

/// Whether a pattern means a name: `*` stands for any letters, `?` for one.
pub(super) fn means(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where to go on when what follows the last star turns out to be elsewhere.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == name[from] => (at, from) = (at + 1, from + 1),
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    (at, from) = (place + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("copy_pid_ns", "copy_pid_ns", true)]
    #[case("copy_pid_ns", "copy_pid_nsx", false)]
    #[case("copy_*_ns", "copy_pid_ns", true)]
    #[case("copy_*_ns", "copy_ns_ns_ns", true)]
    #[case("*", "", true)]
    #[case("?opy*", "copy", true)]
    #[case("?", "", false)]
    #[case("*_ns", "copy_pid_nsx", false)]
    fn stars_stand_for_letters(#[case] pattern: &str, #[case] name: &str, #[case] means_it: bool) {
        assert_eq!(means(pattern, name), means_it);
    }
}
