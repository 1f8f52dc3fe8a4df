//! One person's session: it says, waits for answers, answers pings, and keeps count of what it is
//! told.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{sleep, timeout};

use crate::frames::{CLOSE, Frame, Frames, PING, PONG, TEXT, masked};

/// Bytes of one read.
const READ_BYTES: usize = 4 << 10;
/// How long an answer may take: a storm on two cores is slow.
const PATIENCE: Duration = Duration::from_secs(120);
/// Until what was refused for the moment is tried again.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// What sessions were told: frames and bytes, by type.
#[derive(Default)]
pub(crate) struct Told(RefCell<BTreeMap<String, (u64, u64)>>);

impl Told {
    /// Since the last time.
    pub(crate) fn take(&self) -> BTreeMap<String, (u64, u64)> {
        self.0.take()
    }
}

/// Where a session stands in a room.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) epoch: String,
    pub(crate) seq: u64,
}

/// Cut off when dropped.
pub(crate) struct Session {
    stream: Rc<TcpStream>,
    state: Rc<State>,
    reader: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    answers: Cell<u64>,
    refusal: RefCell<Option<String>>,
    inbox: RefCell<Option<Place>>,
    /// In the room that was joined last.
    room: RefCell<Option<Place>>,
    changed: Notify,
}

impl Session {
    /// One that is in its inbox, where it stood at `inbox` before.
    pub(crate) async fn connect(
        address: SocketAddr,
        user: &str,
        inbox: Option<&Place>,
        told: &Rc<Told>,
    ) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .expect("the node takes connections");
        stream.set_nodelay(true).expect("a TCP socket");
        let inbox = inbox.map_or(String::new(), |Place { epoch, seq }| {
            format!("&inbox={epoch}:{seq}")
        });
        let request = format!(
            "GET /v1/ws?user={user}{inbox} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        write(&stream, request.as_bytes());
        let (stream, state) = (Rc::new(stream), Rc::new(State::default()));
        let reader = spawn_local(read(stream.clone(), state.clone(), told.clone()));
        let session = Self {
            stream,
            state,
            reader,
        };
        session.until(|state| state.inbox.borrow().is_some()).await;
        session
    }

    /// Says something that isn't answered.
    pub(crate) fn say(&self, text: &str) {
        write(&self.stream, &masked(TEXT, text.as_bytes()));
    }

    /// Says something, and waits for the answer.
    pub(crate) async fn ask(&self, text: &str) {
        loop {
            let answers = self.state.answers.get();
            self.say(text);
            self.until(|state| state.answers.get() > answers).await;
            match self.state.refusal.take() {
                None => return,
                Some(refusal) => {
                    // 500 and above: for the moment.
                    assert!(refusal.contains(r#""code":5"#), "{text}: {refusal}");
                    sleep(TRY_AGAIN_AFTER).await;
                }
            }
        }
    }

    /// Joins `room`, where it stood at `since` before.
    pub(crate) async fn join(&self, room: &str, since: Option<&Place>) {
        let since = since.map_or(String::new(), |Place { epoch, seq }| {
            format!(r#","since":{{"epoch":"{epoch}","seq":{seq}}}"#)
        });
        self.ask(&format!(
            r#"{{"type":"join","id":1,"rooms":[{{"room":"{room}"{since}}}]}}"#
        ))
        .await;
    }

    /// Where it stands in its inbox, and in the room it joined last.
    pub(crate) fn places(&self) -> (Option<Place>, Option<Place>) {
        (
            self.state.inbox.borrow().clone(),
            self.state.room.borrow().clone(),
        )
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        let waiting = async {
            while !is_so(&self.state) {
                self.state.changed.notified().await;
            }
        };
        timeout(PATIENCE, waiting).await.expect("the node answers");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

fn write(stream: &TcpStream, bytes: &[u8]) {
    let written = stream.try_write(bytes).expect("the node reads");
    assert_eq!(written, bytes.len(), "an empty buffer takes what is short");
}

async fn read(stream: Rc<TcpStream>, state: Rc<State>, told: Rc<Told>) {
    let mut frames = Frames::default();
    // Until the handshake has been answered.
    let mut answer = Some(Vec::new());
    while stream.readable().await.is_ok() {
        let mut bytes = [0; READ_BYTES];
        let count = match stream.try_read(&mut bytes) {
            Ok(0) => panic!("a node cut a session off"),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(error) => panic!("a node cut a session off: {error}"),
        };
        let mut some = &bytes[..count];
        if let Some(head) = &mut answer {
            head.extend_from_slice(some);
            let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let is_let_in = head.starts_with(b"HTTP/1.1 101");
            assert!(is_let_in, "{}", String::from_utf8_lossy(head));
            some = &some[count - (head.len() - end - 4)..];
            answer = None;
        }
        frames.take(some, |frame| hear(&stream, &state, &told, &frame));
    }
}

fn hear(stream: &TcpStream, state: &State, told: &Told, frame: &Frame<'_>) {
    let text = String::from_utf8_lossy(frame.head);
    match frame.first {
        PING => write(stream, &masked(PONG, frame.head)),
        CLOSE => panic!("a node closed a session: {text}"),
        _ => {}
    }
    let kind = between(&text, r#"{"type":""#, "\"").unwrap_or("ping");
    let mut by_kind = told.0.borrow_mut();
    let (frames, bytes) = by_kind.entry(kind.to_owned()).or_default();
    *frames += 1;
    *bytes += frame.bytes as u64;
    match kind {
        "joined" | "chat" => {
            let epoch = between(&text, r#""epoch":""#, "\"");
            let seq = between(&text, r#""seq":"#, ",").and_then(|seq| seq.parse().ok());
            let place = epoch.map(str::to_owned).zip(seq);
            let place = place.map(|(epoch, seq)| Place { epoch, seq });
            if text.contains(r#""room":"@"#) {
                *state.inbox.borrow_mut() = place;
            } else {
                *state.room.borrow_mut() = place;
                let answers = u64::from(kind == "joined");
                state.answers.set(state.answers.get() + answers);
            }
        }
        "error" => {
            *state.refusal.borrow_mut() = Some(text.into_owned());
            state.answers.set(state.answers.get() + 1);
        }
        "ok" | "ack" | "members" => state.answers.set(state.answers.get() + 1),
        _ => return,
    }
    state.changed.notify_one();
}

fn between<'a>(text: &'a str, before: &str, behind: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(behind).map(|(found, _)| found)
}
