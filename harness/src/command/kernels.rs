//! `nsproof kernels`.

use anyhow::Result;
use clap::Subcommand;
use vm::kernels::Listing;

use crate::runner::cache::open_cache;
use crate::terminal;

/// What to do about kernels.
#[derive(Debug, Subcommand)]
pub(super) enum Kernels {
    /// Show what is on offer and what is in the cache
    List {
        /// Ask the archive again instead of remembering its last answer
        #[arg(long)]
        refresh: bool,
    },
    /// Download kernels, so that later runs need no network
    #[command(after_help = "Examples:
  nsproof kernels fetch 6.12 7.3
  nsproof kernels fetch all")]
    Fetch {
        /// What to download [6.12, 6.12.107, all]
        #[arg(required = true, value_name = "KERNEL")]
        kernel: Vec<String>,
    },
    /// Remove kernels from the cache that no series means any more
    Prune {
        /// Remove the others too
        #[arg(long)]
        all: bool,
    },
}

impl Kernels {
    pub(super) fn carry_out(self) -> Result<u8> {
        let cache = open_cache()?;
        match self {
            Self::List { refresh } => {
                let rows = cache.list(refresh)?;
                terminal::print(&table(&rows))?;
                terminal::print(&format!("\ncache: {}\n", cache.root().display()))?;
            }
            Self::Fetch { kernel } => {
                for word in kernel {
                    for got in cache.fetch(&word)? {
                        println!("{:<9} {:<32} {}", got.word, got.release, got.origin);
                    }
                }
            }
            Self::Prune { all } => {
                let pruned = cache.prune(all)?;
                println!("removed {}, {} MB", count(pruned.kernels, "kernel"), pruned.bytes / 1_000_000);
            }
        }
        Ok(0)
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn table(rows: &[Listing]) -> String {
    let width = rows.iter().map(|row| row.release.len()).max().unwrap_or(0);
    let line = |row: &Listing| {
        let series = match (&row.series, row.newest) {
            (Some(series), true) => series.to_string(),
            _ => String::new(),
        };
        let mut remarks = vec![if row.cached { "cached".to_owned() } else { format!("{} MB", row.size / 1_000_000) }];
        remarks.extend((!row.modules).then(|| "no modules".to_owned()));
        let from = row.suite.as_deref().unwrap_or("-");
        format!("{series:<7} {:<width$}  {from:<20} {}\n", row.release, remarks.join(", "))
    };
    let head = format!("{:<7} {:<width$}  {:<20} {}\n", "KERNEL", "RELEASE", "FROM", "");
    let body: String = rows.iter().map(line).collect();
    head.trim_end().to_owned() + "\n" + &body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(series: (u32, u32), release: &str, cached: bool, modules: bool) -> Listing {
        Listing {
            series: Some(vm::kernels::Series { major: series.0, minor: series.1 }),
            release: release.to_owned(),
            version: String::new(),
            suite: Some("sid".to_owned()),
            cached,
            modules,
            newest: true,
            size: 30_500_000,
        }
    }

    #[test]
    fn the_table_says_what_is_cached_and_what_lacks_modules() {
        let rows = [row((6, 12), "6.12.107+deb13-cloud-amd64", true, true), row((7, 0), "7.0.13", false, false)];
        insta::assert_snapshot!(table(&rows), @r"
        KERNEL  RELEASE                     FROM
        6.12    6.12.107+deb13-cloud-amd64  sid                  cached
        7.0     7.0.13                      sid                  30 MB, no modules
        ");
    }
}
