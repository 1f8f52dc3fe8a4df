//! Where an object stands in k8s/: what Kustomize has built bears no trace of its files.
//!
//! Keeps true: of an object that several files speak of, the one in the base counts, and one that deletes it never.

use std::collections::BTreeMap;

use super::verdict::Verdict;
use super::workshop::{Workshop, files_below, read};

const TREE: &str = "k8s";
const DELETES: &str = "$patch: delete";

/// `Kind/name` to `file:line`.
pub(super) struct Origins(BTreeMap<String, String>);

impl Origins {
    /// Looks through all files.
    ///
    /// # Errors
    /// A sentence that names the file that can't be read.
    pub(super) fn read(workshop: &Workshop) -> Result<Self, String> {
        let mut places = BTreeMap::new();
        // In the order of their paths, so that `base` comes first.
        for file in files_below(&workshop.root().join(TREE), &[".yaml"]) {
            let place = file.strip_prefix(workshop.root()).unwrap_or(&file);
            for (line, object) in objects(&read(&file)?) {
                let place = format!("{}:{line}", place.display());
                places.entry(object).or_insert(place);
            }
        }
        Ok(Self(places))
    }

    /// Faults of the form `Kind/name: what is wrong`, each by the build it was found in: told once, with where the
    /// object stands and which builds have it.
    pub(super) fn told(&self, counted: String, found: &[(String, String)]) -> Verdict {
        let mut builds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (build, fault) in found {
            builds.entry(fault).or_default().push(build);
        }
        let told = builds.into_iter().map(|(fault, builds)| {
            let object = fault.split(':').next().unwrap_or_default();
            let place = self.0.get(object).map_or(TREE, String::as_str);
            format!("{place}: {fault} (in {})", builds.join(", "))
        });
        Verdict::new(counted, told.collect())
    }
}

/// The objects of a file, with the lines at which they begin.
fn objects(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut first = 1;
    for document in text.split("\n---\n") {
        let lines = document.lines().collect::<Vec<_>>();
        let at = |start: &str| lines.iter().position(|line| line.starts_with(start));
        let kind = at("kind: ").map(|at| (at, &lines[at]["kind: ".len()..]));
        let name = at("  name: ").map(|at| &lines[at]["  name: ".len()..]);
        if let (Some((line, kind)), Some(name)) = (kind, name)
            && !lines.contains(&DELETES)
        {
            found.push((first + line, format!("{kind}/{name}")));
        }
        first += lines.len() + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Origins, objects};

    #[test]
    fn objects_are_found_by_kind_and_name_but_not_where_they_are_deleted() {
        let text = "# x\nkind: A\nmetadata:\n  name: b\n---\nkind: C\nmetadata:\n  name: d\n\
                    spec:\n  name: e\n---\nkind: F\nmetadata:\n  name: g\n$patch: delete\n";
        let found = objects(text);
        assert_eq!(found, [(2, "A/b".to_owned()), (6, "C/d".to_owned())]);
    }

    #[test]
    fn a_fault_of_many_builds_is_told_once_with_its_place() {
        let origins = Origins([("A/b".to_owned(), "k8s/a.yaml:2".to_owned())].into());
        let fault = "A/b: it is wrong".to_owned();
        let found = [
            ("dev".to_owned(), fault.clone()),
            ("prod".to_owned(), fault),
        ];
        let verdict = origins.told("2 builds".into(), &found);
        assert_eq!(
            verdict.faults,
            ["k8s/a.yaml:2: A/b: it is wrong (in dev, prod)"]
        );
    }
}
