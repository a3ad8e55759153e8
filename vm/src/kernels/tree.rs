//! Kernels that were not downloaded: a bzImage, or the tree that one was built in.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::error::KernelError;
use super::image::{Banner, read_banner};
use super::kernel::{Kernel, Origin};
use super::store::{Store, depmod, replace};

/// The kernel that a path names. Modules given by hand win over those found.
pub(super) fn resolve(store: &Store, word: &str, path: &Path, modules: Option<&Path>) -> Result<Kernel, KernelError> {
    let path = fs::canonicalize(path).map_err(|source| KernelError::io("find", path, source))?;
    let (image, origin, config) = if path.is_dir() {
        let image = path.join("arch/x86/boot/bzImage");
        if !image.exists() {
            return Err(KernelError::NotBuilt { path });
        }
        (image, Origin::Tree, path.join(".config"))
    } else {
        (path.clone(), Origin::File, PathBuf::new())
    };
    let Banner { release, version } = read_banner(&image)?;
    let modules = match (modules, origin) {
        (Some(given), _) => Some(given_modules(given, &release)?),
        (None, Origin::Tree) => tree_modules(store, &path, &release)?,
        (None, _) => {
            Some(Path::new("/lib/modules").join(&release)).filter(|folder| folder.join("modules.dep").exists())
        }
    };
    let beside = image.with_file_name(format!("config-{release}"));
    let config = [config, beside].into_iter().find(|file| file.is_file());
    let origin = if path.is_dir() { Origin::Tree } else { Origin::File };
    Ok(Kernel { word: word.to_owned(), release, version, origin, image, modules, config })
}

/// Finds the folder with modules.dep: the given one, or the release's below it.
fn given_modules(given: &Path, release: &str) -> Result<PathBuf, KernelError> {
    let places = [given.to_owned(), given.join(release), given.join("lib/modules").join(release)];
    places
        .into_iter()
        .find(|place| place.join("modules.dep").exists())
        .and_then(|place| fs::canonicalize(place).ok())
        .ok_or_else(|| KernelError::NoModules { path: given.to_owned(), release: release.to_owned() })
}

/// A tree has its modules where they were compiled, and no modules.dep: links to them are laid out in the cache the way
/// depmod(8) wants them. Made anew each time, since the tree may have been built again.
fn tree_modules(store: &Store, tree: &Path, release: &str) -> Result<Option<PathBuf>, KernelError> {
    let order = fs::read_to_string(tree.join("modules.order")).unwrap_or_default();
    if order.is_empty() {
        return Ok(None);
    }
    let mut hasher = DefaultHasher::new();
    tree.hash(&mut hasher);
    let name = format!("{:016x}", hasher.finish());
    let _lock = store.lock(&format!("tree-{name}"))?;
    let scratch = store.scratch()?;
    let staged = scratch.path().join("tree");
    let folder = staged.join("lib/modules").join(release);
    for module in order.lines().map(built_name) {
        let (from, to) = (tree.join(&module), folder.join("kernel").join(&module));
        let link = || {
            fs::create_dir_all(to.parent().unwrap_or(&folder))?;
            symlink(&from, &to)
        };
        if from.is_file() {
            link().map_err(|source| KernelError::io("link", &to, source))?;
        }
    }
    if !folder.exists() {
        return Ok(None);
    }
    for list in ["modules.builtin", "modules.builtin.modinfo", "modules.order"] {
        let _absent_is_fine = fs::copy(tree.join(list), folder.join(list));
    }
    depmod(&staged, release)?;
    let place = store.root.join("trees").join(name);
    replace(&staged, &place)?;
    Ok(Some(place.join("lib/modules").join(release)))
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
        let store = Store::new(root.path().to_owned()).unwrap();
        (root, store)
    }

    #[test]
    fn a_folder_that_was_not_built_says_what_to_do() {
        let (root, store) = store();
        let message = resolve(&store, ".", root.path(), None).unwrap_err().to_string();
        assert!(message.contains("make bzImage"), "{message}");
    }

    #[test]
    fn a_tree_brings_its_config() {
        let (root, store) = store();
        let tree = root.path().join("linux");
        fs::create_dir_all(tree.join("arch/x86/boot")).unwrap();
        let mut image = vec![0; 0x400];
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x20F] = 1;
        image[0x300..0x30E].copy_from_slice(b"6.18.0-rc3 #1 ");
        fs::write(tree.join("arch/x86/boot/bzImage"), image).unwrap();
        fs::write(tree.join(".config"), "CONFIG_PID_NS=y\n").unwrap();
        let kernel = resolve(&store, "linux", &tree, None).unwrap();
        assert_eq!((kernel.release.as_str(), kernel.origin.clone()), ("6.18.0-rc3", Origin::Tree));
        assert_eq!(kernel.config, Some(fs::canonicalize(tree.join(".config")).unwrap()));
        assert_eq!(kernel.modules, None);
    }

    #[test]
    fn modules_that_are_not_there_are_named() {
        let (root, _) = store();
        let message = given_modules(root.path(), "6.18.0").unwrap_err().to_string();
        assert!(message.contains("lib/modules/6.18.0"), "{message}");
    }
}
