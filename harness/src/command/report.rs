//! `nsproof report`: what can be done with records alone.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use kit::Registry;
use results::proof::Proof;
use results::{Baseline, Diff, Matrix, OutDir, Verdict};

use crate::recorded::about;
use crate::runner::judgement::Yardstick;
use crate::terminal;

/// What to do with records.
#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// Say what is otherwise in one record than in another: a newer run, or another kernel
    #[command(
        after_help = "Kernels of the same word are compared with each other. If no word is the same, the oldest kernel of \
the one is compared with the oldest of the other, and so on.

Exit codes:
  0    nothing got worse
  1    something got worse: an answer, or what can be tested;
       or a waiver has expired or is no longer needed
  2    wrong usage, or records that cannot be read or compared

Examples:
  nsproof report diff results/runs/monday results/runs/latest
  nsproof report diff results/baseline/all.json results/runs/latest --markdown >> summary.md
  nsproof report diff all all --from 6.12 --to 7.3 --markdown    two kernels of one run
  nsproof report diff base/run-vmlinuz.json patched/run-vmlinuz.json
  nsproof report diff old new --json | jq '.diff.changes[] | select(.worse) | .claim'"
    )]
    Diff(DiffOptions),
    /// Join runs that are parts of one matrix: shards, or kernels tested apart; and the same of proofs
    #[command(
        after_help = "What two parts found alike is kept once, what they found differently is kept twice and shown as flaky. \
What does not fit together (another release of the kernel, another nsproof, another division) is refused.

