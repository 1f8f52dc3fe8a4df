//! Maps that are walked in the same order at each audit of the same ledgers, so that the first few
//! violations are the same ones.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

/// A map with a hasher of no secret: what is in a ledger was written by ourselves.
pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;
