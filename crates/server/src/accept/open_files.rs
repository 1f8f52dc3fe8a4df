//! The process's limit of open files, which bounds connections from below.
//!
//! A node that runs out of descriptors can't even refuse; so it refuses a little earlier.

/// Where Linux tells the limits of this process.
const LIMITS_FILE: &str = "/proc/self/limits";
/// What is kept for files, Redis and the listeners, at most.
const RESERVE_MAX: usize = 128;

/// The most connections that fit below the limit of open files, and no more than `wanted`.
pub(super) fn connections_max(wanted: usize) -> usize {
    let limits = std::fs::read_to_string(LIMITS_FILE).unwrap_or_default();
    let Some(files_max) = soft_limit(&limits) else {
        return wanted;
    };
    let fitting = fitting(files_max);
    if fitting < wanted {
        tracing::warn!(
            files_max,
            connections_max = wanted,
            "the limit of open files allows fewer connections: {fitting}; raise it (ulimit -n)"
        );
    }
    wanted.min(fitting)
}

fn fitting(files_max: usize) -> usize {
    files_max
        .saturating_sub(RESERVE_MAX.min(files_max / 4))
        .max(1)
}

fn soft_limit(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_the_first_number() {
        let text = "Limit                     Soft Limit           Hard Limit           Units\n\
                    Max open files            1024                 524288               files\n";
        assert_eq!(soft_limit(text), Some(1024));
        assert_eq!(soft_limit("Max open files unlimited unlimited files"), None);
        assert_eq!(soft_limit(""), None);
    }

    #[test]
    fn some_files_are_kept_for_other_things() {
        assert_eq!(fitting(20_000), 19_872);
        assert_eq!(fitting(256), 192);
        assert_eq!(fitting(0), 1);
    }
}
