//! The compose project under test: its name and ports, and how programs are run for it.
//!
//! Keeps true: the project is none of the user's, and neither an `.env` nor settings of a shell reach it, but for
//! what the engine may need (`GATEWAY_NOFILE` and the like). Each program is bounded in time.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::environment;
use crate::job::{Ending, Job};

/// The project, and the image that is built for it.
pub(super) const PROJECT: &str = "roomcast-cluster-test";
const EXAMPLE: &str = ".env.example";
/// For what only asks.
const LIMIT: Duration = Duration::from_secs(60);
/// A shell's word for: become the program given, with what it says in the files before it.
const TO_FILES: &str = "out=$1; shift; exec \"$@\" > \"$out\" 2> \"$out.err\"";
/// Of what a program says in its distress.
const WORDS_CHARS_MAX: usize = 600;

/// The project, as compose is told of it.
pub(super) struct Project {
    root: PathBuf,
    folder: PathBuf,
    edge_port: u16,
    tls_port: u16,
    prometheus_port: u16,
    grafana_port: u16,
    /// Settings of gateways that a shell may have for another cluster.
    unset: Vec<String>,
}

/// What a program has said.
pub(super) struct Said {
    pub(super) well: bool,
    pub(super) out: String,
    err: String,
}

impl Project {
    /// Chooses ports, and sees whether there is an engine. Nothing is started.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub(super) fn prepare() -> Result<Self, String> {
        let folder = environment::target_folder()?.join("cluster-test");
        fs::create_dir_all(&folder)
            .map_err(|why| format!("can't make {}: {why}", folder.display()))?;
        let root = environment::workspace_root();
        let example =
            fs::read_to_string(root.join(EXAMPLE)).map_err(|why| format!("{EXAMPLE}: {why}"))?;
        let [edge_port, tls_port, prometheus_port, grafana_port] = free_ports()?;
        let stack = Self {
            root,
            folder,
            edge_port,
            tls_port,
            prometheus_port,
            grafana_port,
            unset: settings_of_gateways(&example),
        };
        let needed = |why| format!("a Docker engine and compose 2.24 or newer are needed: {why}");
        stack
            .must(&["docker", "info", "--format", "{{.ServerVersion}}"])
            .map_err(needed)?;
        stack
            .must(&["docker", "compose", "version"])
            .map_err(needed)?;
        Ok(stack)
    }

    /// Where logs and results go.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where clients connect, on loopback.
    pub(super) fn edge_port(&self) -> u16 {
        self.edge_port
    }

    pub(super) fn prometheus_port(&self) -> u16 {
        self.prometheus_port
    }

    pub(super) fn grafana_port(&self) -> u16 {
        self.grafana_port
    }

    /// A file of the project's tree.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Runs a program of which only the outcome counts; what it says.
    ///
    /// # Errors
    /// A sentence with its last words.
    pub(super) fn must(&self, words: &[&str]) -> Result<String, String> {
        let shown = words.iter().take(4).copied().collect::<Vec<_>>().join(" ");
        self.call("last.log", words, LIMIT)?.or_last_words(&shown)
    }

    /// Runs a program at the project's root, with the project's variables; what it says is kept in files called `log`.
    ///
    /// # Errors
    /// A sentence, when it could not be started or was not done in time.
    pub(super) fn call(&self, log: &str, words: &[&str], limit: Duration) -> Result<Said, String> {
        self.call_with(log, words, &[], limit)
    }

    /// The same with more variables.
    pub(super) fn call_with(
        &self,
        log: &str,
        words: &[&str],
        more: &[(&'static str, OsString)],
        limit: Duration,
    ) -> Result<Said, String> {
        let file = self.folder.join(log);
        let mut arguments = self.prefix();
        arguments.extend(["sh", "-c", TO_FILES, "sh"].map(str::to_owned));
        arguments.push(file.display().to_string());
        arguments.extend(words.iter().map(|&word| word.to_owned()));
        let job = Job {
            program: "env".into(),
            shown_as: "env",
            arguments,
            variables: self
                .variables()
                .into_iter()
                .chain(more.iter().cloned())
                .collect(),
            folder: self.root.clone(),
            limit,
            keep: |_| false,
        };
        let ending = job.run()?.ending;
        let read = |file: &Path| fs::read_to_string(file).unwrap_or_default();
        let err = read(&file.with_file_name(format!(
            "{}.err",
            file.file_name().unwrap_or_default().to_string_lossy()
        )));
        match ending {
            Ending::Well | Ending::Code(_) => Ok(Said {
                well: ending == Ending::Well,
                out: read(&file),
                err,
            }),
            Ending::TookTooLong => Err(format!(
                "`{}` was not done within {} s",
                words[0],
                limit.as_secs()
            )),
            Ending::Signal(signal) => Err(format!("`{}` was killed by signal {signal}", words[0])),
        }
    }

    /// What stands before a program for `env`.
    pub(super) fn prefix(&self) -> Vec<String> {
        self.unset
            .iter()
            .flat_map(|name| ["-u".to_owned(), name.clone()])
            .collect()
    }

    /// What makes compose mean this project.
    pub(super) fn variables(&self) -> Vec<(&'static str, OsString)> {
        let port = |port: u16| port.to_string().into();
        vec![
            ("PATH", environment::full_path()),
            ("COMPOSE_PROJECT_NAME", PROJECT.into()),
            ("COMPOSE_FILE", "docker-compose.yml".into()),
            ("COMPOSE_PROFILES", OsString::new()),
            // Never what somebody has in a .env of their own.
            ("COMPOSE_ENV_FILES", "/dev/null".into()),
            ("GATEWAY_IMAGE", PROJECT.into()),
            ("GATEWAY_REPLICAS", "3".into()),
            ("EDGE_ADDRESS", "127.0.0.1".into()),
            ("EDGE_PORT", port(self.edge_port)),
            ("EDGE_TLS_PORT", port(self.tls_port)),
            ("PROMETHEUS_PORT", port(self.prometheus_port)),
            ("GRAFANA_PORT", port(self.grafana_port)),
        ]
    }

    /// What to type to meet the project oneself.
    pub(super) fn by_hand(&self) -> String {
        let Self {
            edge_port,
            prometheus_port,
            grafana_port,
            ..
        } = self;
        let set = self
            .variables()
            .into_iter()
            .filter(|(name, _)| *name != "PATH");
        let set: Vec<String> = set
            .map(|(name, value)| format!("{name}={}", value.to_string_lossy()))
            .collect();
        format!(
            "    export {}\n    docker compose ps\n    docker compose down --volumes\n\n\
             page http://127.0.0.1:{edge_port}/, Prometheus http://127.0.0.1:{prometheus_port}/, \
             Grafana http://127.0.0.1:{grafana_port}/",
            set.join(" ")
        )
    }
}

impl Said {
    /// What it said if all went well.
    ///
    /// # Errors
    /// A sentence with its last words.
    pub(super) fn or_last_words(self, shown: &str) -> Result<String, String> {
        match self.well {
            true => Ok(self.out),
            false => Err(format!("`{shown}` failed: {}", self.last_words())),
        }
    }

    /// The end of what it said, complaints first.
    pub(super) fn last_words(&self) -> String {
        let said = if self.err.trim().is_empty() {
            &self.out
        } else {
            &self.err
        };
        let said = said.trim().replace('\n', " / ");
        let skipped = said.chars().count().saturating_sub(WORDS_CHARS_MAX);
        said.chars().skip(skipped).collect()
    }
}

/// Ports that were free a moment ago.
fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT], String> {
    let cannot = |why| format!("no free port on loopback: {why}");
    let mut held = Vec::new();
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(cannot)?;
        *port = listener.local_addr().map_err(cannot)?.port();
        held.push(listener);
    }
    Ok(ports)
}

