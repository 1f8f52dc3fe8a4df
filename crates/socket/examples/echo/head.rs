//! The HTTP around the handshake: one request head, one answer. Just enough for the suite.

use std::fmt::Write as _;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use roomcast_socket::Deflate;
use roomcast_socket::handshake::Upgrade;
use tokio::net::TcpStream;

use crate::Settings;

const HEAD_BYTES_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;

/// What a handshake leaves: what was agreed, and frames that came right behind it.
pub(crate) struct Upgraded {
    pub(crate) deflate: Option<Deflate>,
    pub(crate) early: Vec<u8>,
}

/// Reads a request and answers it; `None` if there is no conversation.
pub(crate) async fn answer(stream: &TcpStream, settings: &Settings) -> Option<Upgraded> {
    let (headers, early) = read(stream).await?;
    let (answer, deflate) = match Upgrade::check(&headers, settings.deflate) {
        Ok(upgrade) => {
            let mut answer = "HTTP/1.1 101 Switching Protocols\r\n".to_owned();
            for (name, value) in upgrade.headers() {
                write!(answer, "{name}: {value}\r\n").ok()?;
            }
            (answer, Some(upgrade.deflate()))
        }
        Err(refusal) => {
            let status = refusal.status();
            (format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n"), None)
        }
    };
    let answer = answer + "\r\n";
    let mut rest = answer.as_bytes();
    while !rest.is_empty() {
        stream.writable().await.ok()?;
        match stream.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
    Some(Upgraded {
        deflate: deflate?,
        early,
    })
}

async fn read(stream: &TcpStream) -> Option<(HeaderMap, Vec<u8>)> {
    let mut head = Vec::new();
    while head.len() < HEAD_BYTES_MAX {
        stream.readable().await.ok()?;
        let mut chunk = [0; 4096];
        match stream.try_read(&mut chunk) {
            Ok(0) => return None,
            Ok(count) => head.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => return None,
        }
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        if let httparse::Status::Complete(bytes) = request.parse(&head).ok()? {
            let mut map = HeaderMap::new();
            for header in request.headers {
                let name = HeaderName::try_from(header.name).ok()?;
                map.append(name, HeaderValue::from_bytes(header.value).ok()?);
            }
            return Some((map, head[bytes..].to_vec()));
        }
    }
    None
}
