//! Crowds at the door.

use std::net::{SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};
use tokio::time::Instant;

use crate::line::Line;
use crate::neighbours;
use crate::scene::{SLACK_KIB, Scene};
use crate::session::upgrade;

/// Connections that a node or an address may have, beside the neighbours'.
const PLACES: u64 = 10;
const CROWD: usize = 2_000;
const FULL: &str = "roomcast_connections_refused_full_total";
const ADDRESS_FULL: &str = "roomcast_connections_refused_address_total";

/// A connection from another address of this machine.
fn from_elsewhere(scene: &Scene) -> Line {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let elsewhere: SocketAddr = "127.0.0.2:0".parse().unwrap();
    socket.bind(&elsewhere.into()).unwrap();
    socket.connect(&scene.node.address.into()).unwrap();
    Line::over(TcpStream::from(socket))
}

/// The status of the answer to a handshake, and the line while it lasts.
fn shake(mut line: Line) -> (u16, Line) {
    let answer = line.ask(upgrade("/v1/ws?user=alice", ""));
    if answer.status == 503 {
        assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
    }
    (answer.status, line)
}

/// Takes every place, and one more is refused; a place that is given back is there again.
fn fills_up(scene: &Scene, refused: &str) {
    let mut inside = Vec::new();
    for _ in 0..PLACES {
        let (status, line) = shake(scene.node.line());
        assert_eq!(status, 101);
        inside.push(line);
    }
    scene.until_counted(refused, 0);
    assert_eq!(shake(scene.node.line()).0, 503);
    scene.until_counted(refused, 1);
    inside.pop();
    scene.until_only(PLACES - 1, Instant::now());
    let (status, line) = shake(scene.node.line());
    assert_eq!(status, 101);
    inside.push(line);
    // Nobody gets in for as long as it is full, and none of them costs anything.
    for _ in 0..CROWD {
        assert_eq!(shake(scene.node.line()).0, 503);
    }
    scene.until_counted(refused, 1 + CROWD as u64);
}

#[test]
fn the_last_place_of_a_node_is_taken_and_the_next_stranger_is_answered_503() {
    let places = (PLACES + neighbours::CONNECTIONS).to_string();
    let scene = Scene::start(&["--connections-max", &places]);
    fills_up(&scene, FULL);
    scene.until_counted(ADDRESS_FULL, 0);
    scene.end(SLACK_KIB);
}

#[test]
fn the_last_place_of_an_address_is_taken_and_another_address_has_its_own() {
    let places = (PLACES + neighbours::CONNECTIONS).to_string();
    let scene = Scene::start(&["--connections-per-address-max", &places]);
    assert_eq!(shake(from_elsewhere(&scene)).0, 101);
    fills_up(&scene, ADDRESS_FULL);
    let (status, _line) = shake(from_elsewhere(&scene));
    assert_eq!(status, 101);
    scene.until_counted(FULL, 0);
    scene.end(SLACK_KIB);
}

#[test]
fn a_crowd_that_only_connects_is_served_and_forgotten() {
    let scene = Scene::start(&["--handshake-ms", "2000"]);
    let crowd: Vec<_> = (0..CROWD / 4).map(|_| scene.node.line()).collect();
    scene.until_counted(
        "roomcast_requests_refused_total{reason=\"head_too_slow\"}",
        crowd.len() as u64,
    );
    drop(crowd);
    scene.until_only(0, Instant::now());
    scene.end(SLACK_KIB + CROWD as u64 / 4 * 16);
}
