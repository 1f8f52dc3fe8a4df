//! The Redis keeper before the examiner where Redis is a master that sentinels watch, and a Cluster.

use roomcast_redis::processes::{Together, Turn, Turns};

use super::open;
use crate::config::PresenceConfig;
use crate::conformance::{Node, Stage};

/// A cluster of nodes over processes that are one Redis.
struct Shaped<P>(Turn<P>);

impl<P: Together> Stage for Shaped<P> {
    async fn node(&self, name: &str, config: PresenceConfig) -> Node {
        open(name, config, &[self.0.url()]).await
    }
}

macro_rules! all_suites {
    ($shape:ident: $processes:ident) => {
        mod $shape {
            use roomcast_redis::processes::{$processes, Turns};

            use super::{Shaped, on};
            use crate::conformance::bans::bans_suite;
            use crate::conformance::inbox::inbox_suite;
            use crate::conformance::many_nodes::many_nodes_suite;
            use crate::conformance::marks::marks_suite;
            use crate::conformance::one_node::one_node_suite;
            use crate::conformance::revisions::revisions_suite;

            static TURNS: Turns<$processes> = Turns::new();

            async fn stage() -> Shaped<$processes> {
                on(&TURNS).await
            }

            one_node_suite!(stage().await);
            many_nodes_suite!(stage().await);
            inbox_suite!(stage().await);
            bans_suite!(stage().await);
            marks_suite!(stage().await);
            revisions_suite!(stage().await);
            inbox_suite!(cluster stage().await);
            bans_suite!(cluster stage().await);
            revisions_suite!(cluster stage().await);
        }
    };
}

async fn on<P: Together>(turns: &Turns<P>) -> Shaped<P> {
    Shaped(turns.take().await)
}

all_suites!(sentinels: WatchedProcesses);
all_suites!(cluster: ClusterProcesses);
