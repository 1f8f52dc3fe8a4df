//! What a run is asked to be: flags, and a TOML file for what the flags don't say.
//!
//! Every key is a flag and a key of the file, under one name. Everything is optional: what nobody says is
//! the scenario's to choose.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use clap::builder::FalseyValueParser;
use serde::{Deserialize, Deserializer};

use crate::fault::{Fault, time};

/// A length of time: `250ms`, `10s`, `2m`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Time(pub Duration);

/// What is asked for.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// Read what the flags don't say from this TOML file; its keys are the flags' names.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Connect there, as in ws://chat.example:8080; the path is /v1/ws unless it names one. May be repeated.
    #[arg(long, value_name = "URL", help_heading = "Where")]
    pub target: Vec<String>,
    /// Start a cluster of that many nodes on this machine, with Redis and HAProxy, and connect to it.
    #[arg(long, value_name = "NODES", num_args = 0..=1, default_missing_value = "3", help_heading = "Where")]
    pub local: Option<usize>,
    /// The gateway's program for --local. Default: `roomcast` beside this one.
    #[arg(long, value_name = "FILE", help_heading = "Where")]
    pub roomcast: Option<PathBuf>,
    /// With --local: clients connect to the nodes themselves, not to HAProxy.
    #[arg(long, help_heading = "Where")]
    pub no_balancer: bool,
    /// With --local: more flags for the gateways, as one text. May be repeated.
    #[arg(
        long,
        value_name = "FLAGS",
        allow_hyphen_values = true,
        help_heading = "Where"
    )]
    pub gateway: Vec<String>,
    /// A file with one token a line, one for each client. Without it, the server must believe names.
    #[arg(long, value_name = "FILE", help_heading = "Where")]
    pub tokens: Option<PathBuf>,
    /// Connect from so many addresses of 127.0.0.0/8: one has ports for some 28,000 connections.
    #[arg(long, value_name = "COUNT", help_heading = "Where")]
    pub sources: Option<u8>,

    /// How many clients come.
    #[arg(long, value_name = "COUNT", help_heading = "Who")]
    pub clients: Option<u32>,
    /// In how many rooms.
    #[arg(long, value_name = "COUNT", help_heading = "Who")]
    pub rooms: Option<u32>,
    /// How many members of each room talk, where rooms are of one size.
    #[arg(long, value_name = "COUNT", help_heading = "Who")]
    pub speakers: Option<u32>,
    /// How many rooms each person is in.
    #[arg(long, value_name = "COUNT", help_heading = "Who")]
    pub rooms_each: Option<u32>,
    /// How unlike rooms are in size: exponent of the Zipf law by which people choose them.
    #[arg(long, value_name = "EXPONENT", help_heading = "Who")]
    pub zipf: Option<f64>,
    /// Of a hundred messages of people, so many are direct ones.
    #[arg(long, value_name = "PERCENT", help_heading = "Who")]
    pub direct: Option<f64>,
    /// After so many of a hundred messages, people reload the page.
    #[arg(long, value_name = "PERCENT", help_heading = "Who")]
    pub reloads: Option<f64>,
    /// So many clients stop reading, in `slow-readers`.
    #[arg(long, value_name = "COUNT", help_heading = "Who")]
    pub slow: Option<u32>,

    /// Messages a second that are due, of all clients together. With `saturate`, the first rate.
    #[arg(long, value_name = "RATE", help_heading = "What")]
    pub rate: Option<f64>,
    /// How long clients talk. With `saturate`, at each rate.
    #[arg(long = "for", value_name = "TIME", help_heading = "What")]
    #[serde(rename = "for")]
    pub talk_for: Option<Time>,
    /// How long all are in before anybody talks.
    #[arg(long, value_name = "TIME", help_heading = "What")]
    pub idle: Option<Time>,
    /// How long after the last word and the last fault everybody must be at rest.
    #[arg(long, value_name = "TIME", help_heading = "What")]
    pub settle: Option<Time>,
    /// How long to wait for clients to connect, for acks, and for everybody to be back, before going on.
    #[arg(long, value_name = "TIME", help_heading = "What")]
    pub patience: Option<Time>,
    /// Bytes of each message beyond the 30 or so that name it.
    #[arg(long, value_name = "COUNT", help_heading = "What")]
    pub bytes: Option<usize>,
    /// Let the server pack frames into arrays.
    #[arg(long, help_heading = "What")]
    pub batch: bool,
    /// Messages of one client that may wait for their ack; what is due beyond that is not sent.
    #[arg(long, value_name = "COUNT", help_heading = "What")]
    pub waiting: Option<usize>,
    /// Connections begun in a second.
    #[arg(long, value_name = "RATE", help_heading = "What")]
    pub connects: Option<u32>,
    /// With `saturate`: what the rate is multiplied by from step to step.
    #[arg(long, value_name = "FACTOR", help_heading = "What")]
    pub factor: Option<f64>,
    /// With `saturate`: the longest p99 of deliveries that is still good.
    #[arg(long, value_name = "TIME", help_heading = "What")]
    pub p99: Option<Time>,

    /// What goes wrong: kill:gateway-2@10s, stop:gateway-1@15s+5s, cut-feed@5s, redis-restart@20s+2s, … or
    /// run:COMMAND@10s. May be repeated.
    #[arg(long, value_name = "FAULT", help_heading = "Faults")]
    #[serde(deserialize_with = "faults")]
    pub fault: Vec<Fault>,
    /// So many faults at random times.
    #[arg(long, value_name = "COUNT", help_heading = "Faults")]
    pub random_faults: Option<usize>,
    /// A process of the cluster, as NAME=PID: its cost is reported, and faults can name it. Give it the
    /// name of its node. May be repeated.
    #[arg(long, value_name = "NAME=PID", help_heading = "Faults")]
    pub pid: Vec<String>,
    /// The cluster's Redis, for faults that concern it.
    #[arg(long, value_name = "URL", help_heading = "Faults")]
    pub redis: Option<String>,
    /// How many messages a room's log keeps at least: gaps are then told to be true or not.
    #[arg(long, value_name = "COUNT", help_heading = "Faults")]
    pub history: Option<u64>,

    /// Where the dice begin: the same seed makes the same run.
    #[arg(long, value_name = "NUMBER", help_heading = "How")]
    pub seed: Option<u64>,
    /// How many processes make the load. Default: as many as files that may be open demand.
    #[arg(long, value_name = "COUNT", help_heading = "How")]
    pub processes: Option<u32>,
    /// Where results are written: result.json, report.html, ledgers.
    #[arg(long, value_name = "DIRECTORY", help_heading = "How")]
    pub out: Option<PathBuf>,
    /// Keep the ledgers even if all is well.
    #[arg(long, help_heading = "How")]
    pub keep: bool,
    /// No colours, and no drawing over what was drawn.
    #[arg(long, env = "NO_COLOR", hide_env = true, value_parser = FalseyValueParser::new(), help_heading = "How")]
    pub plain: bool,
}

