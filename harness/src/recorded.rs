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
    let (page, heading) = erratum.page().unwrap_or_else(|| document(erratum));
    Passage {
        page: page.to_owned(),
        heading: heading.to_owned(),
        says: erratum.says.to_owned(),
        quote: erratum.quote.map(str::to_owned),
        edition: erratum.edition.map(str::to_owned),
        link: erratum.place.link.map(str::to_owned),
    }
}

/// A document that is no page of the manual, and the heading there as the claim's author wrote it; it may be empty. The place that
/// an erratum leads to has none where a heading is no anchor.
fn document(erratum: &Erratum) -> (&'static str, &'static str) {
    let written = erratum.text.strip_suffix(erratum.says).unwrap_or(erratum.place.text);
    let (document, heading) = written.trim_end_matches([':', ' ']).split_once(", ").unwrap_or((erratum.place.text, ""));
    (document.trim_matches(['«', '»']), heading)
}

#[cfg(test)]
mod tests {
    use kit::Source;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("clone(2), ERRORS: it fails.", "clone(2) ERRORS", "clone(2)", "ERRORS")]
    #[case("Documentation/a.rst, 5) On: it is so.", "Documentation/a.rst", "Documentation/a.rst", "5) On")]
    #[case("Documentation/a.rst, The on: it is so.", "Documentation/a.rst The on", "Documentation/a.rst", "The on")]
    #[case("«Notes on it»: it is so.", "Notes on it", "Notes on it", "")]
    #[case("Notes, summary: it is so.", "Notes", "Notes", "summary")]
    fn the_heading_is_told_apart_from_its_document(
        #[case] text: &'static str,
        #[case] place: &'static str,
        #[case] page: &str,
        #[case] heading: &str,
    ) {
        let says = text.split_once(": ").unwrap().1;
        let place = Source { text: place, about: "", link: None };
        let passage = passage(&Erratum { text, says, place, edition: None, quote: None });
        assert_eq!((passage.page.as_str(), passage.heading.as_str(), passage.says.as_str()), (page, heading, says));
    }
}
