//! Which kernels Debian's lists offer.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::number::{Number, Series, compare_debian_versions};
use super::word::is_exactly;

/// Everything on offer at one time.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offer {
    /// Oldest first.
    pub(super) kernels: Vec<Offered>,
}

/// One kernel that can be downloaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offered {
    pub(super) release: String,
    pub(super) version: String,
    pub(super) suite: String,
    /// The packages it is made of.
    pub(super) packages: Vec<String>,
    /// Whether its modules are among them.
    pub(super) modules: bool,
    /// Bytes to download.
    pub(super) size: u64,
}

impl Offered {
    pub(super) fn series(&self) -> Option<Series> {
        Number::leading(&self.version).map(|number| number.series)
    }
}

impl Offer {
    /// Reads the Packages files of several suites, each with its suite's name.
    pub(super) fn read<'a>(lists: impl IntoIterator<Item = (&'a str, &'a str)>) -> Offer {
        let mut kernels: Vec<Offered> = Vec::new();
        for (suite, text) in lists {
            for kernel in kernels_of(suite, text) {
                // A security update also enters its suite: the first suite that has it counts.
                if !kernels.iter().any(|known| known.release == kernel.release && known.version == kernel.version) {
                    kernels.push(kernel);
                }
            }
        }
        kernels.sort_by(|a, b| compare_debian_versions(&a.version, &b.version));
        Offer { kernels }
    }

    /// The newest kernel of a series.
    pub(super) fn newest(&self, series: Series) -> Option<&Offered> {
        self.kernels.iter().rev().find(|kernel| kernel.series() == Some(series))
    }

    /// The newest kernel that an exact word means.
    pub(super) fn exact(&self, word: &str) -> Option<&Offered> {
        self.kernels.iter().rev().find(|kernel| is_exactly(word, &kernel.release, &kernel.version))
    }

    /// Every series, oldest first.
    pub(super) fn series(&self) -> Vec<Series> {
        let mut all: Vec<Series> = self.kernels.iter().filter_map(Offered::series).collect();
        all.sort();
        all.dedup();
        all
    }
}

/// What is needed of a paragraph of a Packages file.
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    depends: &'a str,
    size: u64,
}

fn parse_paragraph(paragraph: &str) -> Option<Package<'_>> {
    let fields: HashMap<&str, &str> = paragraph.lines().filter_map(|line| line.split_once(": ")).collect();
    Some(Package {
        name: fields.get("Package")?,
        version: fields.get("Version")?,
        depends: fields.get("Depends").unwrap_or(&""),
        size: fields.get("Size").and_then(|size| size.parse().ok()).unwrap_or(0),
    })
}

