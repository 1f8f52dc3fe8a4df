//! Rule `imports`: which crate may depend on which, checked in the Cargo.toml files.
//!
//! Owns the table of the houses. Keeps true: normal and build dependencies follow the table
//! exactly; tests of the houses that stand on others may use any house but `xtask`; a crate
//! without a row is found, so that the table can't be forgotten.

use toml::{Table, Value};

use super::finding::Finding;
use super::source::Source;

/// A crate of ours and what it may use.
struct House {
    package: &'static str,
    /// Packages of ours.
    may_use: &'static [&'static str],
    /// Whether its tests may use every house but `xtask`.
    tests_use_all: bool,
}

const fn house(package: &'static str, may_use: &'static [&'static str]) -> House {
    House {
        package,
        may_use,
        tests_use_all: false,
    }
}

const fn upper_house(package: &'static str, may_use: &'static [&'static str]) -> House {
    House {
        package,
        may_use,
        tests_use_all: true,
    }
}

const PROTOCOL: &str = "roomcast-protocol";
const BROKER: &str = "roomcast-broker";
const PRESENCE: &str = "roomcast-presence";
const REDIS: &str = "roomcast-redis";
const SOCKET: &str = "roomcast-socket";
const GATEWAY: &str = "roomcast-gateway";
const SERVER: &str = "roomcast";
const CLIENT: &str = "roomcast-client";
const LOADTEST: &str = "loadtest";
const XTASK: &str = "xtask";
/// The fuzz targets: a workspace of their own, of programs that never ship.
const SOCKET_FUZZ: &str = "roomcast-socket-fuzz";

const HOUSES: &[House] = &[
    house(PROTOCOL, &[]),
    house(SOCKET, &[]),
    // The conversation over a stream is the server's.
    house(SOCKET_FUZZ, &[SERVER, PROTOCOL, SOCKET]),
    house(REDIS, &[]),
    house(BROKER, &[PROTOCOL, REDIS]),
    house(PRESENCE, &[PROTOCOL, REDIS]),
    upper_house(GATEWAY, &[BROKER, PRESENCE, PROTOCOL]),
    // The client serves `roomcast chat`.
    upper_house(
        SERVER,
        &[GATEWAY, BROKER, PRESENCE, REDIS, SOCKET, PROTOCOL, CLIENT],
    ),
    upper_house(CLIENT, &[PROTOCOL, SOCKET]),
    upper_house(LOADTEST, &[CLIENT, PROTOCOL]),
    house(XTASK, &[]),
];

/// Foreign packages a house keeps out, because it is pure: no runtime, no clock, no IO.
const KEPT_OUT: &[(&str, &[&str])] = &[
    (
        PROTOCOL,
        &[
            "tokio",
            "tokio-util",
            "async-std",
            "mio",
            "hyper",
            "redis",
            "warp",
        ],
    ),
    (
        SOCKET,
        &[
            "tokio",
            "tokio-util",
            "async-std",
            "mio",
            "hyper",
            "redis",
            "warp",
        ],
    ),
];

/// Sections of a Cargo.toml that count as shipping, and the one that counts as testing.
const SHIPPING: &[&str] = &["dependencies", "build-dependencies"];
const TESTING: &str = "dev-dependencies";

/// Checks all Cargo.toml files of the tree.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| source.file_name() == "Cargo.toml")
        .flat_map(manifest)
        .collect()
}

fn manifest(source: &Source) -> Vec<Finding> {
    let found = |line, advice: String| Finding::new(&source.path, line, "imports", advice);
    let table: Table = match source.text.parse() {
        Ok(table) => table,
        Err(why) => return vec![found(1, format!("this is not TOML: {}", why.message()))],
    };
    let name = table
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(Value::as_str);
    // The root of the workspace has no package.
    let Some(name) = name else { return Vec::new() };
    let Some(house) = HOUSES.iter().find(|house| house.package == name) else {
        let advice =
            format!("`{name}` has no row in the table of allowed imports (tidy/imports.rs)");
        return vec![found(line_of(&source.text, "name"), advice)];
    };
    let kept_out = KEPT_OUT
        .iter()
        .find(|(package, _)| *package == name)
        .map_or(&[][..], |row| row.1);
    let mut findings = Vec::new();
    for (section, key, package) in dependencies(&table) {
        let may = if is_house(&package) {
            may_use(house, section, &package)
        } else {
            section == TESTING || !kept_out.contains(&package.as_str())
        };
        if !may {
            let allowed = if house.may_use.is_empty() {
                "none".into()
            } else {
                house.may_use.join(", ")
            };
            let advice = format!(
                "`{name}` may not use `{package}` ({section}); houses it may use: {allowed}"
            );
            findings.push(found(line_of(&source.text, &key), advice));
        }
    }
    findings
}

fn may_use(house: &House, section: &str, package: &str) -> bool {
    let in_tests = section == TESTING
        && (package == house.package || (house.tests_use_all && package != XTASK));
    in_tests || house.may_use.contains(&package)
}

/// A package of ours by its row, or by its name where the row has been forgotten.
fn is_house(package: &str) -> bool {
    HOUSES.iter().any(|house| house.package == package) || package.starts_with("roomcast-")
}

/// All dependencies as (section, key, package); a key may stand for a package of another name.
fn dependencies(manifest: &Table) -> Vec<(&'static str, String, String)> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let tables = targets
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    let mut all = Vec::new();
    for table in std::iter::once(manifest).chain(tables) {
        for section in SHIPPING.iter().copied().chain([TESTING]) {
            let entries = table.get(section).and_then(Value::as_table);
            for (key, value) in entries.into_iter().flatten() {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
                all.push((section, key.clone(), package.to_owned()));
            }
        }
    }
    all
}

/// The line, from 1, on which a key is set or a table of that name begins.
fn line_of(text: &str, key: &str) -> usize {
    let sets = |line: &str| {
        let line = line.trim_start();
        let after = line.strip_prefix(key);
        after.is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
            || (line.starts_with('[') && line.trim_end().ends_with(&format!(".{key}]")))
    };
    text.lines().position(sets).unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    fn advice(package: &str, rest: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"{package}\"\n\n{rest}\n");
        let findings = check(&[Source::new("crates/x/Cargo.toml", text)]);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn allowed_imports_pass() {
        let all = "[dependencies]\nroomcast-broker = { workspace = true }\n\
                   roomcast-protocol.workspace = true\ntokio = \"1\"\n";
        assert!(advice("roomcast-gateway", all).is_empty());
        assert!(
            advice(
                "roomcast",
                "[dependencies]\nroomcast-client.workspace = true"
            )
            .is_empty()
        );
        assert!(advice("roomcast-protocol", "[dependencies]\nserde = \"1\"").is_empty());
    }

    #[test]
    fn an_import_against_the_river_is_found_at_its_line() {
        let found = advice(
            "roomcast-broker",
            "[dependencies]\nbytes = \"1\"\nroomcast-gateway.workspace = true",
        );
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("crates/x/Cargo.toml:6: imports: `roomcast-broker` may not"),
            "{found:?}"
        );
        assert!(
            found[0].ends_with("houses it may use: roomcast-protocol, roomcast-redis"),
            "{found:?}"
        );
        assert_eq!(
            advice(
                "roomcast-protocol",
                "[build-dependencies]\nroomcast-broker = \"1\""
            )
            .len(),
            1
        );
        assert_eq!(
            advice("xtask", "[dependencies]\nroomcast-protocol = \"1\"").len(),
            1
        );
    }

    #[test]
    fn a_house_under_another_name_or_for_one_target_is_still_found() {
        let renamed =
            "[dependencies]\np = { package = \"roomcast-gateway\", path = \"../gateway\" }";
        assert_eq!(advice("roomcast-client", renamed).len(), 1);
        let target = "[target.'cfg(unix)'.dependencies.roomcast-gateway]\npath = \"../gateway\"";
        let found = advice("roomcast-client", target);
        assert!(found[0].starts_with("crates/x/Cargo.toml:4:"), "{found:?}");
    }

    #[test]
    fn tests_of_upper_houses_may_use_all_but_the_chores() {
        assert!(
            advice(
                "roomcast-client",
                "[dev-dependencies]\nroomcast-gateway = \"1\""
            )
            .is_empty()
        );
        assert!(
            advice(
                "roomcast-broker",
                "[dev-dependencies]\nroomcast-broker = \"1\""
            )
            .is_empty()
        );
        assert_eq!(
            advice("roomcast-client", "[dev-dependencies]\nxtask = \"1\"").len(),
            1
        );
        assert_eq!(
            advice(
                "roomcast-broker",
                "[dev-dependencies]\nroomcast-presence = \"1\""
            )
            .len(),
            1
        );
    }

    #[test]
    fn the_pure_houses_keep_runtimes_out_except_of_their_tests() {
        assert_eq!(
            advice("roomcast-protocol", "[dependencies]\ntokio = \"1\"").len(),
            1
        );
        assert_eq!(
            advice("roomcast-socket", "[dependencies]\ntokio = \"1\"").len(),
            1
        );
        assert!(advice("roomcast-socket", "[dev-dependencies]\ntokio = \"1\"").is_empty());
    }

    #[test]
    fn the_fuzz_targets_use_what_they_fuzz_and_nothing_above_it() {
        let uses = |house: &str| format!("[dependencies]\n{house} = {{ path = \"..\" }}");
        assert!(advice("roomcast-socket-fuzz", &uses("roomcast-socket")).is_empty());
        assert_eq!(
            advice("roomcast-socket-fuzz", &uses("roomcast-gateway")).len(),
            1
        );
        assert_eq!(advice("roomcast", &uses("roomcast-socket-fuzz")).len(), 1);
    }

    #[test]
    fn a_crate_without_a_row_and_a_broken_manifest_are_found() {
        let found = advice("roomcast-extra", "");
        assert!(
            found[0].starts_with("crates/x/Cargo.toml:2: imports: `roomcast-extra` has no row"),
            "{found:?}"
        );
        assert_eq!(
            check(&[Source::new("crates/x/Cargo.toml", "[package")]).len(),
            1
        );
        assert!(check(&[Source::new("Cargo.toml", "[workspace]\nmembers = []\n")]).is_empty());
    }
}
