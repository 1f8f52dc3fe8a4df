//! Part `copies`: what k8s/ repeats of deploy/. Kustomize reads nothing outside its folder, and the Prometheus
//! operator wants rules inside an object of its own.
//!
//! Owns which file is a copy of which. Keeps true: the originals are in deploy/; lines that are comments may
//! differ, except in what is written here.

use std::fs;
use std::path::Path;

use super::verdict::Verdict;
use super::workshop::{Workshop, read};
use crate::environment;

/// Original and copy, which say the same in every line that is no comment.
const SAME: &[(&str, &str)] = &[
    ("deploy/redis/users.acl", "k8s/base/redis/users.acl"),
    ("deploy/redis/redis.conf", "k8s/base/redis/redis.conf"),
    (
        "deploy/redis/users.acl",
        "k8s/overlays/redis-cluster/redis-cluster/users.acl",
    ),
    (
        "deploy/redis/redis.conf",
        "k8s/overlays/redis-cluster/redis-cluster/redis.conf",
    ),
];

const RULES: &[&str] = &[
    "deploy/prometheus/recording.yml",
    "deploy/prometheus/alerts.yml",
];
const RULES_COPY: &str = "k8s/components/monitoring/rules.yaml";
const RULES_HEAD: &str = "\
# Written by `cargo xtask deploy-check copy` from deploy/prometheus. Change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: roomcast
  labels:
    app.kubernetes.io/name: roomcast
spec:
  groups:
";

/// Compares all of them.
pub(super) fn check(workshop: &Workshop) -> Result<Verdict, String> {
    let mut faults = Vec::new();
    let root = workshop.root();
    for (original, copy) in SAME {
        let (from, to) = (read(&root.join(original))?, read(&root.join(copy))?);
        let line = first_difference(&without_comments(&from), &without_comments(&to));
        faults.extend(line.map(|line| format!("{copy}:{line}: is not as in {original}")));
    }
    let (from, to) = (rules(root)?, read(&root.join(RULES_COPY))?);
    let numbered = |text: &str| -> Vec<(usize, String)> {
        let lines = text.lines().enumerate();
        lines.map(|(at, line)| (at + 1, line.to_owned())).collect()
    };
    let line = first_difference(&numbered(&from), &numbered(&to));
    faults.extend(line.map(|line| {
        format!(
            "{RULES_COPY}:{line}: is not as in deploy/prometheus; \
             `cargo xtask deploy-check copy` writes it"
        )
    }));
    Ok(Verdict::new(format!("{} copies", SAME.len() + 1), faults))
}

/// Writes the copies that are written by a program; the others have comments of their own.
///
/// # Errors
/// A sentence that names what could not be read or written.
pub(super) fn make() -> Result<(), String> {
    let root = environment::workspace_root();
    let file = root.join(RULES_COPY);
    fs::write(&file, rules(&root)?).map_err(|why| format!("can't write {RULES_COPY}: {why}"))?;
    println!("deploy-check: wrote {RULES_COPY}");
    Ok(())
}

fn rules(root: &Path) -> Result<String, String> {
    let mut text = RULES_HEAD.to_owned();
    for file in RULES {
        let rules = read(&root.join(file))?;
        let (_, groups) = rules
            .split_once("\ngroups:\n")
            .ok_or_else(|| format!("{file}: there is no line `groups:`"))?;
        for line in groups.lines() {
            if !line.is_empty() {
                text.push_str("  ");
            }
            text.push_str(line);
            text.push('\n');
        }
    }
    Ok(text)
}

/// The lines that say something, with their numbers.
fn without_comments(text: &str) -> Vec<(usize, String)> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|(at, line)| (at + 1, line.to_owned())).collect()
}

/// The number of the first line of the copy that differs; of its last line where it is too short.
fn first_difference(original: &[(usize, String)], copy: &[(usize, String)]) -> Option<usize> {
    let pairs = original.iter().zip(copy);
    let different = pairs.into_iter().find(|((_, a), (_, b))| a != b);
    let last = copy.last().map_or(1, |(number, _)| *number);
    match different {
        Some((_, (number, _))) => Some(*number),
        None if copy.len() > original.len() => Some(copy[original.len()].0),
        None => (copy.len() < original.len()).then_some(last),
    }
}

#[cfg(test)]
mod tests {
    use super::{first_difference, without_comments};

    #[test]
    fn copies_may_differ_in_comments_and_in_nothing_else() {
        let differs =
            |a: &str, b: &str| first_difference(&without_comments(a), &without_comments(b));
        assert_eq!(differs("# a\nx\ny\n", "x\n\n# b\ny\n"), None);
        assert_eq!(differs("x\ny\n", "# b\nx\nz\n"), Some(3));
        assert_eq!(differs("x\ny\n", "x\n"), Some(1));
        assert_eq!(differs("x\n", "x\n# b\ny\n"), Some(3));
    }
}
