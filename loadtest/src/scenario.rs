//! The scenarios: what load is offered, in what order, and what must hold.
//!
//! A file each. Each chooses what the settings don't say; what is common to all is put together here.

mod chatter;
mod fanout;
mod idle;
mod reconnect_storm;
mod rolling_drain;
mod saturate;
mod shape;
mod slow_readers;
mod soak;

use std::time::Duration;

use crate::audit::check::Check;
use crate::audit::plan::Plan;
use crate::fault::deed::Deed;
use crate::fault::{Fault, plan};
use crate::load::{Crowd, Load};
use crate::script::{Script, Talk};
use crate::settings::{SettingError, Settings};
use shape::Shape;

/// Which one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scenario {
    /// Sessions that do nothing.
    Idle,
    /// Rooms of one size in which a few talk.
    Fanout,
    /// People.
    Chatter,
    /// Rising rates until one can't be kept.
    Saturate,
    /// Everybody is cut at once.
    ReconnectStorm,
    /// Nodes are replaced one by one.
    RollingDrain,
    /// Some stop reading.
    SlowReaders,
    /// People, for hours.
    Soak,
}

/// What a scenario is given beside the settings.
#[derive(Clone, PartialEq, Debug)]
pub struct Setting {
    /// Begins the names of the run's rooms and users.
    pub run: String,
    /// Where clients connect.
    pub targets: Vec<String>,
    /// The nodes that faults may name.
    pub nodes: Vec<String>,
    /// A token for each client; empty where the server believes names.
    pub tokens: Vec<String>,
}

/// How long an answer may take until a message is sent again, in ms.
const ANSWER_MS: u64 = 10_000;
/// Some way below the five minutes that the cluster promises.
const KEY_WINDOW_MS: u64 = 270_000;
/// Longer than any cluster in health takes.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long the cluster remembers a key, in µs.
const KEY_REMEMBERED_US: u64 = 300_000_000;

impl Scenario {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Fanout => "fanout",
            Self::Chatter => "chatter",
            Self::Saturate => "saturate",
            Self::ReconnectStorm => "reconnect-storm",
            Self::RollingDrain => "rolling-drain",
            Self::SlowReaders => "slow-readers",
            Self::Soak => "soak",
        }
    }

    /// The script that plays it.
    ///
    /// # Errors
    /// A setting can't be used.
    pub fn script(self, settings: &Settings, given: Setting) -> Result<Script, SettingError> {
        let settings = &with_tokens(settings, &given.tokens)?;
        let shape = match self {
            Self::Idle => idle::shape(settings),
            Self::Fanout => fanout::shape(settings),
            Self::Chatter => chatter::shape(settings),
            Self::Saturate => saturate::shape(settings),
            Self::ReconnectStorm => reconnect_storm::shape(settings),
            Self::RollingDrain => rolling_drain::shape(settings, &given.nodes),
            Self::SlowReaders => slow_readers::shape(settings),
            Self::Soak => soak::shape(settings),
        };
        check(&shape, settings, &given)?;
        script(self, shape, settings, given)
    }
}

/// Whose a token is, is not known here: nobody can be written to who has one.
fn with_tokens(settings: &Settings, tokens: &[String]) -> Result<Settings, SettingError> {
    let mut settings = settings.clone();
    if !tokens.is_empty() {
        if settings.direct.is_some_and(|percent| percent > 0.0) {
            let why = "with tokens it is not known who a client is; only 0 is possible";
            return Err(SettingError::new("direct", why));
        }
        settings.direct = Some(0.0);
    }
    Ok(settings)
}

fn script(
    scenario: Scenario,
    shape: Shape,
    settings: &Settings,
    given: Setting,
) -> Result<Script, SettingError> {
    let seed = settings.seed.unwrap_or_else(rand::random);
    let mut faults = shape.faults;
    faults.extend(settings.fault.iter().cloned());
    if let (Some(count), Talk::For(over)) = (settings.random_faults, shape.talk) {
        faults.extend(plan::random(seed, over, &given.nodes, count));
    }
    faults.sort_by_key(|fault| fault.at);
    plan::check(&faults).map_err(|why| SettingError::new("fault", why.to_string()))?;
    let settle = settings
        .settle
        .map_or(Duration::from_secs(10), |time| time.0);
    let audit = audit_plan(&shape.crowd, &shape.talk, shape.clients, &faults, settle);
    Ok(Script {
        scenario: scenario.name().into(),
        load: Load {
            seed,
            run: given.run,
            clients: shape.clients,
            rooms: shape.rooms,
            crowd: shape.crowd,
            targets: given.targets,
            sources: settings.sources.unwrap_or(0),
            tokens: given.tokens,
            batch: settings.batch,
            small_buffers: slow_readers(&faults),
            filler_bytes: settings.bytes.unwrap_or(60),
            waiting_max: settings.waiting.unwrap_or(64),
            connects_per_second: settings.connects.unwrap_or(500),
            answer_ms: ANSWER_MS,
            key_window_ms: KEY_WINDOW_MS,
        },
        idle: settings.idle.map_or(shape.idle, |time| time.0),
        talk: shape.talk,
        faults,
        settle,
        patience: settings.patience.map_or(PATIENCE, |time| time.0),
        audit: Plan {
            history_messages: settings.history,
            ..audit
        },
        expects: shape.expects,
    })
}

