//! The most memory that a process has held since it was last asked to forget it.

use crate::node::Node;

/// How high a node's memory rises from here on.
pub(crate) struct Peak {
    pid: u32,
    from_kib: u64,
}

impl Peak {
    /// From now on.
    pub(crate) fn of(node: &Node) -> Self {
        let pid = node.child.id();
        // 5: forget the peak, see proc(5).
        std::fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("our own process");
        let from_kib = peak_kib(pid);
        Self { pid, from_kib }
    }

    /// KiB that it held at most, beyond what it held at the start.
    pub(crate) fn growth_kib(&self) -> u64 {
        peak_kib(self.pid).saturating_sub(self.from_kib)
    }
}

fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the node runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.unwrap().parse().unwrap()
}
