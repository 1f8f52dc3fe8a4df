//! The Redis keeper passes the suite in each of its shapes: one server, three independent ones, a master
//! that sentinels watch, and a Cluster.

use std::any::Any;
use std::sync::{Arc, Weak};

use roomcast_broker::conformance::{RedisProcess, Stage, redis_config};
use roomcast_broker::{RedisBroker, RedisConfig};
use roomcast_redis::Address;
use tokio::sync::Mutex;

async fn redis(servers: usize) -> Stage {
    let processes: Vec<RedisProcess> = (0..servers).map(|_| RedisProcess::start()).collect();
    let urls: Vec<String> = processes.iter().map(RedisProcess::url).collect();
    on(&urls, Box::new(processes)).await
}

async fn on(urls: &[String], keeps: Box<dyn Any + Send>) -> Stage {
    let addresses = urls.iter().map(|url| Address::parse(url).expect("an address"));
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

/// Processes that take long to start: tests take turns, each beginning with an empty Redis. They end
/// with the last test that holds them.
struct Shared<P> {
    processes: P,
    turn: Arc<Mutex<()>>,
}

type Slot<P> = parking_lot::Mutex<Weak<Shared<P>>>;

async fn in_turn<P: Send + Sync + 'static>(
    slot: &Slot<P>,
    start: fn() -> P,
    url: fn(&P) -> String,
    servers: fn(&P) -> &[RedisProcess],
) -> Stage {
    let shared = {
        let mut slot = slot.lock();
        slot.upgrade().unwrap_or_else(|| {
            let shared = Arc::new(Shared {
                processes: start(),
                turn: Arc::default(),
            });
            *slot = Arc::downgrade(&shared);
            shared
        })
    };
    let turn = shared.turn.clone().lock_owned().await;
    for server in servers(&shared.processes) {
        // Replicas refuse, and follow.
        server.run(&["FLUSHALL"]);
    }
    on(&[url(&shared.processes)], Box::new((turn, shared))).await
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
    use roomcast_broker::conformance::WatchedProcesses;

    static SLOT: super::Slot<WatchedProcesses> = super::Slot::new(std::sync::Weak::new());

    async fn stage() -> super::Stage {
        let (start, url) = (WatchedProcesses::start, WatchedProcesses::url);
        super::in_turn(&SLOT, start, url, |watched| &watched.servers).await
    }

    broker_conformance!(stage);
}

mod cluster {
    use roomcast_broker::broker_conformance;
    use roomcast_broker::conformance::ClusterProcesses;

    static SLOT: super::Slot<ClusterProcesses> = super::Slot::new(std::sync::Weak::new());

    async fn stage() -> super::Stage {
        let (start, url) = (ClusterProcesses::start, ClusterProcesses::url);
        super::in_turn(&SLOT, start, url, |cluster| &cluster.nodes).await
    }

    broker_conformance!(stage);
}
