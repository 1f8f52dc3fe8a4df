//! One life of a node: what holds people, and what dies.
//!
//! A node takes a fresh life when it starts, and again whenever it can't be sure that the cluster
//! still believes in the one it had: its lease ran out, Redis forgot, or Redis was restarted. So a
//! life that was given up is never revived, a node that comes back under the same name does not
//! adopt what its predecessor left, and two nodes of one name do no harm.

use std::fmt;
use std::sync::Arc;

use roomcast_protocol::NodeId;

/// `<node>:<16 hex digits>`. Holds neither a line end nor an equals sign.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Life(Arc<str>);

impl Life {
    /// A life that nobody had before.
    pub(super) fn fresh(node: &NodeId) -> Self {
        Self(format!("{node}:{:016x}", rand::random::<u64>()).into())
    }

    /// Reads what another node wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (node, digits) = text.rsplit_once(':')?;
        let is_hex = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_hex && node.parse::<NodeId>().is_ok()).then(|| Self(text.into()))
    }

    /// Whose life it is.
    pub(super) fn node(&self) -> Option<NodeId> {
        self.0.rsplit_once(':')?.0.parse().ok()
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_read_as_it_is_written_and_is_never_the_same_twice() {
        let node: NodeId = "eu-1.a".parse().unwrap();
        let life = Life::fresh(&node);
        assert_eq!(Life::parse(life.as_str()), Some(life.clone()));
        assert_ne!(life, Life::fresh(&node));
        assert_eq!(life.node(), Some(node));
        for bad in [
            "",
            "a",
            "a:12",
            ":0123456789abcdef",
            "a b:0123456789abcdef",
            "!mark",
        ] {
            assert_eq!(Life::parse(bad), None, "{bad}");
        }
    }
}
