//! `proof-<kernel>.html`: a proof as one file that works from disk, without a network and without a script.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::record::{Altered, AlteredFunction, Fate, Proof};
use super::summary::{Tally, file, remark, tallies};
use crate::text::escape_line;

const FRAME: &str = include_str!("page.html");
const STYLE: &str = concat!(include_str!("../html/page.css"), include_str!("page.css"));

/// How many alterations of a claim's are named.
const NAMED: usize = 40;

/// How many claims that guard a function are named.
const GUARDS: usize = 8;

/// How wide a text may be.
const TEXT: usize = 400;

impl Proof {
    /// The proof as a page: by file and function what is guarded, and by whom; what survived; and each claim with what it guards.
    #[must_use]
    pub fn html(&self) -> String {
        let title = format!("nsproof: proof of {}", self.kernel.word);
        FRAME
            .replace("/*STYLE*/", STYLE)
            .replace("<!--TITLE-->", &text(&title))
            .replace("<!--SUMMARY-->", &text(&self.sentence()))
            .replace("<!--KERNEL-->", &text(&self.about()))
            .replace("<!--TALLIES-->", &self.tally_tables())
            .replace("<!--SURVIVED-->", &self.survivors())
            .replace("<!--FUNCTIONS-->", &self.function_lists())
            .replace("<!--CLAIMS-->", &self.claim_list())
    }

    /// The kernel, and what was asked.
    fn about(&self) -> String {
        let asked = self.selection.as_deref().unwrap_or("all functions about namespaces, all claims");
        let shard = self.shard.map(|shard| format!(", shard {shard}")).unwrap_or_default();
        let minutes = self.wall.as_secs().div_ceil(60);
        format!(
            "{}; {}; {asked}{shard}; {} h {} min; nsproof {}",
            self.kernel.release,
            self.kernel.origin,
            minutes / 60,
            minutes % 60,
            self.nsproof
        )
    }

    fn tally_tables(&self) -> String {
        let (files, all) = tallies(self, |path, _| file(path).to_owned());
        let (kinds, _) = tallies(self, |_, altered| altered.kind().to_owned());
        let files = files.into_iter().map(|(path, tally)| (link(&path), tally));
        let mut out = tally_table("file", files.chain([("total".to_owned(), all)]));
        out.push_str(&tally_table("kind", kinds.into_iter().map(|(kind, tally)| (text(&kind), tally))));
        out
    }

    fn survivors(&self) -> String {
        let rows =
            self.alterations().filter(|(_, altered)| altered.fate == Fate::Survived).map(|(function, altered)| {
                let name = format!("{}+{}", function.name, altered.at);
                let command = format!("nsproof run --kernel {} --alter '{name}'", self.kernel.word);
                let why = altered.equivalent.as_deref().map(|why| format!("equivalent: {why}")).unwrap_or_default();
                vec![code(&name), text(&remark(altered)) + &paragraph(&why), code(&command)]
            });
        table("Survived", &["alteration", "what stands there", "try it"], rows)
    }

    fn function_lists(&self) -> String {
        let mut out = String::new();
        let mut last = None;
        for function in &self.functions {
            let path = file(&function.file);
            if last != Some(path) {
                let _ = writeln!(out, "<h2 id=\"{}\">{}</h2>", anchor(path), text(path));
                last = Some(path);
            }
            out.push_str(&function_list(function));
        }
        out
    }

