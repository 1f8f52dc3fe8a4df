//! A plain TCP connection that speaks just enough HTTP to be understood, or to be refused.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};

use serde_json::Value;

use crate::node::PATIENCE;

/// A connection.
pub(crate) struct Line {
    pub(crate) stream: TcpStream,
    /// Read and not yet looked at.
    rest: Vec<u8>,
    /// Whether nothing is said here, since somebody else writes to the same connection.
    pub(crate) is_mute: bool,
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Line {
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).expect("the listener takes connections"))
    }

    /// One over a connection that is there.
    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            rest: Vec::new(),
            is_mute: false,
        }
    }

    /// Sends bytes. A peer that has closed already is no failure: its last words are still to be read.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        if self.is_mute {
            return;
        }
        match self.stream.write_all(bytes.as_ref()) {
            Err(error) if is_timeout(error.kind()) => panic!("the node takes nothing: {error}"),
            Ok(()) | Err(_) => {}
        }
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// The answer to a request.
    pub(crate) fn ask(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.send(request);
        self.answer().expect("an answer, not just a close")
    }

    /// The next answer; none if the connection is closed without one.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more() {
                assert!(self.rest.is_empty(), "half an answer: {:?}", self.rest);
                return None;
            }
        };
        let head = String::from_utf8(self.rest.drain(..end).collect()).expect("a head is ASCII");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer {
            status,
            head,
            body: String::new(),
        };
        let bytes = answer
            .header("content-length")
            .map_or(0, |text| text.parse().unwrap());
        let body = self.take(bytes).expect("the whole body");
        answer.body = String::from_utf8(body).expect("a body is UTF-8");
        Some(answer)
    }

    /// The next `count` bytes; none if the connection ends before.
    pub(crate) fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.rest.len() < count {
            if !self.more() {
                return None;
            }
        }
        Some(self.rest.drain(..count).collect())
    }

    /// Waits for the end and returns what was said until then.
    pub(crate) fn until_closed(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.rest)
    }

    fn more(&mut self) -> bool {
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(count) => {
                self.rest.extend_from_slice(&bytes[..count]);
                count > 0
            }
            Err(error) if is_timeout(error.kind()) => panic!("neither an answer nor a close"),
            // Reset: closed over bytes that were still coming.
            Err(_) => false,
        }
    }
}

impl Answer {
    /// A header's value; the name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The `code` of a problem document; asserts that it is one.
    pub(crate) fn problem(&self) -> Option<u64> {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self:?}");
        for text in ["type", "title", "detail"] {
            assert!(
                problem[text].as_str().is_some_and(|text| !text.is_empty()),
                "{self:?}"
            );
        }
        problem["code"].as_u64()
    }
}

fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
