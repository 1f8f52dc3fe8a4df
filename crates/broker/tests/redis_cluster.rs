//! P1, P4, P7 in a Cluster: slots that move and masters that die lose nothing and repeat nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use roomcast_broker::conformance::{
    ClusterProcesses, RedisStage, draft, redis_config, room, until, why_not,
};
use roomcast_broker::{Broker as _, BrokerError, Feed, FeedEvent, Health, RedisBroker, Span};
use roomcast_protocol::{Position, RoomName, Seq};
use tokio::task::JoinHandle;
use tokio::time::sleep;

const ROOMS: usize = 30;

async fn stage() -> RedisStage<ClusterProcesses> {
    let cluster = ClusterProcesses::start();
    let config = redis_config(&cluster.url());
    RedisStage::with(cluster, config, 1).await
}

fn rooms() -> Vec<RoomName> {
    (0..ROOMS).map(|n| room(&format!("room-{n}"))).collect()
}

/// Speaks in every room by turns until told to stop; says each until it is acked. What was acked.
fn speak(broker: Arc<RedisBroker>, stop: Arc<AtomicBool>) -> JoinHandle<(BTreeSet<String>, usize)> {
    tokio::spawn(async move {
        let (mut acked, mut refused) = (BTreeSet::new(), 0);
        for turn in 0.. {
            if stop.load(Ordering::SeqCst) {
                break;
            }
            for room in rooms() {
                let key = format!("{turn}");
                let text = format!("{room} {turn}");
                loop {
                    match broker
                        .publish(&draft(&room, "alice", Some(&key), &text), None)
                        .await
                    {
                        Ok(_) => break,
                        Err(BrokerError::Unavailable(_) | BrokerError::Refused { .. }) => {
                            refused += 1;
                            sleep(Duration::from_millis(30)).await;
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                acked.insert(text);
            }
        }
        (acked, refused)
    })
}

/// Listens as a relay does: what the feed told, and after a doubt what the log had.
fn listen(
    broker: Arc<RedisBroker>,
    mut feed: Feed,
) -> (Arc<parking_lot::Mutex<Told>>, JoinHandle<()>) {
    let told = Arc::new(parking_lot::Mutex::new(Told::default()));
    let ours = told.clone();
    let listening = tokio::spawn(async move {
        while let Some(event) = feed.recv().await {
            match event {
                FeedEvent::Message(message) => {
                    let room = message.room.clone();
                    let is_next = ours.lock().is_next(&room, message.position.seq);
                    match is_next {
                        true => {
                            ours.lock()
                                .hear(&room, message.position, message.to_chat().message)
                        }
                        false => catch_up(&broker, &ours, &room).await,
                    }
                }
                FeedEvent::Doubted(room) | FeedEvent::Fenced(room) => {
                    catch_up(&broker, &ours, &room).await;
                }
                FeedEvent::Interrupted => {
                    for room in rooms() {
                        catch_up(&broker, &ours, &room).await;
                    }
                }
                FeedEvent::Signal(_) => {}
            }
        }
    });
    (told, listening)
}

#[derive(Default)]
struct Told {
    texts: Vec<String>,
    last: std::collections::BTreeMap<RoomName, u64>,
    repaired: usize,
}

impl Told {
    fn last(&self, room: &RoomName) -> u64 {
        self.last.get(room).copied().unwrap_or(0)
    }

    fn is_next(&self, room: &RoomName, seq: Seq) -> bool {
        seq.value() == self.last(room) + 1
    }

    fn hear(&mut self, room: &RoomName, position: Position, text: String) {
        let seq = position.seq.value();
        if seq > self.last(room) {
            assert_eq!(seq, self.last(room) + 1, "a hole in {room}");
            self.last.insert(room.clone(), seq);
            self.texts.push(text);
        }
    }
}

async fn catch_up(broker: &RedisBroker, told: &parking_lot::Mutex<Told>, room: &RoomName) {
    loop {
        let after = Seq::try_from(told.lock().last(room)).expect("a seq");
        match broker
            .read(
                room,
                Span::From {
                    after,
                    limit: 1_000,
                },
            )
            .await
        {
            Ok(None) => return,
            Ok(Some(slice)) => {
                let mut told = told.lock();
                told.repaired += slice.messages.len();
                for message in slice.messages {
                    told.hear(room, message.position, message.to_chat().message);
                }
                return;
            }
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// A crowd that speaks and listens while something is done to the Cluster.
async fn through(
    mut stage: RedisStage<ClusterProcesses>,
    act: impl FnOnce(&mut ClusterProcesses) + Send,
) -> RedisStage<ClusterProcesses> {
    for room in rooms() {
        stage.listen(&room).await;
    }
    let feed = stage.feeds.remove(0);
    let (told, listening) = listen(stage.broker.clone(), feed);
    let stop = Arc::new(AtomicBool::new(false));
    let speaking = speak(stage.broker.clone(), stop.clone());
    sleep(Duration::from_millis(500)).await;
    tokio::task::block_in_place(|| act(&mut stage.redis));
    sleep(Duration::from_millis(1_500)).await;
    stop.store(true, Ordering::SeqCst);
    let (acked, refused) = speaking.await.expect("no panic");
    let is_all_told = || told.lock().texts.len() >= acked.len() || listening.is_finished();
    for _ in 0..1_500 {
        if is_all_told() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    until("ready", || stage.broker.health() == Health::Ready).await;
    until("each master has its links", || {
        let links = stage.broker.links();
        links.len() == 2 * 3 && links.iter().all(|link| link.up == link.wanted)
    })
    .await;
    let told = told.lock();
    let heard: BTreeSet<String> = told.texts.iter().cloned().collect();
    let unheard: Vec<_> = acked.difference(&heard).take(5).collect();
    assert!(
        unheard.is_empty(),
        "{unheard:?} of {}, {:?}",
        acked.len(),
        told.last
    );
    assert_eq!(heard.len(), told.texts.len(), "nothing is told twice");
    assert_eq!(heard, acked, "what is told is what was acked");
    assert_eq!(stage.broker.stats().subscriptions, ROOMS as u64);
    eprintln!(
        "acked {}, refused {refused}, read from the log {}, {:?}",
        acked.len(),
        told.repaired,
        stage.broker.stats()
    );
    drop(told);
    stage
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_slots_that_move_to_a_new_master_and_back_lose_and_repeat_nothing() {
    through(stage().await, |cluster| {
        let fresh = cluster.grow();
        cluster.reshard(0, fresh, 300);
        cluster.reshard(1, fresh, 300);
        cluster.reshard(fresh, 2, 600);
    })
    .await;
}

/// The replica has all that was acked before, since nobody speaks in the moment of the death.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_a_master_that_dies_is_followed_to_its_replica() {
    let stage = through(stage().await, |cluster| {
        // Writes wait, and the replica gets what was written.
        cluster.nodes[1].run(&["CLIENT", "PAUSE", "20000", "WRITE"]);
        std::thread::sleep(Duration::from_millis(300));
        cluster.nodes[1].kill();
        cluster.until_master(4);
    })
    .await;
    let [dead, replica] =
        [1, 4].map(|node| format!("0/127.0.0.1:{}/feed", stage.redis.nodes[node].port()));
    let links = stage.broker.links();
    let names: BTreeSet<&str> = links.iter().map(|link| &*link.name).collect();
    assert!(
        names.contains(&*replica) && !names.contains(&*dead),
        "{names:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_roles_that_are_changed_by_hand_lose_and_repeat_nothing() {
    through(stage().await, |cluster| {
        cluster.hand_over_to(3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_of_another_shape_is_refused_with_the_right_one() {
    let stage = stage().await;
    let port = stage.redis.nodes[0].port();
    let said = why_not(&format!("redis://127.0.0.1:{port}"))
        .await
        .to_string();
    assert!(said.contains("redis+cluster://"), "{said}");
    let alone = roomcast_broker::conformance::RedisProcess::start();
    let said = why_not(&format!("redis+cluster://127.0.0.1:{}", alone.port())).await;
    assert!(said.to_string().contains("no node of a Cluster"), "{said}");
    let said = why_not(&format!("redis+sentinel://127.0.0.1:{}/main", alone.port())).await;
    assert!(said.to_string().contains("no sentinel"), "{said}");
}

/// P8: the replica is cut off while more is acked, then its master dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_promoted_replica_that_lost_writes_names_no_position_twice() {
    let mut stage = stage().await;
    let lobby = rooms().remove(0);
    stage.listen(&lobby).await;
    stage.say(&lobby, "kept").await;
    let log = format!("rc:{{{lobby}}}:log");
    let keeps = |node: usize| stage.redis.nodes[node].run(&["XLEN", &log]) == ":1\r\n";
    let master = (0..3).find(|node| keeps(*node)).expect("a master keeps it");
    let replica = &stage.redis.nodes[master + 3];
    // It may not be asked for the key itself: that is its master's.
    until("the replica has it", || {
        replica.run(&["INFO", "keyspace"]).contains("keys=")
    })
    .await;
    replica.freeze();
    stage.redis.nodes[master].run(&["CLIENT", "KILL", "TYPE", "replica"]);
    let mut lost = Vec::new();
    for n in 0..5 {
        lost.push(stage.say(&lobby, &format!("lost {n}")).await.position);
    }
    stage.redis.nodes[master].kill();
    stage.redis.nodes[master + 3].thaw();
    tokio::task::block_in_place(|| stage.redis.until_master(master + 3));
    stage.until_interrupted(0).await;
    let floor = lost.last().copied();
    let after = loop {
        let draft = draft(&lobby, "alice", None, "after");
        match stage.broker.publish(&draft, floor).await {
            Ok(published) => break published.position,
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    };
    assert_ne!(after.epoch, lost[0].epoch, "another life of the log");
    assert_eq!(stage.texts(&lobby).await, ["kept", "after"]);
}

/// A slot whose move was broken off stays open until an operator mends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_the_move_is_spoken_in_until_it_has_moved() {
    let stage = stage().await;
    let (lobby, den) = (room("lobby"), room("den"));
    stage.say(&lobby, "before").await;
    stage.broker.open(&den, None).await.expect("opened");
    let word = |answer: String| answer.lines().nth(1).unwrap_or_default().trim().to_owned();
    let nodes = &stage.redis.nodes;
    for room in [&lobby, &den] {
        let told = nodes[0].run(&["CLUSTER", "KEYSLOT", &format!("rc:{{{room}}}")]);
        let slot = told.trim().trim_start_matches(':').to_owned();
        let keeps = |node: &usize| {
            let told = nodes[*node].run(&["EXISTS", &format!("rc:{{{room}}}:meta")]);
            told.starts_with(":1")
        };
        let from = (0..3).find(keeps).expect("a master keeps it");
        let to = (from + 1) % 3;
        let ids = [from, to].map(|node| word(nodes[node].run(&["CLUSTER", "MYID"])));
        nodes[to].run(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &ids[0]]);
        nodes[from].run(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &ids[1]]);
    }
    stage.say(&lobby, "on the move").await;
    let head = stage.broker.open(&lobby, None).await.expect("opened");
    assert_eq!(head.seq.value(), 2);
    let head = stage.broker.open(&den, None).await.expect("opened");
    stage
        .broker
        .open(&den, Some(head.epoch))
        .await
        .expect("fenced");
    // Whether its key was used before, nobody knows now.
    let keyed = draft(&lobby, "alice", Some("k"), "keyed");
    let refused = stage.broker.publish(&keyed, None).await;
    let Err(BrokerError::Unavailable(said)) = refused else {
        panic!("{refused:?}")
    };
    assert!(said.contains("redis-cli --cluster fix"), "{said}");
    assert_eq!(stage.texts(&lobby).await, ["before", "on the move"]);
}

/// A slot that goes away and comes back before anybody asks takes its channels with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_own_channels_were_dropped_hears_itself_again() {
    let stage = stage().await;
    until("ready", || stage.broker.health() == Health::Ready).await;
    let second = |told: &str| told.lines().nth(1).unwrap_or_default().trim().to_owned();
    let nodes = &stage.redis.nodes;
    for (node, other) in [(0, 1), (1, 2)] {
        let probes = nodes[node].run(&["PUBSUB", "SHARDCHANNELS", "rc:{!*"]);
        let probe = probes
            .lines()
            .find(|line| line.starts_with("rc:"))
            .expect("a channel");
        let (stem, _) = probe.split_once(":probe").expect("a probe");
        let told = nodes[node].run(&["CLUSTER", "KEYSLOT", probe]);
        let slot = told.trim().trim_start_matches(':').to_owned();
        let ids = [node, other].map(|node| second(&nodes[node].run(&["CLUSTER", "MYID"])));
        // The witness comes back with each beat, and a slot with keys can't be given away like this.
        until("it is given away", || {
            nodes[node].run(&["DEL", &format!("{stem}:witness")]);
            let given = nodes[node].run(&["CLUSTER", "SETSLOT", &slot, "NODE", &ids[1]]);
            given.starts_with("+OK")
        })
        .await;
        nodes[node].run(&["CLUSTER", "SETSLOT", &slot, "NODE", &ids[0]]);
    }
    // Longer than a silence may be that counts as health.
    sleep(Duration::from_millis(6_000)).await;
    until("still ready", || stage.broker.health() == Health::Ready).await;
}
