//! A claim as records have it.

use kit::{Case, Erratum};
use results::{CaseRecord, Passage, Place, Verdict};

/// All that a record says of a claim whatever was found.
pub(crate) fn about(case: &Case, verdict: Verdict) -> CaseRecord {
    let mut record = CaseRecord::new(case.name(), verdict);
    record.theme = case.theme().to_owned();
    record.claim = case.claim.to_owned();
    record.detail = case.detail.to_owned();
    record.sources = case.sources.iter().map(ToString::to_string).collect();
    let links = case.sources.iter().filter_map(|source| Some((source.to_string(), source.link?.to_owned())));
    record.source_links = links.collect();
    record.since = case.since.map(|version| version.to_string());
    record.until = case.until.map(|version| version.to_string());
    record.replaces = case.replaces.map(|replaced| format!("{}::{replaced}", case.suite()));
    record.erratum = case.erratum.map(|erratum| erratum.text.to_owned());
    record.erratum_in = case.erratum.as_ref().map(passage);
    record.place = Place { file: case.file.to_owned(), line: case.line };
    record
}

/// Where a document says what an erratum is about.
fn passage(erratum: &Erratum) -> Passage {
    let (page, heading) = erratum.page().unwrap_or((erratum.place.text, ""));
    Passage {
        page: page.to_owned(),
        heading: heading.to_owned(),
        says: erratum.says.to_owned(),
        quote: erratum.quote.map(str::to_owned),
        edition: erratum.edition.map(str::to_owned),
        link: erratum.place.link.map(str::to_owned),
    }
}
