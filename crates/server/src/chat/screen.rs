//! What is shown, and how: messages on standard output, everything else on standard error.
//!
//! Keeps true: nothing that came over the wire reaches a terminal unsanitised, and a message is
//! one line, so that no text can pass for another message or move the cursor.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use roomcast_client::{Event, JoinedRoom};
use roomcast_protocol::{Chat, DisplayName, Member, PresenceNews, RoomName, UserId};

const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";
/// Up one line, and clear it: the typed line goes, the message comes back from the server.
const ERASE_LINE_ABOVE: &str = "\x1b[1A\x1b[2K";

/// Where things are shown.
pub(super) struct Screen {
    said: Box<dyn Write + Send>,
    told: Box<dyn Write + Send>,
    /// Whether a person looks at it.
    is_terminal: bool,
    /// Who we are, once the server has said so.
    user: Option<UserId>,
}

impl Screen {
    /// The process's own outputs.
    pub(super) fn of_process() -> Self {
        let is_terminal = io::stdout().is_terminal() && io::stderr().is_terminal();
        Self {
            said: Box::new(io::stdout()),
            told: Box::new(io::stderr()),
            is_terminal,
            user: None,
        }
    }

    /// Takes the line back that was just typed.
    pub(super) fn erase_typed_line(&mut self) -> io::Result<()> {
        if self.is_terminal {
            self.said.write_all(ERASE_LINE_ABOVE.as_bytes())?;
            self.said.flush()?;
        }
        Ok(())
    }

    /// Shows a message.
    pub(super) fn message(&mut self, chat: &Chat) -> io::Result<()> {
        let time = clock(chat.timestamp);
        let room = match &chat.to {
            Some(to) => format!("to {to}"),
            None => chat.room.to_string(),
        };
        let name = person(chat.name.as_ref(), &chat.from);
        let text = one_line(&chat.message);
        if self.is_terminal {
            writeln!(
                self.said,
                "{DIM}{time} {room}{PLAIN} {BOLD}{name}:{PLAIN} {text}"
            )?;
        } else {
            writeln!(self.said, "{time} {room} {name}: {text}")?;
        }
        self.said.flush()
    }

    /// Tells something that is no message.
    pub(super) fn tell(&mut self, what: impl Display) -> io::Result<()> {
        let what = one_line(&what.to_string());
        if self.is_terminal {
            writeln!(self.told, "{DIM}· {what}{PLAIN}")
        } else {
            writeln!(self.told, "· {what}")
        }
    }

    /// Shows an event other than a message.
    pub(super) fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Chat(chat) | Event::Direct(chat) => self.message(chat),
            Event::Connected { user, node, .. } => {
                self.user = Some(user.clone());
                self.tell(format_args!("connected as {user}, to node {node}"))
            }
            Event::Disconnected {
                code,
                reason,
                retry_in_ms,
            } => {
                let code = code.map(|code| format!(" {code}")).unwrap_or_default();
                let seconds = retry_in_ms.div_ceil(100) as f64 / 10.0;
                self.tell(format_args!(
                    "not connected:{code} {reason}; trying again in {seconds} s"
                ))
            }
            Event::Joined(joined) => joined_line(joined).map_or(Ok(()), |line| self.tell(line)),
            Event::RoomLost { room, error } => {
                self.tell(format_args!("no longer in {room}: {error}"))
            }
            Event::Gap { room, from, to, .. } => self.tell(gap_line(room, *from, *to)),
            // One's own coming and going is told by `Joined`.
            Event::UserJoined(joined) if self.user.as_ref() == Some(&joined.user) => Ok(()),
            Event::UserLeft(left) if self.user.as_ref() == Some(&left.user) => Ok(()),
            Event::UserJoined(joined) => self.tell(format_args!(
                "{} came into {}; {} here",
                person(joined.name.as_ref(), &joined.user),
                joined.room,
                joined.count
            )),
            Event::UserLeft(left) => self.tell(format_args!(
                "{} left {}; {} here",
                person(left.name.as_ref(), &left.user),
                left.room,
                left.count
            )),
            Event::Presence(news) => self.tell(presence_line(news)),
            // Worth a line only to someone who looks; stopping is worth none.
            Event::Typing(typing) if typing.typing && self.is_terminal => {
                self.tell(format_args!("{} is typing in {}", typing.user, typing.room))
            }
            Event::Typists(typists) if typists.news.users.is_empty() && self.is_terminal => self
                .tell(format_args!(
                    "{} are typing in {}",
                    typists.news.count, typists.room
                )),
            // Members are shown to whoever asked.
            Event::Typing(_)
            | Event::Typists(_)
            | Event::Read(_)
            | Event::Reads(_)
            | Event::Members(_) => Ok(()),
            Event::Closed { reason } => self.tell(reason),
        }
    }

    /// Shows who is in a room.
    pub(super) fn members(
        &mut self,
        room: &RoomName,
        count: u64,
        members: &[Member],
    ) -> io::Result<()> {
        let names: Vec<String> = members
            .iter()
            .map(|member| person(member.name.as_ref(), &member.user))
            .collect();
        let more = count.saturating_sub(members.len() as u64);
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        self.tell(format_args!("in {room}: {}{more}", names.join(", ")))
    }
}