fn settings_of_gateways(example: &str) -> Vec<String> {
    let names = example.lines().filter_map(|line| line.split_once('='));
    let names = names.map(|(name, _)| name.trim_start_matches(['#', ' ']));
    names
        .filter(|name| name.starts_with("ROOMCAST_"))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Said, free_ports, settings_of_gateways};

    #[test]
    fn settings_that_a_shell_may_have_are_known_from_the_example() {
        let example =
            "# Where\nEDGE_PORT=8080\nROOMCAST_REDIS=\n# ROOMCAST_PAGE=true\n# ROOMCAST: a word\n";
        assert_eq!(
            settings_of_gateways(example),
            ["ROOMCAST_REDIS", "ROOMCAST_PAGE"]
        );
    }

    #[test]
    fn ports_are_each_another() {
        let mut ports: [u16; 4] = free_ports().unwrap();
        ports.sort_unstable();
        assert!(
            ports.windows(2).all(|two| two[0] != two[1]) && ports[0] > 0,
            "{ports:?}"
        );
    }

    #[test]
    fn the_last_words_are_complaints_where_there_are_any() {
        let said = |out: &str, err: &str| Said {
            well: false,
            out: out.to_owned(),
            err: err.to_owned(),
        };
        assert_eq!(said("a\nb\n", " \n").last_words(), "a / b");
        assert_eq!(said("a", "why\n").last_words(), "why");
        let long = "x".repeat(10_000) + "end";
        let last = said("", &long).last_words();
        assert!(last.ends_with("end") && last.len() < 1_000);
    }
}
