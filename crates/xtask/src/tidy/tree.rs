//! Reading the tree: which files the rules look at.
//!
//! Keeps true: what git ignores by a line of the form `/name` in the root `.gitignore`, git's own
//! folder, build output and foreign packages are not looked at; neither is what is not text.
//! No git is needed: the machine may have none.

use std::fs;
use std::path::Path;

use super::source::{Source, mark_tests};

/// Folders of that name, wherever they stand.
const FOREIGN_FOLDERS: &[&str] = &[".git", "target", "node_modules", "corpus"];
/// A larger file is data, not a source.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Far above what this project will hold; a loop in the tree ends here.
const FILES_MAX: usize = 20_000;

/// Reads all text files below `root`, in the order of their paths.
///
/// # Errors
/// A sentence that names what could not be read.
pub(super) fn read(root: &Path) -> Result<Vec<Source>, String> {
    let ignored = ignored_at_root(&fs::read_to_string(root.join(".gitignore")).unwrap_or_default());
    let mut sources = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let place = root.join(&folder);
        let cannot_read = |why| format!("can't read {}: {why}", place.display());
        for entry in fs::read_dir(&place).map_err(cannot_read)? {
            let entry = entry.map_err(cannot_read)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() {
                name.clone()
            } else {
                format!("{folder}/{name}")
            };
            let kind = entry.file_type().map_err(cannot_read)?;
            if ignored.contains(&path) || FOREIGN_FOLDERS.contains(&name.as_str()) {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                sources.extend(read_text(&entry.path()).map(|text| Source::new(path, text)));
            }
        }
        if sources.len() > FILES_MAX {
            return Err(format!(
                "more than {FILES_MAX} files: is something generated in the tree?"
            ));
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    mark_tests(&mut sources);
    Ok(sources)
}

/// The text of a file; none for what is not text, is too large, or has gone meanwhile.
fn read_text(file: &Path) -> Option<String> {
    if fs::metadata(file).ok()?.len() > FILE_BYTES_MAX {
        return None;
    }
    let text = String::from_utf8(fs::read(file).ok()?).ok()?;
    (!text.contains('\0')).then_some(text)
}

fn ignored_at_root(gitignore: &str) -> Vec<String> {
    let names = gitignore
        .lines()
        .filter_map(|line| line.trim().strip_prefix('/'));
    names
        .map(|name| name.trim_end_matches('/').to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{ignored_at_root, read};
    use crate::environment::workspace_root;

    #[test]
    fn root_entries_of_gitignore_are_read() {
        assert_eq!(
            ignored_at_root("/target\n# words\n/reports/\n*.log\n"),
            ["target", "reports"]
        );
    }

    #[test]
    fn the_tree_holds_sources_and_no_build_output() {
        let sources = read(&workspace_root()).expect("the tree can be read");
        assert!(sources.iter().any(|s| s.path == ".cargo/config.toml"));
        assert!(sources.iter().all(|s| !s.path.starts_with("target/")));
        assert!(sources.iter().all(|s| !s.path.starts_with(".git/")));
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_by_name() {
        let sentence = read(Path::new("/nowhere-at-all")).expect_err("there is no such folder");
        assert!(sentence.contains("/nowhere-at-all"), "{sentence}");
    }
}
