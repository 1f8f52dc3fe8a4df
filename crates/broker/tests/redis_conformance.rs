//! The Redis keeper passes the suite, on one server and on three independent ones.

use std::sync::Arc;

use roomcast_broker::conformance::{RedisProcess, Stage, log_config};
use roomcast_broker::{RedisBroker, RedisConfig};

async fn redis(servers: usize) -> Stage {
    let processes: Vec<RedisProcess> = (0..servers).map(|_| RedisProcess::start()).collect();
    let config = RedisConfig {
        urls: processes.iter().map(RedisProcess::url).collect(),
        node: "test".parse().expect("a node id"),
        connections: 2,
        durable_replicas: 0,
        log: log_config(),
    };
    let (broker, mut feeds) = RedisBroker::connect(config, 1).await.expect("connected");
    Stage {
        broker: Arc::new(broker),
        feed: feeds.remove(0),
        keeps: Box::new(processes),
    }
}

mod one_server {
    use roomcast_broker::broker_conformance;

    async fn stage() -> super::Stage {
        super::redis(1).await
    }

    broker_conformance!(stage);
}

mod three_servers {
    use roomcast_broker::broker_conformance;

    async fn stage() -> super::Stage {
        super::redis(3).await
    }

    broker_conformance!(stage);
}
