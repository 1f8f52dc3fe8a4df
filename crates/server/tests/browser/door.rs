//! Who may not come in is told why, where it can be mended, and comes in with the right token.

use std::process::Command;

use crate::browser::Browser;
use crate::node::Node;
use crate::screen::Screen;

const KEY: &str = "hs256:a-secret-of-thirty-two-bytes-or-more";

#[tokio::test(flavor = "multi_thread")]
async fn who_needs_a_token_is_told_so_at_the_door_and_comes_in_with_one() {
    // A node with keys trusts no page of itself; the port is not known before it is up.
    let mut node = Node::with(&["--token-keys", KEY]);
    node.kill();
    let origin = format!("http://{}", node.address());
    node.set(&["--token-keys", KEY, "--origins", &origin]);
    node.start_again();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.open(node.address(), "/#den").await;
    alice.type_into("#name", "Alice").await;
    alice.click("#enter").await;
    let asked = |screen: &Screen| !screen.signed_in && screen.refusal.contains("access token");
    alice.sees("that a token is asked for", asked).await;

    alice.type_into("#token", "not-a-token").await;
    alice.click("#enter").await;
    let refused = |screen: &Screen| !screen.signed_in && screen.refusal.contains("was refused");
    alice.sees("that this is none", refused).await;

    alice
        .type_into("#token", &token("alice", "Alice of the token"))
        .await;
    alice.click("#enter").await;
    let named = |screen: &Screen| {
        screen.title == "den" && screen.members == ["Alice of the token"] && screen.is_settled()
    };
    alice.sees("the room", named).await;
}

/// A token as the program itself signs it.
fn token(user: &str, name: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roomcast"));
    command.args(["token", "--key", KEY, "--user", user, "--name", name]);
    let signed = command.output().unwrap();
    assert!(signed.status.success(), "{signed:?}");
    String::from_utf8(signed.stdout).unwrap().trim().to_owned()
}
