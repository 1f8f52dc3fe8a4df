//! The modules of one crate and which file of it uses which.
//!
//! Owns following a path to the file that defines what it names. The rule's reading of parents,
//! children and re-exports (see the parent file) is carried out here.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{Kind, Spelled, spelled};
use crate::tidy::rust::Rust;
use crate::tidy::source::Source;

/// A chain of re-exports longer than this is a loop of its own.
const REEXPORTS_MAX: usize = 16;

/// One module using another, and the first place that says so: file and line.
pub(super) type Uses = BTreeMap<(Vec<String>, Vec<String>), (String, usize)>;

/// The modules of a crate that have files, by their path from the root.
pub(super) struct Modules<'a> {
    by_path: BTreeMap<Vec<String>, Module<'a>>,
}

struct Module<'a> {
    file: &'a str,
    code: &'a str,
    paths: Vec<Spelled>,
}

impl<'a> Modules<'a> {
    /// Reads the files of one crate, test code left out. Where both are, `lib.rs` is the root.
    pub(super) fn of_crate(sources: &'a [Source], folder: &str) -> Self {
        let mut by_path = BTreeMap::new();
        for source in sources
            .iter()
            .filter(|s| !s.is_test && s.crate_folder() == Some(folder))
        {
            let (Some(path), Some(Rust { live, .. })) = (source.module(), &source.rust) else {
                continue;
            };
            let module = Module {
                file: &source.path,
                code: live,
                paths: spelled(live),
            };
            // Sources come in the order of their names: lib.rs before main.rs.
            by_path.entry(path).or_insert(module);
        }
        Self { by_path }
    }

    /// The modules that have children, the root included.
    pub(super) fn parents(&self) -> BTreeSet<Vec<String>> {
        let parent = |path: &Vec<String>| path.split_last().map(|(_, parent)| parent.to_vec());
        self.by_path.keys().filter_map(parent).collect()
    }

    /// Each use of one file by another, with the first place where it is spelled.
    pub(super) fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (from, module) in &self.by_path {
            for path in &module.paths {
                if passes_on_only(from, module, path) {
                    continue;
                }
                let Some(to) = self.defined_in(from, path, 0).filter(|to| to != from) else {
                    continue;
                };
                let place = (module.file.to_owned(), path.line);
                uses.entry((from.clone(), to)).or_insert(place);
            }
        }
        uses
    }

    /// The module whose file defines what `path`, spelled in module `from`, names; none for what
    /// is not of this crate.
    fn defined_in(&self, from: &[String], path: &Spelled, followed: usize) -> Option<Vec<String>> {
        let mut here = [from, path.inside.as_slice()].concat();
        let mut segments = path.segments.as_slice();
        let (first, rest) = segments.split_first()?;
        match first.as_str() {
            "crate" => (here, segments) = (Vec::new(), rest),
            "self" => segments = rest,
            "super" => {
                while let Some(("super", rest)) =
                    segments.split_first().map(|(s, r)| (s.as_str(), r))
                {
                    here.pop()?;
                    segments = rest;
                }
            }
            child => {
                let is_child = self
                    .by_path
                    .contains_key(&[from, &[child.to_owned()]].concat());
                if !is_child || !path.inside.is_empty() {
                    return None;
                }
            }
        }
        self.follow(self.with_file(here), segments, followed)
    }

    /// The innermost module around `path` that has a file; the others are written inside it.
    fn with_file(&self, mut path: Vec<String>) -> Vec<String> {
        while !path.is_empty() && !self.by_path.contains_key(&path) {
            path.pop();
        }
        path
    }

    fn follow(&self, at: Vec<String>, segments: &[String], followed: usize) -> Option<Vec<String>> {
        let Some((name, rest)) = segments.split_first() else {
            return Some(at);
        };
        let child = [at.as_slice(), std::slice::from_ref(name)].concat();
        if self.by_path.contains_key(&child) {
            return self.follow(child, rest, followed);
        }
        let Some(module) = self.by_path.get(&at).filter(|_| followed < REEXPORTS_MAX) else {
            return Some(at);
        };
        if module.defines(name) {
            return Some(at);
        }
        for path in module.paths.iter().filter(|path| path.inside.is_empty()) {
            match &path.kind {
                Kind::Use { binds, .. } if binds == name => {
                    let source = self.defined_in(&at, path, followed + 1)?;
                    // A module that was bound goes on; an item ends here.
                    let is_module = source.last() == path.segments.last();
                    return if is_module {
                        self.follow(source, rest, followed + 1)
                    } else {
                        Some(source)
                    };
                }
                Kind::Glob { .. } => {
                    let source = self.defined_in(&at, path, followed + 1);
                    let holds = |source: &Vec<String>| {
                        self.by_path
                            .get(source)
                            .is_some_and(|module| module.defines(name))
                    };
                    if let Some(source) = source.filter(holds) {
                        return Some(source);
                    }
                }
                Kind::Use { .. } | Kind::Plain => {}
            }
        }
        Some(at)
    }
}

impl Module<'_> {
    /// Whether the file defines an item of that name (at whatever depth: good enough).
    fn defines(&self, name: &str) -> bool {
        const ITEMS: &[&str] = &[
            "struct",
            "enum",
            "trait",
            "type",
            "fn",
            "const",
            "static",
            "union",
            "mod",
            "macro_rules!",
        ];
        mentions(self.code, name).any(|at| {
            let before = self.code[..at].trim_end();
            ITEMS.iter().any(|item| before.ends_with(item))
        })
    }
}

/// Whether a `pub use` only hands something on, without the file itself speaking of it.
fn passes_on_only(from: &[String], module: &Module<'_>, path: &Spelled) -> bool {
    match &path.kind {
        Kind::Use {
            binds,
            is_pub: true,
        } => from.is_empty() || mentions(module.code, binds).count() == 1,
        Kind::Glob { is_pub } => *is_pub,
        Kind::Use { is_pub: false, .. } | Kind::Plain => false,
    }
}

/// Where a name stands as a whole word.
fn mentions<'a>(code: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name)
        .map(|(at, _)| at)
        .filter(move |&at| {
            !code[..at].ends_with(is_word) && !code[at + name.len()..].starts_with(is_word)
        })
}
