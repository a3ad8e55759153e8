//! The files of an initramfs, before they are packed.

use std::collections::BTreeMap;

/// A file of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Folder { mode: u32 },
    File { mode: u32, content: Vec<u8> },
    Link { target: String },
    Device { mode: u32, major: u32, minor: u32 },
}

impl Node {
    pub(super) fn file(content: Vec<u8>) -> Node {
        Node::File { mode: 0o644, content }
    }

    pub(super) fn program(content: Vec<u8>) -> Node {
        Node::File { mode: 0o755, content }
    }
}

/// The files by path. In order of path a folder comes before what is in it, as the kernel needs it.
#[derive(Debug, Default)]
pub(super) struct Layout {
    nodes: BTreeMap<String, Node>,
}

/// The folders that have been links to their namesakes in /usr on all distributions for years: programs find each other and their
/// loader by the old paths.
const IN_USR: [&str; 4] = ["/bin", "/lib", "/lib64", "/sbin"];

impl Layout {
    /// What every guest has.
    pub(super) fn skeleton() -> Layout {
        let mut layout = Layout::default();
        for link in IN_USR {
            layout.add(&format!("/usr{link}"), Node::Folder { mode: 0o755 });
            layout.nodes.insert(link.to_owned(), Node::Link { target: format!("usr{link}") });
        }
        for (folder, mode) in
            [("/proc", 0o555), ("/sys", 0o555), ("/run", 0o755), ("/root", 0o700), ("/mnt", 0o755), ("/tmp", 0o1777)]
        {
            layout.add(folder, Node::Folder { mode });
        }
        // The kernel opens the console for /init before there is a devtmpfs.
        layout.add("/dev/console", Node::Device { mode: 0o600, major: 5, minor: 1 });
        layout.add("/dev/null", Node::Device { mode: 0o666, major: 1, minor: 3 });
        layout.add(
            "/etc/passwd",
            Node::file(b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n".into()),
        );
        layout.add("/etc/group", Node::file(b"root:x:0:\nnogroup:x:65534:\n".into()));
        layout
    }

    /// Adds a file and the folders that it is in.
    pub(super) fn add(&mut self, path: &str, node: Node) {
        let path = in_usr(path);
        let slashes = path.match_indices('/').skip(1);
        for (end, _) in slashes {
            self.nodes.entry(path[..end].to_owned()).or_insert(Node::Folder { mode: 0o755 });
        }
        self.nodes.insert(path, node);
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.nodes.contains_key(&in_usr(path))
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    pub(super) fn listing(&self) -> Vec<String> {
        let line = |(path, node): (&str, &Node)| match node {
            Node::Folder { mode } => format!("d {mode:04o} {path}"),
            Node::File { mode, content } => format!("- {mode:04o} {path} {}", content.len()),
            Node::Link { target } => format!("l      {path} -> {target}"),
            Node::Device { mode, major, minor } => format!("c {mode:04o} {path} {major}:{minor}"),
        };
        self.nodes().map(line).collect()
    }
}

fn in_usr(path: &str) -> String {
    let moved = IN_USR.iter().any(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')));
    if moved { format!("/usr{path}") } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_skeleton_and_a_program() {
        let mut layout = Layout::skeleton();
        layout.add("/bin/true", Node::program(vec![0; 5]));
        layout.add("/lib/x86_64-linux-gnu/libc.so.6", Node::program(vec![0; 7]));
        insta::assert_snapshot!(layout.listing().join("\n"));
        assert!(layout.has("/usr/bin/true"));
    }
}
