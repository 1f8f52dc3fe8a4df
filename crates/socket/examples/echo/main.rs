//! An echo server over the machine: what the conformance suite is run against. It never ships.
//!
//! Owns the flags and the accept loop. `conversation` is the same way a byte travels in the
//! gateway: one read buffer a thread, a machine, and what is owed written in one vectored write.

mod conversation;
mod head;

use std::net::SocketAddr;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use roomcast_socket::negotiation::DeflateSettings;
use roomcast_socket::{Limits, Rate};
use tokio::net::TcpListener;

/// Answers each message with itself.
#[derive(Parser)]
struct Flags {
    /// Where to listen; port 0 takes a free one. The address is printed.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Whose bounds to keep.
    #[arg(long, value_enum, default_value = "autobahn")]
    limits: Bounds,
    /// Take no offer of compression.
    #[arg(long)]
    no_deflate: bool,
    /// Messages of fewer bytes are answered uncompressed. The suite wants all of them compressed.
    #[arg(long, default_value_t = 0)]
    deflate_bytes_min: u32,
    /// 1, the fastest, to 9, the smallest.
    #[arg(long, default_value_t = 6)]
    deflate_level: u8,
    /// Do it wrong, to see that the suite finds out: text is echoed in capitals, pongs are empty.
    #[arg(long)]
    wrong: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Bounds {
    /// 64 MiB and no rates: the suite sends up to 16 MiB.
    Autobahn,
    /// The defaults of a gateway, but that it takes binary messages.
    Production,
}

impl Bounds {
    fn limits(self) -> Limits {
        let production = Limits {
            binary: true,
            ..Limits::default()
        };
        match self {
            Self::Production => production,
            Self::Autobahn => Limits {
                frame_bytes_max: 64 << 20,
                message_bytes_max: 64 << 20,
                fragments_max: 1 << 20,
                message_ms_max: 120_000,
                messages: None,
                frames: None,
                bytes: None,
                controls: Some(Rate {
                    per_second: 10_000,
                    burst: 10_000,
                }),
                ..production
            },
        }
    }
}

/// What all conversations share.
struct Settings {
    limits: Arc<Limits>,
    deflate: Option<DeflateSettings>,
    wrong: bool,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let flags = Flags::parse();
    let deflate = DeflateSettings {
        bytes_min: flags.deflate_bytes_min,
        level: flags.deflate_level,
    };
    let settings = Arc::new(Settings {
        limits: Arc::new(flags.limits.limits()),
        deflate: (!flags.no_deflate).then_some(deflate),
        wrong: flags.wrong,
    });
    let listener = TcpListener::bind(flags.listen).await?;
    announce(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let settings = settings.clone();
        tokio::spawn(async move {
            if let Some(upgraded) = head::answer(&stream, &settings).await {
                conversation::hold(stream, upgraded, &settings).await;
            }
        });
    }
}

#[expect(
    clippy::print_stdout,
    reason = "whoever started it reads the port here"
)]
fn announce(address: SocketAddr) {
    println!("listening on {address}");
}
