//! P6, P8: a position is continued exactly, or the loss is told.

use roomcast_protocol::{Position, RoomName, Seq, Since};

use super::{Stage, draft, room};
use crate::continuity::Continuation;
use crate::port::{FeedEvent, Slice, Span};

fn since(published: &crate::Published) -> Since {
    let Position { epoch, seq } = published.position;
    Since {
        epoch,
        seq,
        id: Some(published.id),
    }
}

fn seqs(slice: &Slice) -> Vec<u64> {
    slice
        .messages
        .iter()
        .map(|message| message.position.seq.value())
        .collect()
}

async fn read(stage: &Stage, room: &RoomName, span: Span) -> Slice {
    stage
        .broker
        .read(room, span)
        .await
        .expect("readable")
        .expect("there")
}

/// P6: what follows a position comes in order, once.
pub async fn p6_a_position_is_continued_exactly(stage: Stage) {
    let lobby = room("lobby");
    stage.say(&lobby, "seen").await;
    let seen = stage.say(&lobby, "seen").await;
    let since = since(&seen);
    let nothing = read(&stage, &lobby, Span::After { since, limit: 10 }).await;
    assert_eq!(nothing.proof, Some(seen.id));
    assert_eq!(
        nothing.continue_from(&since),
        Continuation::Unbroken(Vec::new())
    );
    for _ in 0..3 {
        stage.say(&lobby, "missed").await;
    }
    let slice = read(&stage, &lobby, Span::After { since, limit: 2 }).await;
    assert_eq!((seqs(&slice), slice.more), (vec![3, 4], true));
    let slice = read(&stage, &lobby, Span::After { since, limit: 3 }).await;
    assert_eq!((seqs(&slice), slice.more), (vec![3, 4, 5], false));
    assert!(
        matches!(slice.continue_from(&since), Continuation::Unbroken(missed) if missed.len() == 3)
    );
}

/// P6: where the log no longer reaches back, the gap is exact and the tail is there.
pub async fn p6_a_trimmed_log_says_what_is_missing(stage: Stage) {
    let lobby = room("lobby");
    let seen = stage.say(&lobby, "seen").await;
    for n in 0..500 {
        stage.say(&lobby, &format!("m{n}")).await;
    }
    let since = since(&seen);
    let slice = read(
        &stage,
        &lobby,
        Span::After {
            since,
            limit: 1_000,
        },
    )
    .await;
    let Continuation::Trimmed(gap, tail) = slice.continue_from(&since) else {
        panic!("whole")
    };
    assert_eq!(gap.from.value(), 2);
    assert_eq!(gap.to.next(), tail[0].position.seq);
    assert_eq!(tail.last().expect("a tail").position.seq.value(), 501);
    assert!(
        (200..=320).contains(&tail.len()),
        "{} kept of 200",
        tail.len()
    );
}

/// Pages in both directions meet end to end.
pub async fn p6_pages_meet_without_overlap(stage: Stage) {
    let lobby = room("lobby");
    for n in 1..=10 {
        stage.say(&lobby, &format!("m{n}")).await;
    }
    let seq = |n: u64| Seq::try_from(n).expect("a seq");
    let latest = read(&stage, &lobby, Span::Latest { limit: 4 }).await;
    assert_eq!((seqs(&latest), latest.more), (vec![7, 8, 9, 10], true));
    let before = read(
        &stage,
        &lobby,
        Span::Before {
            before: seq(7),
            limit: 4,
        },
    )
    .await;
    assert_eq!((seqs(&before), before.more), (vec![3, 4, 5, 6], true));
    let first = read(
        &stage,
        &lobby,
        Span::Before {
            before: seq(3),
            limit: 4,
        },
    )
    .await;
    assert_eq!((seqs(&first), first.more), (vec![1, 2], false));
    let from = read(
        &stage,
        &lobby,
        Span::From {
            after: seq(0),
            limit: 3,
        },
    )
    .await;
    assert_eq!((seqs(&from), from.more), (vec![1, 2, 3], true));
    let rest = read(
        &stage,
        &lobby,
        Span::From {
            after: seq(8),
            limit: 3,
        },
    )
    .await;
    assert_eq!((seqs(&rest), rest.more), (vec![9, 10], false));
    let none = read(
        &stage,
        &lobby,
        Span::Before {
            before: seq(1),
            limit: 3,
        },
    )
    .await;
    assert_eq!((seqs(&none), none.more), (vec![], false));
}

