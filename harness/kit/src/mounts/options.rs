//! Options of a mount or of a file system, separated by commas.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Options in the order and the words of the kernel: `rw,nosuid,relatime`. Compares with a text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options(String);

impl Options {
    /// The options that this text lists.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an option is there, whatever its value.
    pub fn has(&self, name: &str) -> bool {
        self.pairs().any(|(option, _)| option == name)
    }

    /// What stands after the `=` of an option.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(option, _)| *option == name)?.1
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.split(',').map(|option| match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        })
    }
}

impl PartialEq<&str> for Options {
    fn eq(&self, text: &&str) -> bool {
        self.0 == *text
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_by_their_whole_name() {
        let options = Options::new("rw,nosuid,size=1024k");
        assert!(options.has("nosuid") && options.has("size") && !options.has("suid") && !options.has("no"));
        assert_eq!(options.value("size"), Some("1024k"));
        assert_eq!(options.value("rw"), None);
        assert_eq!(options, "rw,nosuid,size=1024k");
    }
}
