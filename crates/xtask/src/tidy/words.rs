//! Rule `words`: what no text of the project holds.
//!
//! Nothing unfinished, no host of a package registry (where packages come from is the machine's
//! setting, not the project's), no path of a machine it was written on, clean line ends. The
//! words are pieced together below so that this file passes its own rule.

use super::finding::Finding;
use super::source::Source;

/// Words of unfinished work, found as whole words.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
];
const UNFINISHED_MACRO: &str = concat!("to", "do!");

/// Hosts that serve packages.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("registry.npmjs", ".org"),
    concat!("registry.yarnpkg", ".com"),
    concat!("pypi", ".org/simple"),
    concat!("files.pythonhosted", ".org"),
    concat!("deb.debian", ".org"),
    concat!("security.debian", ".org"),
    concat!("proxy.golang", ".org"),
];

/// Where Cargo.lock says packages come from: the name cargo gives crates.io, whatever the mirror.
const LOCK_SOURCE: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Settings that name a registry, by the file that would hold them.
const REGISTRY_SETTINGS: &[(&str, &[&str])] = &[
    (
        ".cargo/config.toml",
        &["replace-with", "[registries", "[source"],
    ),
    (".npmrc", &["registry"]),
    ("pip.conf", &["index-url"]),
];

/// A folder of machines on which the project is written, never of one on which it runs.
const MACHINE_PATH: &str = concat!("/wo", "rk/");

/// Checks one file.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        let found = [
            unfinished(line),
            registry(&source.path, line),
            machine_path(line),
            trailing_space(line),
        ];
        let found = found.into_iter().flatten();
        findings.extend(found.map(|advice| Finding::new(&source.path, at + 1, "words", advice)));
    }
    if !source.text.is_empty() && !source.text.ends_with('\n') {
        let line = source.text.lines().count();
        findings.push(Finding::new(
            &source.path,
            line,
            "words",
            "end the file with a newline",
        ));
    }
    findings
}

fn unfinished(line: &str) -> Option<String> {
    let mut found = UNFINISHED.iter().filter(|word| holds_word(line, word));
    let word = found.next().or_else(|| {
        let stands = |(at, _): (usize, &str)| !line[..at].ends_with(is_word);
        line.match_indices(UNFINISHED_MACRO)
            .any(stands)
            .then_some(&UNFINISHED_MACRO)
    })?;
    Some(format!(
        "`{word}`: finish it, or say in words what is not done and why"
    ))
}

fn registry(path: &str, line: &str) -> Option<String> {
    if let Some(host) = REGISTRY_HOSTS.iter().find(|host| line.contains(**host)) {
        return Some(format!(
            "`{host}`: where packages come from is the machine's setting"
        ));
    }
    let is_foreign_lock =
        path.ends_with("Cargo.lock") && line.starts_with("source = ") && line != LOCK_SOURCE;
    if is_foreign_lock {
        return Some("packages come from crates.io only; see deny.toml".to_owned());
    }
    let (_, settings) = REGISTRY_SETTINGS
        .iter()
        .find(|(file, _)| path.ends_with(file))?;
    let setting = settings
        .iter()
        .find(|setting| line.trim_start().starts_with(**setting))?;
    Some(format!(
        "`{setting}`: where packages come from is the machine's setting"
    ))
}

fn machine_path(line: &str) -> Option<String> {
    let mut places = line.match_indices(MACHINE_PATH).map(|(at, _)| at);
    // A path goes on before it: `/home/x/work/` or `./work/` name something else.
    let stands = places.any(|at| !line[..at].ends_with(|c: char| is_word(c) || c == '.'));
    stands.then(|| "a path of one machine; make it relative to the project".to_owned())
}

fn trailing_space(line: &str) -> Option<String> {
    line.ends_with(char::is_whitespace)
        .then(|| "remove the space at the line's end".to_owned())
}

fn holds_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_word) && !line[at + word.len()..].starts_with(is_word)
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::{LOCK_SOURCE, MACHINE_PATH, REGISTRY_HOSTS, UNFINISHED, UNFINISHED_MACRO, check};

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text))
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn unfinished_work_is_found_in_sources_and_documents() {
        for word in UNFINISHED.iter().chain([&UNFINISHED_MACRO]) {
            assert_eq!(
                lines("docs/a.md", &format!("a\nb {word} c\n")),
                [2],
                "{word}"
            );
            assert_eq!(
                lines("a.rs", &format!("    // {word}: later\n")),
                [1],
                "{word}"
            );
        }
        let alike = format!(
            "mktemp a.{}X\n_{}\nnot{}\n",
            UNFINISHED[2], UNFINISHED[0], UNFINISHED_MACRO
        );
        assert!(lines("a.sh", &alike).is_empty());
    }

    #[test]
    fn registries_are_named_nowhere() {
        for host in REGISTRY_HOSTS {
            assert_eq!(
                lines("package-lock.json", &format!("\"https://{host}/a\"\n")),
                [1],
                "{host}"
            );
        }
        assert!(lines("Cargo.lock", &format!("{LOCK_SOURCE}\n")).is_empty());
        assert_eq!(
            lines(
                "Cargo.lock",
                "source = \"registry+https://example.org/index\"\n"
            ),
            [1]
        );
        assert_eq!(
            lines(
                ".cargo/config.toml",
                "[source.crates-io]\nreplace-with = \"a\"\n"
            ),
            [1, 2]
        );
        assert!(lines(".cargo/config.toml", "[alias]\nxtask = \"run\"\n").is_empty());
        assert!(lines("README.md", "see crates.io and docs.rs\n").is_empty());
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        assert_eq!(lines("a.md", &format!("cd {MACHINE_PATH}main\n")), [1]);
        assert!(
            lines(
                "a.md",
                &format!("cd .{MACHINE_PATH}x or /home/me{MACHINE_PATH}\n")
            )
            .is_empty()
        );
    }

    #[test]
    fn line_ends_are_clean_and_the_last_line_ends() {
        assert_eq!(lines("a.toml", "a \nb\t\nc\r\n"), [1, 2]);
        assert_eq!(lines("a.toml", "a\nb"), [2]);
        assert!(lines("a.toml", "a\n\nb\n").is_empty());
        assert!(lines("a.toml", "").is_empty());
    }
}
