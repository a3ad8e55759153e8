//! The command `nsproof`.

mod doctor;
mod errata;
mod explain;
mod hunt;
mod kernels;
mod list;
mod prove;
mod report;
mod shell;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use kit::Registry;

use crate::runner::choice::Choice;
use crate::runner::engine::Plan;
use crate::runner::front::{self, Front};
use crate::runner::options::{EXIT_CODES, HELP, RunOptions};
use crate::terminal;

/// The kernels of a matrix when none are named: the oldest and the newest that are widely run, and the long-term
/// series between them.
const DEFAULT_KERNELS: &[&str] = &["5.10", "6.1", "6.12", "6.18", "7.3"];

/// What the Linux manual says about namespaces, proved or refuted, kernel by kernel.
#[derive(Debug, Parser)]
#[command(
    name = "nsproof",
    version,
    after_help = "Exit codes of run and matrix (each command's --help has its own):
  0    every claim that was answered holds or is waived; some may be unmet
  1    some claim is violated, or the kernel crashed or hung under it
  2    wrong usage
  125  could not be tested: the kernel does not boot, cases are broken, or no
       claim was answered, since all are unmet or about other kernels

Examples:
  nsproof run --suite pid                  the PID claims on the running kernel
  nsproof run --kernel 6.12 --suite uts    the UTS claims on Debian's newest 6.12
  nsproof matrix                           every claim on 5.10, 6.1, 6.12, 6.18 and 7.3
  nsproof explain pid::nesting_stops_at_depth_32
  nsproof hunt pid::nesting_stops_at_depth_32
  nsproof report diff results/runs/monday results/runs/latest"
)]
pub(crate) struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Run claims, on the running kernel unless --kernel says otherwise
    #[command(help_template = HELP, after_help = format!("{EXIT_CODES}

Examples:
  nsproof run --suite uts --suite pid
  nsproof run --kernel 5.10 --kernel 7.3 --junit results.xml nesting orphans
  nsproof run --kernel . --source kernel/pid_namespace.c
  nsproof run --kernel 6.12 --baseline results/runs/monday
  git bisect run nsproof run --kernel . --suite pid"))]
    Run(RunOptions),
    /// Run claims on a set of kernels side by side
    #[command(help_template = HELP, after_help = format!("{EXIT_CODES}

Examples:
  nsproof matrix                                 all claims on 5.10, 6.1, 6.12, 6.18 and 7.3
  nsproof matrix --kernel all --suite pid        every kernel that Debian serves
  nsproof matrix --out results/runs/friday --baseline results/runs/monday
  nsproof matrix --shard 1/4 --out part-1        a quarter; `nsproof report merge` joins them"))]
    Matrix(RunOptions),
    /// Print the names of the claims, one a line
    #[command(after_help = "Different options narrow each other; of an option's values any will do.

Examples:
  nsproof list --suite pid orphan
  nsproof list --source 'user_namespaces(7)' --needs nothing
  nsproof list --source kernel/pid_namespace.c
  nsproof list --guards copy_pid_ns --guards kernel/user_namespace.c    before a patch
  nsproof list --json | jq '.[] | select(.erratum != null) | .name'")]
    List(ListOptions),
    /// Say what a claim says, who says so, and what its test needs
    #[command(after_help = "Examples:
  nsproof explain pid::nesting_stops_at_depth_32
  nsproof explain orphan                           each claim with this in its name
  nsproof explain $(nsproof list --source 'setns(2) ERRORS')")]
    Explain {
        /// The claim's name, or a part of it: where several have it, each is told in short
        #[arg(required = true, value_name = "CLAIM")]
        claims: Vec<String>,
    },
    /// List what documents have wrong, by page, or make patches for the manual of it
    #[command(after_help = errata::HELP)]
    Errata(errata::ErrataOptions),
    /// Find the kernels between which a claim's verdict changed, by bisection over the series on offer
    #[command(after_help = hunt::HELP)]
    Hunt(hunt::HuntOptions),
    /// Alter a kernel in memory, branch by branch, and see which claims notice
    #[command(after_help = prove::HELP)]
    Prove(prove::ProveOptions),
    /// Compare, join and write again what runs have recorded
    Report {
        #[command(subcommand)]
        what: report::Report,
    },
    /// The kernels on offer and in the cache
    Kernels {
        #[command(subcommand)]
        what: kernels::Kernels,
    },
    /// A shell in a disposable kernel, or a command carried out there
    #[command(after_help = shell::HELP)]
    Shell(shell::ShellOptions),
    /// Check what works on this machine, and say what would mend the rest
    Doctor,
}

/// What to list.
#[derive(Debug, Args)]
struct ListOptions {
    #[command(flatten)]
    choice: Choice,
    /// Everything that is known of each claim, as JSON
    #[arg(long)]
    json: bool,
    /// Only claims with this in their name; of several, with any of them
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
}

impl Command {
    pub(crate) fn carry_out(self, registry: &Registry) -> Result<u8> {
        match self.what {
            What::Run(options) => run(registry, options, terminal::is_watched()),
            What::Matrix(mut options) => {
                if options.kernel.is_empty() {
                    options.kernel = DEFAULT_KERNELS.iter().map(|word| (*word).to_owned()).collect();
                }
                run(registry, options, true)
            }
            What::List(options) => list::list(registry, &options.choice, &options.filters, options.json),
            What::Explain { claims } => explain::explain(registry, &claims),
            What::Errata(options) => errata::errata(registry, &options),
            What::Hunt(options) => hunt::hunt(registry, &options),
            What::Prove(options) => prove::prove(registry, &options),
            What::Report { what } => what.carry_out(registry),
            What::Kernels { what } => what.carry_out(),
            What::Shell(options) => shell::shell(registry, &options),
            What::Doctor => doctor::doctor(registry),
        }
    }
}

fn run(registry: &Registry, options: RunOptions, bars: bool) -> Result<u8> {
    // Whoever asks for one of libtest's ways of output gets it.
    let asked = options.test.format.is_some()
        || options.test.quiet
        || options.test.nocapture
        || options.test.list
        || options.test.logfile.is_some();
    let front = if bars && !asked { Front::Bars } else { Front::Libtest };
    front::carry_out(Plan::new(registry, options)?, front)
}
