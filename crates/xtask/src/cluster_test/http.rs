//! Asking what is published on loopback, by HTTP/1.0: one question, one answer, then the end of the connection.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(5);
/// Far above what Prometheus says of a cluster this small.
const ANSWER_BYTES_MAX: u64 = 8 << 20;

/// What `GET` is answered with, as JSON.
///
/// # Errors
/// A sentence: nobody answers, not with 200, or not with JSON.
pub(super) fn json(port: u16, path: &str) -> Result<Value, String> {
    let place = format!("127.0.0.1:{port}{path}");
    let answer = ask(port, path).map_err(|why| format!("{place}: {why}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if status != "200" {
        return Err(format!("{place}: answered {status:?}"));
    }
    serde_json::from_str(body).map_err(|why| format!("{place}: no JSON: {why}"))
}

fn ask(port: u16, path: &str) -> std::io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // In one piece: not everybody reads on for the rest.
    let question = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    stream.write_all(question.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::json;

    fn answered(answer: &'static str) -> Result<serde_json::Value, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut question = [0; 256];
            let read = stream.read(&mut question).unwrap();
            assert!(question[..read].starts_with(b"GET /api HTTP/1.0\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let result = json(port, "/api");
        server.join().unwrap();
        result
    }

    #[test]
    fn an_answer_is_json_or_told_to_be_none() {
        let well = answered("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{\"up\": 1}").unwrap();
        assert_eq!(well["up"], 1);
        for (answer, told) in [
            ("HTTP/1.0 503 x\r\n\r\n{}", "\"503\""),
            ("HTTP/1.0 200 OK\r\n\r\nhello", "no JSON"),
            ("", "answered \"\""),
        ] {
            let sentence = answered(answer).unwrap_err();
            assert!(sentence.contains(told), "{sentence}");
        }
    }
}
