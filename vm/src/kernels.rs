//! Kernels, each named by one word, and the cache that they are kept in.
//!
//! ```no_run
//! let cache = vm::kernels::Cache::open(None)?;
//! let kernel = cache.resolve("6.12", None)?; // downloads it the first time; after that no network is needed
//! println!("{} from {}", kernel.release, kernel.origin);
//! # Ok::<(), vm::kernels::KernelError>(())
//! ```

mod apt;
mod cache;
mod deb;
mod debian;
mod error;
mod image;
mod kernel;
mod lookup;
mod mirror;
mod modules;
mod number;
mod offer;
mod store;
mod tree;
mod word;

pub use cache::{Cache, Listing, Pruned};
pub use error::{KernelError, NotAKernel, OnOffer, PackageFault};
pub use kernel::{Kernel, Origin};
pub use number::{NotASeries, Number, Series};
<<<<<<< HEAD
=======

/// Whether a word names a kernel by its path, a bzImage's or a tree's: modules can be given for such a kernel alone.
pub fn is_path(word: &str) -> bool {
    matches!(word::Word::parse(word), Some(word::Word::Path(_)))
}

/// A kernel that can be booted, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// The word that it was asked for by: `6.12`.
    pub word: String,
    /// Its release, as uname(2) tells it: `6.12.107+deb13-cloud-amd64`.
    pub release: String,
    /// The version of its package, `6.12.107-1`; the release where there is no package.
    pub version: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The bzImage.
    pub image: PathBuf,
    /// The folder `lib/modules/<release>`, with its modules.dep; `None` when its modules are not to be had.
    pub modules: Option<PathBuf>,
    /// The configuration that it was built with.
    pub config: Option<PathBuf>,
}

impl Kernel {
    /// Its number, 6.1.176 for Debian's `6.1.0-50-cloud-amd64`; `None` when neither version nor release begins with one.
    pub fn number(&self) -> Option<Number> {
        Number::leading(&self.version).or_else(|| Number::leading(&self.release))
    }
}

/// Where a kernel comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Debian's archive.
    Debian {
        /// The suite, `trixie-backports`.
        suite: String,
        /// The packages, the image's first.
        packages: Vec<String>,
    },
    /// A bzImage that was named by its path.
    File,
    /// A kernel tree that it was built in.
    Tree,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Debian { suite, packages } => {
                write!(f, "Debian {suite}, {}", packages.first().map_or("no package", String::as_str))
            }
            Origin::File => f.write_str("a file"),
            Origin::Tree => f.write_str("a kernel tree"),
        }
    }
}
>>>>>>> 6121501 (Several filters, whole names that are not there, no threads, modules without a kernel: sensible answers)
