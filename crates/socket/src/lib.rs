//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692) as a pure machine.
//!
//! Bytes go in and events come out, messages go in and frames come out; `now` is given. There is
//! no socket, no clock, no runtime and no queue in here: the house that has those reads into one
//! buffer a thread, feeds `Machine::receive`, and writes the `Bytes` it is handed, many at once.
//! Keeps true: whatever a peer sends, what it costs is bounded by `Limits`. Leaves to others: the
//! HTTP of the handshake, when to write, when to ping, what a message means.
//!
//! The way of a byte: `decoder` (frames) → `machine` (order, bounds, rates) → `assembler`
//! (messages, with `utf8` and `deflate`) → `event`. Outwards: `machine` → `sender`, or `shared` for
//! many members at once → `frame`.

mod assembler;
mod bucket;
mod close;
mod close_code;
mod decoder;
mod deflate;
mod event;
mod extension;
mod frame;
pub mod handshake;
mod limits;
mod machine;
mod meter;
pub mod negotiation;
mod sender;
mod shared;
mod utf8;
mod violation;

pub use close_code::CloseCode;
pub use deflate::Deflate;
pub use event::{Broken, Event, Overdue};
pub use extension::Malformed;
pub use frame::{Header, OpCode, apply_mask};
pub use limits::{Limits, Rate};
pub use machine::Machine;
pub use sender::Masks;
pub use shared::SharedFrame;
pub use violation::Violation;
