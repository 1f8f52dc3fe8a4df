//! Asks a node's ops listener one thing, for the program's own commands: an image that has nothing else needs
//! no other tool. Blocking, with a bound on every step.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long each step may take: connecting, asking, reading.
const STEP_TIMEOUT: Duration = Duration::from_secs(2);
/// Many times what is answered.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// What is asked.
pub(crate) struct Question<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// JSON; empty for none.
    pub(crate) body: &'a str,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) address: SocketAddr,
    pub(crate) status: u16,
    pub(crate) status_line: String,
    pub(crate) body: String,
}

/// Asks the listener at `host_port`, with or without `http://`.
///
/// # Errors
/// A sentence, when nobody answers there.
pub(crate) fn ask(host_port: &str, question: &Question<'_>) -> Result<Answer, String> {
    let plain = host_port
        .strip_prefix("http://")
        .unwrap_or(host_port)
        .trim_end_matches('/');
    let addresses = plain
        .to_socket_addrs()
        .map_err(|error| format!("{plain}: {error}"))?;
    let mut failure = format!("{plain} names no address");
    for address in addresses.map(reachable) {
        match exchange(address, plain, question) {
            Ok(answer) => return Ok(answer),
            Err(error) => failure = format!("{address}: {error}"),
        }
    }
    Err(failure)
}

/// A listener on all addresses is asked on loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn exchange(address: SocketAddr, host: &str, question: &Question<'_>) -> io::Result<Answer> {
    let Question { method, path, body } = question;
    let mut stream = TcpStream::connect_timeout(&address, STEP_TIMEOUT)?;
    stream.set_read_timeout(Some(STEP_TIMEOUT))?;
    stream.set_write_timeout(Some(STEP_TIMEOUT))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    if !body.is_empty() {
        let length = body.len();
        request += "Content-Type: application/json\r\n";
        request += &format!("Content-Length: {length}\r\n");
    }
    request += &format!("\r\n{body}");
    stream.write_all(request.as_bytes())?;
    let mut text = Vec::new();
    let read = stream.take(ANSWER_BYTES_MAX).read_to_end(&mut text);
    // One that answers and then doesn't close has answered all the same.
    answer(address, &text).ok_or_else(|| {
        let nothing = || io::Error::new(io::ErrorKind::InvalidData, "no answer of HTTP came");
        read.err().unwrap_or_else(nothing)
    })
}

fn answer(address: SocketAddr, text: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(text);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status_line = head.lines().next()?;
    let mut words = status_line.split(' ');
    let version = words.next()?;
    let status = words.next()?.parse().ok()?;
    version.starts_with("HTTP/1.").then(|| Answer {
        address,
        status,
        status_line: status_line.to_owned(),
        body: body.to_owned(),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::net::TcpListener;
    use std::thread::{JoinHandle, spawn};

    use super::*;

    /// A listener that answers once, and gives what it was asked.
    pub(crate) fn answering(answer: &'static str) -> (SocketAddr, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 2_048];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        (address, asked)
    }

    const QUESTION: Question<'static> = Question {
        method: "POST",
        path: "/x",
        body: "{}",
    };

    #[test]
    fn a_question_is_one_request_and_its_answer_is_told() {
        let (address, asked) = answering("HTTP/1.1 409 Conflict\r\nA: b\r\n\r\nnot now\n");
        let answer = ask(&format!("http://{address}/"), &QUESTION).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (409, "not now\n"));
        let asked = asked.join().unwrap();
        assert!(asked.starts_with("POST /x HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("\r\nContent-Type: application/json\r\n"));
        assert!(
            asked.ends_with("\r\nContent-Length: 2\r\n\r\n{}"),
            "{asked}"
        );
    }

    #[test]
    fn what_is_no_http_is_no_answer() {
        for none in ["", "2000", "SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\n"] {
            let (address, asked) = answering(none);
            assert!(ask(&address.to_string(), &QUESTION).is_err(), "{none:?}");
            asked.join().unwrap();
        }
    }

    #[test]
    fn a_listener_on_all_addresses_is_asked_on_loopback() {
        for (listens, asked) in [
            ("0.0.0.0:9100", "127.0.0.1:9100"),
            ("[::]:9100", "[::1]:9100"),
            ("10.0.0.7:9100", "10.0.0.7:9100"),
        ] {
            assert_eq!(reachable(listens.parse().unwrap()), asked.parse().unwrap());
        }
    }

    #[test]
    fn nobody_there_is_told() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        assert!(ask(&free.to_string(), &QUESTION).is_err());
        assert!(ask("no-port", &QUESTION).is_err());
    }
}