fn kernels_of(suite: &str, text: &str) -> Vec<Offered> {
    let packages: Vec<Package<'_>> = text.split("\n\n").filter_map(parse_paragraph).collect();
    let find = |kind: &str, release: &str, version: &str| {
        packages.iter().find(|p| p.version == version && p.name.strip_prefix(kind) == Some(release))
    };
    let images = packages.iter().filter_map(|image| {
        let release = image.name.strip_prefix("linux-image-")?;
        // Metapackages (linux-image-cloud-amd64, linux-image-6.1-cloud-amd64) hold no kernel: theirs is no full release.
        let is_kernel = release.ends_with("-cloud-amd64") && release.split('.').count() > 2;
        is_kernel.then_some((image, release))
    });
    images
        .filter_map(|(image, release)| {
            // From 6.19 on the image package is empty and draws the kernel, its modules and its config from three others.
            let parts: Vec<&Package<'_>> = if image.depends.contains("linux-binary-") {
                let binary = find("linux-binary-", release, image.version)?;
                let others = ["linux-modules-", "linux-base-"].map(|kind| find(kind, release, image.version));
                [Some(binary)].into_iter().chain(others).flatten().collect()
            } else {
                vec![image]
            };
            Some(Offered {
                release: release.to_owned(),
                version: image.version.to_owned(),
                suite: suite.to_owned(),
                modules: parts.iter().any(|p| p.name.starts_with("linux-modules-") || p.name == image.name),
                size: parts.iter().map(|p| p.size).sum(),
                packages: parts.iter().map(|p| p.name.to_owned()).collect(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "\
Package: linux-image-6.1.0-47-cloud-amd64
Version: 6.1.170-3
Depends: kmod, linux-base (>= 4.3~)
Size: 26000000

Package: linux-image-6.1.0-50-cloud-amd64
Version: 6.1.176-1
Depends: kmod, linux-base (>= 4.3~)
Size: 26484304

Package: linux-image-cloud-amd64
Version: 6.1.176-1
Depends: linux-image-6.1.0-50-cloud-amd64 (= 6.1.176-1)
Size: 1480

Package: linux-image-6.1-cloud-amd64
Version: 6.1.180-1~deb11u1
Depends: linux-image-6.1.0-0.deb11.52-cloud-amd64 (= 6.1.180-1~deb11u1)
Size: 1480
";

    const SPLIT: &str = "\
Package: linux-base-7.3.4+deb13-cloud-amd64
Version: 7.3.4-1~bpo13+1
Size: 90000

Package: linux-modules-7.3.4+deb13-cloud-amd64
Version: 7.3.4-1~bpo13+1
Size: 22918420

Package: linux-binary-7.3.4+deb13-cloud-amd64
Version: 7.3.4-1~bpo13+1
Size: 13604064

Package: linux-image-7.3.4+deb13-cloud-amd64
Version: 7.3.4-1~bpo13+1
Depends: linux-base-7.3.4+deb13-cloud-amd64 (= 7.3.4-1~bpo13+1), linux-binary-7.3.4+deb13-cloud-amd64 (= 7.3.4-1~bpo13+1)
Size: 1928

Package: linux-binary-6.19.14+deb13-cloud-amd64
Version: 6.19.14-1~bpo13+1
Size: 13000000

Package: linux-image-6.19.14+deb13-cloud-amd64
Version: 6.19.14-1~bpo13+1
Depends: linux-binary-6.19.14+deb13-cloud-amd64 (= 6.19.14-1~bpo13+1)
Size: 2072

Package: linux-image-7.0.10+deb13-cloud-amd64
Version: 7.0.10-1~bpo13+1
Depends: linux-binary-7.0.10+deb13-cloud-amd64 (= 7.0.10-1~bpo13+1)
Size: 2072
";

    fn offer() -> Offer {
        Offer::read([("bookworm", OLD), ("bookworm-security", OLD), ("trixie-backports", SPLIT)])
    }

    #[test]
    fn every_layout_is_understood() {
        let shown: Vec<String> = offer()
            .kernels
            .iter()
            .map(|k| {
                format!("{} {} {} modules={} {} {:?}", k.release, k.version, k.suite, k.modules, k.size, k.packages)
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        6.1.0-47-cloud-amd64 6.1.170-3 bookworm modules=true 26000000 ["linux-image-6.1.0-47-cloud-amd64"]
        6.1.0-50-cloud-amd64 6.1.176-1 bookworm modules=true 26484304 ["linux-image-6.1.0-50-cloud-amd64"]
        6.19.14+deb13-cloud-amd64 6.19.14-1~bpo13+1 trixie-backports modules=false 13000000 ["linux-binary-6.19.14+deb13-cloud-amd64"]
        7.3.4+deb13-cloud-amd64 7.3.4-1~bpo13+1 trixie-backports modules=true 36612484 ["linux-binary-7.3.4+deb13-cloud-amd64", "linux-modules-7.3.4+deb13-cloud-amd64", "linux-base-7.3.4+deb13-cloud-amd64"]
        "#);
    }

    #[test]
    fn a_series_means_its_newest_kernel() {
        let offer = offer();
        assert_eq!(offer.newest("6.1".parse().unwrap()).unwrap().version, "6.1.176-1");
        assert_eq!(offer.newest("6.2".parse().unwrap()), None);
        assert_eq!(offer.exact("6.1.170").unwrap().release, "6.1.0-47-cloud-amd64");
        let series: Vec<String> = offer.series().iter().map(Series::to_string).collect();
        assert_eq!(series, ["6.1", "6.19", "7.3"]);
    }
}
