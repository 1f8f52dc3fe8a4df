//! What a node holds: connections by its own word, memory by the kernel's.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;

use crate::process::Node;

const ASK: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const CONNECTIONS: &str = "roomcast_connections ";

/// Looks at a node from outside.
pub(crate) struct Watch {
    ops: SocketAddr,
    process: PathBuf,
}

impl Watch {
    pub(crate) fn of(node: &Node) -> Self {
        Self {
            ops: node.ops,
            process: format!("/proc/{}", node.child.id()).into(),
        }
    }

    /// Connections open now.
    pub(crate) fn connections(&self) -> u64 {
        let mut stream = TcpStream::connect(self.ops).expect("the node takes connections");
        stream.write_all(ASK).expect("the node reads");
        let mut said = String::new();
        stream
            .read_to_string(&mut said)
            .expect("the node answers in text");
        let mut lines = said.lines();
        let value = lines.find_map(|line| line.strip_prefix(CONNECTIONS));
        value
            .and_then(|value| value.parse().ok())
            .expect("a metric of the node")
    }

    /// Forgets how much memory was held at most so far (proc(5), `clear_refs`); what is held now,
    /// in KiB.
    pub(crate) fn forget_peak(&self) -> f64 {
        std::fs::write(self.process.join("clear_refs"), "5").expect("our own process");
        self.peak_kib()
    }

    /// The most memory held since then, in KiB.
    pub(crate) fn peak_kib(&self) -> f64 {
        let status = std::fs::read_to_string(self.process.join("status")).expect("the node runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|number| number.parse().ok())
            .expect("a number")
    }
}
