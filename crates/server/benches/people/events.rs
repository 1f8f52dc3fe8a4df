//! What each thing that people do costs in Redis commands: 200 of each, one after the other.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;

use crate::cluster::{Cluster, NODES};
use crate::monitor::Monitor;
use crate::session::{Session, Told};

/// How many of each.
const TIMES: usize = 200;
/// A room where each node has somebody.
const KNOWN: &str = "known";
/// For what isn't answered: until it is done.
const BLINK: Duration = Duration::from_millis(10);
/// Until what was done has been told.
const SOON: Duration = Duration::from_secs(1);
/// The same with what the grace (5 s) leads to.
const AFTER_GRACE: Duration = Duration::from_secs(8);
/// The same with what the lingering in a room (10 s) leads to, and a vacancy (a lease, 10 s).
const AFTER_LINGER: Duration = Duration::from_secs(20);

/// The stage: visitors on one node, residents on all.
struct Stage {
    cluster: Cluster,
    monitor: Monitor,
    told: Rc<Told>,
    residents: Vec<Session>,
    visitors: Vec<Session>,
}

pub(crate) async fn run() {
    let mut stage = Stage::open().await;
    stage.come().await;
    stage.rooms_of_their_own().await;
    stage.in_a_known_room().await;
    stage.come_back().await;
    stage.go().await;
}

impl Stage {
    async fn open() -> Self {
        let cluster = Cluster::start();
        let monitor = Monitor::of(&cluster.redis);
        let told = Rc::new(Told::default());
        let mut residents = Vec::new();
        for at in 0..NODES {
            let user = format!("resident-{at}");
            let resident = Session::connect(cluster.address(at), &user, None, &told).await;
            resident.join(KNOWN, None).await;
            residents.push(resident);
        }
        // Each of another user, so that none waits for its allowance of commands.
        for at in 0..TIMES {
            let user = format!("neighbour-{at}");
            let resident = Session::connect(cluster.address(1), &user, None, &told).await;
            resident.join(&own_room(at), None).await;
            residents.push(resident);
        }
        sleep(AFTER_LINGER).await;
        Self {
            cluster,
            monitor,
            told,
            residents,
            visitors: Vec::new(),
        }
    }

    /// Begins to count.
    async fn begin(&mut self) {
        self.monitor.take(&self.cluster.redis).await;
    }

    /// Shows what was counted, once all has come that follows from it.
    async fn show(&mut self, what: &str, rest: Duration) {
        sleep(rest).await;
        let counted = self.monitor.take(&self.cluster.redis).await;
        let counted = counted.without_upkeep();
        let each = |count: u64| count as f64 / TIMES as f64;
        let total = counted.total();
        let purposes: Vec<_> = counted
            .by_purpose()
            .into_iter()
            .map(|(purpose, sent)| format!("{} {:.2}", purpose.name(), each(sent)))
            .collect();
        println!(
            "{what}: {:.2} commands ({}), {:.2} inside scripts",
            each(total.sent),
            purposes.join(", "),
            each(total.inside),
        );
        for (command, sent) in counted.by_command() {
            println!("    {:.2} {command}", each(sent));
        }
    }

    async fn connect(&self, at: usize) -> Session {
        let (address, user) = (self.cluster.address(0), format!("visitor-{at}"));
        Session::connect(address, &user, None, &self.told).await
    }

    async fn come(&mut self) {
        self.begin().await;
        for at in 0..TIMES {
            let visitor = self.connect(at).await;
            self.visitors.push(visitor);
        }
        self.show("connect: into the inbox", SOON).await;
    }

    async fn rooms_of_their_own(&mut self) {
        self.begin().await;
        for (at, visitor) in self.visitors.iter().enumerate() {
            visitor.join(&own_room(at), None).await;
        }
        self.show("join, the first of a room on its node", SOON)
            .await;
        for (at, visitor) in self.visitors.iter().enumerate() {
            leave(visitor, &own_room(at)).await;
        }
        self.show("leave, the last of a room on its node", AFTER_LINGER)
            .await;
    }

    async fn in_a_known_room(&mut self) {
        self.begin().await;
        for visitor in &self.visitors {
            visitor.join(KNOWN, None).await;
        }
        self.show("join", SOON).await;
        for (at, visitor) in self.visitors.iter().enumerate() {
            let text = format!(
                r#"{{"type":"chat","id":1,"room":"{KNOWN}","message":"x","key":"k-{at}"}}"#
            );
            visitor.ask(&text).await;
        }
        self.show("chat with a key, for comparison", SOON).await;
        self.type_in_it().await;
        for (at, visitor) in self.visitors.iter().enumerate() {
            let seq = at + 1;
            let text = format!(r#"{{"type":"read","id":1,"room":"{KNOWN}","seq":{seq}}}"#);
            visitor.ask(&text).await;
        }
        self.show("read", SOON).await;
        for visitor in &self.visitors {
            let text = format!(r#"{{"type":"who","id":1,"room":"{KNOWN}"}}"#);
            visitor.ask(&text).await;
        }
        self.show("who", SOON).await;
        for (at, visitor) in self.visitors.iter().enumerate() {
            let to = format!("neighbour-{at}");
            let text =
                format!(r#"{{"type":"direct","id":1,"to":"{to}","message":"x","key":"k-{at}"}}"#);
            visitor.ask(&text).await;
        }
        self.show("direct with a key", SOON).await;
    }

    async fn type_in_it(&mut self) {
        for visitor in &self.visitors {
            for typing in ["true", "false"] {
                visitor.say(&typing_in(KNOWN, typing));
                sleep(BLINK).await;
            }
        }
        self.show("typing, begun and ended", AFTER_GRACE).await;
        for visitor in &self.visitors {
            visitor.say(&typing_in(KNOWN, "true"));
            sleep(BLINK).await;
        }
        self.show("typing that runs out", AFTER_GRACE).await;
        // Their sessions don't know that it did, and would end it later.
        for visitor in &self.visitors {
            visitor.say(&typing_in(KNOWN, "false"));
        }
        sleep(SOON).await;
        self.begin().await;
    }

    async fn come_back(&mut self) {
        self.begin().await;
        let before = std::mem::take(&mut self.visitors);
        for (at, visitor) in before.into_iter().enumerate() {
            let (inbox, room) = visitor.places();
            drop(visitor);
            // The node notices before they are back.
            sleep(BLINK).await;
            let (address, user) = (self.cluster.address(0), format!("visitor-{at}"));
            let visitor = Session::connect(address, &user, inbox.as_ref(), &self.told).await;
            visitor.join(KNOWN, room.as_ref()).await;
            self.visitors.push(visitor);
        }
        self.show(
            "reconnect within the grace: inbox and one room",
            AFTER_GRACE,
        )
        .await;
    }

    async fn go(&mut self) {
        self.begin().await;
        for visitor in &self.visitors {
            leave(visitor, KNOWN).await;
        }
        self.show("leave", AFTER_GRACE).await;
        for visitor in std::mem::take(&mut self.visitors) {
            drop(visitor);
            sleep(BLINK).await;
        }
        self.show("disconnect: out of the inbox", AFTER_LINGER)
            .await;
        // They were there all the time.
        self.residents.clear();
    }
}

async fn leave(session: &Session, room: &str) {
    let text = format!(r#"{{"type":"leave","id":1,"room":"{room}"}}"#);
    session.ask(&text).await;
}

fn typing_in(room: &str, typing: &str) -> String {
    format!(r#"{{"type":"typing","room":"{room}","typing":{typing}}}"#)
}

/// A room with one resident, on the second node.
fn own_room(at: usize) -> String {
    format!("own-{at}")
}
