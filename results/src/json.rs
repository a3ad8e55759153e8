//! The record in JSON, which everything else is made from again. `SCHEMA.md` describes it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{ReadError, WriteError};
use crate::file::write_atomically;
use crate::record::{CaseRecord, Matrix, Run};
use crate::release::Release;
use crate::verdict::Verdict;

/// The schema that is written. It goes up when an older reader would misread a file; a new optional field does
/// not need that.
pub const SCHEMA: u32 = 2;

/// The oldest schema that is still read. It has no word for out of range: that is unmet there.
const OLDEST: u32 = 1;

/// What each file of ours begins with.
#[derive(Serialize, Deserialize)]
struct Head {
    kind: Option<String>,
    schema: Option<u64>,
}

/// A file of ours: its head, then its content.
#[derive(Serialize)]
pub(crate) struct Whole<'a, T> {
    kind: &'static str,
    schema: u32,
    #[serde(flatten)]
    content: &'a T,
}

/// A kind of file: its word in `kind` and its name in messages.
pub(crate) struct Kind {
    word: &'static str,
    pub(crate) name: &'static str,
}

/// A file `run-<kernel>.json`.
pub(crate) const RUN: Kind = Kind { word: "run", name: "record of a run (run-<kernel>.json)" };

/// A file `proof-<kernel>.json`.
pub(crate) const PROOF: Kind = Kind { word: "proof", name: "record of a proof (proof-<kernel>.json)" };

/// A file `reach-<kernel>.json`.
pub(crate) const REACH: Kind = Kind { word: "reach", name: "record of what cases execute (reach-<kernel>.json)" };

/// A baseline.
pub(crate) const BASELINE: Kind = Kind { word: "baseline", name: "baseline (*.json)" };

/// `content` as the text of a file.
pub(crate) fn to_text<T: Serialize>(kind: &Kind, content: &T) -> serde_json::Result<String> {
    to_text_with(kind, content, serde_json::to_string_pretty)
}

/// The same with lines broken in another way.
pub(crate) fn to_text_with<'a, T: Serialize>(
    kind: &Kind,
    content: &'a T,
    write: impl FnOnce(&Whole<'a, T>) -> serde_json::Result<String>,
) -> serde_json::Result<String> {
    let mut text = write(&Whole { kind: kind.word, schema: SCHEMA, content })?;
    text.push('\n');
    Ok(text)
}

/// Writes `content` to the file `path`.
pub(crate) fn to_file<T: Serialize>(kind: &Kind, path: &Path, content: &T) -> Result<(), WriteError> {
    let text = to_text(kind, content).map_err(|error| WriteError::at(path)(error.into()))?;
    write_atomically(path, &text)
}

/// Reads the schema and the content of the file `path`.
pub(crate) fn from_file<T: DeserializeOwned>(kind: &Kind, path: &Path) -> Result<(u64, T), ReadError> {
    let bytes = fs::read(path).map_err(ReadError::io(path))?;
    let path = path.to_owned();
    let wanted = kind.name;
    let broken = |error: serde_json::Error| ReadError::Broken { path: path.clone(), wanted, why: error.to_string() };
    // JSON first, then the head, then the content: a newer file may well lack what this version requires.
    let head = serde_json::from_slice::<serde_json::Value>(&bytes).map_err(broken)?;
    let Ok(Head { kind: Some(found_kind), schema: Some(schema) }) = Head::deserialize(head) else {
        return Err(ReadError::OtherKind { path, found: "JSON of no kind that nsproof writes".into(), wanted });
    };
    if schema > u64::from(SCHEMA) {
        return Err(ReadError::Newer { path, found: schema, newest: SCHEMA });
    }
    if schema < u64::from(OLDEST) {
        return Err(ReadError::Older { path, found: schema, oldest: OLDEST });
    }
    if found_kind != kind.word {
        return Err(ReadError::OtherKind { path, found: format!("a {found_kind}"), wanted });
    }
    Ok((schema, serde_json::from_slice(&bytes).map_err(broken)?))
}

/// True when the file `path` says that it is of this kind, whatever else it holds.
pub(crate) fn is_of(kind: &Kind, path: &Path) -> bool {
    let head = fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Head>(&bytes).ok());
    head.and_then(|head| head.kind).as_deref() == Some(kind.word)
}

impl Run {
    /// Writes the record to the file `path`.
    ///
    /// # Errors
    /// If the file cannot be written; then what stood there before is as it was.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        to_file(&RUN, path, self)
    }

    /// Reads the record in the file `path`.
    ///
    /// # Errors
    /// If the file cannot be read, is no record, or has a schema that is not read.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let (schema, mut run) = from_file::<Self>(&RUN, path)?;
        if schema == u64::from(OLDEST) {
            run.cases.iter_mut().filter(|case| is_out_of_range(case)).for_each(|case| {
                case.verdict = Verdict::OutOfRange;
            });
        }
        Ok(run)
    }
}

/// True for a case that was unmet in schema 1 because its claim is about other versions: nsproof said so in these words, and
/// began no other reason with them.
fn is_out_of_range(case: &CaseRecord) -> bool {
    case.verdict == Verdict::Unmet && case.message.starts_with("is about kernels ")
}

/// Reads the file `path`, or every `run-*.json` of the folder `path`, as a matrix with the oldest kernel first.
///
/// # Errors
/// If one of them cannot be read as a record, or the folder has none.
pub fn read(path: &Path) -> Result<Matrix, ReadError> {
    let mut runs = if path.is_dir() {
        run_files(path)?.iter().map(|file| Run::read(file)).collect::<Result<Vec<_>, _>>()?
    } else {
        vec![Run::read(path)?]
    };
    if runs.is_empty() {
        return Err(ReadError::Empty { path: path.to_owned(), wanted: RUN.name });
    }
    runs.sort_by(|a, b| (Release::of(&a.kernel), &a.kernel.word).cmp(&(Release::of(&b.kernel), &b.kernel.word)));
    Ok(Matrix { runs })
}

/// The files `run-*.json` of `folder`, in a stable order.
pub(crate) fn run_files(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(ReadError::io(folder))? {
        let entry = entry.map_err(ReadError::io(folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("run-") && name.ends_with(".json") {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
