//! All members of a run: started together, told together when to talk and when to go, and waited
//! for with a patience that no machine needs.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use roomcast_protocol::RoomName;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::audit::{Allowed, Evidence, audit};
use crate::cluster::Nodes;
use crate::ledger::Ledger;
use crate::member::{Cues, Member, Part};

/// Longer than anything here takes, on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked whether what is waited for is there.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often members ask who is there.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Faults and members shown with a failure.
const SHOWN_MAX: usize = 12;

/// The members of a run.
pub(crate) struct Fleet {
    ledgers: Vec<Arc<Mutex<Ledger>>>,
    rooms: Vec<RoomName>,
    talk: watch::Sender<bool>,
    who: watch::Sender<u32>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Fleet {
    /// Starts all members and waits until each is in all its rooms.
    pub(crate) async fn join(cluster: &Nodes, parts: Vec<Part>) -> Self {
        let (talk, talks) = watch::channel(false);
        let (who, asks) = watch::channel(0);
        let cues = Cues {
            talk: talks,
            who: asks,
            stop: CancellationToken::new(),
        };
        let mut fleet = Self {
            ledgers: Vec::new(),
            rooms: Vec::new(),
            talk,
            who,
            stop: cues.stop.clone(),
            tasks: JoinSet::new(),
        };
        for part in parts {
            fleet.rooms.extend(part.rooms.clone());
            let member = Member::new(part, cues.clone());
            fleet.ledgers.push(member.ledger.clone());
            fleet.tasks.spawn(member.run());
        }
        fleet.rooms.sort();
        fleet.rooms.dedup();
        let rooms = fleet.rooms.len();
        let all_in = |ledger: &Ledger| ledger.rooms.len() == rooms;
        fleet.until(cluster, "everybody is in", all_in).await;
        fleet
    }

    /// A busy crowd that has just begun to talk; in the last of its six rooms nobody does.
    pub(crate) async fn busy(cluster: &Nodes) -> Self {
        let fleet = Self::join(cluster, cast(cluster, &rooms(6), BUSY)).await;
        fleet.talk();
        fleet.acked(cluster, 100).await;
        fleet
    }

    /// Lets everybody talk.
    pub(crate) fn talk(&self) {
        self.talk.send_replace(true);
    }

    /// Waits until so many messages are acked: the run is under way.
    pub(crate) async fn acked(&self, cluster: &Nodes, messages: usize) {
        let total = || -> usize { self.ledgers.iter().map(|one| one.lock().acked()).sum() };
        let until = Instant::now() + PATIENCE;
        while total() < messages {
            if Instant::now() > until {
                self.give_up(cluster, "enough is acked", |_| false);
            }
            sleep(LOOK_EVERY / 5).await;
        }
    }

    /// Waits until a condition holds for every member.
    pub(crate) async fn until(&self, cluster: &Nodes, what: &str, holds: impl Fn(&Ledger) -> bool) {
        self.within(PATIENCE, cluster, what, holds).await;
    }

    /// The same with another patience.
    pub(crate) async fn within(
        &self,
        patience: Duration,
        cluster: &Nodes,
        what: &str,
        holds: impl Fn(&Ledger) -> bool,
    ) {
        let until = Instant::now() + patience;
        while !self.ledgers.iter().all(|ledger| holds(&ledger.lock())) {
            if Instant::now() > until {
                self.give_up(cluster, what, holds);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits likewise, while everybody asks again and again who is there.
    pub(crate) async fn asks_until(
        &self,
        cluster: &Nodes,
        what: &str,
        holds: impl Fn(&Ledger) -> bool,
    ) {
        let asking = async {
            loop {
                self.who.send_modify(|asked| *asked += 1);
                sleep(ASK_EVERY).await;
            }
        };
        tokio::select! {
            () = self.until(cluster, what, holds) => {}
            () = asking => {}
        }
    }

    /// Waits until everything is acked and everybody stands at the end of every log, sends everybody
    /// home, and audits the run.
    pub(crate) async fn finish(self, cluster: &Nodes, allowed: Allowed) -> Vec<Ledger> {
        let all_acked = |ledger: &Ledger| ledger.acked() == ledger.sent.len();
        self.until(cluster, "everything is acked", all_acked).await;
        let logs = cluster.logs(&self.rooms).await;
        let at_the_end = |ledger: &Ledger| {
            let mut logs = logs.iter();
            logs.all(|(room, log)| ledger.stands(room).map(|(at, _)| at) == Some(log.head))
        };
        self.until(cluster, "everybody stands at the end", at_the_end)
            .await;
        let ledgers = self.go_home().await;
        let evidence = Evidence {
            ledgers,
            logs,
            allowed,
        };
        let faults = audit(&evidence);
        if !faults.is_empty() {
            let shown = &faults[..faults.len().min(SHOWN_MAX)];
            let (count, tails) = (faults.len(), cluster.tails());
            panic!("{count} faults, the first of them: {shown:#?}\n{tails}");
        }
        for node in &cluster.nodes {
            assert!(!node.has_panicked(), "{}", node.tail());
        }
        evidence.ledgers
    }

    async fn go_home(self) -> Vec<Ledger> {
        self.stop.cancel();
        // A member that panicked has told why; here it fails the run.
        self.tasks.join_all().await;
        let ledgers = self.ledgers.iter();
        ledgers.map(|ledger| ledger.lock().clone()).collect()
    }

    fn give_up(&self, cluster: &Nodes, what: &str, holds: impl Fn(&Ledger) -> bool) -> ! {
        let mut late = Vec::new();
        for ledger in &self.ledgers {
            let ledger = ledger.lock();
            if !holds(&ledger) {
                late.push(self.shown(&ledger));
            }
        }
        let count = late.len();
        late.truncate(SHOWN_MAX);
        let (late, tails) = (late.join("\n"), cluster.tails());
        panic!("waited in vain until {what}; {count} members are not there:\n{late}\n{tails}");
    }

    fn shown(&self, ledger: &Ledger) -> String {
        let stands: Vec<String> = self
            .rooms
            .iter()
            .map(|room| format!("{room} {:?}", ledger.stands(room).map(|(at, _)| at)))
            .collect();
        format!(
            "{}: {} of {} acked, sessions {:?}, ended {:?}, turned away {:?}, refusals {:?}, \
             members {:?}, left {:?}, odd {:?}, stands {stands:?}",
            ledger.user,
            ledger.acked(),
            ledger.sent.len(),
            ledger.sessions,
            ledger.ended,
            ledger.turned_away,
            ledger.refusals,
            ledger.members,
            ledger.left,
            ledger.oddities,
        )
    }
}

/// Members spread evenly over the nodes, each in all rooms, each talking in one of them.
pub(crate) fn cast(cluster: &Nodes, rooms: &[RoomName], crowd: Crowd) -> Vec<Part> {
    let nodes = cluster.addresses();
    let member = |index: usize| {
        let home = index % nodes.len();
        let (before, after) = nodes.split_at(home);
        let nodes = [after, before].concat();
        let talks = index < crowd.senders_a_room * crowd.talking_rooms;
        Part {
            user: format!("user-{index}"),
            nodes,
            rooms: rooms.to_vec(),
            says_in: talks.then(|| rooms[index % crowd.talking_rooms].clone()),
            says: crowd.says,
            pause: crowd.pause,
            window: crowd.window,
        }
    };
    (0..crowd.members).map(member).collect()
}

/// How many members do how much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    pub(crate) members: usize,
    /// In the first so many rooms somebody talks; the others are idle.
    pub(crate) talking_rooms: usize,
    pub(crate) senders_a_room: usize,
    /// Messages of each sender.
    pub(crate) says: usize,
    pub(crate) pause: Duration,
    pub(crate) window: usize,
}

/// Rooms `room-0`, `room-1`, …
pub(crate) fn rooms(count: usize) -> Vec<RoomName> {
    let name = |index| {
        format!("room-{index}")
            .parse()
            .expect("it is a room's name")
    };
    (0..count).map(name).collect()
}

/// A crowd that talks for some seconds.
pub(crate) const BUSY: Crowd = Crowd {
    members: 30,
    talking_rooms: 5,
    senders_a_room: 6,
    says: 20,
    pause: Duration::from_millis(150),
    window: 1,
};

/// Whether every member had one session from beginning to end.
pub(crate) fn nobody_was_cut_off(ledgers: &[Ledger]) {
    for ledger in ledgers {
        let ended = &ledger.ended;
        assert!(ended.is_empty(), "{} was cut off: {ended:?}", ledger.user);
        assert_eq!(ledger.sessions.len(), 1, "{}", ledger.user);
    }
}
