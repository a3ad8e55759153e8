//! JSON of which the larger parts have a line each: version control then shows what changed, and a person finds it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// How deep lines are broken: what lies deeper stands in one line.
const DEEPEST: usize = 4;

/// `content` as JSON.
pub(super) fn to_text(content: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    content.serialize(&mut Serializer::with_formatter(&mut bytes, Lines::default()))?;
    String::from_utf8(bytes).map_err(|error| serde_json::Error::io(io::Error::other(error)))
}

/// Breaks lines as `serde_json::to_string_pretty` does, but not below [`DEEPEST`].
#[derive(Default)]
struct Lines {
    depth: usize,
    empty: bool,
}

impl Lines {
    fn open<W: ?Sized + Write>(&mut self, to: &mut W, mark: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.empty = true;
        to.write_all(mark)
    }

    fn item<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.empty = false;
        if !first {
            to.write_all(if self.depth > DEEPEST { b", " } else { b"," })?;
        }
        if self.depth <= DEEPEST { self.break_line(to, self.depth) } else { Ok(()) }
    }

    fn close<W: ?Sized + Write>(&mut self, to: &mut W, mark: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if !self.empty && self.depth < DEEPEST {
            self.break_line(to, self.depth)?;
        }
        self.empty = false;
        to.write_all(mark)
    }

    fn break_line<W: ?Sized + Write>(&self, to: &mut W, depth: usize) -> io::Result<()> {
        to.write_all(b"\n")?;
        (0..depth).try_for_each(|_| to.write_all(b" "))
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.open(to, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.close(to, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.item(to, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.open(to, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.close(to, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.item(to, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_lies_deep_stands_in_one_line() {
        let deep = json!({ "a": [{ "b": [{ "c": 1, "d": [] }, { "c": 2 }] }], "e": {} });
        let text = to_text(&deep).unwrap();
        assert_eq!(
            text,
            "{\n \"a\": [\n  {\n   \"b\": [\n    {\"c\": 1, \"d\": []},\n    {\"c\": 2}\n   ]\n  }\n ],\n \"e\": {}\n}"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), deep);
    }
}
