//! Rule `circles`: the modules of a crate form no circle.
//!
//! Read from the text of `use` trees and of paths that begin with `crate`, `super`, `self` or a
//! child module's name, outside test code. What counts:
//!
//! - A file that names something out of another file uses that file. A path is followed to the
//!   file that defines its item: through modules, and through re-exports to their source.
//! - `mod child;` is no use. A parent that declares a child and calls it, and a child that uses an
//!   item defined in the parent's own file, are a circle: nouns below, verbs above, so the shared
//!   noun moves into a file of its own. A child that finds through `super` what the parent itself
//!   only imported or re-exported uses the source, not the parent.
//! - `pub use` passes things on; it counts as use only if the file itself speaks of the name,
//!   and never in `lib.rs` or `main.rs`.
//! - Two neighbouring modules may not use each other, no matter which of their files do.
//!
//! Not seen: methods and trait items reached without naming a module, and macros' expansions.

mod graph;
mod modules;
mod paths;

use std::collections::BTreeSet;

use self::graph::Graph;
use self::modules::{Modules, Uses};
use super::finding::Finding;
use super::source::Source;

/// Checks every crate of the tree.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let folders: BTreeSet<&str> = sources
        .iter()
        .filter(|source| source.below_src().is_some())
        .filter_map(Source::crate_folder)
        .collect();
    folders
        .into_iter()
        .flat_map(|folder| check_crate(sources, folder))
        .collect()
}

fn check_crate(sources: &[Source], folder: &str) -> Vec<Finding> {
    let modules = Modules::of_crate(sources, folder);
    let uses = modules.uses();
    let mut findings = Vec::new();

    let files = Graph::new(uses.keys().map(|(from, to)| (from.clone(), to.clone())));
    let loops = files.loops();
    for circle in &loops {
        findings.extend(finding(circle, &uses));
    }
    // Neighbours below each parent: a file stands for the neighbour it is part of.
    let parents: BTreeSet<Vec<String>> = modules.parents();
    for parent in parents {
        let mut between: Uses = Uses::new();
        for ((from, to), place) in &uses {
            if let Some(edge) = neighbours(&parent, from, to) {
                between.entry(edge).or_insert_with(|| place.clone());
            }
        }
        let graph = Graph::new(between.keys().map(|(from, to)| (from.clone(), to.clone())));
        for circle in graph.loops() {
            if !is_told(&parent, &circle, &loops) {
                findings.extend(finding(&circle, &between));
            }
        }
    }
    findings
}

/// The two children of `parent` that an edge connects, if it does.
fn neighbours(
    parent: &[String],
    from: &[String],
    to: &[String],
) -> Option<(Vec<String>, Vec<String>)> {
    let depth = parent.len() + 1;
    let child = |module: &[String]| {
        (module.len() >= depth && module.starts_with(parent)).then(|| module[..depth].to_vec())
    };
    let (from, to) = (child(from)?, child(to)?);
    (from != to).then_some((from, to))
}

/// Whether a circle of files already tells of these neighbours.
fn is_told(parent: &[String], circle: &[Vec<String>], told: &[Vec<Vec<String>>]) -> bool {
    let depth = parent.len() + 1;
    told.iter().any(|files| {
        circle
            .iter()
            .all(|child| files.iter().any(|file| file.starts_with(child)))
            && files.iter().all(|file| file.len() >= depth)
    })
}

/// Tells a circle at the place of its first step.
fn finding(circle: &[Vec<String>], uses: &Uses) -> Option<Finding> {
    let steps = circle.iter().zip(circle.iter().cycle().skip(1));
    let mut told = String::new();
    let mut first = None;
    for (from, to) in steps {
        let (path, line) = uses.get(&(from.clone(), to.clone()))?;
        first.get_or_insert((path, *line));
        told += &format!("{} ({path}:{line}) → ", name(from));
    }
    let (path, line) = first?;
    let advice = format!(
        "modules in a circle: {told}{}; move what both need into a file below them",
        name(circle.first()?)
    );
    Some(Finding::new(path, line, "circles", advice))
}

