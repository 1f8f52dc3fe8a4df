//! What is done to the cluster while people talk, one act after the other, and what must hold.
//!
//! Keeps true: after each act all containers are healthy again, before the next one begins.

use std::time::Duration;

use serde_json::Value;

use super::containers::Container;
use super::figures::{Bounds, Figures};
use super::load::Load;
use super::stack::Stack;
use super::waiting;

/// When it happens, counted from the first word.
const AT_S: u32 = 5;
/// How long a rolling restart may go on when the talk is over.
const ROLLED: Duration = Duration::from_secs(180);
/// What the rolling restart says at the end, beside its log.
const CODE: &str = "rolling-restart.code";
const ROLLED_LOG: &str = "rolling-restart.words";

/// An act.
pub(super) struct Act {
    pub(super) name: &'static str,
    /// A command of the shell that does it, and is run with the project's variables.
    command: fn(&Stack) -> String,
    /// What it may cost, in the load test's words.
    cost: &'static str,
    /// How long its effect may last, and how long people talk.
    lasts_s: u32,
    talk_s: u32,
    bounds: Bounds,
    /// What must be true of the cluster then, and what was seen.
    after: fn(&Scene) -> Result<String, String>,
}

/// What is known when an act is over.
struct Scene<'a> {
    stack: &'a Stack,
    before: &'a [Container],
    now: &'a [Container],
    result: &'a Value,
}

pub(super) const ACTS: &[Act] = &[
    Act {
        name: "kill",
        command: |_| kill("gateway", "65532"),
        cost: "cuts,refuses",
        lasts_s: 5,
        talk_s: 25,
        bounds: bounds(10.0, 5.0),
        after: |scene| restarted(scene, "gateway"),
    },
    Act {
        name: "unplug-clients",
        command: |_| unplug("front"),
        cost: "cuts,refuses",
        lasts_s: 15,
        talk_s: 35,
        bounds: bounds(10.0, 5.0),
        after: |scene| untouched(scene, "gateway"),
    },
    Act {
        name: "unplug-redis",
        command: |_| unplug("store"),
        cost: "cuts,refuses",
        lasts_s: 15,
        talk_s: 35,
        bounds: bounds(10.0, 5.0),
        after: |scene| untouched(scene, "gateway"),
    },
    Act {
        name: "redis-restart",
        command: |_| "docker compose restart redis".to_owned(),
        cost: "refuses",
        lasts_s: 5,
        talk_s: 30,
        bounds: bounds(10.0, 12.0),
        after: |scene| untouched(scene, "redis"),
    },
    Act {
        name: "redis-kill",
        command: |_| kill("redis", "redis"),
        cost: "refuses",
        lasts_s: 5,
        talk_s: 30,
        bounds: bounds(10.0, 12.0),
        after: |scene| restarted(scene, "redis"),
    },
    Act {
        name: "rolling-restart",
        command: rolling_restart,
        cost: "cuts,refuses",
        lasts_s: 100,
        talk_s: 115,
        bounds: bounds(10.0, 5.0),
        after: replaced,
    },
    Act {
        name: "scale-out",
        command: |_| scale_out(),
        cost: "cuts,refuses",
        lasts_s: 40,
        talk_s: 60,
        bounds: bounds(10.0, 5.0),
        after: spread,
    },
];

const fn bounds(away_s_max: f64, silence_s_max: f64) -> Bounds {
    Bounds {
        away_s_max,
        silence_s_max,
    }
}

impl Act {
    /// Plays it; what came of it.
    ///
    /// # Errors
    /// A sentence, when there are no figures.
    pub(super) fn play(&self, stack: &Stack, load: &Load) -> Result<Figures, String> {
        let before = stack.at_rest()?;
        let Self {
            name,
            cost,
            lasts_s,
            ..
        } = self;
        let fault = format!("run[{cost}]:{}@{AT_S}s+{lasts_s}s", (self.command)(stack));
        let result = load.play(stack, name, &fault, self.talk_s)?;
        let mut figures = Figures::read(&result, self.bounds)?;
        let seen = stack.at_rest().and_then(|now| {
            let scene = Scene {
                stack,
                before: &before,
                now: &now,
                result: &result,
            };
            (self.after)(&scene)
        });
        match seen {
            Ok(seen) => figures.seen = seen,
            Err(sentence) => figures.failures.push(sentence),
        }
        Ok(figures)
    }
}

/// By its number on the host, since what `docker kill` ends stays down: it counts as somebody's wish. From a container
/// among the host's processes, so that the engine may be another machine's and we need no rights there.
fn kill(service: &str, user: &str) -> String {
    format!(
        "victim=$(docker compose ps --quiet {service} | head -n 1) \
         && pid=$(docker inspect --format '{{{{.State.Pid}}}}' \"$victim\") \
         && docker run --rm --network none --pid host --cap-drop ALL --user {user} --entrypoint sh redis:7-alpine \
         -c \"kill -9 $pid\""
    )
}

/// Longer than it takes the balancer to give the node up.
fn unplug(network: &str) -> String {
    format!(
        "victim=$(docker compose ps --quiet gateway | head -n 1) && net=${{COMPOSE_PROJECT_NAME}}_{network} \
         && docker network disconnect \"$net\" \"$victim\" && sleep 14 \
         && docker network connect --alias gateway \"$net\" \"$victim\""
    )
}

