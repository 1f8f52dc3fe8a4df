//! Three people in a cluster that somebody else runs, each before a browser and on a node of their own.
//!
//! `cargo xtask cluster-test` starts the cluster and says where it is; without it there is nothing to look at.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::time::{Instant, sleep};

use crate::browser::Browser;
use crate::screen::Screen;
use crate::window::Window;
use crate::{LOOK_EVERY, PATIENCE};

/// How many nodes have somebody on them, as Prometheus sees it.
const NODES_WITH_PEOPLE: &str = "/api/v1/query?query=count(roomcast_sessions%3E0)";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: cargo xtask cluster-test"]
async fn three_browsers_on_three_nodes_talk_with_each_other() {
    let (edge, prometheus) = (
        address("CLUSTER_TEST_EDGE"),
        address("CLUSTER_TEST_PROMETHEUS"),
    );
    let tokens = std::fs::read_to_string(PathBuf::from(told("CLUSTER_TEST_TOKENS"))).unwrap();
    let tokens: Vec<&str> = tokens.lines().collect();

    let mut first = Browser::start().await;
    let (mut second, mut third) = (first.another().await, first.another().await);
    let people = [
        first.window().await,
        second.window().await,
        third.window().await,
    ];
    let names = ["client-1", "client-2", "client-3"];
    for (one, token) in people.iter().zip(&tokens) {
        come_in(one, edge, token).await;
    }
    for one in &people {
        // Each sees themselves first.
        let all_here = |screen: &Screen| {
            screen.count == "3 online"
                && names
                    .iter()
                    .all(|name| screen.members.contains(&(*name).to_owned()))
        };
        one.sees("all three", all_here).await;
    }

    let mut said = Vec::new();
    for (one, name) in people.iter().zip(names) {
        said.push(format!("{name} was here"));
        one.say(&said[said.len() - 1]).await;
        let texts: Vec<&str> = said.iter().map(String::as_str).collect();
        for other in &people {
            other.sees_exactly(&texts).await;
        }
    }
    let logs = [
        people[0].screen().await,
        people[1].screen().await,
        people[2].screen().await,
    ];
    assert_eq!(logs[0].log(), logs[1].log());
    assert_eq!(logs[0].log(), logs[2].log());
    for browser in [&first, &second, &third] {
        assert_eq!(browser.complaints().await, [] as [String; 0]);
    }

    let operator = first.window().await;
    operator.open(prometheus, NODES_WITH_PEOPLE).await;
    let until = Instant::now() + PATIENCE;
    loop {
        let text = operator
            .run("return document.body.textContent", Vec::new())
            .await;
        if text.as_str().is_some_and(|text| text.contains("\"3\"]")) {
            break;
        }
        assert!(Instant::now() < until, "not on three nodes: {text}");
        sleep(LOOK_EVERY).await;
        operator.reload().await;
    }
}

/// Goes into a room of this run's own, with a token.
async fn come_in(window: &Window, edge: SocketAddr, token: &str) {
    let room = format!("three-{}", std::process::id());
    window.open(edge, "/").await;
    window.click("#sign-in summary").await;
    window.type_into("#token", token).await;
    window.element("#room").await.clear().await.unwrap();
    window.type_into("#room", &room).await;
    window.click("#enter").await;
    let entered = |screen: &Screen| screen.signed_in && screen.title == room && screen.is_settled();
    window.sees("the room", entered).await;
}

fn address(variable: &str) -> SocketAddr {
    told(variable).parse().unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the chore that runs this test says of its cluster"
)]
fn told(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} isn't set; run `cargo xtask cluster-test`"))
}
