//! What the engine says of the containers, and what must be true of each of them.

use serde_json::Value;

use super::report::Word;

/// Those that work and end.
const ENDING: &[&str] = &["secrets-redis", "secrets-gateway"];
/// Those that may be reached from outside of the project's networks.
const PUBLISHED: &[&str] = &["balancer", "prometheus", "grafana"];
/// Services whose image has no other user than root. None has.
const ROOT: &[&str] = &[];

/// A container, as far as it matters here.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) service: String,
    pub(super) restarts: u64,
    status: String,
    health: String,
    exit_code: i64,
    user: String,
    reads_only: bool,
    drops_all: bool,
    gains_none: bool,
    publishes: bool,
}

impl Container {
    /// Reads what `docker inspect` says of one.
    ///
    /// # Errors
    /// A sentence that names what is missing.
    pub(super) fn read(told: &Value) -> Result<Self, String> {
        let text = |place: &str| {
            told.pointer(place)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let needed =
            |place: &str| text(place).ok_or_else(|| format!("docker inspect tells no {place}"));
        let holds = |place: &str, word: &str| {
            let words = told.pointer(place).and_then(Value::as_array);
            words.is_some_and(|words| {
                words
                    .iter()
                    .any(|it| it.as_str().is_some_and(|it| it.starts_with(word)))
            })
        };
        let bindings = told
            .pointer("/HostConfig/PortBindings")
            .and_then(Value::as_object);
        Ok(Self {
            id: needed("/Id")?,
            name: needed("/Name")?.trim_start_matches('/').to_owned(),
            service: needed("/Config/Labels/com.docker.compose.service")?,
            restarts: told
                .pointer("/RestartCount")
                .and_then(Value::as_u64)
                .unwrap_or_default(),
            status: needed("/State/Status")?,
            health: text("/State/Health/Status").unwrap_or_default(),
            exit_code: told
                .pointer("/State/ExitCode")
                .and_then(Value::as_i64)
                .unwrap_or_default(),
            user: text("/Config/User").unwrap_or_default(),
            reads_only: told.pointer("/HostConfig/ReadonlyRootfs") == Some(&Value::Bool(true)),
            drops_all: holds("/HostConfig/CapDrop", "ALL"),
            gains_none: holds("/HostConfig/SecurityOpt", "no-new-privileges"),
            publishes: bindings.is_some_and(|ports| !ports.is_empty()),
        })
    }

    pub(super) fn is_running(&self) -> bool {
        self.status == "running"
    }

    /// Why it is not as it should be, if so.
    pub(super) fn trouble(&self) -> Option<String> {
        let is_well = match ENDING.contains(&self.service.as_str()) {
            true => self.status == "exited" && self.exit_code == 0,
            false => self.is_running() && self.health == "healthy",
        };
        (!is_well).then(|| format!("{} is {} {}", self.name, self.status, self.health))
    }

    fn faults(&self) -> Vec<String> {
        let may_be_root = ROOT.contains(&self.service.as_str());
        let may_publish = PUBLISHED.contains(&self.service.as_str());
        let is_root =
            matches!(self.user.as_str(), "" | "0" | "root") || self.user.starts_with("0:");
        let table = [
            (is_root && !may_be_root, "is made to run as root"),
            (!self.reads_only, "may write to its root"),
            (!self.drops_all, "keeps capabilities"),
            (!self.gains_none, "may gain privileges"),
            (self.publishes && !may_publish, "is published"),
        ];
        let bad = table.into_iter().filter(|(is_so, _)| *is_so);
        bad.map(|(_, words)| format!("{} {words}", self.name))
            .collect()
    }
}

/// Judges all of them. `uids` are the users of the processes that are really there, by container.
pub(super) fn judge(all: &[Container], uids: &[(String, String)]) -> Result<Word, String> {
    let mut faults: Vec<String> = all.iter().flat_map(Container::faults).collect();
    let may_be_root = |name: &str| {
        all.iter()
            .any(|one| one.name == name && ROOT.contains(&one.service.as_str()))
    };
    let roots = uids
        .iter()
        .filter(|(name, uid)| uid == "0" && !may_be_root(name));
    faults.extend(roots.map(|(name, _)| format!("{name} has a process of root")));
    if !faults.is_empty() {
        return Err(faults.join(", "));
    }
    Ok(Word::Well(format!(
        "{} containers, {} processes: none is root's; read-only roots, no capabilities, {} published",
        all.len(),
        uids.len(),
        all.iter().filter(|one| one.publishes).count(),
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Container, judge};

    fn told() -> Value {
        json!({
            "Id": "4f1c", "Name": "/t-gateway-1", "RestartCount": 2,
            "State": { "Status": "running", "ExitCode": 0, "Health": { "Status": "healthy" } },
            "Config": { "User": "65532:65532", "Labels": { "com.docker.compose.service": "gateway" } },
            "HostConfig": {
                "ReadonlyRootfs": true, "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges:true"],
                "PortBindings": {},
            },
        })
    }

    fn with(place: &str, value: Value) -> Container {
        let mut told = told();
        *told.pointer_mut(place).unwrap() = value;
        Container::read(&told).unwrap()
    }

    #[test]
    fn a_container_that_is_as_it_should_be_is_told_so() {
        let one = Container::read(&told()).unwrap();
        assert_eq!(
            (one.name.as_str(), one.restarts, one.trouble()),
            ("t-gateway-1", 2, None)
        );
        assert!(judge(&[one], &[("t-gateway-1".into(), "65532".into())]).is_ok());
    }

    #[test]
    fn each_fault_of_a_container_is_named() {
        for (place, value, named) in [
            ("/Config/User", json!(""), "is made to run as root"),
            ("/Config/User", json!("0:0"), "is made to run as root"),
            (
                "/HostConfig/ReadonlyRootfs",
                json!(false),
                "may write to its root",
            ),
            ("/HostConfig/CapDrop", Value::Null, "keeps capabilities"),
            (
                "/HostConfig/SecurityOpt",
                Value::Null,
                "may gain privileges",
            ),
            (
                "/HostConfig/PortBindings",
                json!({ "8080/tcp": [{}] }),
                "is published",
            ),
        ] {
            let sentence = judge(&[with(place, value)], &[]).err().expect(place);
            assert_eq!(sentence, format!("t-gateway-1 {named}"));
        }
        let one = Container::read(&told()).unwrap();
        let sentence = judge(&[one], &[("t-gateway-1".into(), "0".into())])
            .err()
            .unwrap();
        assert_eq!(sentence, "t-gateway-1 has a process of root");
    }

    #[test]
    fn who_works_must_be_healthy_and_who_ends_must_have_ended_well() {
        for (place, value, well) in [
            ("/State/Status", json!("restarting"), false),
            ("/State/Health/Status", json!("starting"), false),
            ("/State/Health", Value::Null, false),
            ("/Config/User", json!("99"), true),
        ] {
            assert_eq!(with(place, value).trouble().is_none(), well, "{place}");
        }
        let mut ending = with("/State/Status", json!("exited"));
        assert!(ending.trouble().is_some());
        ending.service = "secrets-redis".into();
        assert_eq!(ending.trouble(), None);
        ending.exit_code = 1;
        assert!(ending.trouble().is_some());
    }

    #[test]
    fn an_answer_without_what_matters_is_refused() {
        let sentence = Container::read(&json!({ "Id": "4f1c", "Name": "/x" })).unwrap_err();
        assert!(sentence.contains("compose.service"), "{sentence}");
    }
}
