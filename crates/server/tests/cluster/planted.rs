//! The audit itself is tested: each case plants one fault in a sound run, and it must be found.

use roomcast_protocol::{Epoch, GapRange, MessageId, RoomName};

use crate::audit::{Allowed, Evidence, Kind, Log, audit};
use crate::ledger::{Heard, Ledger, Line, Place, Sent};

const LIFE: Epoch = Epoch::from_bits(1);
const NEXT_LIFE: Epoch = Epoch::from_bits(2);
const MESSAGES: u64 = 6;

fn room() -> RoomName {
    "den".parse().unwrap()
}

fn place(seq: u64) -> Place {
    Place { epoch: LIFE, seq }
}

/// Alice says the odd ones, Bob the even ones.
fn heard(seq: u64) -> Heard {
    Heard {
        at: place(seq),
        id: format!("00000000-0000-4000-8000-{seq:012x}")
            .parse()
            .unwrap(),
        from: if seq % 2 == 1 { "alice" } else { "bob" }.parse().unwrap(),
        key: Some(format!("k{seq}")),
        text: format!("word {seq}"),
    }
}

fn joined(since: Option<u64>, covers: u64, messages: usize) -> Line {
    Line::Joined {
        since: since.map(place),
        covers: place(covers),
        recovered: since.is_some(),
        gap: None,
        messages,
    }
}

/// Alice and Bob are there from the beginning; Carol is cut off after 2, and resumes with a page of
/// two and two live ones.
fn sound() -> Evidence {
    let sent = |odd: u64| {
        let said = (1..=MESSAGES).filter(|seq| seq % 2 == odd);
        said.map(|seq| Sent {
            room: room(),
            key: format!("k{seq}"),
            text: format!("word {seq}"),
            acks: vec![(place(seq), false)],
        })
        .collect()
    };
    let ledger = |user: &str, lines, sent| Ledger {
        user: user.to_owned(),
        rooms: [(room(), lines)].into(),
        sent,
        ..Ledger::default()
    };
    let chats = |from: u64, to: u64| (from..=to).map(|seq| Line::Chat(heard(seq)));
    let whole: Vec<Line> = std::iter::once(joined(None, 0, 0))
        .chain(chats(1, MESSAGES))
        .collect();
    let mut cut: Vec<Line> = std::iter::once(joined(None, 0, 0))
        .chain(chats(1, 2))
        .collect();
    cut.push(joined(Some(2), 4, 2));
    cut.extend(chats(3, MESSAGES));
    let log = Log {
        head: place(MESSAGES),
        messages: (1..=MESSAGES).map(heard).collect(),
    };
    Evidence {
        ledgers: vec![
            ledger("alice", whole.clone(), sent(1)),
            ledger("bob", whole, sent(0)),
            ledger("carol", cut, Vec::new()),
        ],
        logs: [(room(), log)].into(),
        allowed: Allowed::Nothing,
    }
}

fn lines(evidence: &mut Evidence, ledger: usize) -> &mut Vec<Line> {
    evidence.ledgers[ledger].rooms.get_mut(&room()).unwrap()
}

fn chat(line: &mut Line) -> &mut Heard {
    let Line::Chat(heard) = line else {
        panic!("{line:?} is no chat")
    };
    heard
}

/// Plants a fault and expects it to be found.
fn finds(kind: Kind, plant: impl FnOnce(&mut Evidence)) {
    let mut evidence = sound();
    plant(&mut evidence);
    let faults = audit(&evidence);
    assert!(faults.iter().any(|fault| fault.kind == kind), "{faults:#?}");
}