Example:
  nsproof report merge part-1 part-2 part-3 --out whole"
    )]
    Merge {
        /// The runs' folders
        #[arg(required = true, value_name = "DIR")]
        dirs: Vec<PathBuf>,
        /// The folder of the whole
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Write every report of a run, or of a proof, again from its records alone
    #[command(after_help = "Examples:
  nsproof report render results/runs/latest
  nsproof report render results/runs/latest --out /tmp/page --kcidb my_ci
  nsproof report render results/proof")]
    Render {
        /// The run's folder, or a record
        dir: PathBuf,
        /// The folder for the reports [default: the run's own]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Write kcidb.json too, as the CI system of this name
        #[arg(long, value_name = "ORIGIN")]
        kcidb: Option<String>,
    },
    /// Keep a run's verdicts as a baseline: one line a claim, for version control
    #[command(after_help = "Example:
  nsproof report baseline results/runs/latest --out results/baseline/all.json")]
    Baseline {
        /// The run's folder, or a record
        dir: PathBuf,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// What to compare.
#[derive(Debug, Args)]
pub(super) struct DiffOptions {
    /// What it is compared with: a run's folder, a record or a baseline
    old: PathBuf,
    /// What is new: a run's folder, a record or a baseline
    new: PathBuf,
    /// Of the kernels of OLD only this one
    #[arg(long, value_name = "KERNEL")]
    from: Option<String>,
    /// Of the kernels of NEW only this one
    #[arg(long, value_name = "KERNEL")]
    to: Option<String>,
    /// As Markdown, every difference, grouped by theme
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Known deviations, which are no change for the worse
    #[arg(long, value_name = "FILE")]
    waivers: Option<PathBuf>,
}

impl Report {
    pub(super) fn carry_out(self, registry: &Registry) -> Result<u8> {
        match self {
            Self::Diff(options) => diff(registry, &options),
            Self::Merge { dirs, out } => merge(&dirs, &out),
            Self::Render { dir, out, kcidb } => render(&dir, out.as_deref(), kcidb.as_deref()),
            Self::Baseline { dir, out } => baseline(&dir, &out),
        }
    }
}

fn diff(registry: &Registry, options: &DiffOptions) -> Result<u8> {
    let DiffOptions { old, new, .. } = options;
    let before = matrix_at(registry, old, options.from.as_deref())?;
    let now = matrix_at(registry, new, options.to.as_deref())?;
    let diff = Diff::of(&before, &now)?;
    let judgement = Yardstick::of_waivers(options.waivers.as_deref())?.judge_beside(old, diff, &now);
    let page = terminal::terminal();
    let text = match (options.markdown, options.json) {
        (true, _) => judgement.markdown(),
        // Waivers have no place in the JSON: what must go is said beside it.
        (_, true) => {
            terminal::aside(&judgement.waived().table(page));
            judgement.diff().map(Diff::json).unwrap_or_default()
        }
        _ => judgement.table(page),
    };
    terminal::print(&text)?;
    // A record cannot be untestable: what can no longer be tested got worse, and that is all a comparison says.
    Ok(u8::from(judgement.exit_code != 0))
}

/// The records at `path`, of one kernel if it is named. A baseline has verdicts alone: the claims are those of this nsproof.
fn matrix_at(registry: &Registry, path: &Path, word: Option<&str>) -> Result<Matrix> {
    let mut matrix = match Baseline::is_at(path) {
        true => {
            let claims: Vec<_> = registry.all().map(|case| about(case, Verdict::Holds)).collect();
            Baseline::read(path)?.matrix(&claims)
        }
        false => results::read(path)?,
    };
    if let Some(word) = word {
        let words: Vec<String> = matrix.runs.iter().map(|run| run.kernel.word.clone()).collect();
        matrix.runs.retain(|run| run.kernel.word == word);
        if matrix.runs.is_empty() {
            let words = results::escape_line(&words.join(", "), 400);
            bail!("{} has no kernel «{word}»: there are {words}", path.display());
        }
    }
    Ok(matrix)
}

fn merge(dirs: &[PathBuf], out: &Path) -> Result<u8> {
    let same = |dir: &Path| dir.canonicalize().is_ok_and(|dir| out.canonicalize().is_ok_and(|out| dir == out));
    if let Some(dir) = dirs.iter().find(|dir| same(dir)) {
        bail!("{} is one of the parts and would be overwritten: name another folder with --out", dir.display());
    }
    if dirs.iter().all(|dir| Proof::is_at(dir)) {
        let parts = dirs.iter().map(|dir| Proof::read_all(dir)).collect::<Result<Vec<_>, _>>()?;
        return write_proofs(&results::proof::merge(parts.into_iter().flatten())?, out);
    }
    let parts: Vec<Matrix> = dirs.iter().map(|dir| results::read(dir)).collect::<Result<_, _>>()?;
    let whole = results::merge(parts)?;
    OutDir::create(Some(out))?.write(&whole)?;
    let table = results::table(&whole, terminal::terminal());
    let report = out.join("matrix.html");
    terminal::print(&format!("{}\n{}\nreport: {}\n", table.trim_end(), remarks(&whole), report.display()))?;
    Ok(0)
}

/// Writes proofs, and says in one sentence what each comes to.
fn write_proofs(proofs: &[Proof], out: &Path) -> Result<u8> {
    std::fs::create_dir_all(out).with_context(|| format!("failed to make the folder {}", out.display()))?;
    for proof in proofs {
        let written = proof.write(out)?;
        let paths: String = written.iter().map(|path| format!("{}\n", path.display())).collect();
        terminal::print(&format!("{}\n{paths}", proof.sentence()))?;
    }
    Ok(0)
}

fn render(dir: &Path, out: Option<&Path>, kcidb: Option<&str>) -> Result<u8> {
    if Proof::is_at(dir) {
        let beside = if dir.is_dir() { dir } else { dir.parent().unwrap_or(dir) };
        return write_proofs(&Proof::read_all(dir)?, out.unwrap_or(beside));
    }
    let matrix = results::read(dir)?;
    let folder = match out {
        Some(folder) => folder,
        None if dir.is_dir() => dir,
        None => bail!("{} is one record: name a folder for its reports with --out", dir.display()),
    };
    // Each would be written to the other's place.
    let words: Vec<&str> = matrix.runs.iter().map(|run| run.kernel.word.as_str()).collect();
    if let Some((_, word)) = words.iter().enumerate().find(|(at, word)| words[..*at].contains(word)) {
        bail!(
            "{} holds more than one record of {}: `nsproof report merge {0} --out DIR` joins them",
            dir.display(),
            results::escape_line(word, 80)
        );
    }
    // Before anything is written: the name may be wrong.
    let kcidb = kcidb.map(|origin| results::kcidb(&matrix, origin)).transpose()?;
    let mut written = OutDir::create(Some(folder))?.write(&matrix)?;
    if let Some(text) = kcidb {
        let path = folder.join("kcidb.json");
        std::fs::write(&path, text)
            .with_context(|| format!("failed to write {}: use another folder", path.display()))?;
        written.push(path);
    }
    let lines: String = written.iter().map(|path| format!("{}\n", path.display())).collect();
    terminal::print(&lines)?;
    Ok(0)
}

fn baseline(dir: &Path, out: &Path) -> Result<u8> {
    let matrix = results::read(dir)?;
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
    }
    let baseline = Baseline::of(&matrix);
    baseline.write(out)?;
    let kernels: Vec<&str> = baseline.kernels.keys().map(String::as_str).collect();
    let claims = match baseline.claims.len() {
        1 => "1 claim".to_owned(),
        count => format!("{count} claims"),
    };
    let head = format!("{}: {claims} on {}\n", out.display(), results::escape_line(&kernels.join(", "), 400));
    terminal::print(&(head + &remarks(&matrix)))?;
    Ok(0)
}

/// What is not whole in a matrix, one line each: whoever compares with it later should know.
fn remarks(matrix: &Matrix) -> String {
    let mut lines = String::new();
    let mut remark = |word: &str, what: String| {
        lines.push_str(&format!("note: {}: {}\n", results::escape_line(word, 80), results::escape_line(&what, 300)));
    };
    for run in &matrix.runs {
        if let Some(problem) = &run.problem {
            remark(&run.kernel.word, format!("could not be tested: {problem}"));
        }
        if run.unfinished > 0 {
            remark(&run.kernel.word, format!("not tested to the end, {} claims were not asked", run.unfinished));
        }
        if let Some(selection) = &run.selection {
            remark(&run.kernel.word, format!("not every claim was asked for, only {selection}"));
        }
        if let Some(shard) = run.shard {
            remark(&run.kernel.word, format!("only shard {shard}"));
        }
    }
    lines
}
