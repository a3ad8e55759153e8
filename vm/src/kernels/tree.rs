//! Kernels that were not downloaded: a bzImage, or the tree that one was built in.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::KernelError;
use super::image::{Banner, read_banner};
use super::kernel::{Kernel, Origin};
use super::modules;
use super::store::Store;

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
        (Some(given), _) => Some(modules::given(store, given, &release)?),
        (None, Origin::Tree) => modules::of_tree(store, &path, &release)?,
        (None, _) => {
            Some(Path::new("/lib/modules").join(&release)).filter(|folder| folder.join("modules.dep").exists())
        }
    };
    let beside = image.with_file_name(format!("config-{release}"));
    let config = [config, beside].into_iter().find(|file| file.is_file());
    let origin = if path.is_dir() { Origin::Tree } else { Origin::File };
    Ok(Kernel { word: word.to_owned(), release, version, origin, image, modules, config })
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
