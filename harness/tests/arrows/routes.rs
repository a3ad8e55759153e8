//! What stands in a file, as far as arrows care: the names that it gives, and the routes to those that it takes.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A path as it is written: `crate`, `super`, `self` and names.
pub(crate) type Route = Vec<String>;

/// Words after which an item's name comes.
const ITEMS: [&str; 9] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules"];

/// What a module says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It has an item of this name; a macro that the whole crate has is `exported`.
    Item { name: String, exported: bool },
    /// It has a child module: with its content, or in a file of its own.
    Child { name: String, content: Option<Vec<Word>> },
    /// It gives what is behind a route this name, for itself and its children.
    Import { name: String, route: Route },
    /// It gives all names behind a route.
    Glob(Route),
    /// Its code names something.
    Path(Route),
}

/// What a module with this content says. What stands under `#[cfg(test)]` is passed over.
pub(crate) fn words(content: TokenStream) -> Vec<Word> {
    let mut said = Vec::new();
    listen(&tokens_of(content), true, &mut said);
    said
}

/// Goes through tokens of one level; `items` says whether it is a module's own level.
fn listen(tokens: &[TokenTree], items: bool, said: &mut Vec<Word>) {
    let mut at = 0;
    let mut exported = false;
    while let Some(token) = tokens.get(at) {
        let (before, rest) = (&tokens[..at], &tokens[at + 1..]);
        at += 1;
        match token {
            TokenTree::Group(group) => listen(&tokens_of(group.stream()), false, said),
            TokenTree::Punct(_) if is_mark(token, '#') && is_attribute(rest, "cfg", Some("test")) => {
                at += end_of_item(rest);
            }
            TokenTree::Punct(_) if is_mark(token, '#') => exported |= is_attribute(rest, "macro_export", None),
            // `$crate` is the crate whose macro it is, for those that call it.
            TokenTree::Punct(_) if is_mark(token, '$') => at += usize::from(name(rest, 0).is_some()),
            TokenTree::Ident(word) if *word == "pub" => at += usize::from(group(rest, 0).is_some()),
            TokenTree::Ident(word) if *word == "use" => {
                let end = rest.iter().position(|token| is_mark(token, ';')).unwrap_or(rest.len());
                import(&[], &rest[..end], items, said);
                at += end;
            }
            TokenTree::Ident(word) if items && *word == "mod" => {
                let content = group(rest, 1).map(words);
                at += 1 + usize::from(content.is_some());
                said.extend(name(rest, 0).map(|name| Word::Child { name, content }));
            }
            TokenTree::Ident(word) if items && ITEMS.iter().any(|item| word == item) => {
                let place = usize::from(rest.first().is_some_and(|token| is_mark(token, '!')));
                said.extend(name(rest, place).map(|name| Word::Item { name, exported }));
                exported = false;
            }
            TokenTree::Ident(_) if !continues(before) => {
                let route = path(&tokens[at - 1..]);
                at += 3 * (route.len() - 1);
                said.extend((route.len() > 1).then_some(Word::Path(route)));
            }
            _ => {}
        }
    }
}

/// Goes through a `use` tree; `items` says whether its names are the module's.
fn import(before: &[String], tree: &[TokenTree], items: bool, said: &mut Vec<Word>) {
    if before.is_empty() && tree.first().is_some_and(|token| is_mark(token, ':')) {
        // From another crate for certain.
        return;
    }
    let mut route = before.to_vec();
    let mut alias = None;
    for (at, token) in tree.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if *word == "as" => alias = name(tree, at + 1),
            TokenTree::Ident(word) if alias.is_none() => route.push(word.to_string()),
            TokenTree::Punct(mark) if mark.as_char() == '*' => return said.push(Word::Glob(route)),
            TokenTree::Group(group) => {
                let branches = tokens_of(group.stream());
                return branches.split(|t| is_mark(t, ',')).for_each(|branch| import(&route, branch, items, said));
            }
            _ => {}
        }
    }
    if route.len() > 1 && route.last().is_some_and(|last| last == "self") {
        route.pop();
    }
    match alias.or_else(|| route.last().cloned()) {
        Some(name) if items => said.push(Word::Import { name, route }),
        Some(_) => said.push(Word::Path(route)),
        // A trailing comma.
        None => {}
    }
}

/// The path that begins here: names with `::` between them.
fn path(tokens: &[TokenTree]) -> Route {
    let mut route: Route = name(tokens, 0).into_iter().collect();
    while is_double_colon(&tokens[3 * route.len() - 2..]) {
        match name(tokens, 3 * route.len()) {
            Some(next) => route.push(next),
            None => break,
        }
    }
    route
}

/// Whether what comes next is only the continuation of something: a path, or a field or method.
fn continues(before: &[TokenTree]) -> bool {
    let is_field = before.last().is_some_and(|token| is_mark(token, '.'));
    is_field || before.len() >= 2 && is_double_colon(&before[before.len() - 2..])
}

fn tokens_of(stream: TokenStream) -> Vec<TokenTree> {
    stream.into_iter().collect()
}

fn is_double_colon(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(one), other, ..]
        if one.as_char() == ':' && one.spacing() == Spacing::Joint && is_mark(other, ':'))
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

fn name(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at) {
        Some(TokenTree::Ident(name)) => Some(name.to_string()),
        _ => None,
    }
}

fn group(tokens: &[TokenTree], at: usize) -> Option<TokenStream> {
    match tokens.get(at) {
        Some(TokenTree::Group(group)) => Some(group.stream()),
        _ => None,
    }
}

/// Whether an attribute follows that begins with this name, and has this argument.
fn is_attribute(tokens: &[TokenTree], named: &str, argument: Option<&str>) -> bool {
    let inner = group(tokens, 0).map(tokens_of).unwrap_or_default();
    let given = group(&inner, 1).map(|argument| argument.to_string());
    name(&inner, 0).as_deref() == Some(named) && given.as_deref() == argument
}

/// How many tokens there are up to the end of the next item.
fn end_of_item(tokens: &[TokenTree]) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_mark(token, ';'),
    };
    tokens.iter().position(is_end).map_or(tokens.len(), |end| end + 1)
}
