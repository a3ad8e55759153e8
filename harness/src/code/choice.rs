//! Which functions somebody means: by name, by pattern, or by the file of the kernel's tree they stand in.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::files::{File, files};
use super::pattern::means;
use super::symbols::Symbols;

/// Tells functions apart that share a name: `get_ns#2`.
const NUMBER: char = '#';

/// A function that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Its name, with a number if there are several of it.
    pub(crate) name: String,
    /// The file it stands in; none when it is not known.
    pub(crate) file: Option<&'static str>,
    pub(crate) range: Range<u64>,
}

/// What was typed and means nothing in this kernel.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChoiceError {
    /// No function.
    #[error(
        "this kernel has no function «{0}»: `nsproof prove --list` names those that it has by the files they stand in"
    )]
    NoFunction(String),
    /// No file.
    #[error("no file «{0}» is known: there are {known}", known = known_files())]
    NoFile(String),
    /// Nothing of a file.
    #[error("this kernel has no function of «{0}»: it is built without it, or has it in a module, which --load loads")]
    NothingOf(String),
}

fn known_files() -> String {
    let names: Vec<_> = files().iter().map(|file| file.path).collect();
    names.join(", ")
}

/// The functions that are meant, in the order of files and addresses; those of the files about namespaces if nothing was typed.
///
/// What a compiler split off (`copy_pid_ns.cold`, `get_ns.isra.0`) belongs to the function that it was split from.
pub(crate) fn choose(symbols: &Symbols, typed: &[String]) -> Result<Vec<Chosen>, ChoiceError> {
    let all = known(symbols);
    if typed.is_empty() {
        let is_usual = |path| files().iter().any(|file| file.path == path && file.is_usual);
        return Ok(all.into_iter().filter(|chosen| chosen.file.is_some_and(is_usual)).collect());
    }
    let mut taken = BTreeSet::new();
    for word in typed {
        let before = taken.len();
        if is_file(word) {
            if !files().iter().any(|file| is_called(file.path, word)) {
                return Err(ChoiceError::NoFile(word.clone()));
            }
            let meant: Vec<_> =
                (0..all.len()).filter(|at| all[*at].file.is_some_and(|path| is_called(path, word))).collect();
            if meant.is_empty() {
                return Err(ChoiceError::NothingOf(word.clone()));
            }
            taken.extend(meant);
        } else {
            let meant = |at: &usize| means(word, whole(&all[*at].name)) || means(word, &all[*at].name);
            taken.extend((0..all.len()).filter(meant));
            if taken.len() == before && !(0..all.len()).any(|at| meant(&at)) {
                return Err(ChoiceError::NoFunction(word.clone()));
            }
        }
    }
    Ok(taken.into_iter().map(|at| all[at].clone()).collect())
}

/// Whether a word names a file and not a function.
pub(crate) fn is_file(word: &str) -> bool {
    word.ends_with(".c")
}

/// Whether a file goes by this name: its whole path, the end of it, or a pattern.
pub(crate) fn is_called(path: &str, word: &str) -> bool {
    means(word, path) || path.strip_suffix(word).is_some_and(|front| front.is_empty() || front.ends_with('/'))
}

/// The one function of this name.
pub(crate) fn find(symbols: &Symbols, name: &str) -> Result<Chosen, ChoiceError> {
    let plain = name.split_once(NUMBER).map_or(name, |(plain, _)| plain);
    numbered(symbols, plain)
        .into_iter()
        .find(|(known, _)| known == name)
        .map(|(name, range)| Chosen { name, file: None, range })
        .ok_or_else(|| ChoiceError::NoFunction(name.to_owned()))
}

/// A function's name without what a compiler or [`NUMBER`] added.
pub(crate) fn whole(name: &str) -> &str {
    name.split(['.', NUMBER]).next().unwrap_or(name)
}

/// All functions of a name, each with a name of its own.
fn numbered(symbols: &Symbols, name: &str) -> Vec<(String, Range<u64>)> {
    let ranges = symbols.ranges(name);
    let several = ranges.len() > 1;
    let own = |at: usize| if several { format!("{name}{NUMBER}{}", at + 1) } else { name.to_owned() };
    ranges.into_iter().enumerate().map(|(at, range)| (own(at), range)).collect()
}

