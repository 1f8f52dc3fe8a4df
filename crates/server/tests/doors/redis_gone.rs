//! Redis goes and comes back under a running node: `/readyz` says so, `/livez` doesn't care, sessions
//! stay.

use roomcast_broker::conformance::RedisProcess;
use serde_json::json;

use crate::node::{Node, until};
use crate::session::Session;

#[test]
fn without_redis_a_node_is_alive_and_not_ready() {
    let mut redis = RedisProcess::with_append_only_file();
    let node = Node::start(&["--redis", &redis.url()]);
    let ready = |status: u16| {
        until(&format!("/readyz is {status}"), || {
            assert_eq!(node.ask_ops("/livez").status, 200, "whatever Redis does");
            (node.ask_ops("/readyz").status == status).then_some(())
        });
    };
    ready(200);
    let mut session = Session::open(&node, "alice");
    let joined = session.ask(&json!({"type": "join", "id": 1, "room": "lobby"}));
    assert_eq!(joined["type"], "joined", "{joined}");
    redis.kill();
    ready(503);
    // By this word deploy/haproxy.cfg knows it from a drain.
    let told = node.ask_ops("/readyz").body;
    assert!(told.starts_with("broken"), "{told}");
    let public = node.ask("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!((public.status, public.body), (503, told));
    let error =
        session.ask(&json!({"type": "chat", "id": 2, "room": "lobby", "message": "Anyone?"}));
    assert_eq!(error["code"], 500, "{error}");
    assert!(error["retry_after_ms"].as_u64().is_some(), "{error}");
    redis.restart();
    ready(200);
    until("a message is kept again", || {
        let ack =
            session.ask(&json!({"type": "chat", "id": 3, "room": "lobby", "message": "Back"}));
        (ack["type"] == "ack").then_some(())
    });
}
