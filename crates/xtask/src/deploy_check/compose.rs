//! Part `compose`: docker-compose.yml, with and without its profiles, and the list of its knobs.

use std::collections::BTreeSet;

use super::verdict::Verdict;
use super::workshop::{Workshop, read};

const FILE: &str = "docker-compose.yml";
const EXAMPLE: &str = ".env.example";

/// Has compose read the file, and compares its variables with the example.
pub(super) fn check(workshop: &Workshop) -> Result<Verdict, String> {
    let compose = workshop.packaged("docker-compose");
    // Never what a developer has in a .env of their own.
    let base = ["-f", FILE, "--env-file", "/dev/null"];
    let mut faults = Vec::new();
    for profile in [&[][..], &["--profile", "*"][..]] {
        let arguments = [&base, profile, &["config", "--quiet"]].concat();
        let said = workshop.run("compose.out", &compose, &arguments, &[])?;
        if !said.well {
            faults.extend(said.faults(FILE));
        }
    }
    let arguments = [&base[..], &["--profile", "*", "config", "--services"]].concat();
    let services = workshop.run("compose.out", &compose, &arguments, &[])?;
    let services = services.out.lines().count();
    let text = read(&workshop.root().join(FILE))?;
    let knobs = knobs(&text);
    let example = read(&workshop.root().join(EXAMPLE))?;
    faults.extend(unnamed(&knobs, &text, &example));
    Ok(Verdict::new(
        format!("{services} services, {} knobs", knobs.len()),
        faults,
    ))
}

/// The names in `${NAME…}`, but not in `$${…}`, which compose leaves to the container.
fn knobs(text: &str) -> BTreeSet<&str> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let mut names = BTreeSet::new();
    for line in code {
        for (at, _) in line.match_indices("${") {
            if line[..at].ends_with('$') {
                continue;
            }
            let rest = &line[at + 2..];
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            names.insert(&rest[..end.unwrap_or(rest.len())]);
        }
    }
    names
}

fn unnamed(knobs: &BTreeSet<&str>, text: &str, example: &str) -> Vec<String> {
    let is_named = |name: &str| {
        example.lines().any(|line| {
            let line = line.trim_start_matches(['#', ' ']);
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('='))
        })
    };
    let line_of = |name: &str| {
        let found = text.lines().position(|line| line.contains(name));
        found.map_or(1, |at| at + 1)
    };
    knobs
        .iter()
        .filter(|name| !is_named(name))
        .map(|name| format!("{FILE}:{}: {EXAMPLE} has no line for {name}", line_of(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{knobs, unnamed};

    #[test]
    fn knobs_that_the_example_does_not_name_are_found_where_they_stand() {
        let text = "a: ${A:-1}\nb: \"${B:-${C}}\" # ${A}\nc: $${D}\n# ${E}\n";
        let found = knobs(text);
        assert_eq!(found.iter().copied().collect::<Vec<_>>(), ["A", "B", "C"]);
        let faults = unnamed(&found, text, "# A=1\nB=\nCC=3\n");
        assert_eq!(
            faults,
            ["docker-compose.yml:2: .env.example has no line for C"]
        );
    }
}
