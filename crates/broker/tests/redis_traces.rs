//! What a trace adds to the log of a room, and what no trace leaves as it was.

use roomcast_broker::Broker as _;
use roomcast_broker::conformance::{RedisStage, draft, room};
use roomcast_protocol::Draft;

const CONTEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_a_trace_is_kept_as_ever_and_one_with_it_has_one_field_more() {
    let stage = RedisStage::start().await;
    let lobby = room("lobby");
    let plain = draft(&lobby, "alice", None, "plain");
    let traced = Draft {
        trace: CONTEXT.parse().ok().map(Box::new),
        ..draft(&lobby, "alice", None, "traced")
    };
    for draft in [&plain, &traced] {
        stage.broker.publish(draft, None).await.expect("published");
    }
    let entries = stage.redis.run(&["XRANGE", "rc:{lobby}:log", "-", "+"]);
    let words: Vec<&str> = entries
        .lines()
        .filter(|line| !line.starts_with(['$', '*']))
        .collect();
    let (plain_id, traced_id) = (plain.id.to_string(), traced.id.to_string());
    let [id, t, _, i, its_id, b, body, rest @ ..] = &words[..] else {
        panic!("{entries}")
    };
    assert_eq!((*id, *t, *i, *b), ("1-0", "t", "i", "b"));
    assert_eq!((*its_id, *body), (&*plain_id, plain.body.as_str()));
    let [id, t, _, i, its_id, b, body, c, context] = rest else {
        panic!("{entries}")
    };
    assert_eq!((*id, *t, *i, *b, *c), ("2-0", "t", "i", "b", "c"));
    assert_eq!((*its_id, *body), (&*traced_id, traced.body.as_str()));
    assert_eq!(*context, CONTEXT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_in_the_log_that_cannot_be_read_loses_no_message() {
    let stage = RedisStage::start().await;
    let lobby = room("lobby");
    stage.say(&lobby, "first").await;
    let spoilt = draft(&lobby, "alice", None, "second");
    let (id, body) = (spoilt.id.to_string(), spoilt.body.as_str());
    for (place, context) in [("2-0", ""), ("3-0", "zz"), ("4-0", "00-0-0-00")] {
        let add = [
            "XADD",
            "rc:{lobby}:log",
            place,
            "t",
            "1",
            "i",
            &id,
            "b",
            body,
        ];
        stage.redis.run(&[&add[..], &["c", context]].concat());
    }
    stage.redis.run(&["HSET", "rc:{lobby}:meta", "seq", "4"]);
    let slice = stage.log(&lobby).await;
    assert_eq!(slice.messages.len(), 4);
    assert!(slice.messages.iter().all(|message| message.trace.is_none()));
    assert_eq!(stage.broker.stats().corrupt, 0);
}
