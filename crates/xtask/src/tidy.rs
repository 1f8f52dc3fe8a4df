//! `cargo xtask tidy`: the house rules as a program. The same check is a test of this crate.
//!
//! Owns the order in which the rules see the tree. Keeps true: every rule is a pure function
//! from sources to findings, and a finding says what to do instead. What each rule asks is
//! written in its own file:
//!
//! | rule | asks |
//! |---|---|
//! | `imports` | which crate may depend on which |
//! | `circles` | no module circle inside a crate |
//! | `size` | lengths of files and functions |
//! | `opening` | a file says at its top what it owns |
//! | `names` | no drawers for odds and ends, no `mod.rs` |
//! | `doors` | one place per foreign thing |
//! | `words` | nothing unfinished, no hosts, no machine's paths, clean line ends |

mod circles;
mod doors;
mod finding;
mod imports;
mod names;
mod opening;
mod rust;
mod scrub;
mod size;
mod source;
mod tree;
mod words;

use std::path::Path;

use crate::environment;
use crate::fault::{Fault, refuse_arguments};
use finding::Finding;
use source::Source;

/// Checks this workspace.
pub(crate) fn run(arguments: &[String]) -> Result<(), Fault> {
    refuse_arguments(arguments)?;
    match check_and_print(&environment::workspace_root()) {
        Ok(0) => Ok(()),
        Ok(_) => Err(Fault::Found),
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            Err(Fault::Found)
        }
    }
}

/// Checks the tree below `root`, prints the findings and a sum; returns how many there are.
///
/// # Errors
/// A sentence that says what could not be read.
pub(crate) fn check_and_print(root: &Path) -> Result<usize, String> {
    let sources = tree::read(root)?;
    let findings = check(&sources);
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings", sources.len(), findings.len());
    Ok(findings.len())
}

fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        findings.extend(words::check(source));
        findings.extend(size::check(source));
        findings.extend(opening::check(source));
        findings.extend(names::check(source));
        findings.extend(doors::check(source));
    }
    findings.extend(doors::check_key_spelling(sources));
    findings.extend(imports::check(sources));
    findings.extend(circles::check(sources));
    findings.sort();
    findings
}

#[cfg(test)]
mod tests {
    use super::{check, tree};
    use crate::environment::workspace_root;

    #[test]
    fn the_tree_keeps_the_house_rules() {
        let sources = tree::read(&workspace_root()).expect("the tree can be read");
        assert!(
            sources
                .iter()
                .any(|source| source.path == "crates/xtask/src/tidy.rs")
        );
        let findings: Vec<String> = check(&sources).iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    }
}
