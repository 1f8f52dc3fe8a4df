//! The memory keeper before the examiner.

use super::memory;
use crate::config::PresenceConfig;
use crate::conformance::bans::bans_suite;
use crate::conformance::inbox::inbox_suite;
use crate::conformance::marks::marks_suite;
use crate::conformance::one_node::one_node_suite;
use crate::conformance::revisions::revisions_suite;
use crate::conformance::{Node, Stage, churn};

struct Memory;

impl Stage for Memory {
    async fn node(&self, name: &str, config: PresenceConfig) -> Node {
        let (presence, changes) = memory(config, name.parse().unwrap());
        Node { presence, changes }
    }
}

one_node_suite!(Memory);
inbox_suite!(Memory);
bans_suite!(Memory);
marks_suite!(Memory);
revisions_suite!(Memory);

#[tokio::test]
async fn after_any_churn_the_rosters_and_what_was_told_agree() {
    for seed in 0..3 {
        churn::at_rest_all_agree(&Memory, 1, seed).await;
    }
}
