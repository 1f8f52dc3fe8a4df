//! Maps as no Cluster draws them so soon, over servers that keep whatever they are asked to.

use roomcast_redis::processes::RedisProcess;
use roomcast_redis::{Address, SLOTS};
use tokio::time::sleep;

use super::*;
use crate::conformance::{redis_config, room};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

struct Stage {
    router: Router,
    servers: [RedisProcess; 2],
    feed: mpsc::Receiver<FeedEvent>,
}

impl Stage {
    fn new() -> Self {
        let servers = [RedisProcess::start(), RedisProcess::start()];
        let address = Address::parse("redis+cluster://127.0.0.1:1").expect("an address");
        let config = redis_config("redis://unused");
        let (feeds, feed) = mpsc::channel(64);
        let map = Arc::new(RwLock::new(Arc::new(Map {
            slots: Slots::default(),
            servers: Vec::new(),
        })));
        let cluster = roomcast_redis::Cluster::of(&address);
        let router = Router::new(cluster, map, &config, &[feeds], Default::default());
        Self {
            router,
            servers,
            feed,
        }
    }

    fn spot(&self, server: usize) -> Spot {
        let port = self.servers[server].port();
        format!("127.0.0.1:{port}").parse().expect("a spot")
    }

    /// The first server keeps the slots below this one, the other those from that one on.
    fn map(&self, below: u16, from: u16) -> Slots {
        let both = [(self.spot(0), 0..below), (self.spot(1), from..SLOTS)];
        let kept: Vec<_> = both.into_iter().filter(|it| !it.1.is_empty()).collect();
        Slots::made_up(&kept)
    }

    async fn subscribe(&mut self, room: &RoomName) -> oneshot::Receiver<()> {
        let (done, subscribed) = oneshot::channel();
        self.router
            .grant(Request::Subscribe(room.clone(), done))
            .await;
        subscribed
    }

    /// Lets the router hear what masters confirm until this wish is granted.
    async fn until_granted(&mut self, mut wish: oneshot::Receiver<()>) {
        let granted = async {
            loop {
                tokio::select! {
                    done = &mut wish => return done.expect("granted"),
                    Some(confirmed) = self.router.confirming.next() => {
                        self.router.take_confirmed(&confirmed);
                    }
                    () = sleep(Duration::from_millis(20)) => self.router.take_displaced(),
                }
            }
        };
        timeout(PATIENCE, granted).await.expect("in time");
    }

    /// Until a room is doubted, interruptions aside.
    async fn until_doubted(&mut self, room: &RoomName) {
        let doubted = async {
            loop {
                tokio::select! {
                    event = self.feed.recv() => if event == Some(FeedEvent::Doubted(room.clone())) {
                        return;
                    },
                    Some(confirmed) = self.router.confirming.next() => {
                        self.router.take_confirmed(&confirmed);
                    }
                }
            }
        };
        timeout(PATIENCE, doubted).await.expect("in time");
    }

    fn listeners(&self, server: usize, room: &RoomName) -> String {
        self.servers[server].run(&["PUBSUB", "SHARDNUMSUB", &keys::channel(room)])
    }
}

/// In the middle of all slots.
const HALF: u16 = SLOTS / 2;

/// A room that the first of two masters keeps.
fn low_room() -> RoomName {
    let mut rooms = (0..).map(|n| room(&format!("room-{n}")));
    rooms.find(|room| keys::slot(room) < HALF).expect("one")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_whose_master_left_the_map_and_came_back_is_subscribed_there_again() {
    let mut stage = Stage::new();
    let lobby = low_room();
    stage.router.follow(stage.map(HALF, HALF)).await;
    let wish = stage.subscribe(&lobby).await;
    stage.until_granted(wish).await;
    assert!(stage.listeners(0, &lobby).ends_with(":1\r\n"));
    stage.router.follow(stage.map(0, HALF)).await;
    stage.router.follow(stage.map(HALF, HALF)).await;
    stage.until_doubted(&lobby).await;
    assert!(stage.listeners(0, &lobby).ends_with(":1\r\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wish_that_waits_for_one_master_is_granted_by_the_next() {
    let mut stage = Stage::new();
    let lobby = low_room();
    stage.servers[0].freeze();
    stage.router.follow(stage.map(HALF, HALF)).await;
    let wish = stage.subscribe(&lobby).await;
    stage.router.follow(stage.map(0, 0)).await;
    stage.until_granted(wish).await;
    stage.until_doubted(&lobby).await;
    assert!(stage.listeners(1, &lobby).ends_with(":1\r\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wish_that_nobody_could_take_is_granted_when_somebody_keeps_the_room() {
    let mut stage = Stage::new();
    let lobby = low_room();
    let early = stage.subscribe(&lobby).await;
    stage.router.follow(stage.map(0, HALF)).await;
    let late = stage.subscribe(&lobby).await;
    stage.router.follow(stage.map(HALF, HALF)).await;
    stage.until_granted(early).await;
    stage.until_granted(late).await;
}
