//! Modules of kernels that were not downloaded.
//!
//! They are used where they are. The index that depmod(8) makes is made in the cache, where links to the modules are laid out the
//! way depmod wants them: a folder of somebody's is not written to, and a tree has its modules where they were compiled.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use super::error::KernelError;
use super::store::{Store, depmod, replace};

/// What the kernel's build leaves beside the modules; depmod wants the first three.
const LISTS: [&str; 3] = ["modules.builtin", "modules.builtin.modinfo", "modules.order"];

/// The modules in a folder: its own, or those of the release below it. Without a modules.dep they are indexed, once for as long as
/// they stay the same.
pub(super) fn given(store: &Store, given: &Path, release: &str) -> Result<PathBuf, KernelError> {
    let below = [release.to_owned(), format!("lib/modules/{release}"), format!("usr/lib/modules/{release}")];
    let places: Vec<PathBuf> = [given.to_owned()].into_iter().chain(below.map(|place| given.join(place))).collect();
    let with = |what: &str| places.iter().find(|place| place.join(what).exists());
    let none = || KernelError::NoModules { path: given.to_owned(), release: release.to_owned() };
    let indexed = with("modules.dep");
    let place = indexed.or_else(|| with("kernel")).ok_or_else(none)?;
    let folder = fs::canonicalize(place).map_err(|source| KernelError::io("find", place, source))?;
    if indexed.is_some() {
        return Ok(folder);
    }
    let mut hasher = DefaultHasher::new();
    (&folder, release).hash(&mut hasher);
    stamp(&folder.join("kernel"), &mut hasher).map_err(|source| KernelError::io("read", &folder, source))?;
    let name = format!("{:016x}", hasher.finish());
    let _lock = store.lock(&format!("tree-{name}"))?;
    let known = place_of(store, &name, release);
    if known.join("modules.dep").exists() {
        return Ok(known);
    }
    index(store, &name, release, |laid_out| {
        link(&folder.join("kernel"), &laid_out.join("kernel"))?;
        copy_lists(&folder, laid_out);
        Ok(())
    })
}

/// The modules of a tree that was built; made anew each time, since the tree may have been built again.
pub(super) fn of_tree(store: &Store, tree: &Path, release: &str) -> Result<Option<PathBuf>, KernelError> {
    let order = fs::read_to_string(tree.join("modules.order")).unwrap_or_default();
    let built: Vec<String> = order.lines().map(built_name).filter(|module| tree.join(module).is_file()).collect();
    // A kernel without modules has a list of what is built in all the same.
    if built.is_empty() && !tree.join("modules.builtin").exists() {
        return Ok(None);
    }
    let mut hasher = DefaultHasher::new();
    tree.hash(&mut hasher);
    let name = format!("{:016x}", hasher.finish());
    let _lock = store.lock(&format!("tree-{name}"))?;
    let laid_out = index(store, &name, release, |folder| {
        for module in &built {
            link(&tree.join(module), &folder.join("kernel").join(module))?;
        }
        copy_lists(tree, folder);
        Ok(())
    });
    laid_out.map(Some)
}

/// Lays out a folder of modules under a name in the cache, and indexes it.
fn index(
    store: &Store,
    name: &str,
    release: &str,
    lay_out: impl FnOnce(&Path) -> Result<(), KernelError>,
) -> Result<PathBuf, KernelError> {
    let scratch = store.scratch()?;
    let staged = scratch.path().join("tree");
    let folder = staged.join("lib/modules").join(release);
    fs::create_dir_all(&folder).map_err(|source| KernelError::io("create", &folder, source))?;
    lay_out(&folder)?;
    depmod(&staged, release)?;
    replace(&staged, &store.root.join("trees").join(name))?;
    Ok(place_of(store, name, release))
}

fn place_of(store: &Store, name: &str, release: &str) -> PathBuf {
    store.root.join("trees").join(name).join("lib/modules").join(release)
}

fn link(from: &Path, to: &Path) -> Result<(), KernelError> {
    let link = || {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        symlink(from, to)
    };
    link().map_err(|source| KernelError::io("link", to, source))
}

fn copy_lists(from: &Path, to: &Path) {
    for list in LISTS {
        let _absent_is_fine = fs::copy(from.join(list), to.join(list));
    }
}

