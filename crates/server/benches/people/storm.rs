//! All members of a room cut off at once, and all back at once: what they are told, by kind.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::crowd::each;
use crate::session::{Place, Session, Told};

const ROOM: &str = "stadium";
/// Twice as many each time: what is told a member must not grow.
const MEMBERS: [usize; 3] = [1_250, 2_500, 5_000];
/// How many come at a time the first time.
const AT_ONCE: usize = 64;
/// Until the last coming is told.
const REST: Duration = Duration::from_secs(3);
/// How often it is looked whether all are gone, and how many times.
const LOOK_EVERY: Duration = Duration::from_millis(250);
const LOOKS_MAX: u32 = 480;

/// When they come back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    AtOnce,
    /// When the last of them has left.
    WhenGone,
}

pub(crate) async fn run() {
    for back in [Back::AtOnce, Back::WhenGone] {
        for members in MEMBERS {
            storm(members, back).await;
        }
    }
}

async fn storm(members: usize, back: Back) {
    let cluster = Cluster::start();
    let told = Rc::new(Told::default());
    let sessions = each(members, AT_ONCE, |at| {
        let (address, told) = (cluster.address(at), told.clone());
        come(address, at, (None, None), told)
    })
    .await;
    sleep(REST).await;
    assert_eq!(cluster.online(ROOM), members as u64, "all are there");
    let places: Vec<_> = sessions.iter().map(Session::places).collect();
    let (cpu, cut) = (cluster.cpu(), Instant::now());
    drop(sessions);
    if back == Back::WhenGone {
        until_gone(&cluster).await;
        let (nodes, redis) = cluster.cpu().seconds_since(cpu);
        println!(
            "storm, {members} members: all gone {:.2} s after the cut; CPU {nodes:.2} s of nodes, \
             {redis:.2} s of Redis",
            cut.elapsed().as_secs_f64(),
        );
    }
    told.take();
    let (cpu, begun) = (cluster.cpu(), Instant::now());
    // To another node than before, as behind a load balancer.
    let sessions = each(members, members, |at| {
        let (address, told) = (cluster.address(at + 1), told.clone());
        come(address, at, places[at].clone(), told)
    })
    .await;
    let took = begun.elapsed().as_secs_f64();
    sleep(REST).await;
    let (nodes, redis) = cluster.cpu().seconds_since(cpu);
    let when = match back {
        Back::AtOnce => "back at once",
        Back::WhenGone => "back when all were gone",
    };
    let told = told.take();
    let frames: u64 = told.values().map(|(frames, _)| frames).sum();
    let bytes: u64 = told.values().map(|(_, bytes)| bytes).sum();
    let per_member = |count: u64| count as f64 / members as f64;
    println!(
        "storm, {members} members, {when}: all back after {took:.2} s; {frames} frames, {bytes} \
         bytes; a member {:.2} frames, {:.0} bytes; CPU {nodes:.2} s of nodes, {redis:.2} s of Redis",
        per_member(frames),
        per_member(bytes),
    );
    for (kind, (frames, bytes)) in told {
        let (frames, bytes) = (per_member(frames), per_member(bytes));
        println!("    a member: {frames:.2} {kind}, {bytes:.0} bytes");
    }
    assert_eq!(cluster.online(ROOM), members as u64, "all are there again");
    drop(sessions);
}

/// Comes to a node and into the room.
async fn come(
    address: SocketAddr,
    at: usize,
    (inbox, room): (Option<Place>, Option<Place>),
    told: Rc<Told>,
) -> Session {
    let user = format!("user-{at}");
    let session = Session::connect(address, &user, inbox.as_ref(), &told).await;
    session.join(ROOM, room.as_ref()).await;
    session
}

async fn until_gone(cluster: &Cluster) {
    for _ in 0..LOOKS_MAX {
        if cluster.online(ROOM) == 0 {
            return;
        }
        sleep(LOOK_EVERY).await;
    }
    panic!("{} members stay", cluster.online(ROOM));
}
