//! Reads what `entry.lua` writes: one user's entry in a room.
//!
//! Keeps true: what does not read is left out, not an error; the scripts alone write.

use roomcast_protocol::SessionId;

use super::life::Life;
use crate::port::Attending;

/// How the user is shown; empty if there is no name.
pub(super) fn name(entry: &str) -> &str {
    entry.lines().nth(1).unwrap_or_default()
}

/// A list of sessions, as `enter.lua` takes it.
pub(super) fn format(sessions: &[SessionId]) -> String {
    let texts: Vec<String> = sessions.iter().map(SessionId::to_string).collect();
    texts.join(" ")
}

/// The sessions that are listed. A life in its grace has none, whatever it listed before.
pub(super) fn sessions(entry: &str) -> Vec<Attending> {
    let mut all = Vec::new();
    for line in entry.lines().skip(2) {
        let Some((node, ids)) = holder(line) else {
            continue;
        };
        // The first is the edition.
        let sessions = ids.split(' ').skip(1).filter_map(|id| id.parse().ok());
        all.extend(sessions.map(|session| Attending {
            node: node.clone(),
            session,
        }));
    }
    all
}

/// A node that has sessions there, and its list.
fn holder(line: &str) -> Option<(roomcast_protocol::NodeId, &str)> {
    let (life, rest) = line.split_once('=')?;
    let (till, list) = rest.split_once(' ')?;
    let node = Life::parse(life)?.node()?;
    (till == "0").then_some((node, list))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::session;

    #[test]
    fn an_entry_gives_its_name_and_the_sessions_of_those_who_are_not_in_their_grace() {
        let list = format(&[session(1), session(2)]);
        let here = format!("n:0123456789abcdef=0 12 {list}");
        let gone = format!("m:0123456789abcdef=99 7 {}", session(3));
        let unlisted = "l:0123456789abcdef=0";
        let entry = format!("0f\nAnn\n{gone}\n{here}\n{unlisted}\n");
        assert_eq!(name(&entry), "Ann");
        let numbers: Vec<SessionId> = sessions(&entry).iter().map(|a| a.session).collect();
        assert_eq!(numbers, [session(1), session(2)]);
        assert!(sessions(&entry).iter().all(|a| a.node.as_str() == "n"));
    }
}
