//! Whether a Redis can keep our promises as it is set up: asked once, at the start.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use roomcast_redis::Connection;

use crate::error::ConnectError;

/// The oldest Redis with sharded pub/sub and script flags.
const MAJOR_VERSION_MIN: u32 = 7;

/// What an operator called a Redis, and whether it should be a node of a Cluster.
pub(super) struct Place<'a> {
    pub(super) shown: &'a str,
    pub(super) is_of_cluster: bool,
}

/// Refuses a Redis that is too old, or of another shape than its address says, or that may silently
/// evict what was acked.
pub(super) async fn suitable(
    connection: &mut Connection,
    place: &Place<'_>,
) -> Result<(), ConnectError> {
    let url = place.shown;
    let info: String = redis::cmd("INFO")
        .query_async(connection)
        .await
        .map_err(|error| no_start(&error, url))?;
    if let Some(doubt) = doubt(&info) {
        tracing::warn!(url, doubt, "set maxmemory-policy to noeviction");
    }
    let judgement = judge(&info).and_then(|()| judge_shape(&info, place.is_of_cluster));
    judgement.map_err(|reason| ConnectError::Unsuitable {
        url: url.to_owned(),
        reason,
    })
}

/// What an error at the start is to the operator: a login or a right that is wrong stays wrong
/// however long one waits; anything else may pass.
pub(super) fn no_start(error: &RedisError, url: &str) -> ConnectError {
    let url = url.to_owned();
    let login_failed = error.kind() == ErrorKind::AuthenticationFailed;
    let reason = if login_failed || error.code() == Some("WRONGPASS") {
        "it does not accept the user and password in the address".to_owned()
    } else if error.code() == Some("NOAUTH") {
        "it wants a password; put it in the address: redis://[user]:password@host, and that of \
         sentinels in its query: ?sentinel_password="
            .to_owned()
    } else if error.kind() == ErrorKind::MasterNameNotFoundBySentinel {
        "its sentinels know no master of the name at the end of the address".to_owned()
    } else if error.to_string().contains("cluster support disabled") {
        "it is no node of a Cluster; a server by itself is redis://host:port".to_owned()
    } else if error.to_string().contains("unknown command 'SENTINEL'") {
        "it is no sentinel; a server by itself is redis://host:port".to_owned()
    } else if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) {
        format!("its user may not do what is needed: {error}")
    } else {
        let detail = error.to_string();
        return ConnectError::Unreachable { url, detail };
    };
    ConnectError::Unsuitable { url, reason }
}

fn judge(info: &str) -> Result<(), String> {
    let version = field(info, "redis_version").unwrap_or("unknown");
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < MAJOR_VERSION_MIN) {
        return Err(format!(
            "it is version {version}; use Redis {MAJOR_VERSION_MIN} or newer, or Valkey"
        ));
    }
    // `INFO` tells the policy even to users who may not read the configuration.
    let policy = field(info, "maxmemory_policy").unwrap_or("noeviction");
    if policy.starts_with("allkeys-") {
        return Err(format!(
            "its maxmemory-policy is {policy}, which would forget rooms that were acked; \
             set maxmemory-policy to noeviction"
        ));
    }
    Ok(())
}

/// A node of a Cluster keeps a part of the rooms only, and a sentinel none.
fn judge_shape(info: &str, is_of_cluster: bool) -> Result<(), String> {
    match field(info, "redis_mode") {
        Some("cluster") if !is_of_cluster => {
            Err("it is a node of a Cluster; write redis+cluster://host:port".to_owned())
        }
        Some("sentinel") => {
            Err("it is a sentinel; write redis+sentinel://host:port/master-name".to_owned())
        }
        _ => Ok(()),
    }
}

/// What is worth a warning: our keys have a time to live, so that these policies may evict them too,
/// though last of all and only when memory runs out.
fn doubt(info: &str) -> Option<String> {
    let policy = field(info, "maxmemory_policy")?;
    policy.starts_with("volatile-").then(|| {
        format!("maxmemory-policy is {policy}: out of memory, Redis would forget acked messages")
    })
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = info.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::{doubt, judge, judge_shape};

    #[test]
    fn an_old_redis_is_refused_and_told_what_to_use() {
        let reason = judge("redis_version:6.2.14\r\nmaxmemory_policy:noeviction\r\n").unwrap_err();
        assert!(
            reason.contains("6.2.14") && reason.contains("Redis 7"),
            "{reason}"
        );
        assert!(judge("redis_version:7.0.15\r\n").is_ok());
        assert!(judge("redis_version:8.2.1\r\n").is_ok());
        assert!(judge("").is_err());
    }

    #[test]
    fn a_redis_of_another_shape_is_refused_and_told_its_address() {
        let said = |mode: &str, cluster| judge_shape(&format!("redis_mode:{mode}\r\n"), cluster);
        assert!(
            said("cluster", false)
                .unwrap_err()
                .contains("redis+cluster://")
        );
        assert!(
            said("sentinel", false)
                .unwrap_err()
                .contains("redis+sentinel://")
        );
        assert!(said("cluster", true).is_ok() && said("standalone", false).is_ok());
    }

    #[test]
    fn a_redis_that_evicts_anything_is_refused_and_told_what_to_change() {
        let with =
            |policy: &str| judge(&format!("redis_version:7.2.0\nmaxmemory_policy:{policy}\n"));
        for policy in ["allkeys-lru", "allkeys-lfu", "allkeys-random"] {
            assert!(with(policy).unwrap_err().contains("noeviction"), "{policy}");
        }
        assert!(with("volatile-lru").is_ok() && with("noeviction").is_ok());
        assert!(doubt("maxmemory_policy:volatile-ttl\n").is_some());
        assert!(doubt("maxmemory_policy:noeviction\n").is_none());
    }
}
