//! Part `copies`: what k8s/ repeats of deploy/. Kustomize reads nothing outside its folder, and the Prometheus
//! operator wants rules inside an object of its own.
//!
//! Owns which file is a copy of which. Keeps true: the originals are in deploy/.

use std::fs;
use std::path::Path;

use super::verdict::Verdict;
use super::workshop::{Workshop, read};
use crate::environment;

/// Original and copy. Copies are written by this program, but for those with comments of their own.
const SAME: &[(&str, &str, Comments)] = &[
    (
        "deploy/redis/users.acl",
        "k8s/base/redis/users.acl",
        Comments::Same,
    ),
    (
        "deploy/redis/users.acl",
        "k8s/overlays/redis-cluster/redis-cluster/users.acl",
        Comments::Same,
    ),
    (
        "deploy/redis/acl-lines",
        "k8s/base/redis/acl-lines",
        Comments::Same,
    ),
    (
        "deploy/redis/acl-lines",
        "k8s/overlays/redis-cluster/redis-cluster/acl-lines",
        Comments::Same,
    ),
    (
        "deploy/redis/redis.conf",
        "k8s/base/redis/redis.conf",
        Comments::Own,
    ),
    (
        "deploy/redis/redis.conf",
        "k8s/overlays/redis-cluster/redis-cluster/redis.conf",
        Comments::Own,
    ),
];

/// Whether the comments of a copy are those of the original.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comments {
    Same,
    Own,
}

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
    for (original, copy, comments) in SAME {
        let (from, to) = (read(&root.join(original))?, read(&root.join(copy))?);
        let line = first_difference(&lines(&from, *comments), &lines(&to, *comments));
        faults.extend(line.map(|line| differs(copy, line, original, *comments)));
    }
    let (from, to) = (rules(root)?, read(&root.join(RULES_COPY))?);
    let all = |text| lines(text, Comments::Same);
    let line = first_difference(&all(&from), &all(&to));
    faults.extend(line.map(|line| differs(RULES_COPY, line, "deploy/prometheus", Comments::Same)));
    Ok(Verdict::new(format!("{} copies", SAME.len() + 1), faults))
}

fn differs(copy: &str, line: usize, original: &str, comments: Comments) -> String {
    let advice = match comments {
        Comments::Same => "`cargo xtask deploy-check copy` writes it",
        Comments::Own => "change both",
    };
    format!("{copy}:{line}: is not as in {original}; {advice}")
}

/// Writes the copies that have no comments of their own.
///
/// # Errors
/// A sentence that names what could not be read or written.
pub(super) fn make() -> Result<(), String> {
    let root = environment::workspace_root();
    let write = |copy: &str, text: String| {
        fs::write(root.join(copy), text).map_err(|why| format!("can't write {copy}: {why}"))?;
        println!("deploy-check: wrote {copy}");
        Ok::<(), String>(())
    };
    for (original, copy, comments) in SAME {
        if *comments == Comments::Same {
            write(copy, read(&root.join(original))?)?;
        }
    }
    write(RULES_COPY, rules(&root)?)
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

/// The lines that are compared, with their numbers.
fn lines(text: &str, comments: Comments) -> Vec<(usize, String)> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| {
        comments == Comments::Same || !(line.trim().is_empty() || line.starts_with('#'))
    });
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
    use super::{Comments, first_difference, lines};

    #[test]
    fn a_copy_with_comments_of_its_own_differs_in_nothing_else() {
        let differs = |a: &str, b: &str| {
            let lines = |text| lines(text, Comments::Own);
            first_difference(&lines(a), &lines(b))
        };
        assert_eq!(differs("# a\nx\ny\n", "x\n\n# b\ny\n"), None);
        assert_eq!(differs("x\ny\n", "# b\nx\nz\n"), Some(3));
        assert_eq!(differs("x\ny\n", "x\n"), Some(1));
        assert_eq!(differs("x\n", "x\n# b\ny\n"), Some(3));
        let same = |text| lines(text, Comments::Same);
        assert_eq!(first_difference(&same("# a\n"), &same("# b\n")), Some(1));
    }
}
