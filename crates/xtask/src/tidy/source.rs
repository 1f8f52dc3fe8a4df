//! One file of the tree as the rules see it.
//!
//! Owns the questions about a path (which crate, is it Rust, is it test code) so that no rule
//! cuts up paths in its own way.

use super::rust::Rust;

/// A text file of the workspace.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the workspace, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// Present for `.rs` files.
    pub(super) rust: Option<Rust>,
    /// Whether all of it is test code: it stands outside `src`, or [`mark_tests`] found that
    /// only tests have it.
    pub(super) is_test: bool,
}

impl Source {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let rust = path.ends_with(".rs").then(|| Rust::read(&text));
        let mut source = Self {
            path,
            text,
            rust,
            is_test: false,
        };
        source.is_test = source.crate_folder().is_some() && source.below_src().is_none();
        source
    }

    /// The last part of the path.
    pub(super) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The folder of the crate the file belongs to, without a trailing slash.
    pub(super) fn crate_folder(&self) -> Option<&str> {
        let inside = [
            "/src/",
            "/tests/",
            "/benches/",
            "/examples/",
            "/fuzz_targets/",
        ];
        inside
            .iter()
            .filter_map(|part| self.path.find(part))
            .min()
            .map(|end| &self.path[..end])
    }

    /// The path below the crate's `src`, for files that are compiled into the crate.
    pub(super) fn below_src(&self) -> Option<&str> {
        self.path
            .strip_prefix(self.crate_folder()?)?
            .strip_prefix("/src/")
    }

    /// The module the file holds, from the crate's root: `command/chat.rs` is `command::chat`,
    /// `lib.rs` and `main.rs` are the root itself. None for files that are crates of their own.
    pub(super) fn module(&self) -> Option<Vec<String>> {
        let below = self.below_src()?.strip_suffix(".rs")?;
        match below {
            "lib" | "main" => Some(Vec::new()),
            _ if below.starts_with("bin/") => None,
            _ => Some(below.split('/').map(str::to_owned).collect()),
        }
    }
}

/// Marks the files that `#[cfg(test)] mod name;` brings in, and all below them.
pub(super) fn mark_tests(sources: &mut [Source]) {
    let mut test_modules = Vec::new();
    for source in sources.iter() {
        let (Some(rust), Some(folder)) = (&source.rust, source.crate_folder()) else {
            continue;
        };
        let Some(module) = source.module() else {
            continue;
        };
        for name in &rust.test_modules {
            test_modules.push((
                folder.to_owned(),
                [module.as_slice(), std::slice::from_ref(name)].concat(),
            ));
        }
    }
    for source in sources {
        let Some(module) = source.module() else {
            continue;
        };
        let folder = source.crate_folder();
        source.is_test |= test_modules.iter().any(|(of_folder, test)| {
            folder == Some(of_folder.as_str()) && module.starts_with(test)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, mark_tests};

    #[test]
    fn a_path_tells_its_crate_and_its_place_in_it() {
        let source = Source::new("crates/gateway/src/command/chat.rs", "");
        assert_eq!(source.crate_folder(), Some("crates/gateway"));
        assert_eq!(source.below_src(), Some("command/chat.rs"));
        assert_eq!(source.file_name(), "chat.rs");
        assert_eq!(
            source.module(),
            Some(vec!["command".to_owned(), "chat".to_owned()])
        );
        assert!(!source.is_test);

        let test = Source::new("crates/server/tests/cluster/src/x.rs", "");
        assert_eq!(test.crate_folder(), Some("crates/server"));
        assert!(test.is_test);
        let target = Source::new("crates/socket/fuzz/fuzz_targets/decoder.rs", "");
        assert_eq!(target.crate_folder(), Some("crates/socket/fuzz"));
        assert!(target.is_test);
        assert!(Source::new("docs/protocol.md", "").crate_folder().is_none());
        assert!(!Source::new("docs/protocol.md", "").is_test);
        assert_eq!(
            Source::new("crates/x/src/lib.rs", "").module(),
            Some(vec![])
        );
        assert_eq!(Source::new("crates/x/src/bin/y.rs", "").module(), None);
    }

    #[test]
    fn a_file_that_only_tests_have_is_test_code_with_all_below_it() {
        let mut sources = vec![
            Source::new("crates/x/src/lib.rs", "mod a;"),
            Source::new("crates/x/src/a.rs", "#[cfg(test)]\nmod model;\nmod b;"),
            Source::new("crates/x/src/a/model.rs", ""),
            Source::new("crates/x/src/a/model/deep.rs", ""),
            Source::new("crates/x/src/a/b.rs", ""),
            Source::new("crates/y/src/a/model.rs", ""),
        ];
        mark_tests(&mut sources);
        let tests: Vec<bool> = sources.iter().map(|source| source.is_test).collect();
        assert_eq!(tests, [false, false, true, true, false, false]);
    }
}
