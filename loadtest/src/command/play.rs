//! `loadtest <scenario>`: one run, on a cluster of somebody else or on one started here.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::CommandError;
use super::results::Results;
use super::terminal::{Terminal, print};
use crate::audit::verdict::Outcome as Word;
use crate::rig::Rig;
use crate::rig::options::{BalancerWish, RigOptions};
use crate::run::{Making, run};
use crate::scenario::{Scenario, Setting};
use crate::script::Script;
use crate::settings::{SettingError, Settings};
use crate::signal;
use crate::stage::Stage;
use crate::stage::cluster::Cluster;
use crate::summary::summary;

/// Sessions say more here than people would; what one may say is no business of a load test.
pub(super) const GATEWAY: [&str; 4] = ["--commands-per-second", "2000", "--commands-burst", "4000"];
/// Files that a process of the load needs beside its connections.
const OTHER_FILES: u64 = 64;

/// Plays a scenario; whether it passed. `program` is this program, `command` how it was called.
///
/// # Errors
/// There is no result.
pub async fn play(
    scenario: Scenario,
    settings: Settings,
    program: &Path,
    mut command: String,
) -> Result<Word, CommandError> {
    let settings = with_file(settings)?;
    let stage = stage(&settings, program).await?;
    let given = Setting {
        run: run_name(),
        targets: stage.targets(),
        nodes: stage.nodes(),
        tokens: tokens(&settings)?,
    };
    let name = format!("{}-{}", scenario.name(), given.run);
    let script = scenario.script(&settings, given)?;
    if settings.seed.is_none() {
        command.push_str(&format!(" --seed {}", script.load.seed));
    }
    let results = Results::create(settings.out.as_deref(), &name)?;
    let making = making(&script, &settings, program, command, &results.directory);
    let mut terminal = Terminal::new(settings.plain);
    let (stage, outcome) = run(script, stage, &making, &mut terminal).await;
    let trouble = end(stage, &outcome).await?;
    let mut outcome = outcome?;
    outcome.add_trouble(trouble);
    let report = results.write(&outcome, settings.keep)?;
    print(&summary(&outcome));
    print(&format!("\nreport: {}", report.display()));
    Ok(outcome.word())
}

/// Ends the stage; what was wrong inside.
pub(super) async fn end<T, E>(
    stage: Option<Stage>,
    outcome: &Result<T, E>,
) -> Result<Vec<String>, CommandError> {
    let Some(mut stage) = stage else {
        return Ok(Vec::new());
    };
    let trouble = stage.trouble();
    let last = stage.last_lines();
    if (outcome.is_err() || !trouble.is_empty()) && !last.is_empty() {
        print(&last);
    }
    stage.close().await?;
    Ok(trouble)
}

/// The settings with what their file says.
fn with_file(settings: Settings) -> Result<Settings, CommandError> {
    let Some(path) = settings.config.clone() else {
        return Ok(settings);
    };
    let text = fs::read_to_string(&path).map_err(CommandError::file("reading", &path))?;
    Ok(settings.or_file(&text)?)
}

async fn stage(settings: &Settings, program: &Path) -> Result<Stage, CommandError> {
    if let Some(nodes) = settings.local {
        if !settings.target.is_empty() {
            let why = "with --local, clients connect to the cluster that is started";
            return Err(SettingError::new("target", why).into());
        }
        let roomcast = settings.roomcast.clone();
        let mut options = RigOptions::new(roomcast.unwrap_or_else(|| beside(program)));
        options.nodes = nodes;
        options.settings = GATEWAY.iter().map(ToString::to_string).collect();
        let more = settings
            .gateway
            .iter()
            .flat_map(|text| text.split_whitespace());
        options.settings.extend(more.map(ToOwned::to_owned));
        if settings.no_balancer {
            options.balancer = BalancerWish::No;
        }
        return Ok(Stage::ours(Rig::start(&options).await?));
    }
    if settings.target.is_empty() {
        let why = "say where to connect (ws://host:port), or --local to start a cluster here";
        return Err(SettingError::new("target", why).into());
    }
    Ok(Stage::theirs(Cluster {
        processes: processes(&settings.pid)?,
        redis: settings.redis.clone(),
        targets: settings.target.clone(),
    }))
}

/// The gateway's program, if nobody says where it is.
pub(super) fn beside(program: &Path) -> PathBuf {
    program.with_file_name(format!("roomcast{}", std::env::consts::EXE_SUFFIX))
}

fn processes(texts: &[String]) -> Result<Vec<(String, u32)>, SettingError> {
    let read = |text: &String| {
        let (name, pid) = text.split_once('=')?;
        Some((name.to_owned(), pid.parse().ok()?))
    };
    let process = |text: &String| {
        read(text).ok_or_else(|| SettingError::new("pid", format!("{text:?} is not NAME=PID")))
    };
    texts.iter().map(process).collect()
}

fn tokens(settings: &Settings) -> Result<Vec<String>, CommandError> {
    let Some(path) = &settings.tokens else {
        return Ok(Vec::new());
    };
    let text = fs::read_to_string(path).map_err(CommandError::file("reading", path))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(ToOwned::to_owned).collect())
}

/// Begins the names of a run's rooms and users.
pub(super) fn run_name() -> String {
    format!("r{:08x}", rand::random::<u32>())
}

pub(super) fn making(
    script: &Script,
    settings: &Settings,
    program: &Path,
    command: String,
    directory: &Path,
) -> Making {
    let files = signal::raise_open_files()
        .saturating_sub(OTHER_FILES)
        .max(1);
    let needed = u64::from(script.load.clients).div_ceil(files).max(1);
    let processes = settings.processes.unwrap_or(needed as u32);
    Making {
        program: program.into(),
        processes: processes.max(1),
        directory: directory.into(),
        command,
    }
}

#[cfg(test)]
mod tests {
    use super::{beside, processes};
    use std::path::Path;

    #[test]
    fn processes_are_named_by_their_number() {
        let read = processes(&["a=7".into(), "redis=8".into()]);
        assert_eq!(read, Ok(vec![("a".into(), 7), ("redis".into(), 8)]));
        for text in ["a", "a=", "a=b", "=-1"] {
            let why = processes(&[text.into()]).unwrap_err().to_string();
            assert!(why.contains("NAME=PID"), "{why}");
        }
        assert!(beside(Path::new("/x/loadtest")).starts_with("/x"));
    }
}