/// What is seen of the files below a folder without reading them.
fn stamp(folder: &Path, hasher: &mut impl Hasher) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        // A link that leads nowhere is nothing to depmod either.
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        if metadata.is_dir() {
            stamp(&entry.path(), hasher)?;
        } else {
            (entry.path(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()).hash(hasher);
        }
    }
    Ok(())
}

/// modules.order names what was built, `net/a.ko` before 6.2 and `net/a.o` since.
fn built_name(line: &str) -> String {
    match line.trim().strip_suffix(".o") {
        Some(stem) => format!("{stem}.ko"),
        None => line.trim().trim_start_matches("kernel/").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("drivers/net/veth.o", "drivers/net/veth.ko")]
    #[case("drivers/net/veth.ko", "drivers/net/veth.ko")]
    #[case("kernel/drivers/net/veth.ko", "drivers/net/veth.ko")]
    fn modules_order_is_read_in_every_spelling(#[case] line: &str, #[case] name: &str) {
        assert_eq!(built_name(line), name);
    }

    fn store() -> (tempfile::TempDir, Store) {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(root.path().join("cache")).unwrap();
        (root, store)
    }

    #[rstest]
    #[case::the_folder_itself("here", "here")]
    #[case::that_of_all_releases("here/6.18.0", "here")]
    #[case::an_unpacked_package("here/usr/lib/modules/6.18.0", "here")]
    fn modules_without_an_index_get_one_and_their_folder_nothing(#[case] place: &str, #[case] given_as: &str) {
        let (root, store) = store();
        let folder = root.path().join(place);
        fs::create_dir_all(folder.join("kernel/net")).unwrap();
        // No module, and so without a name that depmod could read; it is listed all the same.
        fs::write(folder.join("kernel/net/veth.ko"), "").unwrap();
        let found = given(&store, &root.path().join(given_as), "6.18.0").unwrap();
        assert!(found.starts_with(&store.root) && found.join("modules.dep").exists(), "{}", found.display());
        assert!(found.join("kernel/net/veth.ko").exists());
        assert!(!folder.join("modules.dep").exists());
    }

    #[test]
    fn an_index_is_made_again_when_the_modules_are_others() {
        let (root, store) = store();
        let module = root.path().join("kernel/veth.ko");
        fs::create_dir_all(root.path().join("kernel")).unwrap();
        fs::write(&module, "").unwrap();
        let find = || given(&store, root.path(), "6.18.0").unwrap();
        let first = find();
        assert_eq!(find(), first);
        fs::write(&module, "another").unwrap();
        assert_ne!(find(), first);
    }

    #[rstest]
    #[case::nothing(&[], None)]
    #[case::a_module(&["modules.order", "veth.ko"], Some(("veth.ko:\n", "")))]
    #[case::what_is_built_in(&["modules.builtin"], Some(("", "kernel/veth.ko\n")))]
    fn a_tree_has_modules_and_what_is_built_in(#[case] files: &[&str], #[case] found: Option<(&str, &str)>) {
        let (root, store) = store();
        let tree = root.path().join("linux");
        fs::create_dir_all(&tree).unwrap();
        for file in files {
            fs::write(tree.join(file), if *file == "modules.order" { "veth.o\n" } else { "kernel/veth.ko\n" }).unwrap();
        }
        let read = |folder: &Path, list: &str| fs::read_to_string(folder.join(list)).unwrap_or_default();
        let folder = of_tree(&store, &tree, "6.18.0").unwrap();
        let lists = folder.map(|folder| (read(&folder, "modules.dep"), read(&folder, "modules.builtin")));
        assert_eq!(lists, found.map(|(dep, builtin)| (dep.replace("veth", "kernel/veth"), builtin.to_owned())));
    }

    #[test]
    fn an_index_that_is_there_is_used() {
        let (root, store) = store();
        let folder = root.path().join("lib/modules/6.18.0");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("modules.dep"), "").unwrap();
        assert_eq!(given(&store, root.path(), "6.18.0").unwrap(), fs::canonicalize(folder).unwrap());
    }

    #[test]
    fn modules_that_are_not_there_are_named() {
        let (root, store) = store();
        let message = given(&store, root.path(), "6.18.0").unwrap_err().to_string();
        assert!(message.contains("lib/modules/6.18.0"), "{message}");
    }
}
