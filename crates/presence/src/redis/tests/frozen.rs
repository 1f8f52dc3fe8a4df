//! A node that stops for longer than its lease and goes on, as after SIGSTOP and SIGCONT: nothing
//! of it runs meanwhile, its connections stay open, and its clock does not stand still.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Cluster, open};
use crate::config::PresenceConfig;
use crate::conformance::many_nodes::{all_hear_nothing, gather};
use crate::conformance::{Stage, long_grace};

/// A node on a thread and a runtime of its own, which can be held up.
struct Freezable {
    orders: mpsc::Sender<Order>,
    told: tokio::sync::mpsc::Receiver<String>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    Enter {
        room: &'static str,
        number: u128,
        user: &'static str,
    },
    Freeze(Duration),
    End,
}

impl Freezable {
    fn start(url: String, config: PresenceConfig) -> Self {
        let (orders, inbox) = mpsc::channel();
        let (teller, told) = tokio::sync::mpsc::channel(100);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(live(&url, config, &inbox, &teller));
        });
        Self {
            orders,
            told,
            thread: Some(thread),
        }
    }

    fn order(&self, order: Order) {
        self.orders.send(order).unwrap();
    }
}

impl Drop for Freezable {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn live(
    url: &str,
    config: PresenceConfig,
    inbox: &mpsc::Receiver<Order>,
    teller: &tokio::sync::mpsc::Sender<String>,
) {
    let mut node = open("frozen", config, &[url.to_owned()]).await;
    loop {
        match inbox.try_recv() {
            Ok(Order::Enter { room, number, user }) => {
                node.enter(room, number, user).await;
            }
            // The only thread of this runtime: nothing of the node runs.
            Ok(Order::Freeze(duration)) => std::thread::sleep(duration),
            Ok(Order::End) | Err(mpsc::TryRecvError::Disconnected) => return,
            Err(mpsc::TryRecvError::Empty) => {}
        }
        let wait = Duration::from_millis(5);
        if let Ok(Some(change)) = tokio::time::timeout(wait, node.changes.next()).await {
            teller
                .send(crate::conformance::sentence(&change))
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn a_node_that_stopped_beyond_its_lease_and_goes_on_enters_its_people_again() {
    let cluster = Cluster::of(1);
    let mut nodes = vec![
        cluster.node("b", long_grace()).await,
        cluster.node("c", long_grace()).await,
    ];
    let mut frozen = Freezable::start(cluster.servers[0].url(), long_grace());
    nodes[0].enter("r", 1, "alice").await;
    assert_eq!(gather(&mut nodes, 1).await, ["+alice in r of 1"]);
    frozen.order(Order::Enter {
        room: "r",
        number: 2,
        user: "bob",
    });
    frozen.order(Order::Enter {
        room: "own",
        number: 2,
        user: "bob",
    });
    assert_eq!(frozen.told.recv().await.unwrap(), "+bob in r of 2");
    assert_eq!(frozen.told.recv().await.unwrap(), "+bob in own of 1");

    frozen.order(Order::Freeze(Duration::from_secs(5)));
    assert_eq!(
        gather(&mut nodes, 2).await,
        ["-bob in own of 0", "-bob in r of 1"]
    );
    nodes[1].comes_to_see("r", &["alice"]).await;

    let mut told = [
        frozen.told.recv().await.unwrap(),
        frozen.told.recv().await.unwrap(),
    ];
    told.sort();
    assert_eq!(told, ["+bob in own of 1", "+bob in r of 2"]);
    assert_eq!(nodes[0].who("r").await, ["alice", "bob"]);
    all_hear_nothing(&mut nodes).await;
    assert_eq!(nodes[0].who("own").await, ["bob"]);
    assert!(frozen.told.try_recv().is_err());
}