#[test]
fn a_sound_run_has_no_fault() {
    let faults = audit(&sound());
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_dropped_message_is_found_wherever_it_stood() {
    finds(Kind::Hole, |run| drop(lines(run, 0).remove(3)));
    finds(Kind::Hole, |run| drop(lines(run, 0).remove(1)));
    finds(Kind::Behind, |run| drop(lines(run, 0).pop()));
    // Over a resume: the first of the page, the last of the page, the first after it.
    finds(Kind::Hole, |run| drop(lines(run, 2).remove(4)));
    finds(Kind::Hole, |run| drop(lines(run, 2).remove(5)));
    finds(Kind::Hole, |run| drop(lines(run, 2).remove(6)));
    finds(Kind::Hole, |run| {
        drop(run.logs.get_mut(&room()).unwrap().messages.remove(2));
    });
}

#[test]
fn a_repeated_message_is_found_also_over_a_resume() {
    finds(Kind::Repeat, |run| {
        let again = lines(run, 1)[3].clone();
        lines(run, 1).insert(4, again);
    });
    finds(Kind::Repeat, |run| {
        let before_the_cut = lines(run, 2)[2].clone();
        lines(run, 2).insert(4, before_the_cut);
    });
}

#[test]
fn swapped_messages_are_found() {
    finds(Kind::Hole, |run| lines(run, 0).swap(2, 3));
    finds(Kind::Hole, |run| lines(run, 2).swap(6, 7));
}

#[test]
fn another_message_at_a_position_is_found() {
    let other: MessageId = "00000000-0000-4000-8000-00000000ffff".parse().unwrap();
    finds(Kind::OtherMessage, |run| {
        chat(&mut lines(run, 1)[4]).id = other;
    });
    finds(Kind::OtherMessage, |run| {
        chat(&mut lines(run, 1)[4]).text = "another".into();
    });
}

#[test]
fn a_message_or_key_that_stands_twice_is_found() {
    fn everywhere(run: &mut Evidence, change: impl Fn(&mut Heard)) {
        for ledger in 0..3 {
            let chats = lines(run, ledger)
                .iter_mut()
                .filter(|line| matches!(line, Line::Chat(heard) if heard.at.seq == 5));
            chats.for_each(|line| change(chat(line)));
        }
        change(&mut run.logs.get_mut(&room()).unwrap().messages[4]);
    }
    finds(Kind::SaidTwice, |run| {
        everywhere(run, |five| five.id = heard(3).id);
    });
    finds(Kind::SaidTwice, |run| {
        everywhere(run, |five| five.key = heard(3).key);
    });
}

#[test]
fn an_acked_message_that_is_not_there_is_found() {
    finds(Kind::LostAck, |run| {
        run.ledgers[0].sent[2].acks = vec![(place(9), false)];
    });
    finds(Kind::LostAck, |run| {
        drop(run.logs.get_mut(&room()).unwrap().messages.pop());
    });
    finds(Kind::Unacked, |run| run.ledgers[1].sent[0].acks.clear());
}

#[test]
fn an_ack_that_names_another_position_is_found() {
    finds(Kind::AckElsewhere, |run| {
        run.ledgers[0].sent[1].acks[0].0 = place(4);
    });
    finds(Kind::AckElsewhere, |run| {
        run.ledgers[0].sent[1].acks.push((place(5), true));
    });
}

#[test]
fn a_senders_words_out_of_order_are_found() {
    finds(Kind::SenderOrder, |run| run.ledgers[0].sent.swap(0, 1));
}

#[test]
fn a_silent_change_of_epoch_is_found_and_a_told_one_is_not() {
    let begin_anew = |run: &mut Evidence| {
        let mut first = heard(1);
        first.at.epoch = NEXT_LIFE;
        first.id = "00000000-0000-4000-8000-00000000aaaa".parse().unwrap();
        let life = Log {
            head: first.at,
            messages: vec![first.clone()],
        };
        run.logs.insert(room(), life);
        run.allowed = Allowed::NewEpochs;
        for ledger in 0..3 {
            lines(run, ledger).push(Line::Chat(first.clone()));
        }
    };
    finds(Kind::SilentEpoch, begin_anew);
    let mut told = sound();
    begin_anew(&mut told);
    for ledger in 0..3 {
        let gap = Line::Gap {
            epoch: NEXT_LIFE,
            from: 1,
            to: 0,
        };
        let at = lines(&mut told, ledger).len() - 1;
        lines(&mut told, ledger).insert(at, gap);
    }
    let faults = audit(&told);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_gap_is_found_where_nothing_was_lost() {
    let gap = |run: &mut Evidence| {
        let (from, to) = (4, 4);
        let epoch = LIFE;
        lines(run, 0)[4] = Line::Gap { epoch, from, to };
    };
    finds(Kind::Gap, gap);
    finds(Kind::Gap, |run| {
        run.allowed = Allowed::NewEpochs;
        gap(run);
    });
    finds(Kind::Gap, |run| {
        let (Ok(from), Ok(to)) = (3.try_into(), 4.try_into()) else {
            panic!("small numbers are positions")
        };
        lines(run, 2)[3] = Line::Joined {
            since: Some(place(2)),
            covers: place(4),
            recovered: false,
            gap: Some(GapRange { from, to }),
            messages: 0,
        };
        lines(run, 2).drain(4..6);
    });
}

#[test]
fn a_joined_that_promises_other_than_it_holds_is_found() {
    finds(Kind::Joined, |run| {
        lines(run, 2)[3] = joined(Some(2), 5, 2);
    });
    finds(Kind::Joined, |run| lines(run, 2)[3] = joined(None, 4, 2));
    finds(Kind::Oddity, |run| {
        run.ledgers[1].oddities.push("a frame of nobody".into());
    });
}