/// Every function of the kernel, those of known files first.
fn known(symbols: &Symbols) -> Vec<Chosen> {
    // Each name's own pieces.
    let mut pieces: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in symbols.names() {
        pieces.entry(whole(name)).or_default().push(name);
    }
    let mut all = Vec::new();
    let mut taken = BTreeSet::new();
    for file in files() {
        let names: Vec<_> = file.functions.iter().filter_map(|name| pieces.get(name.as_str())).flatten().collect();
        let mut chosen: Vec<_> = of_file(file, &names, symbols).collect();
        chosen.sort_by_key(|chosen| chosen.range.start);
        chosen.retain(|chosen| taken.insert(chosen.range.start));
        all.extend(chosen);
    }
    let others = symbols.names().flat_map(|name| numbered(symbols, name));
    all.extend(others.filter(|(_, range)| !taken.contains(&range.start)).map(|(name, range)| Chosen {
        name,
        file: None,
        range,
    }));
    all
}

/// A file's functions. Of several that share a name it is the one that lies closest to the file's others, for what comes from
/// one file lies together.
fn of_file(file: &File, names: &[&&str], symbols: &Symbols) -> impl Iterator<Item = Chosen> {
    let mut places: Vec<u64> = names
        .iter()
        .filter(|name| !name.contains('.'))
        .map(|name| symbols.ranges(name))
        .filter(|ranges| ranges.len() == 1)
        .flat_map(|ranges| ranges.into_iter().map(|range| range.start))
        .collect();
    places.sort_unstable();
    let middle = places.get(places.len() / 2).copied().unwrap_or(0);
    let closest = move |name: &&&str| {
        let (name, range) =
            numbered(symbols, name).into_iter().min_by_key(|(_, range)| range.start.abs_diff(middle))?;
        Some(Chosen { name, file: Some(file.path), range })
    };
    names.iter().filter_map(closest).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols() -> Symbols {
        Symbols::read(
            "ffffffff81100000 get_pid_ns\nffffffff81100100 pidns_get\nffffffff81100200 copy_pid_ns\n\
             ffffffff81100300 create_pid_cachep\nffffffff81100400 pidns_owner\nffffffff81300000 copy_pid_ns.cold\n\
             ffffffff81500000 pidns_get\nffffffff81600000 schedule\n",
        )
    }

    fn chosen(typed: &[&str]) -> Result<Vec<String>, ChoiceError> {
        let typed: Vec<_> = typed.iter().map(|word| (*word).to_owned()).collect();
        choose(&symbols(), &typed).map(|all| all.into_iter().map(|chosen| chosen.name).collect())
    }

    #[test]
    fn functions_are_chosen_by_name_pattern_and_file() {
        assert_eq!(chosen(&["copy_pid_ns"]).unwrap(), ["copy_pid_ns", "copy_pid_ns.cold"]);
        assert_eq!(chosen(&["sched*"]).unwrap(), ["schedule"]);
        assert_eq!(chosen(&["pidns_get#2"]).unwrap(), ["pidns_get#2"]);
        let of_file = chosen(&["pid_namespace.c"]).unwrap();
        assert!(of_file.contains(&"pidns_get#1".to_owned()), "the one among its own: {of_file:?}");
        assert!(!of_file.contains(&"pidns_get#2".to_owned()), "{of_file:?}");
        assert_eq!(chosen(&["kernel/pid_namespace.c"]).unwrap(), of_file);
        assert_eq!(chosen(&[]).unwrap(), of_file);
    }

    #[test]
    fn what_is_not_there_is_told() {
        assert!(
            chosen(&["no_such_function"]).unwrap_err().to_string().starts_with("this kernel has no function «no_such")
        );
        assert!(chosen(&["veth.c"]).unwrap_err().to_string().ends_with("or has it in a module, which --load loads"));
        assert!(
            chosen(&["amespace.c"]).unwrap_err().to_string().starts_with("no file «amespace.c» is known: there are ")
        );
    }

    #[test]
    fn one_of_several_is_found_by_its_number() {
        assert_eq!(find(&symbols(), "pidns_get#2").unwrap().range.start, 0xffff_ffff_8150_0000);
        assert!(find(&symbols(), "pidns_get").is_err());
        assert_eq!(find(&symbols(), "schedule").unwrap().name, "schedule");
    }
}
