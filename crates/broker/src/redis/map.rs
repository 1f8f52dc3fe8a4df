//! Who keeps which slots of a Cluster, and the servers that go with it.

use std::sync::Arc;

use roomcast_redis::Slots;

use super::keys;
use super::server::Server;

/// Tags tried for the names of a master. With all 16,384 slots a tag hits one of them at once; one with
/// a single slot is missed by all of so many once in 4,000 times, and then has the names of another.
const TAGS_MAX: u32 = 1 << 17;

/// Who keeps what.
pub(super) struct Map {
    pub(super) slots: Slots,
    /// One for each of the masters in `slots`, in their order.
    pub(super) servers: Vec<Arc<Server>>,
}

/// The tag of a master's names: the first whose slot it keeps, the same on every node.
pub(super) fn tag_of(slots: &Slots, master: usize) -> u32 {
    let keeps = |tag: &u32| slots.owner_of(&keys::witness(*tag)) == Some(master);
    (0..TAGS_MAX).find(keeps).unwrap_or(0)
}
