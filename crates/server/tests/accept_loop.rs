//! The accept loop against raw sockets: strangers who stall, stuff, crowd or babble.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use roomcast::accept::{self, AcceptLimits, AcceptStats, HeadFault, Peer, Slot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(30);
const LIMITS: AcceptLimits = AcceptLimits {
    connections_max: 1_000,
    connections_per_address_max: 0,
    handshake_ms: 30_000,
    head_bytes_max: 16_384,
};
const GET: &str = "GET /peer HTTP/1.1\r\nHost: x\r\n\r\n";

/// Answers with the peer's address; `/slow` after a while; `/hold` by an upgrade that keeps the
/// slot until the client closes.
#[derive(Clone, Default)]
struct Echo {
    requests: Arc<AtomicU64>,
}

impl tower_service::Service<Request<Incoming>> for Echo {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        self.requests.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let Peer(peer) = *request.extensions().get::<Peer>().unwrap();
            let slot = request.extensions().get::<Slot>().unwrap().clone();
            let mut response = Response::new(peer.to_string());
            match request.uri().path() {
                "/slow" => sleep(Duration::from_millis(300)).await,
                "/hold" => {
                    let upgrade = hyper::upgrade::on(&mut request);
                    tokio::spawn(async move {
                        let upgraded = upgrade.await.unwrap();
                        let parts = upgraded
                            .downcast::<hyper_util::rt::TokioIo<TcpStream>>()
                            .unwrap();
                        let mut stream = parts.io.into_inner();
                        let _ = stream.read(&mut [0; 16]).await;
                        drop(slot);
                    });
                    *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
                    response
                        .headers_mut()
                        .insert("upgrade", "hold".parse().unwrap());
                    response
                        .headers_mut()
                        .insert("connection", "upgrade".parse().unwrap());
                }
                _ => {}
            }
            Ok(response)
        })
    }
}

