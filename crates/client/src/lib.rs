//! A Roomcast client that comes back by itself.
//!
//! [`Client`] is the handle, [`Events`] what it tells. It keeps one WebSocket, reconnects with
//! full-jitter back-off, comes back into its rooms from where it was, and sends what was not acked
//! again with the same key. The user's own inbox is kept like a room, without being joined;
//! [`RoomView`] makes of events who is in a room and what is unread. Keeps true towards its caller:
//! in a room, messages come in order, each once, and what is missing is told (P1–P3); an acked
//! message was said once (P4, P5). Leaves storing positions over restarts to the caller.
//!
//! ```no_run
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! use roomcast_client::{Client, Config, Event, JoinOptions};
//!
//! let mut config = Config::new("ws://127.0.0.1:8080/v1/ws");
//! config.user = Some("alice".into());
//! let (client, mut events) = Client::connect(config)?;
//! let lobby = "lobby".parse()?;
//! client.join(&lobby, JoinOptions::default()).await?;
//! let ack = client.send(&lobby, "hello").await?;
//! // Direct messages come by themselves.
//! while let Some(event) = events.next().await {
//!     match event {
//!         Event::Direct(chat) => println!("{} to me: {}", chat.from, chat.message),
//!         Event::Chat(chat) if chat.seq == ack.seq => break,
//!         Event::RoomLost { room, error } => println!("no longer in {room}: {error}"),
//!         _ => {}
//!     }
//! }
//! client.close().await;
//! # Ok(())
//! # }
//! ```

mod ask;
mod backoff;
mod client;
mod command;
mod config;
mod dial;
mod endpoint;
mod error;
mod event;
mod hear;
mod link;
mod outgoing;
mod pulse;
mod room_view;
mod state;
mod task;
mod teller;
mod token;

// For who keeps connections of their own, as the load test does, and means to come back alike.
pub use backoff::{Backoff, Ended, Next, Rules};
pub use client::{Client, Receipt, Who};
pub use config::Config;
pub use error::{ConfigError, End, Error};
pub use event::{Event, Events, JoinedRoom};
pub use link::{Came, Link, LinkLimits, Opened};
pub use outgoing::{JoinOptions, MembersPage, Outgoing, Page, PageOf};
pub use pulse::{Beat, Pulse};
pub use room_view::RoomView;
pub use token::{TokenError, TokenSource};

#[cfg(test)]
mod scene;
