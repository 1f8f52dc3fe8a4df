//! Part `kustomize`: every overlay is built, and every component on top of the base, so that those which no
//! overlay takes are seen too.
//!
//! Owns where the results are: one file each, for the parts that judge objects.

use std::fs;
use std::path::{Path, PathBuf};

use super::verdict::Verdict;
use super::workshop::{Workshop, files};

const TREE: &str = "k8s";
/// The folder of the results, by the name of what was built.
pub(super) const BUILT: &str = "built";

/// Builds all of them.
pub(super) fn check(workshop: &Workshop) -> Result<Verdict, String> {
    let tree = workshop.root().join(TREE);
    let overlays = folders(&tree.join("overlays"));
    let components = folders(&tree.join("components"));
    let built = workshop.empty_folder(BUILT)?;
    let made = workshop.empty_folder("kustomizations")?;
    let mut faults = patches_of_several(overlays.iter().chain(&components));
    if overlays.is_empty() {
        faults.push(format!("{TREE}/overlays: there is no overlay"));
    }
    let kubectl = workshop.packaged("kubectl");
    let mut build = |name: String, folder: &Path| -> Result<(), String> {
        let place = folder.strip_prefix(workshop.root()).unwrap_or(folder);
        let words = ["kustomize", &place.display().to_string()];
        let said = workshop.run("kustomize.out", &kubectl, &words, &[])?;
        let shown = place.display().to_string();
        if !said.well {
            faults.extend(said.faults(&shown));
            return Ok(());
        }
        // A warning tells of something that the next version refuses.
        let warnings = said.err.lines().filter(|line| !line.trim().is_empty());
        faults.extend(warnings.map(|line| format!("{shown}: {line}")));
        let file = built.join(format!("{name}.yaml"));
        fs::write(&file, said.out).map_err(|why| format!("can't write {}: {why}", file.display()))
    };
    for overlay in &overlays {
        build(name_of(overlay), overlay)?;
    }
    for component in &components {
        let name = format!("base+{}", name_of(component));
        let folder = made.join(&name);
        write_kustomization(&folder, &tree.join("base"), component)?;
        build(name, &folder)?;
    }
    Ok(Verdict::new(
        format!(
            "{} overlays, {} components",
            overlays.len(),
            components.len()
        ),
        faults,
    ))
}

/// Patch files of several objects, which kubectl before 1.33 refuses, or breaks down over.
fn patches_of_several<'a>(folders: impl Iterator<Item = &'a PathBuf>) -> Vec<String> {
    let read = |file: &Path| fs::read_to_string(file).unwrap_or_default();
    let mut faults = Vec::new();
    for folder in folders {
        let kustomization = read(&folder.join("kustomization.yaml"));
        let patches = patches(&kustomization).map(|patch| folder.join(patch));
        let several = patches.filter(|patch| has_several(&read(patch)));
        faults.extend(several.map(|patch| format!("{}: patches several objects", patch.display())));
    }
    faults
}

/// The files of patches that a kustomization names.
fn patches(kustomization: &str) -> impl Iterator<Item = &str> {
    let lines = kustomization.lines().map(str::trim);
    lines.filter_map(|line| line.strip_prefix("- path: "))
}

fn has_several(yaml: &str) -> bool {
    // The first may begin with a mark, too.
    yaml.lines().skip(1).any(|line| line.starts_with("---"))
}

/// A component alone is no kustomization; this one puts it on the base.
fn write_kustomization(folder: &Path, base: &Path, component: &Path) -> Result<(), String> {
    let text = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: roomcast\n\
         resources:\n  - {}\ncomponents:\n  - {}\n",
        relative(folder, base).display(),
        relative(folder, component).display()
    );
    let file = folder.join("kustomization.yaml");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&file, text))
        .map_err(|why| format!("can't write {}: {why}", file.display()))
}

/// The way from a folder to a place: Kustomize takes no absolute ones.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components());
    let shared = shared.take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| "..");
    let mut way: PathBuf = up.collect();
    way.extend(to.components().skip(shared));
    way
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut found = files(parent, &[""]);
    found.retain(|folder| folder.join("kustomization.yaml").is_file());
    found
}

fn name_of(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{has_several, patches, relative};

    #[test]
    fn a_patch_of_several_objects_is_found() {
        let named = "patches:\n  - path: a.yaml\n  # - path: b.yaml\nresources:\n  - c.yaml\n";
        assert_eq!(patches(named).collect::<Vec<_>>(), ["a.yaml"]);
        assert!(has_several("kind: A\n---\nkind: B\n"));
        assert!(!has_several("---\nkind: A\n"));
    }

    #[test]
    fn the_way_between_two_folders_goes_up_and_down_again() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(
            way("/a/target/x", "/a/k8s/base"),
            Path::new("../../k8s/base")
        );
        assert_eq!(way("/t/x", "/a/k8s"), Path::new("../../a/k8s"));
    }
}
