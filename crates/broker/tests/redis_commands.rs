//! What a publish costs Redis, and numbers that Lua would round.

use roomcast_broker::conformance::{RedisStage, draft, room};
use roomcast_broker::{Broker as _, Published, Span};
use roomcast_protocol::{Position, Seq, Since};

fn since(published: &Published) -> Since {
    let Position { epoch, seq } = published.position;
    let id = Some(published.id);
    Since { epoch, seq, id }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publish_is_one_call_and_five_commands_inside_it() {
    let stage = RedisStage::start().await;
    let lobby = room("lobby");
    stage.redis.run(&["CONFIG", "RESETSTAT"]);
    for n in 0..200 {
        stage.say(&lobby, &format!("m{n}")).await;
    }
    for command in ["evalsha", "time", "hmget", "xadd", "hset"] {
        assert_eq!(stage.calls(command), 200, "{command}");
    }
    // The node's own heartbeat publishes, gets and pings; the room's first breath clears its ground.
    assert!((200..230).contains(&stage.calls("spublish")));
    assert!(stage.calls("pexpire") <= 2 && stage.calls("del") <= 1);
    let known = [
        "evalsha",
        "time",
        "hmget",
        "xadd",
        "hset",
        "spublish",
        "pexpire",
        "del",
        "get",
        "set",
        "ping",
        "info",
        "quit",
        "config|resetstat",
        "script|load",
    ];
    let stats = stage.redis.run(&["INFO", "commandstats"]);
    let names = stats
        .lines()
        .filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(':'));
    for (name, _) in names {
        assert!(known.contains(&name), "nobody needs {name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publish_with_a_key_costs_two_commands_more_and_its_retry_nearly_nothing() {
    let stage = RedisStage::start().await;
    let lobby = room("lobby");
    stage.redis.run(&["CONFIG", "RESETSTAT"]);
    for _ in 0..2 {
        for n in 0..50 {
            let draft = draft(&lobby, "alice", Some(&format!("k{n}")), "once");
            stage.broker.publish(&draft, None).await.expect("published");
        }
    }
    assert_eq!((stage.calls("evalsha"), stage.calls("xadd")), (100, 50));
    assert!((50..60).contains(&stage.calls("set")));
    assert_eq!(stage.texts(&lobby).await.len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_lost_its_scripts_is_given_them_again() {
    let stage = RedisStage::start().await;
    let rooms: Vec<_> = (0..120).map(|n| room(&format!("room-{n}"))).collect();
    for (n, room) in rooms.iter().enumerate() {
        if n % 30 == 0 {
            stage.redis.run(&["SCRIPT", "FLUSH"]);
        }
        assert_eq!(stage.say(room, "first").await.position.seq.value(), 1);
    }
    stage.redis.run(&["SCRIPT", "FLUSH"]);
    let spans = rooms
        .iter()
        .map(|room| (room.clone(), Span::Latest { limit: 1 }));
    for slice in stage.broker.read_many(spans.collect()).await {
        assert_eq!(slice.expect("readable").expect("there").messages.len(), 1);
    }
    stage.redis.run(&["SCRIPT", "FLUSH"]);
    let head = stage.broker.open(&rooms[0], None).await.expect("opened");
    assert_eq!(head.seq.value(), 1);
    stage.redis.run(&["SCRIPT", "FLUSH"]);
    assert_eq!(stage.texts(&rooms[0]).await, ["first"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_stay_exact_where_lua_would_round_them() {
    for start in [999_999_999_999_998_u64, (1 << 53) - 5] {
        let mut stage = RedisStage::start().await;
        let lobby = room("lobby");
        stage.listen(&lobby).await;
        let first = stage.say(&lobby, "first").await;
        stage.message().await;
        stage
            .redis
            .run(&["HSET", "rc:{lobby}:meta", "seq", &start.to_string()]);
        let mut said = Vec::new();
        for n in 1..=3 {
            let published = stage.say(&lobby, &format!("m{n}")).await;
            assert_eq!(published.position.epoch, first.position.epoch);
            assert_eq!(published.position.seq.value(), start + n);
            assert_eq!(stage.message().await.position, published.position);
            said.push(published);
        }
        let entries = stage.redis.run(&["XRANGE", "rc:{lobby}:log", "-", "+"]);
        assert!(
            entries.contains(&format!("\r\n{}-0\r\n", start + 3)),
            "{entries}"
        );
        let span = Span::After {
            since: since(&said[0]),
            limit: 10,
        };
        let slice = stage
            .broker
            .read(&lobby, span)
            .await
            .expect("readable")
            .expect("there");
        assert_eq!(
            (slice.proof, slice.head.seq),
            (Some(said[0].id), said[2].position.seq)
        );
        let read: Vec<Seq> = slice.messages.iter().map(|m| m.position.seq).collect();
        assert_eq!(read, [said[1].position.seq, said[2].position.seq]);
        // Whoever has seen further than the log fences it at the exact place.
        let floor = Some(Position {
            epoch: first.position.epoch,
            seq: said[2].position.seq.next(),
        });
        let fencing = draft(&lobby, "alice", None, "fenced");
        let fenced = stage
            .broker
            .publish(&fencing, floor)
            .await
            .expect("published");
        assert_ne!(fenced.position.epoch, first.position.epoch);
        let head = stage.log(&lobby).await.head;
        assert_eq!(
            (head.base, head.seq),
            (said[2].position.seq, said[2].position.seq.next())
        );
    }
}
