//! Part `lint`: the Dockerfile by hadolint, every YAML file by yamllint.

use super::verdict::Verdict;
use super::workshop::{Workshop, files_below, read};

const DOCKERFILE: &str = "deploy/Dockerfile";
const COMPOSE: &str = "docker-compose.yml";
const FOLDERS: &[&str] = &["deploy", "k8s"];
const YAML: &[&str] = &[".yml", ".yaml"];

/// What yamllint asks beyond its defaults, and what it leaves be: long lines hold queries and sentences, and
/// a file that holds one document needs no mark for it.
const YAMLLINT: &str = "{extends: default, rules: {\
    document-start: disable, \
    line-length: {max: 200}, \
    indentation: {spaces: 2, indent-sequences: consistent}, \
    comments: {min-spaces-from-content: 1}, \
    truthy: {check-keys: false}, \
    key-duplicates: {forbid-duplicated-merge-keys: true}}}";

/// Runs both.
pub(super) fn check(workshop: &Workshop) -> Result<Verdict, String> {
    // The tools' own words for a file that isn't there are many.
    for file in [DOCKERFILE, COMPOSE] {
        read(&workshop.root().join(file))?;
    }
    let hadolint = workshop.packaged("hadolint");
    let words = ["--no-color", DOCKERFILE];
    let mut faults = Vec::new();
    let said = workshop.run("hadolint.out", &hadolint, &words, &[])?;
    if !said.well {
        faults.extend(said.faults("hadolint"));
    }
    let mut yaml = vec![COMPOSE.to_owned()];
    for folder in FOLDERS {
        let found = files_below(&workshop.root().join(folder), YAML);
        let below = found
            .iter()
            .filter_map(|file| file.strip_prefix(workshop.root()).ok());
        yaml.extend(below.map(|file| file.display().to_string()));
    }
    let mut words = vec!["--strict", "-f", "parsable", "-d", YAMLLINT];
    words.extend(yaml.iter().map(String::as_str));
    let said = workshop.run("yamllint.out", &workshop.packaged("yamllint"), &words, &[])?;
    if !said.well {
        faults.extend(said.faults("yamllint"));
    }
    Ok(Verdict::new(
        format!("1 Dockerfile, {} YAML files", yaml.len()),
        faults,
    ))
}
