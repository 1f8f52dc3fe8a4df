//! Where a back end's orders are tried: a node that stands alone, and two nodes on a Redis of their own.

use roomcast_broker::conformance::RedisProcess;

use crate::node::Node;

/// Nodes that share their rooms. Those end before their Redis does.
pub(crate) struct Stage {
    nodes: Vec<Node>,
    _redis: Option<RedisProcess>,
}

impl Stage {
    /// Each kind of stage, one after the other; the nodes have these flags as well.
    pub(crate) fn each(flags: &[&str], act: impl Fn(&Self)) {
        let alone = [&["--node", "here"], flags].concat();
        act(&Self {
            nodes: vec![Node::start(&alone)],
            _redis: None,
        });
        let redis = RedisProcess::start();
        let url = redis.url();
        let start = |name| Node::start(&[&["--node", name, "--redis", &url], flags].concat());
        act(&Self {
            nodes: vec![start("here"), start("there")],
            _redis: Some(redis),
        });
    }

    /// The node that back ends ask.
    pub(crate) fn here(&self) -> &Node {
        self.nodes.first().expect("there is one")
    }

    /// Another one, where there are two.
    pub(crate) fn there(&self) -> &Node {
        self.nodes.last().expect("there is one")
    }

    /// The name of that other one.
    pub(crate) fn name_there(&self) -> &'static str {
        ["here", "there"][self.nodes.len() - 1]
    }
}
