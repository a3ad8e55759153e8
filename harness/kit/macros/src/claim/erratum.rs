//! What a document has wrong: which document, where in it, and its own words.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Error, LitStr};

use super::tokens::option_tokens;
use crate::source::Source;

/// An erratum, its place resolved.
pub(super) struct Erratum {
    text: String,
    says: String,
    place: Source,
    quote: Option<String>,
}

impl Erratum {
    /// Of the arguments `erratum` and `quote`.
    pub(super) fn of(text: Option<&LitStr>, quote: Option<&LitStr>) -> syn::Result<Option<Self>> {
        let Some(literal) = text else {
            let alone =
                |quote: &LitStr| Error::new(quote.span(), "a quote shows what an `erratum` is about: there is none");
            return quote.map_or(Ok(None), |quote| Err(alone(quote)));
        };
        let text = literal.value();
        let (place, says) = text.split_once(": ").ok_or_else(|| {
            let hint = "an erratum says first which document is wrong: \"clone(2), ERRORS: …\"";
            Error::new(literal.span(), hint)
        })?;
        let place = place_of(place).map_err(|message| Error::new(literal.span(), message))?;
        let says = says.to_owned();
        Ok(Some(Self { text, says, place, quote: quote.map(LitStr::value) }))
    }
}

/// `page(section), heading` or a document, as it may be cited. A heading is no part of what code is cited by.
fn place_of(text: &str) -> Result<Source, String> {
    let text = text.replace(['«', '»'], "");
    let (document, heading) = text.split_once(", ").unwrap_or((&text, ""));
    // One erratum may stand in two places; the first is the one it leads to.
    let heading = heading.split(", and ").next().unwrap_or(heading);
    // A section's number is no anchor.
    let is_number = heading.starts_with(|c: char| c.is_ascii_digit());
    let has_headings = document.ends_with(')') && !document.contains(' ') || document.ends_with(".rst");
    let whole = (has_headings && !heading.is_empty() && !is_number).then(|| format!("{document} {heading}"));
    Source::of(whole.as_deref().unwrap_or(document))
}

impl ToTokens for Erratum {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { text, says, place, quote } = self;
        let quote = option_tokens(quote.as_ref().map(|quote| quote!(#quote)));
        let edition = option_tokens(place.edition().map(|edition| quote!(#edition)));
        tokens.extend(quote! {
            ::kit::Erratum { text: #text, says: #says, place: #place, edition: #edition, quote: #quote }
        });
    }
}
