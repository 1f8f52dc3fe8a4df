//! A WebSocket session that only is there: enough to see whether it is cut.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A session.
pub(crate) struct Socket(TcpStream);

impl Socket {
    /// Opens one at a target such as `ws://127.0.0.1:1234/v1/ws`.
    pub(crate) async fn open(target: &str) -> Self {
        let host = target.strip_prefix("ws://").unwrap();
        let host = host.split('/').next().unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        let request = format!(
            "GET /v1/ws?user=alice HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 101");
        Self(stream)
    }

    /// Whether nobody has closed it.
    pub(crate) async fn is_open(&mut self) -> bool {
        let mut bytes = [0; 4096];
        loop {
            match timeout(Duration::from_millis(20), self.0.read(&mut bytes)).await {
                Err(_) => return true,
                Ok(Ok(0) | Err(_)) => return false,
                Ok(Ok(_)) => {}
            }
        }
    }
}
