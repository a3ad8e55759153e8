//! The doc comment, which is the claim.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, ItemFn, Lit, Meta, Result};

use super::wording::{first_sentence, slips};

/// The doc comment, taken apart.
pub(super) struct Doc {
    pub(super) sentence: String,
    pub(super) detail: String,
}

impl Doc {
    /// Reads it; whatever is wrong with its words is told at once, each at its line.
    pub(super) fn of(function: &ItemFn) -> Result<Self> {
        let lines = lines(function);
        let texts: Vec<_> = lines.iter().map(|(line, _)| line.as_str()).collect();
        let text = texts.join("\n");
        if text.trim().is_empty() {
            return Err(Error::new(
                function.sig.ident.span(),
                "a claim needs a doc comment: it is the claim, one sentence in the present tense",
            ));
        }
        let wrong = slips(&text).into_iter().map(|slip| {
            let line = text[..slip.at].matches('\n').count();
            Error::new(lines[line].1, slip.message)
        });
        if let Some(error) = wrong.reduce(|mut all, next| {
            all.combine(next);
            all
        }) {
            return Err(error);
        }
        let text = text.trim();
        let (paragraph, rest) = text.split_once("\n\n").unwrap_or((text, ""));
        let paragraph = paragraph.replace('\n', " ");
        let (sentence, more) = first_sentence(&paragraph);
        let detail = [more, rest.replace('\n', " ").as_str()]
            .iter()
            .map(|part| part.trim())
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        Ok(Self { sentence: sentence.to_owned(), detail })
    }
}

/// The lines, trimmed, and where they stand.
fn lines(function: &ItemFn) -> Vec<(String, Span)> {
    let mut lines = Vec::new();
    for attribute in function.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attribute.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            lines.extend(text.value().split('\n').map(|line| (line.trim().to_owned(), attribute.span())));
        }
    }
    lines
}
