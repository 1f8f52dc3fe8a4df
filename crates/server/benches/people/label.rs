//! What a command is for, by the keys it names. Pure.

/// On whose behalf a command is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Who is here, who types, who has read.
    Presence,
    /// The log of a room.
    Log,
    /// Subscriptions and signals.
    Feed,
    /// The routine look at each room's log.
    Look,
    /// The beat of presence.
    Beat,
    /// The sign of life of links, and the look whether Redis forgot.
    Link,
}

impl Purpose {
    /// Whether it goes on whatever happens.
    pub(crate) fn is_upkeep(self) -> bool {
        match self {
            Self::Look | Self::Beat | Self::Link => true,
            Self::Presence | Self::Log | Self::Feed => false,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Log => "log",
            Self::Feed => "feed",
            Self::Look => "routine look",
            Self::Beat => "beat of presence",
            Self::Link => "sign of life",
        }
    }
}

/// A command by its purpose and in words: its name and what its keys end in.
pub(crate) fn label(words: &[&str]) -> (Purpose, String) {
    let name = words[0].to_lowercase();
    let is_script = name == "evalsha";
    let count = words.get(2).and_then(|number| number.parse().ok());
    let keys: Vec<&str> = match count {
        Some(count) if is_script => words.iter().skip(3).take(count).copied().collect(),
        _ => {
            let first = words.get(1).filter(|word| word.starts_with("rc:"));
            first.into_iter().copied().collect()
        }
    };
    let kinds: Vec<&str> = keys.iter().map(|key| kind(key)).collect();
    // The routine look reads one message behind the cursor; nobody else reads so few.
    let is_look = kinds == ["meta", "log"] && words.get(5) == Some(&"after");
    let is_look = is_look && words.last() == Some(&"1");
    let purpose = match kinds.first() {
        _ if is_look => Purpose::Look,
        Some(&"lease" | &"nodes") => Purpose::Beat,
        Some(&"agenda") if is_script => Purpose::Beat,
        Some(&"witness" | &"probe") | None => Purpose::Link,
        Some(&"meta" | &"log" | &"key") => Purpose::Log,
        Some(&"channel") => Purpose::Feed,
        Some(_) => Purpose::Presence,
    };
    let of_inbox = if keys.iter().any(|key| key.starts_with("rc:{@")) {
        " of an inbox"
    } else {
        ""
    };
    let kinds = kinds.join("+");
    (
        purpose,
        format!("{name} {kinds}{of_inbox}").trim().to_owned(),
    )
}

/// What a key holds.
fn kind(key: &str) -> &str {
    if let Some((_, rest)) = key.strip_prefix("rc:{").and_then(|key| key.split_once('}')) {
        let mut parts = rest.split(':').skip(1);
        return parts.next().unwrap_or("channel");
    }
    // A life is a node's name and a number: `rc:node:<name>:<number>`.
    let parts: Vec<&str> = key.split(':').skip(1).collect();
    match parts[..] {
        ["node", _, _, of_life] => of_life,
        ["node", ..] => "lease",
        ["typing"] => "agenda",
        [name, ..] => name,
        [] => key,
    }
}
