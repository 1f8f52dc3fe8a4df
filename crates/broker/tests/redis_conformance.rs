//! The Redis keeper passes the suite in each of its shapes: one server, three independent ones, a master
//! that sentinels watch, and a Cluster.

use std::any::Any;
use std::sync::Arc;

use roomcast_broker::conformance::{RedisProcess, Stage, redis_config};
use roomcast_broker::{RedisBroker, RedisConfig};
use roomcast_redis::Address;
use roomcast_redis::processes::{Together, Turns};

async fn redis(servers: usize) -> Stage {
    let processes: Vec<RedisProcess> = (0..servers).map(|_| RedisProcess::start()).collect();
    let urls: Vec<String> = processes.iter().map(RedisProcess::url).collect();
    on(&urls, Box::new(processes)).await
}

async fn on(urls: &[String], keeps: Box<dyn Any + Send>) -> Stage {
    let addresses = urls
        .iter()
        .map(|url| Address::parse(url).expect("an address"));
    let config = RedisConfig {
        addresses: addresses.collect(),
        ..redis_config(&urls[0])
    };
    let (broker, mut feeds) = RedisBroker::connect(config, 1).await.expect("connected");
    Stage {
        broker: Arc::new(broker),
        feed: feeds.remove(0),
        keeps,
    }
}

async fn in_turn<P: Together>(turns: &Turns<P>) -> Stage {
    let turn = turns.take().await;
    on(&[turn.url()], Box::new(turn)).await
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

mod sentinels {
    use roomcast_broker::broker_conformance;
    use roomcast_redis::processes::{Turns, WatchedProcesses};

    static TURNS: Turns<WatchedProcesses> = Turns::new();

    async fn stage() -> super::Stage {
        super::in_turn(&TURNS).await
    }

    broker_conformance!(stage);
}

mod cluster {
    use roomcast_broker::broker_conformance;
    use roomcast_redis::processes::{ClusterProcesses, Turns};

    static TURNS: Turns<ClusterProcesses> = Turns::new();

    async fn stage() -> super::Stage {
        super::in_turn(&TURNS).await
    }

    broker_conformance!(stage);
}
