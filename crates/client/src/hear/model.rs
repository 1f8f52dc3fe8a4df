//! A model of a server with faults, against which the state must keep P2 and P3 for its caller:
//! whatever is lost, repeated, cut or forgotten, messages come in order and once, and what doesn't
//! come was told.

use std::collections::{BTreeMap, HashSet, VecDeque};

use proptest::prelude::*;
use roomcast_protocol::{ClientFrame, Epoch, Gap, Join, JoinRoom, Joined, RoomName, ServerFrame};

use crate::event::Event;
use crate::scene::{Scene, gap_range, inbox, joined, message_in, number, room, seq};

#[derive(Clone, Copy, Debug)]
enum Step {
    Publish,
    Deliver,
    /// A message is lost on the way to the session, and nobody notices.
    Lose,
    /// An old message is delivered again.
    Repeat,
    /// The oldest message leaves the log.
    Trim,
    /// The log begins anew with what is left; the session is told, or not.
    Forget {
        is_told: bool,
    },
    Cut,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Publish),
        8 => Just(Step::Deliver),
        2 => Just(Step::Lose),
        2 => Just(Step::Repeat),
        1 => Just(Step::Trim),
        1 => any::<bool>().prop_map(|is_told| Step::Forget { is_told }),
        1 => Just(Step::Cut),
    ]
}

struct Server {
    /// The room, or the inbox, that it is about.
    room: RoomName,
    epoch: u64,
    head: u64,
    /// Seq and number of what the log still has.
    log: VecDeque<(u64, u64)>,
    published: u64,
    /// How far the session has been served, while it is in the room.
    served: Option<u64>,
    /// Every message by where it ever stood.
    stood: BTreeMap<(u64, u64), u64>,
}

impl Server {
    fn new(room: RoomName) -> Self {
        Self {
            room,
            epoch: 1,
            head: 0,
            log: VecDeque::new(),
            published: 0,
            served: None,
            stood: BTreeMap::new(),
        }
    }

    fn step(&mut self, step: Step, scene: &mut Scene) {
        match step {
            Step::Publish => {
                self.published += 1;
                self.head += 1;
                self.log.push_back((self.head, self.published));
                self.stood.insert((self.epoch, self.head), self.published);
            }
            Step::Deliver => {
                let Some(served) = self.served.filter(|at| *at < self.head) else {
                    return;
                };
                let next = self.log.iter().find(|(at, _)| *at > served);
                let kept_from = next.map_or(self.head + 1, |(at, _)| *at);
                if kept_from > served + 1 {
                    self.gap(served + 1, kept_from - 1, scene);
                    self.served = Some(kept_from - 1);
                } else if let Some((at, n)) = next {
                    self.chat(*at, *n, scene);
                    self.served = Some(*at);
                }
            }
            Step::Lose => {
                self.served = self.served.map(|at| self.head.min(at + 1));
            }
            Step::Repeat => {
                let old = self.log.iter().rfind(|(at, _)| Some(*at) <= self.served);
                if let (Some((at, n)), Some(_)) = (old, self.served) {
                    self.chat(*at, *n, scene);
                }
            }
            Step::Trim => {
                self.log.pop_front();
            }
            Step::Forget { is_told } => self.forget(is_told, scene),
            Step::Cut => {
                scene.cut();
                self.connect(scene);
            }
        }
    }

    /// The session begins, in its inbox and in no other room.
    fn connect(&mut self, scene: &mut Scene) {
        self.served = None;
        if self.room != inbox() {
            scene.open();
            return;
        }
        scene.open_as("alice".parse().unwrap());
        let asked = JoinRoom {
            room: inbox(),
            since: scene.state.inbox_since(),
            history: None,
        };
        let (id, rooms) = (roomcast_protocol::RequestId::Number(0), vec![asked]);
        let mut joined = self.joined(&Join { id, rooms });
        joined.id = None;
        self.served = Some(self.head);
        scene.hear(ServerFrame::Joined(joined));
    }

    fn chat(&self, at: u64, n: u64, scene: &mut Scene) {
        let epoch = Epoch::from_bits(self.epoch);
        let chat = message_in(self.room.clone(), epoch, at, n).to_chat();
        scene.hear(ServerFrame::Chat(Box::new(chat)));
    }

    fn gap(&self, from: u64, to: u64, scene: &mut Scene) {
        scene.hear(ServerFrame::Gap(Gap {
            room: self.room.clone(),
            epoch: Epoch::from_bits(self.epoch),
            from: seq(from),
            to: seq(to),
        }));
    }

    fn forget(&mut self, is_told: bool, scene: &mut Scene) {
        self.epoch += 1;
        self.head = 0;
        for (at, n) in &mut self.log {
            self.head += 1;
            *at = self.head;
            self.stood.insert((self.epoch, self.head), *n);
        }
        if self.served.is_some() {
            self.served = Some(0);
            if is_told {
                self.gap(1, 0, scene);
            }
        }
    }

