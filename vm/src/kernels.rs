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

/// Whether a word names a kernel by its path, a bzImage's or a tree's: modules can be given for such a kernel alone.
pub fn is_path(word: &str) -> bool {
    matches!(word::Word::parse(word), Some(word::Word::Path(_)))
}
