//! From a word to a kernel.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::apt::Apt;
use super::error::{Cached, KernelError, OnOffer, PackageFault};
use super::kernel::{Kernel, Origin};
use super::number::{Number, Series, compare_debian_versions};
use super::offer::{Offer, Offered};
use super::store::{Store, entry_name};
use super::word::{Word, is_exactly};
use super::{deb, image, lookup, tree};

/// How many times the size of its packages a kernel takes while it is unpacked; 5.10's modules are not compressed.
const UNPACKED: u64 = 6;

/// The kernels that were downloaded, and the way to more.
///
/// Several processes can use one cache at the same time: they share downloads, and none sees a kernel before it is whole.
pub struct Cache {
    store: Store,
    /// Nothing is looked up or downloaded.
    offline: bool,
    notice: Box<dyn Fn(&str) + Send + Sync>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("root", &self.store.root).finish_non_exhaustive()
    }
}

/// One kernel that is on offer, or cached, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The series; `None` for a version that begins with no number.
    pub series: Option<Series>,
    /// The release, as uname(2) tells it.
    pub release: String,
    /// The package version.
    pub version: String,
    /// The Debian suite that offers it; `None` when it is only in the cache.
    pub suite: Option<String>,
    /// Whether it is in the cache.
    pub cached: bool,
    /// Whether its modules are to be had, or cached.
    pub modules: bool,
    /// Whether it is the newest of its series on offer: what the series' word means.
    pub newest: bool,
    /// Bytes to download.
    pub size: u64,
}

/// What `prune` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Kernels removed.
    pub kernels: usize,
    /// Bytes freed.
    pub bytes: u64,
}

impl Cache {
    /// Opens the cache in a folder, which is made if need be; `None` means [`Cache::default_root`].
    pub fn open(root: Option<&Path>) -> Result<Cache, KernelError> {
        let root = root.map_or_else(Cache::default_root, Path::to_owned);
        // apt-get, which runs in a folder of its own, is told of it.
        let root = std::path::absolute(&root).map_err(|source| KernelError::io("find", &root, source))?;
        Ok(Cache { store: Store::new(root)?, offline: false, notice: Box::new(|_| {}) })
    }

