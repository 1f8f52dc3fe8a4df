//! Waiting for what comes about by itself, for so long and no longer.

use std::time::{Duration, Instant};

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Looks until there is something to see; what, and how long it took.
///
/// # Errors
/// What the last look missed, or could not be looked at.
pub(super) fn until<T>(
    limit: Duration,
    mut look: impl FnMut() -> Result<T, String>,
) -> Result<(T, Duration), String> {
    let from = now();
    loop {
        match look() {
            Ok(seen) => return Ok((seen, from.elapsed())),
            Err(sentence) if from.elapsed() >= limit => {
                return Err(format!("after {} s: {sentence}", limit.as_secs()));
            }
            Err(_) => std::thread::sleep(LOOK_EVERY),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a step of a chore took; nothing to pause"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::until;

    #[test]
    fn what_comes_is_seen_and_what_does_not_is_told_by_the_last_look() {
        let mut looks = 0;
        let seen = until(Duration::from_secs(60), || {
            looks += 1;
            if looks == 2 {
                Ok("there")
            } else {
                Err("not yet".to_owned())
            }
        });
        assert_eq!(seen.unwrap().0, "there");
        let never = until(Duration::ZERO, || Err::<(), _>("nobody came".to_owned()));
        assert_eq!(never.unwrap_err(), "after 0 s: nobody came");
    }
}
