//! The stack of docker-compose.yml: built, started, asked, and gone in the end.

use std::time::Duration;

use serde_json::Value;

use super::containers::Container;
use super::project::{PROJECT, Project};
use super::report::Word;
use super::waiting;

/// What the project promises of its image.
const IMAGE_BYTES_MAX: u64 = 40_000_000;
/// Cold, on two busy cores.
const BUILD_LIMIT: Duration = Duration::from_secs(45 * 60);
const PULL_LIMIT: Duration = Duration::from_secs(15 * 60);
/// Until what was disturbed is healthy again.
const REST: Duration = Duration::from_secs(60);

/// The stack.
pub(super) struct Stack {
    pub(super) project: Project,
}

impl Stack {
    /// Builds the gateway's image and brings the others, where they are missing.
    pub(super) fn build(&self) -> Result<(), String> {
        let pull = [
            "docker",
            "compose",
            "pull",
            "--quiet",
            "--ignore-buildable",
            "--policy",
            "missing",
        ];
        self.project
            .call("pull.log", &pull, PULL_LIMIT)?
            .or_last_words("docker compose pull")?;
        let build = ["docker", "compose", "build", "gateway"];
        self.project
            .call("build.log", &build, BUILD_LIMIT)?
            .or_last_words("docker compose build")?;
        Ok(())
    }

    /// The image's size, which must be below what is promised.
    pub(super) fn image_size(&self) -> Result<Word, String> {
        let told = self.project.must(&[
            "docker",
            "image",
            "inspect",
            "--format",
            "{{.Size}}",
            PROJECT,
        ])?;
        let bytes: u64 = told
            .trim()
            .parse()
            .map_err(|_| format!("the image's size is {told:?}"))?;
        let words = format!("the image has {:.1} MB", bytes as f64 / 1e6);
        match bytes < IMAGE_BYTES_MAX {
            true => Ok(Word::Well(words)),
            false => Err(format!(
                "{words}, not below {}",
                IMAGE_BYTES_MAX / 1_000_000
            )),
        }
    }

    /// Starts all of it; every container must be healthy in time.
    pub(super) fn up(&self, limit: Duration) -> Result<Word, String> {
        let from = waiting::now();
        let up = [
            "docker",
            "compose",
            "up",
            "--detach",
            "--wait",
            "--no-build",
        ];
        let said = self.project.call("up.log", &up, limit + REST)?;
        let took = from.elapsed();
        said.or_last_words("docker compose up")?;
        let count = self.at_rest()?.len();
        let words = format!(
            "{count} containers, all healthy {:.1} s after `up`",
            took.as_secs_f64()
        );
        match took <= limit {
            true => Ok(Word::Well(words)),
            false => Err(format!("{words}, not within {} s", limit.as_secs())),
        }
    }

    /// All containers, once each is healthy, or has ended well where it was to end.
    pub(super) fn at_rest(&self) -> Result<Vec<Container>, String> {
        waiting::until(REST, || {
            let all = self.containers()?;
            let restless: Vec<String> = all.iter().filter_map(Container::trouble).collect();
            match restless.is_empty() {
                true => Ok(all),
                false => Err(restless.join(", ")),
            }
        })
        .map(|(all, _)| all)
    }

    /// All containers of the project.
    pub(super) fn containers(&self) -> Result<Vec<Container>, String> {
        let ids = self
            .project
            .must(&["docker", "compose", "ps", "--all", "--quiet"])?;
        let ids: Vec<&str> = ids.lines().collect();
        if ids.is_empty() {
            return Err("the project has no containers".to_owned());
        }
        let told = self
            .project
            .must(&[&["docker", "inspect"], &ids[..]].concat())?;
        let told: Value =
            serde_json::from_str(&told).map_err(|why| format!("docker inspect: {why}"))?;
        told.as_array()
            .into_iter()
            .flatten()
            .map(Container::read)
            .collect()
    }

    /// Under which user each process of the containers that run is really there.
    pub(super) fn uids(&self, all: &[Container]) -> Result<Vec<(String, String)>, String> {
        let mut uids = Vec::new();
        for one in all.iter().filter(|one| one.is_running()) {
            let told = self
                .project
                .must(&["docker", "top", &one.id, "-eo", "pid,uid"])?;
            let rows = told
                .lines()
                .skip(1)
                .filter_map(|row| row.split_whitespace().nth(1));
            uids.extend(rows.map(|uid| (one.name.clone(), uid.to_owned())));
        }
        Ok(uids)
    }

    /// So many tokens, each for a user of its own, as the cluster's own program signs them.
    pub(super) fn tokens(&self, count: u32) -> Result<String, String> {
        let users: Vec<String> = (1..=count)
            .map(|number| format!("--user=client-{number}"))
            .collect();
        let mut words = vec![
            "docker",
            "compose",
            "exec",
            "-T",
            "gateway",
            "roomcast",
            "token",
            "--ttl-s=86400",
        ];
        words.extend(users.iter().map(String::as_str));
        self.project.must(&words)
    }

    /// Whether the engine has nothing more of the project.
    pub(super) fn nothing_is_left(&self) -> Result<Word, String> {
        let filter = format!("label=com.docker.compose.project={PROJECT}");
        let lists: [&[&str]; 3] = [&["ps", "--all"], &["volume", "ls"], &["network", "ls"]];
        for list in lists {
            let words = [&["docker"], list, &["--quiet", "--filter", &filter]].concat();
            let left = self.project.must(&words)?;
            if !left.trim().is_empty() {
                return Err(format!(
                    "`docker {}` still knows {}",
                    list.join(" "),
                    left.replace('\n', " ")
                ));
            }
        }
        Ok(Word::Well(
            "no container, volume or network is left".to_owned(),
        ))
    }
}