/// How many clients stop reading at one time or another.
fn slow_readers(faults: &[Fault]) -> u32 {
    let slow = faults.iter().map(|fault| match fault.deed {
        Deed::SlowReaders { clients } => clients,
        _ => 0,
    });
    slow.max().unwrap_or(0)
}

/// What the run must have been to prove anything.
fn audit_plan(
    crowd: &Crowd,
    talk: &Talk,
    clients: u32,
    faults: &[Fault],
    settle: Duration,
) -> Plan {
    let (rate, rooms_each) = match *crowd {
        Crowd::Even { rate, .. } => (rate, 1),
        Crowd::People {
            rooms_each, rate, ..
        } => (rate, rooms_each),
    };
    let time = match *talk {
        Talk::For(time) => time,
        Talk::Steps { each, .. } => each,
    };
    // A third of what is due: faults may take the rest of a short run.
    let acked_min = ((rate * time.as_secs_f64() / 3.0) as u64).max(1);
    let cuts = faults.iter().any(|fault| fault.deed.cuts_for_sure());
    let mut tried = Plan::default().tried;
    tried.push(Check::PresenceAtRest);
    Plan {
        acked_min,
        deliveries_min: acked_min,
        faults: faults.len() as u64,
        resumes_min: u64::from(cuts),
        live_at_rest_min: u64::from(clients),
        two_rooms: rooms_each > 1,
        tried,
        settle_us: u64::try_from(settle.as_micros()).unwrap_or(u64::MAX),
        key_window_us: KEY_REMEMBERED_US,
        ..Plan::default()
    }
}

fn check(shape: &Shape, settings: &Settings, given: &Setting) -> Result<(), SettingError> {
    if shape.clients == 0 {
        return Err(SettingError::new("clients", "at least 1 is needed"));
    }
    if shape.rooms == 0 || shape.rooms > shape.clients {
        let (rooms, clients) = (shape.rooms, shape.clients);
        let why =
            format!("{rooms} rooms and {clients} clients; 1 to as many as clients are possible");
        return Err(SettingError::new("rooms", why));
    }
    if !given.tokens.is_empty() && given.tokens.len() < shape.clients as usize {
        let (tokens, clients) = (given.tokens.len(), shape.clients);
        let why = format!("{tokens} tokens for {clients} clients; each needs one");
        return Err(SettingError::new("tokens", why));
    }
    numbers(settings)
}

/// Numbers that make no sense, or of which nothing would come.
fn numbers(settings: &Settings) -> Result<(), SettingError> {
    let fits = |value: Option<f64>, is_fit: fn(f64) -> bool| {
        value.is_none_or(|value| value.is_finite() && is_fit(value))
    };
    let is_percent = |value| (0.0..=100.0).contains(&value);
    let (one, percent) = ("at least 1 is needed", "0 to 100 is possible");
    let table = [
        (
            "rate",
            fits(settings.rate, |rate| rate > 0.0),
            "more than 0 is needed",
        ),
        (
            "factor",
            fits(settings.factor, |factor| factor > 1.0),
            "more than 1 is needed",
        ),
        (
            "zipf",
            fits(settings.zipf, |zipf| zipf >= 0.0),
            "0 or more is needed",
        ),
        ("direct", fits(settings.direct, is_percent), percent),
        ("reloads", fits(settings.reloads, is_percent), percent),
        ("speakers", settings.speakers != Some(0), one),
        ("rooms-each", settings.rooms_each != Some(0), one),
        ("waiting", settings.waiting != Some(0), one),
        ("connects", settings.connects != Some(0), one),
        ("processes", settings.processes != Some(0), one),
    ];
    match table.iter().find(|(_, is_fit, _)| !is_fit) {
        Some((key, _, needed)) => Err(SettingError::new(key, *needed)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Crowd, Scenario, Setting, Settings};

    #[test]
    fn who_has_a_token_is_not_written_to() {
        let given = Setting {
            run: "r".into(),
            targets: Vec::new(),
            nodes: Vec::new(),
            tokens: vec!["t".into(); 600],
        };
        let script = Scenario::Chatter.script(&Settings::default(), given.clone());
        let Crowd::People { direct_percent, .. } = script.unwrap().load.crowd else {
            panic!("they are people");
        };
        assert!(direct_percent == 0.0, "{direct_percent}");
        let asked = Settings {
            direct: Some(5.0),
            ..Settings::default()
        };
        let why = Scenario::Chatter.script(&asked, given).unwrap_err();
        assert_eq!(why.key, "direct");
    }
}