fn name(module: &[String]) -> String {
    if module.is_empty() {
        "crate".to_owned()
    } else {
        module.join("::")
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    /// A crate of the given files; what the rule says of it, in short.
    fn advice(files: &[(&str, &str)]) -> Vec<String> {
        let source =
            |(path, text): &(&str, &str)| Source::new(format!("crates/x/src/{path}"), *text);
        let sources: Vec<Source> = files.iter().map(source).collect();
        check(&sources)
            .iter()
            .map(|f| f.to_string().replace("crates/x/src/", ""))
            .collect()
    }

    #[test]
    fn calls_that_only_go_down_are_no_circle() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; pub use a::A; pub use c::C;"),
            ("a.rs", "use crate::b::B; fn f() { crate::c::g(); }"),
            ("b.rs", "use crate::c::{self, C as D};"),
            ("c.rs", "pub struct C; use std::fmt; // use crate::a::A;"),
        ];
        assert_eq!(advice(&files), Vec::<String>::new());
    }

    #[test]
    fn two_files_that_use_each_other_are_told_with_their_lines() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "\nuse crate::b::B;"),
            ("b.rs", "\n\nfn f() { crate::a::g() }"),
        ];
        assert_eq!(
            advice(&files),
            [
                "a.rs:2: circles: modules in a circle: a (a.rs:2) → b (b.rs:3) → a; \
              move what both need into a file below them"
            ]
        );
    }

    #[test]
    fn a_circle_of_three_through_trees_and_reexports_is_found() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; pub use crate::a::deep::A;"),
            ("a.rs", "pub mod deep;"),
            (
                "a/deep.rs",
                "use crate::{b::{x, y::Z}, other};\npub struct A;",
            ),
            ("b.rs", "use super::c;"),
            ("c.rs", "use crate::A;"),
        ];
        let found = advice(&files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("a::deep (a/deep.rs:1) → b (b.rs:1) → c (c.rs:1) → a::deep"),
            "{found:?}"
        );
    }

    #[test]
    fn a_parent_that_calls_a_child_which_uses_the_parents_own_items_is_a_circle() {
        let child = ("a/b.rs", "use super::Noun;\npub fn verb() {}");
        let calling = [
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b;\nstruct Noun;\nfn f() { b::verb() }"),
            child,
        ];
        let found = advice(&calling);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("a (a.rs:3) → a::b (a/b.rs:1) → a"),
            "{found:?}"
        );

        let declaring_only = [
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b;\nstruct Noun;"),
            child,
        ];
        assert_eq!(advice(&declaring_only), Vec::<String>::new());
    }

    #[test]
    fn a_child_that_takes_what_the_parent_imported_uses_its_source() {
        let files = [
            ("lib.rs", "mod a;"),
            (
                "a.rs",
                "mod b; mod noun; use noun::Noun; use std::fmt; pub(crate) use b::verb;",
            ),
            ("a/noun.rs", "pub struct Noun;"),
            ("a/b.rs", "use super::{Noun, fmt};\npub fn verb() {}"),
        ];
        assert_eq!(advice(&files), Vec::<String>::new());
    }

    #[test]
    fn a_glob_import_of_the_parent_counts_and_one_of_a_prelude_is_looked_through() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b; struct Noun; fn f() { b::verb() }"),
            ("a/b.rs", "use super::*;"),
        ];
        assert_eq!(advice(&files).len(), 1);
        let files = [
            ("lib.rs", "mod a; mod b; mod c; pub use c::*;"),
            ("a.rs", "use crate::Thing;"),
            ("b.rs", "use crate::a::A;"),
            ("c.rs", "use crate::b::B;\npub struct Thing;"),
        ];
        assert_eq!(advice(&files).len(), 1);
    }

    #[test]
    fn neighbours_that_use_each_other_through_different_files_are_found_once() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "mod one; mod two;"),
            ("a/one.rs", "use crate::b::B;"),
            ("a/two.rs", ""),
            ("b.rs", "use crate::a::two::T;"),
        ];
        let found = advice(&files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("a (a/one.rs:1) → b (b.rs:1) → a"),
            "{found:?}"
        );
    }

    #[test]
    fn tests_and_modules_inside_a_file_make_no_circle() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "use crate::b::B;\nmod inner { use super::x; }\npub(in crate::b) fn f() {}",
            ),
            (
                "b.rs",
                "#[cfg(test)]\nmod tests { use crate::a::A; use super::*; }",
            ),
        ];
        assert_eq!(advice(&files), Vec::<String>::new());
    }
}
