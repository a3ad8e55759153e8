//! The attribute's grammar and what it generates.

mod doc;
mod erratum;
mod prompts;
mod tokens;
mod wording;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Ident, ItemFn, Lit, LitInt, LitStr, Result, Token, bracketed};

use crate::source::Source;
use doc::Doc;
use erratum::Erratum;
use prompts::prompts;
use tokens::option_tokens;

/// The variants of `kit::Need`, with what stands in their parentheses.
const NEEDS: &[(&str, Argument)] = &[
    ("Root", Argument::None),
    ("UserNamespaces", Argument::None),
    ("InitialNamespaces", Argument::None),
    ("Disposable", Argument::None),
    ("Cgroup2", Argument::None),
    ("Module", Argument::Text),
    ("Config", Argument::Text),
    ("Tool", Argument::Text),
    ("Capability", Argument::Text),
    ("Cpus", Argument::Number),
    ("Behaviour", Argument::Path),
];

#[derive(Clone, Copy, PartialEq)]
enum Argument {
    None,
    Text,
    Number,
    Path,
}

struct Arguments {
    sources: Vec<Source>,
    needs: Vec<TokenStream>,
    since: Option<LitStr>,
    until: Option<LitStr>,
    replaces: Option<LitStr>,
    erratum: Option<LitStr>,
    quote: Option<LitStr>,
    deadline: Option<LitInt>,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let arguments: Arguments = syn::parse2(arguments)?;
    let function: ItemFn = syn::parse2(item)?;
    check_signature(&function)?;
    let text = Doc::of(&function)?;
    let since = version(arguments.since.as_ref())?;
    let until = version(arguments.until.as_ref())?;
    if let (Some(from), Some(to), Some(place)) = (since, until, &arguments.until)
        && to <= from
    {
        return Err(Error::new(
            place.span(),
            "`until` is the first version the claim is no longer about: it must come after `since`",
        ));
    }

    if let (Some(earlier), None) = (&arguments.replaces, since) {
        return Err(Error::new(earlier.span(), "what replaces another claim needs the version `since` which it does"));
    }

