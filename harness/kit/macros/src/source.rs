//! What can be cited: each source is resolved when a claim is compiled, so that none is left that cannot be found.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

mod book;
mod calls;
mod elsewhere;
mod overviews;
mod pages;
mod programs;
mod tree;

use tree::Tree;

/// A source that is known.
#[derive(Debug, PartialEq)]
pub(crate) struct Source {
    /// As it is cited.
    text: String,
    /// What it is, in a few words.
    about: String,
    /// Where it can be opened.
    link: Option<String>,
}

impl Source {
    /// The source of this text.
    ///
    /// # Errors
    /// Says what is wrong with it, and how a new one is made known.
    pub(crate) fn of(text: &str) -> Result<Self, String> {
        if text.split(' ').any(str::is_empty) {
            return Err(unknown(text));
        }
        let found = document(text).or_else(|| report(text)).map(Ok);
        let (about, link) =
            found.or_else(|| page(text)).or_else(|| documentation(text)).unwrap_or_else(|| code(text))?;
        Ok(Self { text: text.to_owned(), about, link })
    }

    /// The edition in which it was read, where it is a page that has them.
    pub(crate) fn edition(&self) -> Option<&'static str> {
        pages::edition(self.text.split(' ').next().unwrap_or_default())
    }
}

impl ToTokens for Source {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { text, about, link } = self;
        let link = match link {
            Some(link) => quote!(::core::option::Option::Some(#link)),
            None => quote!(::core::option::Option::None),
        };
        tokens.extend(quote!(::kit::Source { text: #text, about: #about, link: #link }));
    }
}

/// What a source is, and its link.
type Found = (String, Option<String>);

/// One of the documents: their whole titles.
fn document(text: &str) -> Option<Found> {
    let found = elsewhere::DOCUMENTS.iter().find(|document| document.title == text)?;
    Some((found.about.to_owned(), found.link.map(str::to_owned)))
}

/// What people reported: `project#number`, or the name of a vulnerability.
fn report(text: &str) -> Option<Found> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if let Some((year, number)) = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'))
        && is_number(year)
        && is_number(number)
    {
        let link = format!("https://www.cve.org/CVERecord?id={text}");
        return Some(("a vulnerability".to_owned(), Some(link)));
    }
    let (project, number) = text.split_once('#')?;
    let (_, place) = elsewhere::TRACKERS.iter().find(|(name, _)| *name == project).filter(|_| is_number(number))?;
    Some((format!("a report to {project}"), Some(format!("https://github.com/{place}/issues/{number}"))))
}

/// `page(section) [heading]`, or nothing when it does not look like that.
fn page(text: &str) -> Option<Result<Found, String>> {
    let (page, heading) = text.split_once(' ').map_or((text, None), |(page, heading)| (page, Some(heading)));
    let (name, section) = page.strip_suffix(')')?.split_once('(')?;
    if !section.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let Some((book, about)) = pages::find(page) else {
        return Some(Err(format!(
            "the manual page {page} is not known: add it to the pages of its project in harness/kit/macros/src/source/, with what it is about"
        )));
    };
    // Debian's renderer names each heading by its text, and each entry of a list by its tag.
    let anchor = heading.map(|heading| format!("#{}", escape(&heading.replace(' ', "_")))).unwrap_or_default();
    let link = format!("https://manpages.debian.org/unstable/{}/{name}.{section}.en.html{anchor}", book.package);
    Some(Ok((format!("{about} ({})", book.project), Some(link))))
}

/// `Documentation/….rst [heading]`, or nothing when it does not look like that.
fn documentation(text: &str) -> Option<Result<Found, String>> {
    let (path, heading) = text.split_once(' ').map_or((text, None), |(path, heading)| (path, Some(heading)));
    if !path.starts_with("Documentation/") {
        return None;
    }
    Some(match tree::is_documentation(path) {
        true => Ok(("documentation of the kernel".to_owned(), Some(tree::documentation_link(path, heading)))),
        false => Err(format!("«{path}» is no page of the kernel's documentation: Documentation/….rst")),
    })
}

/// `[kernel 6.12 |Debian ]path [symbol]`.
fn code(text: &str) -> Result<Found, String> {
    let (tree, rest) = match text.split_once(' ') {
        Some(("Debian", rest)) => (Tree::Debian, rest),
        Some(("kernel", rest)) => {
            let (version, rest) = rest.split_once(' ').filter(|(version, _)| is_version(version)).ok_or_else(|| {
                format!("«{text}» names no version of the kernel and no file: kernel 6.12 fs/nsfs.c ns_ioctl")
            })?;
            (Tree::Mainline(version), rest)
        }
        _ => (Tree::Mainline(tree::NEWEST), text),
    };
    let path = rest.split(' ').next().unwrap_or_default();
    if !path.contains('/') {
        return Err(unknown(text));
    }
    if !tree::is_code(path) {
        return Err(tree::complaint(path));
    }
    let about = match tree {
        Tree::Debian => "code of Debian's kernel".to_owned(),
        Tree::Mainline(version) => format!("code of the kernel, {version}"),
    };
    Ok((about, Some(tree::code_link(tree, path))))
}

fn is_version(text: &str) -> bool {
    let numbers: Vec<_> = text.split('.').collect();
    (2..=3).contains(&numbers.len()) && numbers.iter().all(|number| number.parse::<u16>().is_ok())
}

fn unknown(text: &str) -> String {
    let titles: Vec<_> = elsewhere::DOCUMENTS.iter().map(|document| format!("«{}»", document.title)).collect();
    format!(
        "«{text}» is no source: those are page(section) [heading]; [kernel 6.12 |Debian ]path/in/the/kernel.c [symbol]; \
         Documentation/….rst [heading]; project#number and CVE-year-number; {}. Others are added in \
         harness/kit/macros/src/source/",
        titles.join(", ")
    )
}

/// `text` as a part of an address behind `#`.
fn escape(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests;
