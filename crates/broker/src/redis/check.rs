//! Whether a Redis can keep our promises as it is set up: asked once, at the start.

use redis::aio::MultiplexedConnection;

use crate::error::ConnectError;

/// The oldest Redis with sharded pub/sub and script flags.
const MAJOR_VERSION_MIN: u32 = 7;

/// Refuses a Redis that is too old, or that may silently evict what was acked.
pub(super) async fn suitable(
    connection: &mut MultiplexedConnection,
    url: &str,
) -> Result<(), ConnectError> {
    let info: String = redis::cmd("INFO")
        .query_async(connection)
        .await
        .map_err(|error| ConnectError::Unreachable {
            url: url.to_owned(),
            detail: error.to_string(),
        })?;
    judge(&info).map_err(|reason| ConnectError::Unsuitable {
        url: url.to_owned(),
        reason,
    })
}

fn judge(info: &str) -> Result<(), String> {
    let field = |name: &str| {
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.trim())
    };
    let version = field("redis_version").unwrap_or("unknown");
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
    let policy = field("maxmemory_policy").unwrap_or("noeviction");
    if policy.starts_with("allkeys-") {
        return Err(format!(
            "its maxmemory-policy is {policy}, which would forget rooms that were acked; \
             set maxmemory-policy to noeviction (or to a volatile-* policy)"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::judge;

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
    fn a_redis_that_evicts_anything_is_refused_and_told_what_to_change() {
        let with =
            |policy: &str| judge(&format!("redis_version:7.2.0\nmaxmemory_policy:{policy}\n"));
        for policy in ["allkeys-lru", "allkeys-lfu", "allkeys-random"] {
            assert!(with(policy).unwrap_err().contains("noeviction"), "{policy}");
        }
        assert!(with("volatile-lru").is_ok() && with("noeviction").is_ok());
    }
}
