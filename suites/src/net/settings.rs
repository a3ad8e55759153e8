//! The settings below `/proc/sys/net`: which there are, and setting them to something else.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use kit::prelude::*;
use kit::sysctl::set_sysctl;

const ROOT: &str = "/proc/sys/net";

/// A setting as one network namespace shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Setting {
    /// Its path below `/proc/sys/net`.
    pub(super) name: String,
    /// The permission bits of its file.
    pub(super) mode: u32,
}

/// All settings that the calling thread sees below this folder, in the order of their names.
pub(super) fn settings(folder: &str) -> Outcome<Vec<Setting>> {
    let mut found = Vec::new();
    walk(&Path::new(ROOT).join(folder), &mut found)?;
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// The names of those with a value that the owner of their files may read and write.
pub(super) fn writable(folders: &[&str]) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for folder in folders {
        names.extend(settings(folder)?.into_iter().filter(|one| one.mode & 0o600 == 0o600).map(|one| one.name));
    }
    Ok(names)
}

fn walk(folder: &Path, found: &mut Vec<Setting>) -> Outcome<()> {
    for entry in fs::read_dir(folder).doing(format!("list {}", folder.display()))? {
        let path = entry?.path();
        let status = fs::metadata(&path).doing(format!("stat {}", path.display()))?;
        if status.is_dir() {
            walk(&path, found)?;
        } else {
            let name = path.strip_prefix(ROOT)?.to_string_lossy().into_owned();
            found.push(Setting { name, mode: status.mode() & 0o777 });
        }
    }
    Ok(())
}

/// What a setting is; none where reading fails, as it does for a secret that was never set.
pub(super) fn value(name: &str) -> Option<String> {
    fs::read_to_string(format!("{ROOT}/{name}")).ok().map(|text| text.trim_end().to_owned())
}

/// What these settings are.
pub(super) fn values(names: &[String]) -> Vec<Option<String>> {
    names.iter().map(|name| value(name)).collect()
}

/// Sets it to something else than it is.
pub(super) fn alter(name: &str) -> Outcome<()> {
    let before = value(name);
    let taken = candidates(before.as_deref().unwrap_or_default())
        .into_iter()
        .any(|candidate| set_sysctl(&format!("net/{name}"), candidate).is_ok() && value(name) != before);
    if taken {
        Ok(())
    } else {
        Err(Failure::broken(format!("nothing else can be written to {name}, which is {before:?}")))
    }
}

/// Sets them all to something else than they are in `from`. Some change others, so that it may take a second round.
pub(super) fn alter_all(names: &[String], from: &[Option<String>]) -> Outcome<()> {
    for _ in 0..2 {
        for (name, before) in names.iter().zip(from) {
            if value(name) == *before {
                alter(name)?;
            }
        }
    }
    Ok(())
}

/// What might be taken in place of a value.
fn candidates(value: &str) -> Vec<String> {
    let numbers: Vec<i64> = value.split_whitespace().map_while(|field| field.parse().ok()).collect();
    let mut all = Vec::new();
    if let Some((last, others)) = numbers.split_last() {
        for new in [last + 1, last - 1, last * 2, last / 2, 1, 0, 2, 3, last + 8, 4096, 65536] {
            all.push([others, &[new]].concat());
        }
        all.push([&[numbers[0] + 1], &numbers[1..]].concat());
    }
    let numbers = all.iter().map(|fields| fields.iter().map(i64::to_string).collect::<Vec<_>>().join("\t"));
    let words = [
        "reno",
        "cubic",
        "userspace",
        "1",
        "8080",
        "00000000-00000000-00000000-00000007",
        "none",
        "md5",
        "2001:db8::1",
    ];
    numbers.chain(words.map(str::to_owned)).collect()
}
