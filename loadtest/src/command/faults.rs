//! `loadtest faults`: a cluster started here, and all that can go wrong with it, one thing after the other.
//!
//! Each act is a run of its own with a verdict of its own, on the cluster that the act before left; only a
//! run that came to nothing costs a new cluster. At the end stands a table, for people and as Markdown.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{FalseyValueParser, RangedU64ValueParser};

use super::error::CommandError;
use super::play::{GATEWAY, beside, end, making, run_name};
use super::results::Results;
use super::table::{Row, markdown, plain};
use super::terminal::{Terminal, print};
use crate::audit::verdict::Outcome as Word;
use crate::fault::standard::{Act, all_at_once, short, standard};
use crate::outcome::Outcome;
use crate::rig::Rig;
use crate::rig::options::RigOptions;
use crate::run::error::RunError;
use crate::run::run;
use crate::run::stopping::interruptions;
use crate::scenario::{Scenario, Setting};
use crate::script::Talk;
use crate::settings::{SettingError, Settings, Time};
use crate::stage::Stage;

/// Silence is noticed within the time that clients are silent for; how much a log keeps is known.
const OWN: [&str; 4] = ["--heartbeat-ms", "3000", "--history-messages", "1000"];
/// As told above.
const HISTORY: u64 = 1_000;

/// What the fault command is asked.
#[derive(Clone, Debug, Default, Args)]
pub struct Faults {
    /// The gateway's program. Default: `roomcast` beside this one.
    #[arg(long, value_name = "FILE")]
    roomcast: Option<PathBuf>,
    /// How many nodes.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = RangedU64ValueParser::<usize>::new().range(1..=64))]
    nodes: usize,
    /// Only acts with this name. May be repeated.
    #[arg(long, value_name = "ACT")]
    only: Vec<String>,
    /// A few faults in one short act: two minutes.
    #[arg(long, conflicts_with_all = ["only", "million"])]
    short: bool,
    /// Behind the standard acts, random faults for as long as a million messages take.
    #[arg(long)]
    million: bool,
    /// Where the dice begin.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How long after the last word and the last fault everybody must be at rest.
    #[arg(long, value_name = "TIME")]
    settle: Option<Time>,
    /// Where results are written.
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// Keep the ledgers even where all is well.
    #[arg(long)]
    keep: bool,
    /// No colours, and no drawing over what was drawn.
    #[arg(long, env = "NO_COLOR", hide_env = true, value_parser = FalseyValueParser::new())]
    plain: bool,
}

/// Plays the acts; the worst of their verdicts.
///
/// # Errors
/// The cluster doesn't stand, or no act has this name.
pub async fn faults(asked: Faults, program: &Path) -> Result<Word, CommandError> {
    let mut options = RigOptions::new(asked.roomcast.clone().unwrap_or_else(|| beside(program)));
    options.nodes = asked.nodes;
    // What Redis loses when it is killed beside a busy disk is no fault of the cluster's.
    options.in_memory = true;
    let settings = GATEWAY.iter().chain(&OWN);
    options.settings = settings.map(ToString::to_string).collect();
    let seed = asked.seed.unwrap_or_else(rand::random);
    let nodes: Vec<String> = (1..=asked.nodes).map(|n| format!("gateway-{n}")).collect();
    let acts = acts(&asked, &nodes, seed)?;
    let results = Results::create(asked.out.as_deref(), &format!("faults-{}", run_name()))?;
    let mut stage = None;
    let mut rows = Vec::new();
    // An act that is stopped ends by itself; those behind it are not begun.
    let asked_to_stop = interruptions();
    for (number, act) in acts.iter().enumerate() {
        print(&format!(
            "\n== {} ({} of {})",
            act.name,
            number + 1,
            acts.len()
        ));
        let on = match stage.take() {
            Some(stage) => stage,
            None => Stage::ours(Rig::start(&options).await?),
        };
        let command = match asked.short {
            true => format!("cargo xtask faults --short --seed {seed}"),
            false => format!("cargo xtask faults --only {} --seed {seed}", act.name),
        };
        let (left, row) = one_act(act, on, &asked, seed, program, command, &results).await?;
        stage = left;
        print(&row.line());
        rows.push(row);
        if *asked_to_stop.borrow() > 0 {
            break;
        }
    }
    if let Some(stage) = stage {
        end(Some(stage), &Ok::<(), ()>(())).await?;
    }
    print(&format!("\n{}", plain(&rows)));
    let table = results.file("faults.md", &markdown(&rows, seed))?;
    print(&format!("table: {}", table.display()));
    let all = if rows.len() < acts.len() {
        Word::Inconclusive
    } else {
        Word::Passed
    };
    Ok(rows.iter().map(|row| row.word).fold(all, worse))
}

