//! Who keeps which slots of a Cluster: one answer to `CLUSTER SLOTS`.

use redis::{ErrorKind, RedisError, RedisResult, Value};

use crate::slot::{SLOTS, slot};
use crate::spot::Spot;

/// The masters, and the slots of each. The default: nobody, and none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    masters: Vec<Spot>,
    /// Of each slot the place of its master, or [`NOBODY`].
    owners: Vec<u16>,
    /// Other nodes that were named, to be asked another time.
    replicas: Vec<Spot>,
}

const NOBODY: u16 = u16::MAX;

impl Slots {
    /// Masters that keep any slot, in the order of their addresses.
    pub fn masters(&self) -> &[Spot] {
        &self.masters
    }

    /// The master that keeps a slot, as its place in [`Slots::masters`].
    pub fn owner(&self, slot: u16) -> Option<usize> {
        let owner = self.owners.get(usize::from(slot)).copied();
        owner.filter(|owner| *owner != NOBODY).map(usize::from)
    }

    /// The master that keeps a key.
    pub fn owner_of(&self, key: &str) -> Option<usize> {
        self.owner(slot(key.as_bytes()))
    }

    /// Whether every slot is kept.
    pub fn is_whole(&self) -> bool {
        !self.owners.is_empty() && self.owners.iter().all(|owner| *owner != NOBODY)
    }

    /// These masters, each with the slots of its range, as no Cluster told them: for tests.
    ///
    /// # Panics
    /// If a range has slots that there are not.
    #[cfg(feature = "processes")]
    pub fn made_up(ranges: &[(Spot, std::ops::Range<u16>)]) -> Self {
        let mut masters: Vec<Spot> = ranges.iter().map(|(master, _)| master.clone()).collect();
        masters.sort();
        masters.dedup();
        let mut owners = vec![NOBODY; usize::from(SLOTS)];
        for (master, range) in ranges {
            let owner = masters.binary_search(master).expect("one of them");
            let kept = usize::from(range.start)..usize::from(range.end);
            owners[kept].fill(u16::try_from(owner).expect("few masters"));
        }
        Self {
            masters,
            owners,
            replicas: Vec::new(),
        }
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Spot> {
        self.masters.iter().chain(&self.replicas)
    }

    /// Reads an answer of the node at `asked`, which may leave out its own host.
    pub(crate) fn read(answer: &Value, asked: &Spot) -> RedisResult<Self> {
        let mut ranges = Vec::new();
        let mut replicas = Vec::new();
        for range in list(answer)? {
            let [first, last, master, others @ ..] = list(range)? else {
                return Err(strange());
            };
            ranges.push((number(first)?, number(last)?, spot(master, asked)?));
            for other in others {
                replicas.push(spot(other, asked)?);
            }
        }
        let mut masters: Vec<Spot> = ranges.iter().map(|range| range.2.clone()).collect();
        masters.sort();
        masters.dedup();
        replicas.sort();
        replicas.dedup();
        let mut owners = vec![NOBODY; usize::from(SLOTS)];
        for (first, last, master) in &ranges {
            let owner = masters.binary_search(master).map_err(|_| strange())?;
            let owner = u16::try_from(owner).map_err(|_| strange())?;
            let kept = owners.get_mut(usize::from(*first)..=usize::from(*last));
            kept.ok_or_else(strange)?.fill(owner);
        }
        Ok(Self {
            masters,
            owners,
            replicas,
        })
    }
}

fn list(value: &Value) -> RedisResult<&[Value]> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(strange()),
    }
}

fn number(value: &Value) -> RedisResult<u16> {
    match value {
        Value::Int(number) => u16::try_from(*number).map_err(|_| strange()),
        _ => Err(strange()),
    }
}

/// A node: host, port, id and more. A host that the node itself doesn't know is the one asked.
fn spot(value: &Value, asked: &Spot) -> RedisResult<Spot> {
    let [host, port, ..] = list(value)? else {
        return Err(strange());
    };
    let host = match host {
        Value::BulkString(host) => String::from_utf8(host.clone()).map_err(|_| strange())?,
        Value::SimpleString(host) => host.clone(),
        Value::Nil => String::new(),
        _ => return Err(strange()),
    };
    let is_unknown = host.is_empty() || host == "?";
    Ok(Spot {
        host: if is_unknown { asked.host.clone() } else { host },
        port: number(port)?,
    })
}

fn strange() -> RedisError {
    (
        ErrorKind::UnexpectedReturnType,
        "CLUSTER SLOTS was answered in a way that is not understood",
    )
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: &str, port: i64) -> Value {
        Value::Array(vec![
            Value::BulkString(host.into()),
            Value::Int(port),
            Value::BulkString(b"id".to_vec()),
        ])
    }

    fn range(first: i64, last: i64, nodes: Vec<Value>) -> Value {
        Value::Array([vec![Value::Int(first), Value::Int(last)], nodes].concat())
    }

    fn asked() -> Spot {
        "asked:1".parse().unwrap()
    }

    #[test]
    fn an_answer_says_who_keeps_which_slot() {
        let answer = Value::Array(vec![
            range(8_192, 16_383, vec![node("b", 2)]),
            range(0, 99, vec![node("", 1), node("c", 3)]),
            range(101, 8_191, vec![node("", 1), node("c", 3)]),
        ]);
        let slots = Slots::read(&answer, &asked()).unwrap();
        let masters: Vec<String> = slots.masters().iter().map(Spot::to_string).collect();
        assert_eq!(masters, ["asked:1", "b:2"]);
        assert_eq!(
            (slots.owner(0), slots.owner(100), slots.owner(101)),
            (Some(0), None, Some(0))
        );
        assert_eq!((slots.owner(8_192), slots.owner(16_384)), (Some(1), None));
        assert!(!slots.is_whole());
        assert_eq!(slots.nodes().count(), 3);
    }

    #[test]
    fn an_answer_that_is_none_is_an_error() {
        for answer in [
            Value::Nil,
            Value::Array(vec![Value::Nil]),
            Value::Array(vec![range(0, 16_384, vec![node("a", 1)])]),
            Value::Array(vec![range(5, 1, vec![node("a", 1)])]),
            Value::Array(vec![range(0, 1, vec![])]),
            Value::Array(vec![range(0, 1, vec![node("a", -1)])]),
        ] {
            assert!(Slots::read(&answer, &asked()).is_err(), "{answer:?}");
        }
    }
}
