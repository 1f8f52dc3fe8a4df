//! Signs of life: who gives none is let go, who does stays.

use crate::node::{Node, until};
use crate::session::{CLOSE, PING, Session};

#[test]
fn a_client_that_answers_no_ping_is_gone_after_two_heartbeats_and_one_that_does_stays() {
    let node = Node::start(&["--heartbeat-ms", "1000"]);
    let mut dead = Session::open(&node, "dead");
    let mut alive = Session::open(&node, "alive");
    let mut heard = Vec::new();
    loop {
        // Small frames only: a head, and a payload of at most 125 bytes.
        let head = dead.line.take(2).expect("a close comes first");
        let payload = dead.line.take(head[1].into()).expect("a whole frame");
        heard.push(head[0] & 0x0f);
        if head[0] & 0x0f == CLOSE {
            assert_eq!(u16::from_be_bytes([payload[0], payload[1]]), 4101);
            break;
        }
        alive.still_works();
    }
    assert!(heard.contains(&PING), "it was asked: {heard:?}");
    alive.still_works();
    // Counted when its end has been waited for: it might yet have answered the close.
    until("it is counted", || {
        let metrics = node.ask_ops("/metrics").body;
        let counted = "roomcast_sessions_closed_total{reason=\"no_pong\"} 1";
        metrics.contains(counted).then_some(())
    });
}