fn acts(asked: &Faults, nodes: &[String], seed: u64) -> Result<Vec<Act>, SettingError> {
    if asked.short {
        return Ok(vec![short(nodes)]);
    }
    let mut acts = standard(nodes);
    if asked.million
        || asked
            .only
            .iter()
            .any(|name| name == all_at_once(nodes, seed).name)
    {
        acts.push(all_at_once(nodes, seed));
    }
    if asked.only.is_empty() {
        return Ok(acts);
    }
    let names: Vec<&str> = acts.iter().map(|act| act.name).collect();
    for name in &asked.only {
        if !names.contains(&&**name) {
            let why = format!("there is no act {name:?}; there are {}", names.join(", "));
            return Err(SettingError::new("only", why));
        }
    }
    acts.retain(|act| asked.only.iter().any(|name| name == act.name));
    Ok(acts)
}

/// Plays one act on a stage, which is given back if it can still be used.
async fn one_act(
    act: &Act,
    stage: Stage,
    asked: &Faults,
    seed: u64,
    program: &Path,
    command: String,
    results: &Results,
) -> Result<(Option<Stage>, Row), CommandError> {
    let settings = Settings {
        clients: Some(act.clients),
        rooms: Some(act.rooms),
        zipf: act.zipf,
        rate: Some(f64::from(act.rate)),
        bytes: act.bytes,
        talk_for: Some(Time(act.lasts)),
        fault: act.faults.clone(),
        seed: Some(seed),
        settle: asked.settle,
        history: Some(HISTORY),
        ..Settings::default()
    };
    let given = Setting {
        run: run_name(),
        targets: stage.targets(),
        nodes: stage.nodes(),
        tokens: Vec::new(),
    };
    let mut script = Scenario::Chatter.script(&settings, given)?;
    script.scenario = act.name.into();
    script.expects.clone_from(&act.expects);
    script.talk = Talk::For(act.lasts);
    let own = Results::create(Some(&results.directory.join(act.name)), act.name)?;
    let making = making(&script, &settings, program, command, &own.directory);
    let mut terminal = Terminal::new(asked.plain);
    let (mut stage, outcome) = run(script, stage, &making, &mut terminal).await;
    let row = match outcome {
        Ok(mut outcome) => {
            outcome.add_trouble(stage.as_mut().map(Stage::trouble).unwrap_or_default());
            shown(&outcome, stage.as_ref());
            own.write(&outcome, asked.keep)?;
            Row::of(act.name, &outcome)
        }
        Err(why @ RunError::Stopped) => {
            end(stage.take(), &Err::<(), ()>(())).await?;
            return Err(why.into());
        }
        Err(why) => {
            print(&format!("loadtest: {why}"));
            end(stage.take(), &Err::<(), ()>(())).await?;
            Row::nothing(act.name, why.to_string())
        }
    };
    Ok((stage, row))
}

/// What failed is told whole.
fn shown(outcome: &Outcome, stage: Option<&Stage>) {
    if outcome.word() != Word::Passed {
        print(&crate::summary::summary(outcome));
        print(&stage.map(Stage::last_lines).unwrap_or_default());
    }
}

fn worse(one: Word, other: Word) -> Word {
    match (one, other) {
        (Word::Failed, _) | (_, Word::Failed) => Word::Failed,
        (Word::Inconclusive, _) | (_, Word::Inconclusive) => Word::Inconclusive,
        (Word::Passed, Word::Passed) => Word::Passed,
    }
}
