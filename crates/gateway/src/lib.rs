//! The engine of one Roomcast node.
//!
//! Owns sessions and what they may, the rooms that have members here, and the way of a message from
//! the broker's feed to each member's outbox. Knows no socket and no HTTP: the server hands frames
//! in and takes them out.

mod backend;
mod changes;
mod clock;
mod command;
mod connect;
mod drain;
mod entering;
mod farewell;
mod frame;
mod gate;
mod hub;
mod identity;
mod inbox;
mod limits;
mod metrics;
mod node;
mod outbox;
mod rate;
mod rebalance;
mod registry;
mod rooms;
mod session;
mod trace;
mod typing;

pub use backend::{Disconnect, Page, Whereabouts};
pub use clock::now_ms;
pub use command::Flow;
pub use frame::Frame;
pub use gate::Saying;
pub use identity::{Access, Identity, InvalidPattern, Reach, Rights};
pub use limits::Limits;
pub use metrics::{Metrics, SECONDS};
pub use node::{Authority, Node, NodeParts, Readiness};
pub use outbox::{Frames, Goodbye, Outgoing};
pub use rebalance::{NoRebalance, Rebalance, Share};
pub use session::{Mailbox, Session};
pub use trace::{Deed, Entrance, Source, Span, SpanSink, Stored, Tracing};
