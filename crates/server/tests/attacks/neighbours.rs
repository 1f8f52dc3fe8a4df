//! Those who behave: a few sessions in a room, one of which talks, while others attack the node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

use crate::node::Node;
use crate::session::{Next, Session};

/// Those who listen; one more talks, and listens too.
const LISTENERS: usize = 4;
/// Connections of them all.
pub(crate) const CONNECTIONS: u64 = LISTENERS as u64 + 1;
/// Half as fast as the defaults let a session talk.
const PAUSE: Duration = Duration::from_millis(100);
const ROOM: &str = "next-door";
const LAST_WORDS: &str = "Goodnight";

/// Neighbours who talk until told to stop.
pub(crate) struct Neighbours {
    stop: Arc<AtomicBool>,
    talker: JoinHandle<u64>,
    listeners: Vec<JoinHandle<u64>>,
}

impl Neighbours {
    pub(crate) fn of(node: &Node) -> Self {
        let join = |at: usize| {
            let mut session = Session::open(node, &format!("neighbour-{at}"));
            let joined = session.ask(&json!({"type": "join", "id": "join", "room": ROOM}));
            assert_eq!(joined["type"], "joined", "{joined}");
            session
        };
        // The talker comes last, so that nobody misses the first word.
        let listeners = (1..=LISTENERS).map(join).collect::<Vec<_>>();
        let talker = join(0);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        Self {
            stop,
            talker: thread::spawn(move || talk(talker, &stopped)),
            listeners: listeners
                .into_iter()
                .map(|session| thread::spawn(move || listen(session)))
                .collect(),
        }
    }

    /// Lets them finish. Each has heard every message, in order; none was closed.
    pub(crate) fn felt_nothing(self) {
        self.stop.store(true, Ordering::Relaxed);
        let said = self.talker.join().expect("the talker felt nothing");
        assert!(said > 0);
        for listener in self.listeners {
            let heard = listener.join().expect("the listener felt nothing");
            assert_eq!(heard, said);
        }
    }
}

/// Talks; how many messages were said.
fn talk(mut session: Session, stop: &AtomicBool) -> u64 {
    let mut said = 0;
    let mut last = false;
    while !last {
        last = stop.load(Ordering::Relaxed);
        said += 1;
        let words = if last { LAST_WORDS } else { "Fine" };
        let ack = session.ask(&json!({"type": "chat", "id": said, "room": ROOM, "message": words}));
        assert_eq!((&ack["type"], &ack["seq"]), (&json!("ack"), &json!(said)));
        thread::sleep(PAUSE);
    }
    session.still_works();
    said
}

/// Listens to the last words; how many messages were heard.
fn listen(mut session: Session) -> u64 {
    let mut heard = 0;
    loop {
        let Next::Says(frame) = session.next() else {
            panic!("closed after {heard} messages");
        };
        assert_ne!(frame["type"], "gap", "{frame}");
        if frame["type"] == "chat" {
            heard += 1;
            assert_eq!(frame["seq"], Value::from(heard), "{frame}");
            if frame["message"] == LAST_WORDS {
                session.still_works();
                return heard;
            }
        }
    }
}
