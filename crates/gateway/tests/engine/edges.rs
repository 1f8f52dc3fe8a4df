//! Orders, inboxes, typing and presence where two things happen at once, or in the order nobody expects.

use roomcast_gateway::Limits;

use crate::stage::{Stage, keeping, limits, room};

#[tokio::test(start_paused = true)]
async fn a_joiner_that_waits_for_presence_keeps_its_room_open() {
    let limits = Limits {
        linger_ms: 0,
        presence_every_ms: 2_000,
        ..limits()
    };
    let (stage, lobby) = (Stage::with(limits, keeping(100), 0), room("lobby"));
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    // What lets bob in is told to nobody: he waits for the pulse, and nobody else is there.
    stage.double.lose_signals(true);
    alice.ask("leave", r#""room":"lobby""#).await;
    let mut bob = stage.enter("bob");
    assert_eq!(bob.join(&lobby).await.count, 2, "alice is in her grace");
    stage.say(&lobby, "hello").await;
    bob.listen().await;
    assert_eq!(bob.texts(&lobby), ["hello"]);
}
