//! What a typed line means: a message, or a command that begins with a slash. Pure.

use roomcast_protocol::{RoomName, UserId};

/// Messages in a page when `/history` names no number.
const HISTORY_MESSAGES: u32 = 20;

/// The commands, for those who ask.
pub(super) const HELP: &str = "/who · /join ROOM · /leave · /history [N] · /direct USER TEXT · /inbox [N] · /quit · a line that begins with // is a message with one slash";

/// One line, understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Input {
    Nothing,
    Say(String),
    Direct(UserId, String),
    Who,
    Join(RoomName),
    Leave,
    History(u32),
    /// So many of the latest direct messages.
    Inbox(u32),
    Help,
    Quit,
    /// What is wrong with it.
    Wrong(String),
}

/// Understands a line. With `has_commands` false, everything is a message.
pub(super) fn parse(line: &str, has_commands: bool) -> Input {
    let line = line.trim_end_matches(['\r', '\n']);
    if line.trim().is_empty() {
        return Input::Nothing;
    }
    let Some(command) = line.strip_prefix('/').filter(|_| has_commands) else {
        return Input::Say(line.to_owned());
    };
    if command.starts_with('/') {
        return Input::Say(command.to_owned());
    }
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let rest = rest.trim();
    match (verb, rest) {
        ("who", "") => Input::Who,
        ("leave", "") => Input::Leave,
        ("help" | "?", "") => Input::Help,
        ("quit" | "exit" | "q", "") => Input::Quit,
        ("join", room) => match room.parse() {
            Ok(room) => Input::Join(room),
            Err(error) => Input::Wrong(error.to_string()),
        },
        ("history", "") => Input::History(HISTORY_MESSAGES),
        ("inbox", "") => Input::Inbox(HISTORY_MESSAGES),
        ("history" | "inbox", count) => match (verb, count.parse()) {
            ("history", Ok(count)) if count > 0 => Input::History(count),
            ("inbox", Ok(count)) if count > 0 => Input::Inbox(count),
            _ => Input::Wrong(format!("/{verb} takes a number of messages")),
        },
        ("direct", rest) => direct(rest),
        _ => Input::Wrong(format!("there is no command /{command}; try /help")),
    }
}

fn direct(rest: &str) -> Input {
    let Some((user, text)) = rest.split_once(' ') else {
        return Input::Wrong("/direct takes a user and a text".to_owned());
    };
    match user.parse() {
        Ok(user) => Input::Direct(user, text.trim().to_owned()),
        Err(error) => Input::Wrong(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_message_unless_it_begins_with_one_slash() {
        assert_eq!(parse("hello /who\n", true), Input::Say("hello /who".into()));
        assert_eq!(parse("//shrug", true), Input::Say("/shrug".into()));
        assert_eq!(
            parse("  indented\r\n", true),
            Input::Say("  indented".into())
        );
        assert_eq!(parse(" \t\n", true), Input::Nothing);
        assert_eq!(parse("/who", true), Input::Who);
        assert_eq!(parse("/who", false), Input::Say("/who".into()));
    }

    #[test]
    fn a_command_that_cannot_be_done_says_why() {
        for wrong in [
            "/dance",
            "/join",
            "/join a b",
            "/history none",
            "/history 0",
            "/inbox 0",
            "/direct bob",
            "/direct b{ x",
            "/who is there",
        ] {
            assert!(matches!(parse(wrong, true), Input::Wrong(_)), "{wrong}");
        }
    }

    #[test]
    fn commands_take_what_they_need() {
        assert_eq!(
            parse("/join den", true),
            Input::Join("den".parse().unwrap())
        );
        assert_eq!(parse("/history 5", true), Input::History(5));
        assert_eq!(parse("/history", true), Input::History(HISTORY_MESSAGES));
        assert_eq!(parse("/inbox 3", true), Input::Inbox(3));
        let direct = Input::Direct("bob".parse().unwrap(), "see you".into());
        assert_eq!(parse("/direct bob see you", true), direct);
        assert_eq!(parse("/quit", true), Input::Quit);
    }
}