/// In the background, because a command of the plan may take a minute and no longer.
fn rolling_restart(stack: &Stack) -> String {
    let [code, log] =
        [CODE, ROLLED_LOG].map(|name| stack.project.folder().join(name).display().to_string());
    format!("rm -f '{code}'; (deploy/rolling-restart; echo $? > '{code}') > '{log}' 2>&1 &")
}

fn scale_out() -> String {
    "old=$(docker compose ps --quiet gateway) \
     && docker compose up --detach --wait --no-deps --no-recreate --no-build --scale gateway=5 gateway \
     && for one in $old; do docker exec \"$one\" roomcast rebalance --share 0.4 --within 10s || exit 1; done"
        .to_owned()
}

/// One of the service was ended, and its policy started it again.
fn restarted(scene: &Scene, service: &str) -> Result<String, String> {
    let restarts = |all: &[Container]| -> u64 {
        let named = all.iter().filter(|one| one.service == service);
        named.map(|one| one.restarts).sum()
    };
    match restarts(scene.now) - restarts(scene.before).min(restarts(scene.now)) {
        1 => Ok("its policy started it again".to_owned()),
        count => Err(format!(
            "{service} was started again {count} times, not once"
        )),
    }
}

/// The same containers are there.
fn untouched(scene: &Scene, service: &str) -> Result<String, String> {
    match ids(scene.now, service) == ids(scene.before, service) {
        true => Ok(String::new()),
        false => Err(format!("{service} has other containers than before")),
    }
}

/// All gateways are others than before, and the command says so.
fn replaced(scene: &Scene) -> Result<String, String> {
    let read = |name: &str| {
        std::fs::read_to_string(scene.stack.project.folder().join(name)).unwrap_or_default()
    };
    let told = waiting::until(ROLLED, || match read(CODE).trim() {
        "" => Err("the rolling restart goes on".to_owned()),
        code => Ok(code.to_owned()),
    });
    let (code, late) = told?;
    let words = read(ROLLED_LOG);
    let last = words.lines().last().unwrap_or_default().trim().to_owned();
    if code != "0" {
        return Err(format!("the rolling restart ended with {code}: {last}"));
    }
    if late > Duration::from_secs(1) {
        return Err(format!(
            "people had stopped talking before the rolling restart was over: {last}"
        ));
    }
    let before = ids(scene.before, "gateway");
    let now = ids(scene.now, "gateway");
    let stayed = now.iter().filter(|id| before.contains(id)).count();
    match (stayed, now.len() == before.len()) {
        (0, true) => Ok(last),
        _ => Err(format!(
            "{} gateways, of which {stayed} were there before",
            now.len()
        )),
    }
}

/// Those that came have their share of sessions. Then they go again, for what follows.
fn spread(scene: &Scene) -> Result<String, String> {
    let count = ids(scene.now, "gateway").len();
    let shares = last_shares(scene.result);
    let down = [
        "up",
        "--detach",
        "--wait",
        "--no-deps",
        "--no-recreate",
        "--no-build",
        "--scale=gateway=3",
        "gateway",
    ];
    scene
        .stack
        .project
        .must(&[&["docker", "compose"], &down[..]].concat())?;
    let told = shares
        .iter()
        .map(u64::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let fair = shares.iter().sum::<u64>() / 5;
    match count == 5 && shares.len() == 5 && shares.iter().all(|share| *share > fair / 3) {
        true => Ok(format!("sessions by node then: {told}")),
        false => Err(format!("{count} gateways, sessions by node then: {told}")),
    }
}

/// Sessions of each node when the last word was said.
fn last_shares(result: &Value) -> Vec<u64> {
    let seconds = result["seconds"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let busy = seconds
        .iter()
        .rev()
        .find(|second| second["counted"]["sent"] != 0);
    let nodes = busy.and_then(|second| second["by_node"].as_array());
    nodes
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect()
}

fn ids<'a>(all: &'a [Container], service: &str) -> Vec<&'a str> {
    let named = all
        .iter()
        .filter(|one| one.service == service && one.is_running());
    let mut ids: Vec<&str> = named.map(|one| one.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ACTS, AT_S, kill, last_shares, unplug};

    #[test]
    fn people_talk_on_when_an_act_is_over() {
        for act in ACTS {
            assert!(AT_S + act.lasts_s + 10 <= act.talk_s, "{}", act.name);
        }
    }

    #[test]
    fn commands_are_what_one_would_type() {
        assert!(kill("redis", "redis").contains("--format '{{.State.Pid}}' \"$victim\""));
        assert!(unplug("store").contains("net=${COMPOSE_PROJECT_NAME}_store "));
    }

    #[test]
    fn shares_are_read_where_somebody_still_spoke() {
        let second =
            |sent: u64, shares: &[u64]| json!({ "counted": { "sent": sent }, "by_node": shares });
        let result =
            json!({ "seconds": [second(9, &[3]), second(5, &[1, 2]), second(0, &[0, 0])] });
        assert_eq!(last_shares(&result), [1, 2]);
        assert!(last_shares(&json!({})).is_empty());
    }
}