/// What is worth telling of a join. One's own inbox needs no word unless something waits or is lost.
fn joined_line(joined: &JoinedRoom) -> Option<String> {
    let JoinedRoom { room, count, .. } = joined;
    let unread = joined.unread.filter(|unread| *unread > 0);
    if room.is_inbox() && (joined.recovered || !joined.resumed) {
        return unread.map(|unread| format!("{unread} unread in {room}; /inbox shows them"));
    }
    if !joined.resumed {
        let unread = unread.map_or(String::new(), |unread| format!(", {unread} unread"));
        return Some(format!("in {room}; {count} here{unread}"));
    }
    Some(match joined.gap {
        _ if joined.recovered => format!("back in {room}; nothing was missed"),
        Some(gap) if gap.to >= gap.from => format!(
            "back in {room}; {} messages can't be had any more",
            gap.to.value() - gap.from.value() + 1
        ),
        Some(_) | None => format!("back in {room}; messages may be missing"),
    })
}

fn presence_line(news: &PresenceNews) -> String {
    let PresenceNews {
        room,
        joined,
        left,
        count,
    } = news;
    match (joined.len(), left.len()) {
        (0, 0) => format!("{count} in {room}"),
        (came, went) => format!("{came} came into {room}, {went} left; {count} here"),
    }
}

fn gap_line(room: &RoomName, from: roomcast_protocol::Seq, to: roomcast_protocol::Seq) -> String {
    if to < from {
        format!("in {room}, messages may be missing here")
    } else {
        let count = to.value() - from.value() + 1;
        format!("in {room}, {count} messages are missing here")
    }
}

/// The name that a person chose, and whose it is: names may be taken by others too.
fn person(name: Option<&DisplayName>, user: &UserId) -> String {
    match name {
        Some(name) if name.as_str() != user.as_str() => format!("{name} ({user})"),
        Some(_) | None => user.to_string(),
    }
}

/// The time of day in UTC.
fn clock(timestamp_ms: u64) -> String {
    let seconds = timestamp_ms / 1_000 % 86_400;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}", seconds % 60)
}

/// `text` with nothing in it that a terminal obeys: control characters, and what breaks lines or
/// turns the direction of the text around it (UAX #9).
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\u{2028}' | '\u{2029}' => '⏎',
            '\t' => ' ',
            '\u{200E}' | '\u{200F}' | '\u{061C}' => char::REPLACEMENT_CHARACTER,
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_move_the_cursor_or_pass_for_another() {
        let evil = "hi\x1b[2J\x07\n12:00:00 lobby bob: pay me\u{202E}\u{9b}31m";
        let shown = one_line(evil);
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        assert!(
            shown.starts_with("hi\u{FFFD}[2J\u{FFFD}⏎12:00"),
            "{shown:?}"
        );
        assert!(!shown.contains('\u{202E}'));
        assert_eq!(one_line("Åsa 🐝 שלום"), "Åsa 🐝 שלום");
    }

    #[test]
    fn the_clock_is_the_time_of_day() {
        assert_eq!(clock(0), "00:00:00");
        assert_eq!(clock(86_399_999), "23:59:59");
        assert_eq!(clock(1_700_000_000_000), "22:13:20");
    }

    #[test]
    fn a_chosen_name_never_hides_whose_it_is() {
        let (name, user) = ("admin".parse().unwrap(), "eve".parse().unwrap());
        assert_eq!(person(Some(&name), &user), "admin (eve)");
        assert_eq!(person(None, &user), "eve");
    }
}