    /// `$NSPROOF_CACHE`, or `$XDG_CACHE_HOME/nsproof`, or `~/.cache/nsproof`.
    pub fn default_root() -> PathBuf {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        variable("NSPROOF_CACHE")
            .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("nsproof")))
            .or_else(|| variable("HOME").map(|home| home.join(".cache/nsproof")))
            .unwrap_or_else(|| PathBuf::from(".cache/nsproof"))
    }

    /// Where the cache is.
    pub fn root(&self) -> &Path {
        &self.store.root
    }

    /// Sets who is told, in one sentence each, of what takes long: downloads.
    #[must_use]
    pub fn on_notice(mut self, notice: impl Fn(&str) + Send + Sync + 'static) -> Cache {
        self.notice = Box::new(notice);
        self
    }

    /// The same, but only with the kernels that are in it: nothing is looked up or downloaded.
    #[must_use]
    pub fn offline(self) -> Cache {
        Cache { offline: true, ..self }
    }

    /// The words that a word stands for: one for each series for `all`, else itself.
    ///
    /// Needs the network only for `all`, and only when nothing was ever looked up. Offline, `all` means the series in the cache, each by a
    /// word that finds its kernel there.
    pub fn expand(&self, word: &str) -> Result<Vec<String>, KernelError> {
        match Word::parse(word) {
            Some(Word::All) if self.offline => Ok(self.cached_words()),
            Some(Word::All) => Ok(self.offer()?.series().iter().map(Series::to_string).collect()),
            _ => Ok(vec![word.to_owned()]),
        }
    }

    /// The kernel that a word names: a series, an exact version, or the path of a bzImage or of a kernel tree.
    ///
    /// `modules` is the modules' folder of a kernel named by its path. What a series means is remembered until
    /// [`Cache::fetch`] looks again; a kernel in the cache is found without network.
    pub fn resolve(&self, word: &str, modules: Option<&Path>) -> Result<Kernel, KernelError> {
        match Word::parse(word) {
            Some(Word::All) => Err(KernelError::Several { word: word.to_owned() }),
            Some(Word::Path(path)) => tree::resolve(&self.store, word, &path, modules),
            Some(meaning) => match self.in_cache(word, &meaning) {
                Some(kernel) => Ok(kernel),
                None => self.obtain(word, &meaning),
            },
            None => Err(self.unknown(word)),
        }
    }

    /// Bytes that [`Cache::resolve`] would download, as far as that is known; none when the kernel is in the cache already.
    ///
    /// # Errors
    /// If what is known cannot be read.
    pub fn to_download(&self, word: &str) -> Result<Option<u64>, KernelError> {
        let meaning = match Word::parse(word) {
            None | Some(Word::All | Word::Path(_)) => return Ok(None),
            Some(meaning) => meaning,
        };
        if self.in_cache(word, &meaning).is_some() {
            return Ok(None);
        }
        Ok(self.known_offer()?.as_ref().and_then(|offer| offered(offer, &meaning)).map(|offered| offered.size))
    }

    /// Looks at what is on offer now, and downloads what the word means there.
    pub fn fetch(&self, word: &str) -> Result<Vec<Kernel>, KernelError> {
        let offer = self.refresh()?;
        let words = self.expand(word)?;
        words
            .iter()
            .map(|word| match Word::parse(word) {
                Some(Word::Path(_)) => self.resolve(word, None),
                Some(meaning) => self.obtain_from(&offer, word, &meaning),
                None => Err(self.unknown(word)),
            })
            .collect()
    }

    /// The kernels in the cache, oldest first, each with its release as its word.
    pub fn cached(&self) -> Vec<Kernel> {
        let named = self.store.all().into_iter().map(|(_, kernel)| Kernel { word: kernel.release.clone(), ..kernel });
        let mut kernels: Vec<Kernel> = named.collect();
        kernels.sort_by(|a, b| compare_debian_versions(&a.version, &b.version));
        kernels
    }

    /// The newest kernel of every series in the cache, oldest series first: the series' own word where that is known to mean one
    /// of them, else its number.
    fn cached_words(&self) -> Vec<String> {
        let words = self.store.words();
        let mut newest: BTreeMap<Series, String> = BTreeMap::new();
        for kernel in self.cached() {
            let Some(number) = Number::leading(&kernel.version) else { continue };
            let series = number.series.to_string();
            let is_meant = words.get(&series).is_some_and(|name| self.store.get("", name).is_some());
            newest.insert(number.series, if is_meant { series } else { number.to_string() });
        }
        newest.into_values().collect()
    }

    /// All kernels on offer or cached, oldest first. `refresh` looks at the network, which otherwise is asked only once.
    pub fn list(&self, refresh: bool) -> Result<Vec<Listing>, KernelError> {
        let offer = if refresh { self.refresh()? } else { self.offer()? };
        let mut listings: Vec<Listing> = offer.kernels.iter().map(|offered| self.listing(&offer, offered)).collect();
        for (_, kernel) in self.store.all() {
            if !listings.iter().any(|known| known.release == kernel.release && known.version == kernel.version) {
                listings.push(Listing {
                    series: Number::leading(&kernel.version).map(|number| number.series),
                    modules: kernel.modules.is_some(),
                    release: kernel.release,
                    version: kernel.version,
                    suite: None,
                    cached: true,
                    newest: false,
                    size: 0,
                });
            }
        }
        listings.sort_by(|a, b| compare_debian_versions(&a.version, &b.version));
        Ok(listings)
    }

    /// Removes the kernels that no word means any more (`everything`: all of them), and what killed runs left.
    pub fn prune(&self, everything: bool) -> Result<Pruned, KernelError> {
        let meant: BTreeSet<String> = self.store.words().into_values().collect();
        let mut pruned = Pruned { kernels: 0, bytes: self.store.sweep() };
        if everything {
            pruned.bytes += self.store.remove_trees();
        }
        for (name, _) in self.store.all() {
            if everything || !meant.contains(&name) {
                pruned.bytes += self.store.remove(&name)?;
                pruned.kernels += 1;
            }
        }
        Ok(pruned)
    }

    fn listing(&self, offer: &Offer, offered: &Offered) -> Listing {
        let series = offered.series();
        Listing {
            series,
            release: offered.release.clone(),
            version: offered.version.clone(),
            suite: Some(offered.suite.clone()),
            cached: self.store.get("", &entry_name(&offered.release, &offered.version)).is_some(),
            modules: offered.modules,
            newest: series.and_then(|series| offer.newest(series)) == Some(offered),
            size: offered.size,
        }
    }

    /// The cached kernel that a word means.
    fn in_cache(&self, word: &str, meaning: &Word) -> Option<Kernel> {
        if let Some(name) = self.store.words().get(word) {
            return self.store.get(word, name);
        }
        let Word::Exact(exact) = meaning else {
            return None;
        };
        let matching =
            self.store.all().into_iter().filter(|(_, kernel)| is_exactly(exact, &kernel.release, &kernel.version));
        let newest = matching.max_by(|(_, a), (_, b)| compare_debian_versions(&a.version, &b.version));
        newest.map(|(_, kernel)| Kernel { word: word.to_owned(), ..kernel })
    }

    /// Downloads what a word means, by what is known to be on offer; that may be stale, so a failure looks again, once.
    fn obtain(&self, word: &str, meaning: &Word) -> Result<Kernel, KernelError> {
        if self.offline {
            return Err(KernelError::NotCached { word: word.to_owned(), cached: Cached(self.cached_words()) });
        }
        let Some(offer) = self.known_offer()? else {
            return self.obtain_from(&self.refresh()?, word, meaning);
        };
        match self.obtain_from(&offer, word, meaning) {
            Err(error @ KernelError::Unknown { .. }) if lookup::is_fresh(&self.store) => Err(error),
            Err(error @ (KernelError::Unknown { .. } | KernelError::Program { program: "apt-get", .. })) => {
                // Without network the first answer is the better one: it names what there is.
                let Ok(offer) = self.refresh() else { return Err(error) };
                self.obtain_from(&offer, word, meaning)
            }
            result => result,
        }
    }

    fn obtain_from(&self, offer: &Offer, word: &str, meaning: &Word) -> Result<Kernel, KernelError> {
        let offered = offered(offer, meaning).ok_or_else(|| self.unknown(word))?;
        let name = entry_name(&offered.release, &offered.version);
        let _lock = self.store.lock(&name)?;
        // Another run may have brought it while this one waited for the lock.
        if self.store.get(word, &name).is_none() {
            self.download(offered)?;
        }
        self.store.remember(word, &name)?;
        self.store.get(word, &name).ok_or_else(|| self.unknown(word))
    }

    fn download(&self, offered: &Offered) -> Result<(), KernelError> {
        let megabytes = offered.size.div_ceil(1_000_000);
        self.store.need(offered.size.saturating_mul(UNPACKED), "download and unpack a kernel in")?;
        (self.notice)(&format!("downloading the kernel {} ({megabytes} MB, {})", offered.version, offered.suite));
        let scratch = self.store.scratch()?;
        let (packages, unpacked) = (scratch.path().join("packages"), scratch.path().join("unpacked"));
        for folder in [&packages, &unpacked] {
            fs::create_dir(folder).map_err(|source| KernelError::io("create", folder, source))?;
        }
        let exact: Vec<String> = offered.packages.iter().map(|name| format!("{name}={}", offered.version)).collect();
        let state = self.store.root.join("apt");
        Apt { state: &state, scratch: scratch.path() }.download(&exact, &packages)?;
        let io = |source| KernelError::io("read", &packages, source);
        for package in fs::read_dir(&packages).map_err(io)? {
            deb::unpack(&package.map_err(io)?.path(), &offered.release, &unpacked)?;
        }
        let image = unpacked.join("vmlinuz");
        if !image.exists() {
            let path = packages.join(offered.packages.first().map_or("", String::as_str));
            return Err(KernelError::Package { path, why: PackageFault::NoKernel });
        }
        image::read_banner(&image)?;
        let banner = image::Banner { release: offered.release.clone(), version: offered.version.clone() };
        let origin = Origin::Debian { suite: offered.suite.clone(), packages: offered.packages.clone() };
        self.store.install(&unpacked, &banner, origin)
    }

    fn known_offer(&self) -> Result<Option<Offer>, KernelError> {
        lookup::known(&self.store)
    }

    /// What is on offer, as far as known; looked up when nothing is.
    fn offer(&self) -> Result<Offer, KernelError> {
        match self.known_offer()? {
            Some(offer) => Ok(offer),
            None => self.refresh(),
        }
    }

    /// Looks up what is on offer.
    fn refresh(&self) -> Result<Offer, KernelError> {
        lookup::look_up(&self.store, &self.notice)
    }

    fn unknown(&self, word: &str) -> KernelError {
        let offer = self.known_offer().ok().flatten().unwrap_or_default();
        KernelError::Unknown { word: word.to_owned(), on_offer: OnOffer::near(word, &offer) }
    }
}

/// The kernel on offer that a word means.
fn offered<'a>(offer: &'a Offer, meaning: &Word) -> Option<&'a Offered> {
    match meaning {
        Word::Series(series) => offer.newest(*series),
        Word::Exact(exact) => offer.exact(exact),
        Word::All | Word::Path(_) => None,
    }
}