struct Node {
    address: SocketAddr,
    echo: Echo,
    stats: Arc<AcceptStats>,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Node {
    fn start(limits: AcceptLimits) -> Self {
        let listener = accept::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let node = Self {
            address: listener.local_addr().unwrap(),
            echo: Echo::default(),
            stats: Arc::default(),
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
        };
        let (stats, stop, tracker) = (node.stats.clone(), node.stop.clone(), node.tracker.clone());
        node.tracker.spawn(accept::run(
            listener,
            node.echo.clone(),
            limits,
            stats,
            stop,
            tracker,
        ));
        node
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// What a fresh connection is answered.
    async fn answer(&self, request: impl AsRef<[u8]>) -> String {
        answer(&mut self.connect().await, request).await
    }

    /// Requests refused for their heads: too slow, too large, malformed.
    fn refused_heads(&self) -> [u64; 3] {
        HeadFault::ALL.map(|fault| self.stats.refused_heads(fault))
    }

    /// Waits until `done`.
    async fn until(&self, done: impl Fn(&AcceptStats) -> bool) {
        let waiting = async {
            while !done(&self.stats) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, waiting).await.expect("it comes about");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Sends and reads once.
async fn answer(stream: &mut TcpStream, request: impl AsRef<[u8]>) -> String {
    stream.write_all(request.as_ref()).await.unwrap();
    let mut bytes = vec![0; 4096];
    let read = timeout(PATIENCE, stream.read(&mut bytes))
        .await
        .expect("an answer")
        .unwrap_or(0);
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

/// Reads until the other end closes.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset is a close too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .expect("the end");
}

#[tokio::test]
async fn a_request_is_answered_and_knows_its_peer() {
    let node = Node::start(LIMITS);
    let mut stream = node.connect().await;
    let own = stream.local_addr().unwrap().to_string();
    for _ in 0..2 {
        let said = answer(&mut stream, GET).await;
        assert!(
            said.starts_with("HTTP/1.1 200") && said.ends_with(&own),
            "{said}"
        );
    }
    assert_eq!((node.stats.accepted(), node.stats.open()), (1, 1));
    drop(stream);
    node.until(|stats| stats.open() == 0).await;
}

#[tokio::test]
async fn a_head_that_does_not_come_in_time_ends_its_connection() {
    let node = Node::start(AcceptLimits {
        handshake_ms: 200,
        ..LIMITS
    });
    for half in ["", "G", "GET / HTTP/1.1\r\nHost: x\r\nX-"] {
        let mut stream = node.connect().await;
        stream.write_all(half.as_bytes()).await.unwrap();
        closed(&mut stream).await;
    }
    // The head came, the next one didn't.
    let mut stream = node.connect().await;
    assert!(answer(&mut stream, GET).await.starts_with("HTTP/1.1 200"));
    closed(&mut stream).await;
    node.until(|stats| stats.open() == 0).await;
    // Waiting in vain for a next request is no fault.
    assert_eq!(node.refused_heads(), [3, 0, 0]);
}

#[tokio::test]
async fn who_leaves_in_the_middle_of_a_head_was_not_refused() {
    let node = Node::start(LIMITS);
    for half in ["", "G", "GET / HTTP/1.1\r\nHost: x\r\nX-"] {
        let mut stream = node.connect().await;
        stream.write_all(half.as_bytes()).await.unwrap();
    }
    node.until(|stats| stats.accepted() == 3 && stats.open() == 0)
        .await;
    assert_eq!(node.refused_heads(), [0, 0, 0]);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_answered_431() {
    let node = Node::start(LIMITS);
    let long = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "x".repeat(16_384)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
        "X-Many: y\r\n".repeat(65)
    );
    for head in [long, many] {
        let said = node.answer(&head).await;
        assert!(said.starts_with("HTTP/1.1 431"), "{said}");
    }
    let fits = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "x".repeat(16_000)
    );
    assert!(node.answer(&fits).await.starts_with("HTTP/1.1 200"));
    let uri = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(40_000));
    let said = node.answer(&uri).await;
    assert!(said.starts_with("HTTP/1.1 4"), "{said}");
    node.until(|_| node.refused_heads() == [0, 3, 0]).await;
}

#[tokio::test]
async fn garbage_is_answered_400_and_the_neighbour_is_served() {
    let node = Node::start(LIMITS);
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n"[..],
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"\xff\xfe\xfd\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA\0b: c\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ] {
        let said = node.answer(garbage).await;
        assert!(
            said.starts_with("HTTP/1.1 400"),
            "{garbage:?} is answered {said:?}"
        );
    }
    // HTTP/2 without asking: an answer in HTTP/1 would not be understood.
    assert_eq!(node.answer(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await, "");
    assert!(node.answer(GET).await.starts_with("HTTP/1.1 200"));
    node.until(|stats| stats.open() == 0).await;
    node.until(|_| node.refused_heads() == [0, 0, 8]).await;
}

#[tokio::test]
async fn over_the_limit_the_answer_is_503_and_the_slot_comes_back() {
    let node = Node::start(AcceptLimits {
        connections_max: 2,
        ..LIMITS
    });
    let mut first = node.connect().await;
    let mut second = node.connect().await;
    assert!(answer(&mut first, GET).await.starts_with("HTTP/1.1 200"));
    assert!(answer(&mut second, GET).await.starts_with("HTTP/1.1 200"));
    for _ in 0..3 {
        let said = node.answer(GET).await;
        assert!(said.starts_with("HTTP/1.1 503"), "{said}");
        assert!(
            said.contains("\r\nRetry-After: 1\r\n") && said.ends_with("\r\n\r\n"),
            "{said}"
        );
    }
    assert_eq!((node.stats.refused_full(), node.stats.accepted()), (3, 2));
    assert!(
        answer(&mut first, GET).await.starts_with("HTTP/1.1 200"),
        "who is in stays in"
    );
    drop(second);
    node.until(|stats| stats.open() == 1).await;
    assert!(node.answer(GET).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_refused_stranger_who_sends_much_still_reads_the_answer() {
    let node = Node::start(AcceptLimits {
        connections_max: 1,
        ..LIMITS
    });
    let mut first = node.connect().await;
    assert!(answer(&mut first, GET).await.starts_with("HTTP/1.1 200"));
    let much = format!(
        "POST / HTTP/1.1\r\nContent-Length: 30000\r\n\r\n{}",
        "x".repeat(30_000)
    );
    assert!(node.answer(&much).await.starts_with("HTTP/1.1 503"));
}

#[tokio::test]
async fn one_address_has_its_share() {
    let node = Node::start(AcceptLimits {
        connections_per_address_max: 1,
        ..LIMITS
    });
    let mut first = node.connect().await;
    assert!(answer(&mut first, GET).await.starts_with("HTTP/1.1 200"));
    assert!(node.answer(GET).await.starts_with("HTTP/1.1 503"));
    assert_eq!(
        (node.stats.refused_address(), node.stats.refused_full()),
        (1, 0)
    );
    drop(first);
    node.until(|stats| stats.open() == 0).await;
    assert!(node.answer(GET).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_upgraded_stream_keeps_its_slot_until_it_ends() {
    let node = Node::start(AcceptLimits {
        connections_max: 1,
        ..LIMITS
    });
    let mut held = node.connect().await;
    let upgrade = "GET /hold HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: hold\r\n\r\n";
    assert!(answer(&mut held, upgrade).await.starts_with("HTTP/1.1 101"));
    assert!(node.answer(GET).await.starts_with("HTTP/1.1 503"));
    drop(held);
    node.until(|stats| stats.open() == 0).await;
    assert!(node.answer(GET).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_stopped_loop_finishes_requests_and_closes_what_is_idle() {
    let node = Node::start(LIMITS);
    let mut idle = node.connect().await;
    assert!(answer(&mut idle, GET).await.starts_with("HTTP/1.1 200"));
    let mut busy = node.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    node.until(|_| node.echo.requests.load(Ordering::SeqCst) == 2)
        .await;
    node.stop.cancel();
    let said = answer(&mut busy, "").await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    closed(&mut busy).await;
    closed(&mut idle).await;
    node.tracker.close();
    timeout(PATIENCE, node.tracker.wait())
        .await
        .expect("no task is left");
    assert!(TcpStream::connect(node.address).await.is_err());
}

/// Runs the next test in a process that may open few files.
#[test]
fn running_out_of_file_descriptors_neither_ends_the_loop_nor_those_who_are_in() {
    let child = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 96; exec \"$0\" --exact --ignored out_of_files_in_this_process",
        ])
        .arg(std::env::current_exe().unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[tokio::test]
#[ignore = "takes every file descriptor of its process: the test above gives it one of its own"]
async fn out_of_files_in_this_process() {
    let node = Node::start(LIMITS);
    let mut inside = node.connect().await;
    assert!(answer(&mut inside, GET).await.starts_with("HTTP/1.1 200"));
    let mut files = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    files.pop();
    // Takes the last descriptor, so the loop has none to accept it with.
    let mut waiting = node.connect().await;
    waiting.write_all(GET.as_bytes()).await.unwrap();
    node.until(|stats| stats.accept_errors() >= 2).await;
    assert!(answer(&mut inside, GET).await.starts_with("HTTP/1.1 200"));
    drop(files);
    assert!(answer(&mut waiting, "").await.starts_with("HTTP/1.1 200"));
}
