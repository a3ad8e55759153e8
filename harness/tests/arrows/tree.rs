//! The modules of a crate, and from which file each takes names of which other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;

use crate::routes::{Route, Word, words};

/// How far re-exports are followed: farther than anybody writes them, and not for ever.
const FAR: usize = 16;

/// Which names a file takes, by the two files: from whom to whom.
pub(crate) type Arrows = BTreeMap<(PathBuf, PathBuf), BTreeSet<String>>;

/// What a name in a module means.
#[derive(Debug)]
enum Meaning {
    /// An item of this module: its own, but for macros that are exported by the root.
    Item(usize),
    /// A child module.
    Module(usize),
    /// What is behind this route from here.
    Import(Route),
}

#[derive(Debug)]
struct Module {
    file: PathBuf,
    parent: usize,
    names: BTreeMap<String, Vec<Meaning>>,
    globs: Vec<Route>,
    paths: Vec<Route>,
}

/// A module, or something of this name in it.
#[derive(Debug)]
struct Place {
    module: usize,
    name: Option<String>,
}

/// A crate's modules; the first is its root.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    modules: Vec<Module>,
}

/// Reads a file of the crate.
type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

impl Tree {
    /// The crate whose root is this file, and all its modules' files.
    pub(crate) fn grown(root: &Path, read: Read<'_>) -> Self {
        let mut tree = Self::default();
        let text = read(root).unwrap_or_else(|| panic!("there is no {}", root.display()));
        tree.add(0, root, root.parent().unwrap_or(root), understood(&text, root), read);
        tree
    }

    /// Adds a module with what it says; the files of its children lie in `folder`.
    fn add(&mut self, parent: usize, file: &Path, folder: &Path, said: Vec<Word>, read: Read<'_>) -> usize {
        let own = self.modules.len();
        let (names, globs, paths) = Default::default();
        self.modules.push(Module { file: file.to_owned(), parent, names, globs, paths });
        for word in said {
            match word {
                Word::Item { name, exported } => self.name(if exported { 0 } else { own }, name, Meaning::Item(own)),
                Word::Import { name, route } => self.name(own, name, Meaning::Import(route)),
                Word::Glob(route) => self.modules[own].globs.push(route),
                Word::Path(route) => self.modules[own].paths.push(route),
                Word::Child { name, content: Some(said) } => {
                    let child = self.add(own, file, &folder.join(&name), said, read);
                    self.name(own, name, Meaning::Module(child));
                }
                Word::Child { name, content: None } => {
                    let choices = [folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs")];
                    let found = choices.iter().find_map(|file| Some((file, read(file)?)));
                    let (file, text) = found.unwrap_or_else(|| panic!("there is no {}", choices[0].display()));
                    let child = self.add(own, file, &folder.join(&name), understood(&text, file), read);
                    self.name(own, name, Meaning::Module(child));
                }
            }
        }
        own
    }

    fn name(&mut self, module: usize, name: String, meaning: Meaning) {
        self.modules[module].names.entry(name).or_default().push(meaning);
    }

    /// Which file takes which names of which other.
    pub(crate) fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (index, module) in self.modules.iter().enumerate() {
            let imported = module.names.values().flatten().filter_map(|meaning| match meaning {
                Meaning::Import(route) => Some(route),
                _ => None,
            });
            for route in module.paths.iter().chain(&module.globs).chain(imported) {
                for place in self.behind(index, route, FAR) {
                    let file = &self.modules[place.module].file;
                    if *file != module.file {
                        let name = place.name.unwrap_or_else(|| "the module".to_owned());
                        arrows.entry((module.file.clone(), file.clone())).or_default().insert(name);
                    }
                }
            }
        }
        arrows
    }

    /// Where that which is behind a route from a module is defined; nowhere if that is in another crate.
    fn behind(&self, module: usize, route: &[String], far: usize) -> Vec<Place> {
        match route {
            [first, rest @ ..] if first == "crate" => self.within(0, rest, far),
            [first, rest @ ..] if first == "self" => self.within(module, rest, far),
            [first, rest @ ..] if first == "super" => self.behind_or_here(self.modules[module].parent, rest, far),
            [first, ..] if self.modules[module].names.contains_key(first) => self.within(module, route, far),
            _ => Vec::new(),
        }
    }

    /// The same for what follows a `super`: another one, or a name that is there.
    fn behind_or_here(&self, module: usize, route: &[String], far: usize) -> Vec<Place> {
        match route {
            [first, ..] if first == "super" => self.behind(module, route, far),
            _ => self.within(module, route, far),
        }
    }

    /// Where that which a module has behind a route of names is defined.
    fn within(&self, module: usize, route: &[String], far: usize) -> Vec<Place> {
        let own = &self.modules[module];
        let [name, rest @ ..] = route else {
            return vec![Place { module, name: None }];
        };
        let Some(nearer) = far.checked_sub(1) else {
            return Vec::new();
        };
        let item = |module| vec![Place { module, name: Some(name.clone()) }];
        if let Some(meanings) = own.names.get(name) {
            let child = meanings.iter().find(|meaning| matches!(meaning, Meaning::Module(_)));
            let follow = |meaning: &Meaning| match meaning {
                Meaning::Item(module) => item(*module),
                Meaning::Module(child) => self.within(*child, rest, nearer),
                Meaning::Import(import) => self.behind(module, &[import, rest].concat(), nearer),
            };
            return match child {
                // A function may have a module's name, but nothing in it.
                Some(child) if !rest.is_empty() => follow(child),
                _ => meanings.iter().flat_map(follow).collect(),
            };
        }
        let globs = own.globs.iter().flat_map(|glob| self.behind(module, glob, nearer));
        let through = globs.filter(|place| place.name.is_none() && self.modules[place.module].names.contains_key(name));
        let found: Vec<_> = through.flat_map(|place| self.within(place.module, route, nearer)).collect();
        // What no item gives a name comes of a macro there.
        if found.is_empty() { item(module) } else { found }
    }
}

fn understood(text: &str, file: &Path) -> Vec<Word> {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    words(tokens)
}
