//! A witness of everything Redis is asked: `MONITOR`, counted.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use roomcast_broker::conformance::RedisProcess;
use tokio::time::sleep;

use crate::counted::{Count, Counted};
use crate::label::label;

/// Commands of ours, by their names.
const OURS: [&str; 5] = ["ECHO", "INFO", "QUIT", "HLEN", "MONITOR"];
/// How often it is looked whether all has been read, and how many times.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const LOOKS_MAX: u32 = 6_000;

pub(crate) struct Monitor {
    seen: Arc<Mutex<Seen>>,
    marks: u64,
}

#[derive(Default)]
struct Seen {
    counted: Counted,
    /// The last mark that went by.
    mark: u64,
}

impl Monitor {
    /// Counts from now on, for as long as Redis lives.
    pub(crate) fn of(redis: &RedisProcess) -> Self {
        let address = ("127.0.0.1", redis.port());
        let mut stream = TcpStream::connect(address).expect("Redis takes connections");
        stream
            .write_all(b"*1\r\n$7\r\nMONITOR\r\n")
            .expect("Redis reads");
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        assert_eq!(lines.next().as_deref(), Some("+OK"), "MONITOR is allowed");
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let its = seen.clone();
        thread::spawn(move || {
            let mut script = None;
            for line in lines {
                take(&line, &mut script, &mut its.lock());
            }
        });
        Self { seen, marks: 0 }
    }

    /// What was asked since the last time.
    pub(crate) async fn take(&mut self, redis: &RedisProcess) -> Counted {
        self.marks += 1;
        // Whatever was asked before goes by before it.
        redis.run(&["ECHO", &format!("mark:{}", self.marks)]);
        for _ in 0..LOOKS_MAX {
            {
                let mut seen = self.seen.lock();
                if seen.mark == self.marks {
                    return std::mem::take(&mut seen.counted);
                }
            }
            sleep(LOOK_EVERY).await;
        }
        panic!("Redis did not tell all it was asked");
    }
}

/// Takes one line: `<time> [<db> <client or lua>] "<word>" "<word>"…`. What a script does is told
/// right behind it.
fn take(line: &str, script: &mut Option<crate::counted::Name>, seen: &mut Seen) {
    let Some((head, words)) = line.split_once("] \"") else {
        return;
    };
    let words = words.strip_suffix('"').unwrap_or(words);
    let words: Vec<&str> = words.split("\" \"").collect();
    if head.ends_with(" lua") {
        if let Some(name) = script {
            let count: &mut Count = seen.counted.of(name);
            count.inside += 1;
        }
        return;
    }
    if let Some(mark) = words.get(1).and_then(|word| word.strip_prefix("mark:")) {
        seen.mark = mark.parse().unwrap_or(0);
    }
    if OURS.contains(&words[0]) {
        return;
    }
    let name = label(&words);
    seen.counted.of(&name).sent += 1;
    *script = Some(name);
}