/// A setting that can't be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{key}: {why}")]
pub struct SettingError {
    /// Its name.
    pub key: String,
    /// What is wrong with it, and what was expected.
    pub why: String,
}

impl SettingError {
    /// `key` can't be used.
    pub fn new(key: &str, why: impl Into<String>) -> Self {
        let (key, why) = (key.into(), why.into());
        Self { key, why }
    }
}

impl Settings {
    /// What the flags say, and the file for the rest. `text` is what the file holds.
    ///
    /// # Errors
    /// The file is no TOML, has a key that isn't known, or a value that can't be used.
    pub fn or_file(self, text: &str) -> Result<Self, SettingError> {
        let file: Self =
            toml::from_str(text).map_err(|why| SettingError::new("config", why.to_string()))?;
        let list = |flags: Vec<String>, file| if flags.is_empty() { file } else { flags };
        Ok(Self {
            config: self.config,
            target: list(self.target, file.target),
            local: self.local.or(file.local),
            roomcast: self.roomcast.or(file.roomcast),
            no_balancer: self.no_balancer || file.no_balancer,
            gateway: list(self.gateway, file.gateway),
            tokens: self.tokens.or(file.tokens),
            sources: self.sources.or(file.sources),
            clients: self.clients.or(file.clients),
            rooms: self.rooms.or(file.rooms),
            speakers: self.speakers.or(file.speakers),
            rooms_each: self.rooms_each.or(file.rooms_each),
            zipf: self.zipf.or(file.zipf),
            direct: self.direct.or(file.direct),
            reloads: self.reloads.or(file.reloads),
            slow: self.slow.or(file.slow),
            rate: self.rate.or(file.rate),
            talk_for: self.talk_for.or(file.talk_for),
            idle: self.idle.or(file.idle),
            settle: self.settle.or(file.settle),
            patience: self.patience.or(file.patience),
            bytes: self.bytes.or(file.bytes),
            batch: self.batch || file.batch,
            waiting: self.waiting.or(file.waiting),
            connects: self.connects.or(file.connects),
            factor: self.factor.or(file.factor),
            p99: self.p99.or(file.p99),
            fault: if self.fault.is_empty() {
                file.fault
            } else {
                self.fault
            },
            random_faults: self.random_faults.or(file.random_faults),
            pid: list(self.pid, file.pid),
            redis: self.redis.or(file.redis),
            history: self.history.or(file.history),
            seed: self.seed.or(file.seed),
            processes: self.processes.or(file.processes),
            out: self.out.or(file.out),
            keep: self.keep || file.keep,
            plain: self.plain || file.plain,
        })
    }
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = time::parse(text).map(Self);
        read.ok_or_else(|| format!("{text:?} is not {}", time::EXPECTED))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn faults<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Fault>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let faults = texts.iter().map(|text| text.parse());
    faults
        .collect::<Result<_, _>>()
        .map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Settings, Time};

    #[test]
    fn the_file_says_what_the_flags_do_not() {
        let flags = Settings {
            clients: Some(5),
            fault: vec!["cut-feed@1s".parse().unwrap()],
            ..Settings::default()
        };
        let file = "clients = 9\nfor = '2m'\nrate = 1.5\nfault = ['kill:a@3s']\nrooms-each = 2\n";
        let both = flags.or_file(file).unwrap();
        assert_eq!((both.clients, both.rooms_each), (Some(5), Some(2)));
        assert_eq!(both.talk_for, Some(Time(Duration::from_secs(120))));
        assert_eq!(both.fault.len(), 1);
        assert_eq!(both.fault[0].name, "cut-feed@1s");
    }

    #[test]
    fn a_file_with_a_key_or_a_value_that_makes_no_sense_is_refused() {
        for (file, expected) in [
            ("client = 9", "unknown field `client`"),
            ("for = '2 weeks'", "a time such as"),
            ("fault = ['trip@2s']", "trip"),
            ("clients = ", "expected"),
        ] {
            let why = Settings::default().or_file(file).unwrap_err().to_string();
            assert!(why.contains(expected), "{file}: {why}");
        }
    }
}
