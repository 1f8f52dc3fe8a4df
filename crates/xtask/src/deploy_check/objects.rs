//! Part `objects`: everything that was built fits the schemas of Kubernetes and of the custom resources.
//!
//! Owns where the objects are, as JSON, for the part that judges what no schema knows. Validating is the business
//! of objects.py, for the schemas come as Python packages.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::kustomize::BUILT;
use super::origins::Origins;
use super::verdict::Verdict;
use super::workshop::{Workshop, files};

const SCRIPT: &str = include_str!("objects.py");
const HTTP_ROUTE: &str = include_str!("http_route.json");
/// A map of what was built to a list of objects.
pub(super) const OBJECTS: &str = "objects.json";
/// The oldest Kubernetes that the manifests are for, and the newest whose schemas there are.
const VERSIONS: [&str; 2] = ["1.30", "1.37"];

/// Validates all of them.
pub(super) fn check(workshop: &Workshop) -> Result<Verdict, String> {
    let built = files(&workshop.file(BUILT), &[".yaml"]);
    if built.is_empty() {
        return Err("nothing was built; the part `kustomize` says why".into());
    }
    let folder = workshop.empty_folder("schemas")?;
    let script = folder.join("objects.py").display().to_string();
    let schema = folder.join("http_route.json").display().to_string();
    fs::write(&script, SCRIPT)
        .and_then(|()| fs::write(&schema, HTTP_ROUTE))
        .map_err(|why| format!("can't write into {}: {why}", folder.display()))?;
    let versions = VERSIONS.join(",");
    let built: Vec<String> = built
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let mut words = vec![script.as_str(), &versions, &schema];
    words.extend(built.iter().map(String::as_str));
    let said = workshop.run(OBJECTS, &workshop.packaged("python"), &words, &[])?;
    let found: Vec<(String, String)> = said
        .err
        .lines()
        .map(|line| line.split_once(": ").unwrap_or(("objects.py", line)))
        .map(|(build, fault)| (build.to_owned(), fault.to_owned()))
        .collect();
    if !said.well && found.is_empty() {
        return Err("objects.py failed without a word".into());
    }
    let everything: BTreeMap<String, Vec<Value>> =
        serde_json::from_str(&said.out).map_err(|why| format!("{OBJECTS}: {why}"))?;
    let objects: usize = everything.values().map(Vec::len).sum();
    let counted = format!(
        "{} builds, {objects} objects, Kubernetes {}",
        built.len(),
        VERSIONS.join(" and ")
    );
    Ok(Origins::read(workshop)?.told(counted, &found))
}
