//! The lines that a body types at a prompt: they can be told without carrying it out.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

/// What takes a line as its first argument, functions and methods of `kit::process::Shell`, and what it puts after the line.
const TYPED: [(&str, &str); 4] =
    [("prompt", ""), ("prompt_cat", " cat &"), ("prompt_in_background", " &"), ("try_prompt", "")];

/// The lines that stand as they are in calls of these, in their order, as expressions.
pub(super) fn prompts(body: TokenStream) -> Vec<TokenStream> {
    let mut lines = Vec::new();
    collect(body, &mut lines);
    lines
}

fn collect(tokens: TokenStream, lines: &mut Vec<TokenStream>) {
    let mut end = None;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => end = TYPED.iter().find(|(known, _)| name == known).map(|(_, end)| *end),
            TokenTree::Group(group) => {
                if let Some(end) = end
                    && let Some(TokenTree::Literal(line)) = group.stream().into_iter().next()
                {
                    lines.push(quote!(::core::concat!(#line, #end)));
                }
                end = None;
                collect(group.stream(), lines);
            }
            _ => end = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_wherever_they_are_typed() {
        let body = r#"{
            expect_eq!(prompt("one")?, "no line");
            shell.prompt_cat("two")?;
            for word in ["no line"] { run_line(&["no line"])?; prompt(word)?; Shell::with("PID", 1).try_prompt("three")?; }
        }"#;
        let lines: Vec<_> =
            prompts(body.parse().unwrap()).iter().map(|line| line.to_string().replace(' ', "")).collect();
        let expected =
            [r#"::core::concat!("one","")"#, r#"::core::concat!("two","cat&")"#, r#"::core::concat!("three","")"#];
        assert_eq!(lines, expected);
    }
}