    fn claim_list(&self) -> String {
        let guards = self.guards();
        let silent: BTreeSet<&str> = self.silent().map(|claim| claim.name.as_str()).collect();
        let never = |claim: &&super::Prover| silent.contains(claim.name.as_str());
        let sorted = self.claims.iter().filter(never).chain(self.claims.iter().filter(|claim| !never(claim)));
        let rows = sorted.map(|claim| {
            let guarded = guards.get(claim.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let named: Vec<_> = guarded.iter().take(NAMED).map(|name| code(name)).collect();
            let more =
                if guarded.len() > NAMED { format!(" and {} more", guarded.len() - NAMED) } else { String::new() };
            let seen = match (never(&claim), claim.tried) {
                (true, 0) => mark("is-v", "not seen to fail"),
                (true, tried) => format!("{} asked about {tried}", mark("is-v", "not seen to fail")),
                (false, _) => guarded.len().to_string(),
            };
            let name = format!("{}{}", code(&claim.name), paragraph(&claim.claim));
            vec![name, seen, claim.reaches.to_string(), format!("{}{more}", named.join(" "))]
        });
        table("Claims", &["claim", "guards", "executes", "what it guards"], rows)
    }
}

/// One function: folded, with what its alterations came to on the fold.
fn function_list(function: &AlteredFunction) -> String {
    let counts = Fate::ALL.iter().filter_map(|fate| {
        let number = function.alterations.iter().filter(|altered| altered.fate == *fate).count();
        (number > 0).then(|| mark(looks(*fate), &format!("{number} {}", fate.as_str())))
    });
    let counts = counts.collect::<Vec<_>>().join(" ");
    let mut places: Vec<(&str, Vec<&Altered>)> = Vec::new();
    for altered in &function.alterations {
        let place = altered.at.split(':').next().unwrap_or_default();
        match places.last_mut() {
            Some((last, there)) if *last == place => there.push(altered),
            _ => places.push((place, vec![altered])),
        }
    }
    let rows = places.into_iter().map(|(place, there)| {
        let lines = there.into_iter().map(|altered| {
            let fate = mark(looks(altered.fate), altered.fate.as_str());
            format!("<p class=\"kind\">{} {fate} {}</p>", code(altered.kind()), what(altered))
        });
        vec![code(&format!("+{place}")), lines.collect()]
    });
    let list = table(&function.name, &["place", "its alterations, and who noticed or what stands there"], rows);
    let guards = guards(function);
    format!("<details><summary>{} {counts}</summary>{guards}{list}</details>\n", code(&function.name))
}

/// The claims that guard a function, those that notice most first, and how to carry them out.
fn guards(function: &AlteredFunction) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for claim in function.alterations.iter().flat_map(|altered| &altered.by) {
        *counts.entry(claim).or_default() += 1;
    }
    if counts.is_empty() {
        return String::new();
    }
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by_key(|(name, count)| (Reverse(**count), **name));
    let named: Vec<_> =
        sorted.iter().take(GUARDS).map(|(name, count)| format!("{}\u{a0}{count}", code(name))).collect();
    let more = match sorted.len().saturating_sub(GUARDS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let command = code(&format!("nsproof run --guards {}", function.name));
    format!("<p class=\"guards\">Guarded by {}{more}: {command}</p>", named.join(", "))
}

/// By whom an alteration was noticed, or what there is to say of it.
fn what(altered: &Altered) -> String {
    let by: Vec<_> = altered.by.iter().map(|claim| code(claim)).collect();
    match altered.fate {
        Fate::Noticed => by.join(" "),
        Fate::Fatal => format!("{} {}", by.join(" "), text(&altered.how)),
        Fate::Survived => text(&remark(altered)) + &paragraph(altered.equivalent.as_deref().unwrap_or_default()),
        Fate::Unreached => text(&altered.instruction),
    }
}

fn tally_table(head: &str, rows: impl Iterator<Item = (String, Tally)>) -> String {
    let heads = [
        head,
        "noticed",
        "fatal",
        "survived",
        "equivalent",
        "unreached",
        "guarded of those reached",
        "unreached of all",
    ];
    let rows = rows.map(|(name, tally)| {
        let numbers = [tally.noticed, tally.fatal, tally.survived, tally.equivalent, tally.unreached];
        let mut cells = vec![name];
        cells.extend(numbers.map(|number| number.to_string()));
        cells.extend([tally.guarded(), tally.beyond()]);
        cells
    });
    table(&format!("By {head}"), &heads, rows).replace("class=\"list\"", "class=\"list tally\"")
}

/// A table of cells that are markup already.
fn table(label: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = format!("<div class=\"scroll\"><table class=\"list\" aria-label=\"{}\"><thead><tr>", text(label));
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{}</th>", text(head));
    }
    out.push_str("</tr></thead><tbody>\n");
    for cells in rows {
        out.push_str("<tr>");
        for (cell, head) in cells.iter().zip(heads) {
            let _ = write!(out, "<td data-head=\"{}\">{cell}</td>", text(head));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

fn looks(fate: Fate) -> &'static str {
    match fate {
        Fate::Noticed => "is-h",
        Fate::Fatal => "is-c",
        Fate::Survived => "is-v",
        Fate::Unreached => "is-u",
    }
}

fn mark(looks: &str, word: &str) -> String {
    format!("<span class=\"v {looks}\">{}</span>", text(word))
}

fn code(word: &str) -> String {
    format!("<code>{}</code>", text(word))
}

fn paragraph(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!("<p class=\"message claim\">{}</p>", text(words)) }
}

fn link(path: &str) -> String {
    format!("<a href=\"#{}\">{}</a>", anchor(path), text(path))
}

/// A path as a name to lead to.
fn anchor(path: &str) -> String {
    path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// Text as markup. What is not plainly visible is shown as an escape first: some of it came from a guest.
fn text(words: &str) -> String {
    let mut out = String::new();
    for c in escape_line(words, TEXT).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::proof::fixtures::small;

    #[test]
    fn what_a_guest_said_is_no_markup() {
        let mut proof = small();
        proof.functions[0].alterations[1].how = "<script>\u{1b}[2J".to_owned();
        let page = proof.html();
        assert!(page.contains("&lt;script&gt;\\x1b[2J") && !page.contains("<script"), "{page}");
    }

    #[test]
    fn survivors_come_with_a_command_and_claims_that_never_failed_come_first() {
        let page = small().html();
        assert!(page.contains("nsproof run --kernel 6.12 --alter 'copy_pid_ns+0x10:never'"), "{page}");
        let claims = &page[page.find("aria-label=\"Claims\"").unwrap()..];
        let place = |name: &str| claims.find(name).unwrap();
        assert!(place("pid::never_fails") < place("pid::nesting"), "{claims}");
    }
}
