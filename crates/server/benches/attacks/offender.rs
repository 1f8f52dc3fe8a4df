//! A connection that is not used as it is meant to be.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;

/// One offender.
pub(crate) struct Offender {
    stream: TcpStream,
    /// Whether it is the one of its room who talks.
    pub(crate) is_loud: bool,
}

impl Offender {
    /// One that has connected, and nothing more.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the node takes connections");
        stream.set_nodelay(true).expect("a TCP socket");
        Self {
            stream,
            is_loud: false,
        }
    }

    /// One that has a session; the node's greeting may have been read with the answer.
    pub(crate) fn session(address: SocketAddr, user: &str, more: &str) -> Self {
        let mut offender = Self::connect(address);
        let request = format!(
            "GET /v1/ws?user={user} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
        );
        assert!(offender.send(request.as_bytes()), "the node reads");
        let said = offender.hear();
        let text = String::from_utf8_lossy(&said);
        assert!(text.starts_with("HTTP/1.1 101"), "{text}");
        offender
    }

    /// Sends bytes; whether they were taken.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends these until nothing is taken any more.
    pub(crate) fn flood(&mut self, bytes: &[u8]) {
        while self.send(bytes) {}
    }

    /// Reads whatever comes from now on, and forgets it.
    pub(crate) fn read_all(&self) {
        let mut reader = self.stream.try_clone().expect("a descriptor is free");
        thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            while matches!(reader.read(&mut bytes), Ok(1..)) {}
        });
    }

    /// Some of what the node says next.
    fn hear(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 4 * 1024];
        let count = self.stream.read(&mut bytes).expect("the node answers");
        bytes.truncate(count);
        bytes
    }
}

/// A client's frame, masked with zeros; `first` is FIN, RSV and opcode.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | u8::try_from(len).expect("it is short")),
        len @ 126..=65_535 => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(len).expect("it fits").to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}
