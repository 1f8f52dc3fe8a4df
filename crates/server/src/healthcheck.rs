//! `roomcast healthcheck`: asks a node's ops listener whether it is ready, for images without
//! other tools.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long each step may take: connecting, asking, reading.
const STEP_TIMEOUT: Duration = Duration::from_secs(2);
/// What the status line of a ready node begins with.
const READY: &str = "HTTP/1.1 200 ";
/// The most reads for so few bytes.
const READS_MAX: usize = 4;

/// The arguments of `roomcast healthcheck`.
#[derive(clap::Args, Debug)]
pub struct HealthcheckArgs {
    /// The ops listener, as host:port or http://host:port. Without it, the one of the setting
    /// ops_listen.
    #[arg(long, value_name = "HOST:PORT")]
    pub ops: Option<String>,
}

/// Asks `GET /readyz` of `host_port`.
///
/// # Errors
/// A sentence that says what came instead of `200`.
pub fn ask(host_port: &str) -> Result<(), String> {
    let plain = host_port
        .strip_prefix("http://")
        .unwrap_or(host_port)
        .trim_end_matches('/');
    let addresses = plain
        .to_socket_addrs()
        .map_err(|error| format!("{plain}: {error}"))?;
    let mut failure = format!("{plain} names no address");
    for address in addresses.map(reachable) {
        match status_line(address, plain) {
            Ok(line) if line.starts_with(READY) => return Ok(()),
            Ok(line) => return Err(format!("{address} is not ready: {}", line.trim_end())),
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

fn status_line(address: SocketAddr, host: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, STEP_TIMEOUT)?;
    stream.set_read_timeout(Some(STEP_TIMEOUT))?;
    stream.set_write_timeout(Some(STEP_TIMEOUT))?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = Vec::new();
    let mut chunk = [0; 256];
    for _ in 0..READS_MAX {
        let read = stream.read(&mut chunk)?;
        head.extend_from_slice(&chunk[..read]);
        if read == 0 || head.contains(&b'\n') {
            break;
        }
    }
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn answered(answer: &'static str) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /readyz HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let result = ask(&format!("http://{address}/"));
        server.join().unwrap();
        result
    }

    #[test]
    fn only_200_is_ready() {
        assert_eq!(answered("HTTP/1.1 200 OK\r\n\r\n"), Ok(()));
        for answer in [
            "HTTP/1.1 404 Not Found\r\n\r\n",
            "HTTP/1.1 503 x\r\n\r\n",
            "",
            "2000",
        ] {
            assert!(answered(answer).is_err(), "{answer:?}");
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
    fn nobody_there_is_not_ready() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        assert!(ask(&free.to_string()).is_err());
        assert!(ask("no-port").is_err());
    }
}
