//! The lines that a body types at a prompt: they can be told without carrying it out.

use proc_macro2::{Literal, TokenStream, TokenTree};

/// What takes a line as its first argument: functions and methods of `kit::process::Shell`.
const TYPED: [&str; 4] = ["prompt", "prompt_cat", "prompt_in_background", "try_prompt"];

/// The lines that stand as they are in calls of these, in their order.
pub(super) fn prompts(body: TokenStream) -> Vec<Literal> {
    let mut lines = Vec::new();
    collect(body, &mut lines);
    lines
}

fn collect(tokens: TokenStream, lines: &mut Vec<Literal>) {
    let mut typed = false;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => typed = TYPED.iter().any(|known| name == known),
            TokenTree::Group(group) => {
                if typed && let Some(TokenTree::Literal(line)) = group.stream().into_iter().next() {
                    lines.push(line);
                }
                typed = false;
                collect(group.stream(), lines);
            }
            _ => typed = false,
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
        let lines: Vec<_> = prompts(body.parse().unwrap()).iter().map(ToString::to_string).collect();
        assert_eq!(lines, [r#""one""#, r#""two""#, r#""three""#]);
    }
}
