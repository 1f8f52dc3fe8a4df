//! Rule `opening`: every Rust file begins with `//!` and says what it owns.

use super::finding::Finding;
use super::source::Source;

/// Checks one file.
pub(super) fn check(source: &Source) -> Option<Finding> {
    source.rust.as_ref()?;
    let first = source
        .text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let says = first
        .strip_prefix("//!")
        .is_some_and(|words| !words.trim().is_empty());
    (!says).then(|| {
        Finding::new(
            &source.path,
            1,
            "opening",
            "begin the file with `//!` and say what it owns, keeps true and leaves to others",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    #[test]
    fn a_file_that_says_what_it_owns_passes() {
        assert_eq!(check(&Source::new("a.rs", "//! Owns a.\nuse b;\n")), None);
        assert_eq!(check(&Source::new("a.rs", "\n//! Owns a.\n")), None);
        assert_eq!(check(&Source::new("a.md", "words")), None);
    }

    #[test]
    fn a_file_that_begins_with_something_else_is_found() {
        for text in [
            "use b;\n//! Late.\n",
            "// A plain comment.\n",
            "//!\nuse b;\n",
            "",
            "#![x]\n",
        ] {
            assert_eq!(
                check(&Source::new("a.rs", text)).map(|f| f.line),
                Some(1),
                "{text:?}"
            );
        }
    }
}