/// P8: a position ahead of the log is another log's; the room goes on in a new epoch.
pub async fn p8_a_log_that_ends_before_the_position_is_fenced_and_stays_readable(mut stage: Stage) {
    let lobby = room("lobby");
    stage.broker.subscribe(&lobby).await.expect("subscribed");
    let last = stage.say(&lobby, "kept").await;
    stage.told().await;
    let ahead = Since {
        seq: last.position.seq.next(),
        ..since(&last)
    };
    let slice = read(
        &stage,
        &lobby,
        Span::After {
            since: ahead,
            limit: 10,
        },
    )
    .await;
    assert_eq!(slice.continue_from(&ahead), Continuation::Forked);
    let head = stage
        .broker
        .open(&lobby, Some(ahead.epoch))
        .await
        .expect("opened");
    assert_ne!(head.epoch, ahead.epoch);
    assert_eq!(
        (head.seq, head.base),
        (last.position.seq, last.position.seq)
    );
    assert_eq!(stage.told().await, FeedEvent::Fenced(lobby.clone()));
    let next = stage.say(&lobby, "next").await;
    assert_eq!(
        next.position,
        Position {
            epoch: head.epoch,
            seq: last.position.seq.next()
        }
    );
    let slice = read(
        &stage,
        &lobby,
        Span::After {
            since: ahead,
            limit: 10,
        },
    )
    .await;
    let Continuation::OtherEpoch(gap, messages) = slice.continue_from(&ahead) else {
        panic!("the same epoch")
    };
    assert_eq!((gap.from.value(), gap.to), (1, head.base));
    assert_eq!(messages.len(), 1, "only what the new epoch said itself");
    assert_eq!(
        seqs(&read(&stage, &lobby, Span::Latest { limit: 9 }).await),
        [1, 2]
    );
}

/// P8: no position is given a second time where the publisher knows it was given before.
pub async fn p8_a_publisher_who_saw_further_than_the_log_fences_it(stage: Stage) {
    let lobby = room("lobby");
    let last = stage.say(&lobby, "kept").await;
    let reached = Position {
        seq: last.position.seq,
        ..last.position
    };
    let same = stage
        .broker
        .publish(&draft(&lobby, "bob", None, "same"), Some(reached))
        .await;
    assert_eq!(same.expect("published").position.epoch, last.position.epoch);
    let beyond = Position {
        seq: Seq::try_from(9).expect("a seq"),
        ..last.position
    };
    let fenced = stage
        .broker
        .publish(&draft(&lobby, "bob", None, "new"), Some(beyond))
        .await;
    let fenced = fenced.expect("published");
    assert_ne!(fenced.position.epoch, last.position.epoch);
    assert_eq!(fenced.position.seq.value(), 3);
    let head = stage.broker.open(&lobby, None).await.expect("opened");
    assert_eq!((head.epoch, head.base.value()), (fenced.position.epoch, 2));
}

/// P8: many nodes may find out at once; the room is fenced once.
pub async fn p8_fencing_twice_changes_nothing(stage: Stage) {
    let lobby = room("lobby");
    let stale = stage.say(&lobby, "kept").await.position.epoch;
    let once = stage
        .broker
        .open(&lobby, Some(stale))
        .await
        .expect("opened");
    let twice = stage
        .broker
        .open(&lobby, Some(stale))
        .await
        .expect("opened");
    assert_eq!(once, twice);
}

/// Looking at a room that isn't there doesn't make it; joining it does.
pub async fn a_room_begins_when_opened_and_not_when_read(stage: Stage) {
    let lobby = room("lobby");
    let span = Span::Latest { limit: 5 };
    assert_eq!(stage.broker.read(&lobby, span).await, Ok(None));
    let head = stage.broker.open(&lobby, None).await.expect("opened");
    assert_eq!((head.seq, head.base), (Seq::ZERO, Seq::ZERO));
    let slice = read(&stage, &lobby, span).await;
    assert_eq!((slice.head, slice.messages.len()), (head, 0));
    let first = stage.say(&lobby, "first").await;
    assert_eq!(
        first.position,
        Position {
            epoch: head.epoch,
            seq: Seq::ZERO.next()
        }
    );
}

/// A node that comes back asks for all its rooms in few round trips.
pub async fn many_rooms_are_read_at_once(stage: Stage) {
    let mut spans = Vec::new();
    for n in 0..250_u32 {
        let name = room(&format!("room-{n}"));
        if n % 5 != 0 {
            stage.say(&name, &format!("m{n}")).await;
        }
        spans.push((name, Span::Latest { limit: 1 }));
    }
    let slices = stage.broker.read_many(spans.clone()).await;
    assert_eq!(slices.len(), spans.len());
    for (n, slice) in slices.into_iter().enumerate() {
        match slice.expect("readable") {
            None => assert_eq!(n % 5, 0),
            Some(slice) => assert_eq!(slice.messages[0].to_chat().message, format!("m{n}")),
        }
    }
}
