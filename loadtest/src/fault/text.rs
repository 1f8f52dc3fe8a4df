//! How a fault is written: `<deed>[:<argument>]@<when>[+<how long>]`.
//!
//! A command of the shell may hold any of these signs; the last `@` is the one that counts.

use std::time::Duration;

use super::deed::{COST_OF_COMMANDS, Deed};
use super::error::FaultError;
use super::time;
use crate::ledger::record::Cost;

/// As long as a node's name may be.
const NODE_BYTES_MAX: usize = 64;

const DEEDS: &str = "kill:<node>, stop:<node>, drain:<node>, starve:<node>, cut-feed, cut-commands, \
                     redis-restart, redis-flush, redis-full, redis-stop, reconnect, \
                     slow-readers:<clients>, half-open:<clients> or run:<command>";
const COSTS: &str = "any of forgets, cuts and refuses, with commas, or nothing";

/// What stands in a fault; the length is none where it isn't told.
pub(super) fn read(written: &str) -> Result<(Deed, Duration, Option<Duration>), FaultError> {
    let wrong = |part: &str, expected: &str| FaultError {
        fault: written.to_owned(),
        part: part.to_owned(),
        expected: expected.to_owned(),
    };
    let (deed, when) = written
        .rsplit_once('@')
        .ok_or_else(|| wrong("", "@ and when it begins, as in kill:gateway-1@10s"))?;
    let (at, lasts) = match when.split_once('+') {
        Some((at, lasts)) => (at, Some(lasts)),
        None => (when, None),
    };
    let length = |part: &str| time::parse(part).ok_or_else(|| wrong(part, time::EXPECTED));
    let (at, lasts) = (length(at)?, lasts.map(length).transpose()?);
    let deed = read_deed(deed, &wrong)?;
    if let Some(lasts) = lasts.filter(|_| !deed.has_length()) {
        let part = format!("+{}", time::show(lasts));
        return Err(wrong(&part, "no length, since this is over by itself"));
    }
    Ok((deed, at, lasts))
}

fn read_deed(written: &str, wrong: &impl Fn(&str, &str) -> FaultError) -> Result<Deed, FaultError> {
    let (verb, argument) = match written.split_once(':') {
        Some((verb, argument)) => (verb, Some(argument)),
        None => (written, None),
    };
    let node = || {
        let name = argument.unwrap_or_default();
        match is_node(name) {
            true => Ok(name.to_owned()),
            false => Err(wrong(name, "the name of a node, as in kill:gateway-1")),
        }
    };
    let clients = || {
        let number = argument.unwrap_or_default();
        match number.parse::<u32>() {
            Ok(clients) if clients > 0 => Ok(clients),
            _ => Err(wrong(number, "how many clients, as in slow-readers:50")),
        }
    };
    let deed = match verb {
        "kill" => Deed::Kill { node: node()? },
        "stop" => Deed::Stop { node: node()? },
        "drain" => Deed::Drain { node: node()? },
        "starve" => Deed::Starve { node: node()? },
        "slow-readers" => Deed::SlowReaders {
            clients: clients()?,
        },
        "half-open" => Deed::HalfOpen {
            clients: clients()?,
        },
        _ if verb == "run" || verb.starts_with("run[") => {
            let cost = read_cost(&verb["run".len()..], wrong)?;
            let command = argument.unwrap_or_default().to_owned();
            if command.trim().is_empty() {
                return Err(wrong(&command, "a command, as in run:./cut-power.sh@10s"));
            }
            Deed::Run { command, cost }
        }
        _ => {
            let deed = bare(verb).ok_or_else(|| wrong(verb, DEEDS))?;
            if let Some(argument) = argument {
                return Err(wrong(&format!(":{argument}"), "nothing behind this deed"));
            }
            deed
        }
    };
    Ok(deed)
}

fn bare(verb: &str) -> Option<Deed> {
    Some(match verb {
        "cut-feed" => Deed::CutFeed,
        "cut-commands" => Deed::CutCommands,
        "redis-restart" => Deed::RedisRestart,
        "redis-flush" => Deed::RedisFlush,
        "redis-full" => Deed::RedisFull,
        "redis-stop" => Deed::RedisStop,
        "reconnect" => Deed::Reconnect,
        _ => return None,
    })
}

fn is_node(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=NODE_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_fit)
}

fn read_cost(written: &str, wrong: &impl Fn(&str, &str) -> FaultError) -> Result<Cost, FaultError> {
    if written.is_empty() {
        return Ok(COST_OF_COMMANDS);
    }
    let words = (written.strip_prefix('['))
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or_else(|| wrong(written, "a ] before the colon"))?;
    let mut cost = Cost::default();
    for word in words.split(',').filter(|_| !words.is_empty()) {
        match word {
            "forgets" => cost.forgets = true,
            "cuts" => cost.cuts = true,
            "refuses" => cost.refuses = true,
            _ => return Err(wrong(word, COSTS)),
        }
    }
    Ok(cost)
}

/// Writes a fault in its shortest form.
pub(super) fn write(deed: &Deed, at: Duration, lasts: Duration) -> String {
    let mut written = format!("{}@{}", write_deed(deed), time::show(at));
    if lasts != deed.usual_length() {
        written += &format!("+{}", time::show(lasts));
    }
    written
}

fn write_deed(deed: &Deed) -> String {
    match deed {
        Deed::Kill { node } => format!("kill:{node}"),
        Deed::Stop { node } => format!("stop:{node}"),
        Deed::Drain { node } => format!("drain:{node}"),
        Deed::Starve { node } => format!("starve:{node}"),
        Deed::CutFeed => "cut-feed".to_owned(),
        Deed::CutCommands => "cut-commands".to_owned(),
        Deed::RedisRestart => "redis-restart".to_owned(),
        Deed::RedisFlush => "redis-flush".to_owned(),
        Deed::RedisFull => "redis-full".to_owned(),
        Deed::RedisStop => "redis-stop".to_owned(),
        Deed::Reconnect => "reconnect".to_owned(),
        Deed::SlowReaders { clients } => format!("slow-readers:{clients}"),
        Deed::HalfOpen { clients } => format!("half-open:{clients}"),
        Deed::Run { command, cost } if *cost == COST_OF_COMMANDS => format!("run:{command}"),
        Deed::Run { command, cost } => format!("run[{}]:{command}", write_cost(*cost)),
    }
}

fn write_cost(cost: Cost) -> String {
    let words = [
        ("forgets", cost.forgets),
        ("cuts", cost.cuts),
        ("refuses", cost.refuses),
    ];
    let set: Vec<&str> = (words.into_iter())
        .filter(|(_, is_set)| *is_set)
        .map(|(word, _)| word)
        .collect();
    set.join(",")
}
