//! Those who don't read, or only when they like.

use std::net::TcpStream;
use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tokio::time::Instant;

use crate::line::Line;
use crate::node::until;
use crate::scene::{SLACK_KIB, Scene};
use crate::session::{Next, Session, upgrade};

/// The shortest that a node may be set to.
const STALL: &[&str] = &["--write-stall-ms", "1000"];
const STALLERS: usize = 10;
/// The receive buffer of one who stalls, so that little is needed to fill it.
const RECEIVE_BYTES: usize = 4 * 1024;
const ROOM: &str = "loud";
/// The text of a loud message, and how many fill every buffer on the way to a staller.
const TEXT_BYTES: usize = 16_000;
const MESSAGES: u64 = 40;
/// What waits for one session at most, here.
const OUTBOX_BYTES: u64 = 65_536;

/// A session with a small receive buffer that has joined a room.
fn staller(scene: &Scene, name: &str, room: &str) -> Session {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(RECEIVE_BYTES).unwrap();
    socket.connect(&scene.node.address.into()).unwrap();
    let mut line = Line::over(TcpStream::from(socket));
    let answer = line.ask(upgrade(&format!("/v1/ws?user={name}"), ""));
    assert_eq!(answer.status, 101, "{answer:?}");
    let mut session = Session { line };
    let joined = session.ask(&json!({"type": "join", "id": "join", "room": room}));
    assert_eq!(joined["type"], "joined", "{joined}");
    session
}

/// Says this many loud messages.
fn talk(talker: &mut Session, messages: u64) {
    let text = "x".repeat(TEXT_BYTES);
    for id in 1..=messages {
        let ack = talker.ask(&json!({"type": "chat", "id": id, "room": ROOM, "message": text}));
        assert_eq!(ack["type"], "ack", "{ack}");
        // Within the rate of commands.
        sleep(Duration::from_millis(51));
    }
}

#[test]
fn who_takes_nothing_for_the_stall_time_is_closed_with_4100_and_holds_an_outbox_at_most() {
    let outbox = OUTBOX_BYTES.to_string();
    let scene = Scene::start(&[STALL, &["--outbox-bytes-max", &outbox]].concat());
    let mut stallers: Vec<_> = (0..STALLERS)
        .map(|_| staller(&scene, "eve", ROOM))
        .collect();
    let mut talker = staller(&scene, "talker", ROOM);
    let highest = scope(|scope| {
        let talking = scope.spawn(|| talk(&mut talker, MESSAGES));
        let mut highest = 0;
        while !talking.is_finished() {
            highest = highest.max(scene.counted("roomcast_outbox_bytes"));
            sleep(Duration::from_millis(20));
        }
        talking.join().unwrap();
        highest
    });
    let began = Instant::now();
    // What each holds, and a frame that an empty outbox takes whatever its size.
    let bound = (STALLERS as u64 + 1) * (OUTBOX_BYTES + TEXT_BYTES as u64 * 2);
    assert!(highest > 0, "nothing ever waited");
    assert!(highest <= bound, "{highest} bytes waited");
    scene.until_closed("stuck_reader", STALLERS as u64);
    scene.until_only(1, began);
    talker.still_works();
    assert_eq!(scene.counted("roomcast_outbox_bytes"), 0);
    // The code comes behind what the kernel still had for it, where there is room for it at all.
    for staller in &mut stallers {
        assert!([None, Some(4100)].contains(&staller.close_code()));
    }
    scene.end(SLACK_KIB);
}

#[test]
fn who_asks_for_much_and_never_reads_gets_no_more_than_one_answer_ahead() {
    let scene = Scene::start(STALL);
    let mut talker = staller(&scene, "talker", ROOM);
    talk(&mut talker, MESSAGES);
    let page = MESSAGES * TEXT_BYTES as u64;
    let mut askers: Vec<_> = (0..STALLERS)
        .map(|_| staller(&scene, "eve", "elsewhere"))
        .collect();
    let began = Instant::now();
    for asker in &mut askers {
        // Each is answered with all the room has, forty times what an asker sends for all of it.
        let ask = json!({"type": "join", "id": 1, "rooms": [{"room": ROOM, "history": 100}]});
        asker.send_text(&ask.to_string());
        for id in 2..20 {
            let more = json!({"type": "history", "id": id, "room": ROOM, "limit": 100});
            asker.send_text(&more.to_string());
        }
    }
    scene.until_closed("stuck_reader", STALLERS as u64);
    scene.until_only(1, began);
    drop(askers);
    // An answer as it is written, and as it was read from the log.
    scene.end(SLACK_KIB + STALLERS as u64 * 4 * page / 1024);
}

#[test]
fn who_pauses_within_the_stall_time_misses_nothing() {
    let outbox = OUTBOX_BYTES.to_string();
    let scene = Scene::start(&["--outbox-bytes-max", &outbox]);
    let mut pausing = staller(&scene, "slow", ROOM);
    let mut talker = staller(&scene, "talker", ROOM);
    talk(&mut talker, MESSAGES);
    until("it has fallen behind", || {
        (scene.counted("roomcast_outbox_overflows_total") > 0).then_some(())
    });
    for seq in 1..=MESSAGES {
        let said = next_message(&mut pausing);
        assert_eq!(said["seq"], seq, "{}", said["type"]);
    }
    pausing.still_works();
    scene.until_closed("stuck_reader", 0);
    scene.end(SLACK_KIB);
}

/// The next message or gap.
fn next_message(session: &mut Session) -> Value {
    loop {
        match session.next() {
            Next::Says(frame) if frame["type"] == "chat" || frame["type"] == "gap" => return frame,
            Next::Says(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
