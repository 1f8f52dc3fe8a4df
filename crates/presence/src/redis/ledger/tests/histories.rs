//! Histories that once went wrong, each named by its effect.

use super::Act::{self, Deliver, Enter, Leave, NewLife, Settle, Wait};
use super::play;

const ARRIVES: Act = Deliver {
    overtaking: false,
    lost: false,
};
const ANSWER_IS_LOST: Act = Deliver {
    overtaking: false,
    lost: true,
};
const FLUSH: Act = NewLife { forgot: true };

#[test]
fn who_came_and_went_while_the_leave_after_a_flush_was_in_doubt_is_not_held_for_good() {
    let history = [
        Enter(0),
        ARRIVES,
        FLUSH,
        Settle,
        ANSWER_IS_LOST,
        Leave(0),
        ARRIVES,
        Wait(110),
        Settle,
        Enter(2),
        ANSWER_IS_LOST,
        Leave(2),
    ];
    play(&history).unwrap();
}

#[test]
fn who_came_and_went_before_a_lost_answer_was_asked_for_again_is_told_gone() {
    let history = [
        Enter(0),
        ARRIVES,
        Leave(0),
        ARRIVES,
        FLUSH,
        Settle,
        ANSWER_IS_LOST,
        Enter(0),
        Leave(0),
    ];
    play(&history).unwrap();
}

#[test]
fn who_is_back_when_their_leave_is_counted_but_not_known_is_told_gone_and_joined() {
    let history = [
        Enter(0),
        ARRIVES,
        Leave(0),
        ARRIVES,
        Wait(110),
        Settle,
        ANSWER_IS_LOST,
        Enter(2),
    ];
    assert!(play(&history).unwrap(), "and nothing twice");
}
