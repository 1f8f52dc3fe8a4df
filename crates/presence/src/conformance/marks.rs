//! What a keeper shows of read marks.

use std::time::Duration;

use roomcast_protocol::{Epoch, Seq};

use super::{Node, Stage, quick, room, user};
use crate::config::PresenceConfig;
use crate::port::ReadMark;

/// Makes a test of every sentence, on a stage.
macro_rules! marks_suite {
    ($stage:expr) => {
        marks_suite!($stage;
            a_read_mark_never_goes_back,
            another_epoch_begins_the_read_mark_anew,
            a_mark_is_shown_as_it_was_set_last,
            marks_page_in_the_order_of_user_ids,
            in_a_room_with_too_many_marks_the_one_that_moved_longest_ago_goes,
        );
    };
    ($stage:expr; $($name:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::conformance::marks::$name(&$stage).await;
        }
    )*};
}
pub(crate) use marks_suite;

const EPOCH: Epoch = Epoch::from_bits(0xa1);

fn mark_at(epoch: Epoch, seq: u64) -> ReadMark {
    let seq = Seq::try_from(seq).unwrap();
    ReadMark { epoch, seq }
}

impl Node {
    /// Reads up to `seq` in [`EPOCH`]; it must be a step forward.
    async fn reads(&self, room_name: &str, user_name: &str, seq: u64) {
        let seq = Seq::try_from(seq).unwrap();
        let (room, user) = (room(room_name), user(user_name));
        let moved = self.presence.read(&room, &user, EPOCH, seq).await;
        assert_eq!(moved, Ok(Some(seq)));
    }

    /// Who has a mark in a room, a page of `limit` at a time, by name.
    async fn readers(&self, room_name: &str, limit: usize) -> Vec<String> {
        let (room, mut after, mut seen) = (room(room_name), None, Vec::new());
        loop {
            let page = self.presence.marks(&room, after.as_ref(), limit).await;
            let page = page.unwrap();
            assert!(page.marks.len() <= limit);
            seen.extend(page.marks.iter().map(|(user, _)| user.to_string()));
            if !page.more {
                return seen;
            }
            assert_eq!(page.marks.len(), limit, "only the last page is short");
            after = page.marks.last().map(|(user, _)| user.clone());
        }
    }
}

pub(crate) async fn a_read_mark_never_goes_back(stage: &impl Stage) {
    let node = stage.node("a", quick()).await;
    let (r, alice, epoch) = (room("r"), user("alice"), Epoch::from_bits(7));
    let read = async |seq: u64| {
        let seq = Seq::try_from(seq).unwrap();
        let moved = node.presence.read(&r, &alice, epoch, seq).await.unwrap();
        moved.map(Seq::value)
    };
    let last = roomcast_protocol::SEQ_MAX;
    assert_eq!(read(5).await, Some(5));
    assert_eq!(read(5).await, None);
    assert_eq!(read(4).await, None);
    assert_eq!(read(10).await, Some(10), "numbers, not texts, are compared");
    assert_eq!(read(last - 1).await, Some(last - 1));
    assert_eq!(read(last).await, Some(last), "large ones exactly");
    assert_eq!(read(last - 1).await, None);
}

pub(crate) async fn another_epoch_begins_the_read_mark_anew(stage: &impl Stage) {
    let node = stage.node("a", quick()).await;
    let (r, alice) = (room("r"), user("alice"));
    let (five, two) = (Seq::try_from(5).unwrap(), Seq::try_from(2).unwrap());
    let first = Epoch::from_bits(1);
    assert_eq!(
        node.presence.read(&r, &alice, first, five).await,
        Ok(Some(five))
    );
    let second = Epoch::from_bits(2);
    assert_eq!(
        node.presence.read(&r, &alice, second, two).await,
        Ok(Some(two))
    );
    assert_eq!(node.presence.read(&r, &alice, second, two).await, Ok(None));
}

pub(crate) async fn a_mark_is_shown_as_it_was_set_last(stage: &impl Stage) {
    let node = stage.node("a", quick()).await;
    let (r, alice) = (room("r"), user("alice"));
    assert_eq!(node.presence.mark(&r, &alice).await, Ok(None));
    let last = roomcast_protocol::SEQ_MAX;
    for (epoch, seq) in [(9, 5), (9, last), (u64::MAX, 2)] {
        let mark = mark_at(Epoch::from_bits(epoch), seq);
        let moved = node.presence.read(&r, &alice, mark.epoch, mark.seq).await;
        assert_eq!(moved, Ok(Some(mark.seq)));
        assert_eq!(node.presence.mark(&r, &alice).await, Ok(Some(mark)));
        let page = node.presence.marks(&r, None, 10).await.unwrap();
        assert_eq!(
            (page.marks, page.more),
            (vec![(alice.clone(), mark)], false)
        );
    }
    assert_eq!(node.presence.mark(&r, &user("bob")).await, Ok(None));
    assert_eq!(node.presence.mark(&room("s"), &alice).await, Ok(None));
}

pub(crate) async fn marks_page_in_the_order_of_user_ids(stage: &impl Stage) {
    let node = stage.node("a", quick()).await;
    assert!(node.readers("r", 10).await.is_empty());
    // Bytes are the order: capitals before small letters, 10 before 9.
    let mut expected: Vec<String> = (0..25).map(|number| format!("u{}", number * 7)).collect();
    expected.extend(["U1".to_owned(), "-".to_owned()]);
    for name in &expected {
        node.reads("r", name, 1).await;
        node.reads("r", name, 2).await;
    }
    node.reads("s", "elsewhere", 1).await;
    expected.sort();
    for limit in [1, 9, 27, 100] {
        assert_eq!(node.readers("r", limit).await, expected);
    }
    let none = node.presence.marks(&room("r"), None, 0).await.unwrap();
    assert_eq!((none.marks.len(), none.more), (0, true));
}

pub(crate) async fn in_a_room_with_too_many_marks_the_one_that_moved_longest_ago_goes(
    stage: &impl Stage,
) {
    let config = PresenceConfig {
        reads_per_room_max: 3,
        ..quick()
    };
    let node = stage.node("a", config).await;
    node.reads("s", "zoe", 1).await;
    for (name, seq) in [
        ("a", 1),
        ("b", 1),
        ("c", 1),
        ("a", 2),
        ("d", 1),
        ("d", 2),
        ("e", 1),
    ] {
        node.reads("r", name, seq).await;
        // Redis tells moments apart by the millisecond.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    assert_eq!(node.readers("r", 10).await, ["a", "d", "e"]);
    assert_eq!(node.readers("s", 10).await, ["zoe"]);
    let a = node.presence.mark(&room("r"), &user("a")).await;
    assert_eq!(a, Ok(Some(mark_at(EPOCH, 2))));
    assert_eq!(node.presence.mark(&room("r"), &user("b")).await, Ok(None));
}