    /// Answers what the client sent, until it has nothing more to say.
    fn answer(&mut self, scene: &mut Scene) {
        for _ in 0..20 {
            let sent = scene.sent();
            for frame in &sent {
                match frame {
                    ClientFrame::Leave(leave) if leave.room != inbox() => self.served = None,
                    ClientFrame::Join(join) => {
                        self.served = Some(self.head);
                        scene.hear(ServerFrame::Joined(self.joined(join)));
                    }
                    other => panic!("{other:?}"),
                }
            }
            if sent.is_empty() {
                return;
            }
        }
        panic!("the client asks for ever");
    }

    fn joined(&self, join: &Join) -> Joined {
        let epoch = Epoch::from_bits(self.epoch);
        let mut answer = joined(join, epoch, self.head, &[]);
        let Some(since) = join.rooms[0].since else {
            return answer;
        };
        let is_same = since.epoch == epoch && since.seq <= seq(self.head);
        let from = if is_same { since.seq.value() } else { 0 };
        let rest: Vec<_> = self.log.iter().filter(|(at, _)| *at > from).collect();
        let kept_from = rest.first().map_or(self.head + 1, |(at, _)| *at);
        if kept_from > from + 1 {
            answer.gap = gap_range(from + 1, kept_from - 1);
        }
        answer.recovered = is_same && answer.gap.is_none();
        answer.messages = rest
            .iter()
            .map(|(at, n)| message_in(self.room.clone(), epoch, *at, *n).to_json())
            .collect();
        answer
    }
}

/// What the caller has been told.
struct Caller {
    at: Option<(u64, u64)>,
    seen: HashSet<u64>,
}

impl Caller {
    fn hear(&mut self, event: Event, server: &Server) {
        let bits = |epoch: Epoch| u64::from_str_radix(&epoch.to_string(), 16).unwrap();
        match event {
            Event::Joined(told) => {
                let (epoch, head) = (bits(told.position.epoch), told.position.seq.value());
                let is_same = self.at.is_some_and(|(at, _)| at == epoch);
                assert!(is_same || !told.recovered, "{told:?}");
                match told.gap {
                    Some(gap) => self.at = Some((epoch, gap.to.value())),
                    None if !told.resumed => self.at = Some((epoch, head)),
                    None if is_same => {}
                    None => self.at = Some((epoch, 0)),
                }
            }
            Event::Gap { epoch, to, .. } => self.at = Some((bits(epoch), to.value())),
            Event::Chat(chat) | Event::Direct(chat) => {
                let (epoch, seq) = (bits(chat.epoch), chat.seq.value());
                let (at_epoch, at) = self.at.expect("a message comes after joined");
                assert_eq!(epoch, at_epoch, "{chat:?}");
                self.passed_only_seen(epoch, at + 1..seq, server);
                assert!(seq > at, "{chat:?} after {at}");
                assert!(self.seen.insert(number(&chat)), "twice: {chat:?}");
                self.at = Some((epoch, seq));
            }
            Event::Connected { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    /// A position may be passed over in silence only if its message was told under an earlier one.
    fn passed_only_seen(&self, epoch: u64, passed: std::ops::Range<u64>, server: &Server) {
        for seq in passed {
            let n = server.stood[&(epoch, seq)];
            assert!(self.seen.contains(&n), "message {n} at {seq} never came");
        }
    }
}

proptest! {
    #[test]
    fn whatever_a_server_does_the_caller_sees_each_message_once_in_order_or_is_told(
        steps in prop::collection::vec(step(), 0..150),
    ) {
        let (mut scene, mut server) = (Scene::offline(|_| ()), Server::new(room()));
        server.connect(&mut scene);
        scene.join();
        is_whole(steps, scene, server);
    }

    #[test]
    fn whatever_a_server_does_an_inbox_is_as_whole_as_any_room(
        steps in prop::collection::vec(step(), 0..150),
    ) {
        let (mut scene, mut server) = (Scene::offline(|_| ()), Server::new(inbox()));
        server.connect(&mut scene);
        is_whole(steps, scene, server);
    }
}

fn is_whole(steps: Vec<Step>, mut scene: Scene, mut server: Server) {
    let mut caller = Caller {
        at: None,
        seen: HashSet::new(),
    };
    server.answer(&mut scene);
    let events = scene.events();
    events
        .into_iter()
        .for_each(|event| caller.hear(event, &server));
    // At the end, everything is delivered, and one more message shows what was missed.
    let end = [vec![Step::Publish], vec![Step::Deliver; 200]].concat();
    for step in steps.into_iter().chain(end) {
        server.step(step, &mut scene);
        scene.pass(0);
        server.answer(&mut scene);
        for event in scene.events() {
            caller.hear(event, &server);
        }
    }
    let (epoch, at) = caller.at.expect("the room was joined");
    assert_eq!(epoch, server.epoch);
    caller.passed_only_seen(epoch, at + 1..server.head + 1, &server);
    let since = scene.state.rooms[&server.room].since();
    assert!(since.is_some_and(|since| since.seq == seq(server.head)));
}