    let name = &function.sig.ident;
    let visibility = &function.vis;
    let attributes = function.attrs.iter().filter(|a| !a.path().is_ident("doc"));
    let docs = function.attrs.iter().filter(|a| a.path().is_ident("doc"));
    let body = &function.block;
    let name_text = name.to_string();
    let (sentence, detail) = (text.sentence, text.detail);
    let sources = &arguments.sources;
    let needs = &arguments.needs;
    let since = version_tokens(since);
    let until = version_tokens(until);
    let replaces = option_tokens(arguments.replaces.as_ref().map(|name| quote!(#name)));
    let erratum = Erratum::of(arguments.erratum.as_ref(), arguments.quote.as_ref())?;
    let erratum = option_tokens(erratum.map(|erratum| quote!(#erratum)));
    let deadline = option_tokens(arguments.deadline.map(|d| quote!(#d)));
    // As it is written, for the report of what it found: what a failing expectation calls may be a helper of the body's own.
    let code = body.brace_token.span.join().source_text().unwrap_or_default();
    let prompts = prompts(body.to_token_stream());
    let body_name = format_ident!("{}", name);
    // In the place of the function's name, as if it had been written by hand: else the compiler, which is silent about what
    // macros make, would not report a case that stands in no table.
    Ok(quote_spanned! {name.span()=>
        #(#docs)*
        #visibility const fn #name() -> ::kit::Case {
            #(#attributes)*
            fn #body_name() -> ::kit::Verdict #body
            ::kit::Case {
                function: #name_text,
                module: ::core::module_path!(),
                claim: #sentence,
                detail: #detail,
                sources: &[#(#sources),*],
                since: #since,
                until: #until,
                replaces: #replaces,
                needs: &[#(#needs),*],
                erratum: #erratum,
                deadline_seconds: #deadline,
                file: ::core::file!(),
                line: ::core::line!(),
                code: #code,
                prompts: &[#(#prompts),*],
                body: #body_name,
            }
        }
    })
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut all = Self {
            sources: Vec::new(),
            needs: Vec::new(),
            since: None,
            until: None,
            replaces: None,
            erratum: None,
            quote: None,
            deadline: None,
        };
        let mut seen: Vec<String> = Vec::new();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            if seen.contains(&key.to_string()) {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
            seen.push(key.to_string());
            input.parse::<Token![=]>()?;
            match key.to_string().as_str() {
                "source" => all.sources = sources(input)?,
                "needs" => all.needs = needs(input)?,
                "since" => all.since = Some(input.parse()?),
                "until" => all.until = Some(input.parse()?),
                "replaces" => all.replaces = Some(not_empty(input.parse()?)?),
                "erratum" => all.erratum = Some(not_empty(input.parse()?)?),
                "quote" => all.quote = Some(not_empty(input.parse()?)?),
                "deadline" => all.deadline = Some(input.parse()?),
                _ => {
                    return Err(Error::new(
                        key.span(),
                        format!(
                            "unknown argument `{key}`: there are source, needs, since, until, replaces, erratum, quote and \
                             deadline"
                        ),
                    ));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if all.sources.is_empty() {
            return Err(Error::new(
                Span::call_site(),
                "a claim needs a source: #[claim(source = \"pid_namespaces(7) Nesting PID namespaces\", …)]",
            ));
        }
        Ok(all)
    }
}

fn sources(input: ParseStream<'_>) -> Result<Vec<Source>> {
    if !input.peek(syn::token::Bracket) {
        return Ok(vec![source(&input.parse()?)?]);
    }
    let list;
    bracketed!(list in input);
    let mut sources = Vec::new();
    for text in Punctuated::<LitStr, Token![,]>::parse_terminated(&list)? {
        let source = source(&text)?;
        if sources.contains(&source) {
            return Err(Error::new(text.span(), "this source is given twice"));
        }
        sources.push(source);
    }
    Ok(sources)
}

fn source(text: &LitStr) -> Result<Source> {
    Source::of(&text.value()).map_err(|message| Error::new(text.span(), message))
}

fn not_empty(text: LitStr) -> Result<LitStr> {
    if text.value().trim().is_empty() {
        return Err(Error::new(text.span(), "this text is empty"));
    }
    Ok(text)
}

fn needs(input: ParseStream<'_>) -> Result<Vec<TokenStream>> {
    let list;
    bracketed!(list in input);
    let mut needs = Vec::new();
    while !list.is_empty() {
        let name: Ident = list.parse()?;
        let Some((_, wanted)) = NEEDS.iter().find(|(known, _)| name == *known) else {
            let known: Vec<_> = NEEDS.iter().map(|(known, _)| *known).collect();
            return Err(Error::new(name.span(), format!("unknown need `{name}`: there are {}", known.join(", "))));
        };
        needs.push(match wanted {
            Argument::None => quote!(::kit::Need::#name),
            _ => {
                let inside;
                syn::parenthesized!(inside in list);
                let value: Expr = inside.parse()?;
                check_argument(&name, *wanted, &value)?;
                quote!(::kit::Need::#name(#value))
            }
        });
        if !list.is_empty() {
            list.parse::<Token![,]>()?;
        }
    }
    Ok(needs)
}

fn check_argument(need: &Ident, wanted: Argument, value: &Expr) -> Result<()> {
    let fits = matches!(
        (wanted, value),
        (Argument::Path, Expr::Path(_))
            | (Argument::Text, Expr::Lit(ExprLit { lit: Lit::Str(_), .. }))
            | (Argument::Number, Expr::Lit(ExprLit { lit: Lit::Int(_), .. }))
    );
    let form = match wanted {
        Argument::Text => "\"name\"",
        Argument::Number => "number",
        _ => "CONSTANT",
    };
    if fits {
        return Ok(());
    }
    Err(Error::new(value.span(), format!("this need is written {need}({form})")))
}

fn check_signature(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if !signature.inputs.is_empty() {
        return Err(Error::new(signature.inputs.span(), "a case takes no arguments"));
    }
    let returns_verdict = matches!(&signature.output, syn::ReturnType::Type(_, kind)
        if matches!(&**kind, syn::Type::Path(path) if path.path.is_ident("Verdict")));
    if !returns_verdict {
        return Err(Error::new(signature.span(), "a case returns Verdict: fn name() -> Verdict"));
    }
    Ok(())
}

fn version(text: Option<&LitStr>) -> Result<Option<(u16, u16, u16)>> {
    let Some(text) = text else { return Ok(None) };
    let parts: Option<Vec<u16>> = text.value().split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([major, minor]) => Ok(Some((*major, *minor, 0))),
        Some([major, minor, patch]) => Ok(Some((*major, *minor, *patch))),
        _ => Err(Error::new(text.span(), "a kernel version is written \"6.12\" or \"6.12.3\"")),
    }
}

fn version_tokens(version: Option<(u16, u16, u16)>) -> TokenStream {
    option_tokens(version.map(|(major, minor, patch)| quote!(::kit::KernelVersion::new(#major, #minor, #patch))))
}

#[cfg(test)]
mod tests;
