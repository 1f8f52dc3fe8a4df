//! The in-memory keeper passes the suite.

use std::sync::Arc;

use roomcast_broker::conformance::{Stage, log_config};
use roomcast_broker::{MemoryBroker, MemoryConfig, broker_conformance};

async fn memory() -> Stage {
    let config = MemoryConfig {
        log: log_config(),
        ..MemoryConfig::default()
    };
    let (broker, mut feeds) = MemoryBroker::new(config, 1);
    Stage {
        broker: Arc::new(broker),
        feed: feeds.remove(0),
        keeps: Box::new(()),
    }
}

broker_conformance!(memory);
