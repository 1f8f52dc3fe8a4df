//! An alert is seen to fire and to end: one gateway loses Redis, and gets it back.

use std::time::Duration;

use serde_json::Value;

use super::http;
use super::project::PROJECT;
use super::report::Word;
use super::stack::Stack;
use super::waiting;

const ALERT: &str = "RoomcastRedisLinkLost";
/// Scraped and evaluated every five seconds, behind the five that a node waits itself.
const FIRES: Duration = Duration::from_secs(60);
/// As above; what the node hears of itself must have come back, too.
const ENDS: Duration = Duration::from_secs(90);

/// Takes the network of Redis from one gateway, and gives it back.
pub(super) fn fires_and_resolves(stack: &Stack) -> Result<Word, String> {
    let is_calm = || is_firing(stack, false);
    waiting::until(ENDS, is_calm)?;
    let all = stack.at_rest()?;
    let victim = all
        .iter()
        .find(|one| one.service == "gateway")
        .ok_or("no gateway")?;
    let network = format!("{PROJECT}_store");
    stack
        .project
        .must(&["docker", "network", "disconnect", &network, &victim.id])?;
    let fired = waiting::until(FIRES, || is_firing(stack, true));
    // Also where it did not fire: what follows needs the gateway.
    stack.project.must(&[
        "docker",
        "network",
        "connect",
        "--alias=gateway",
        &network,
        &victim.id,
    ])?;
    let ((), fired) = fired?;
    let ((), ended) = waiting::until(ENDS, is_calm)?;
    stack.at_rest()?;
    Ok(Word::Well(format!(
        "{ALERT} fired {:.0} s after a gateway lost Redis, and ended {:.0} s after it was back",
        fired.as_secs_f64(),
        ended.as_secs_f64()
    )))
}

fn is_firing(stack: &Stack, wanted: bool) -> Result<(), String> {
    let told = http::json(stack.project.prometheus_port(), "/api/v1/alerts")?;
    match fires(&told)? == wanted {
        true => Ok(()),
        false => Err(format!(
            "{ALERT} {}",
            if wanted { "doesn't fire" } else { "fires" }
        )),
    }
}

fn fires(told: &Value) -> Result<bool, String> {
    let alerts = told["data"]["alerts"]
        .as_array()
        .ok_or("no list of alerts")?;
    Ok(alerts
        .iter()
        .any(|one| one["labels"]["alertname"] == ALERT && one["state"] == "firing"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ALERT, fires};

    #[test]
    fn an_alert_that_only_waits_or_is_another_one_does_not_fire() {
        let one =
            |name: &str, state: &str| json!({ "labels": { "alertname": name }, "state": state });
        let told = |alerts: &[serde_json::Value]| json!({ "data": { "alerts": alerts } });
        assert_eq!(fires(&told(&[one(ALERT, "firing")])), Ok(true));
        assert_eq!(
            fires(&told(&[one(ALERT, "pending"), one("Other", "firing")])),
            Ok(false)
        );
        assert!(fires(&json!({})).is_err());
    }
}
