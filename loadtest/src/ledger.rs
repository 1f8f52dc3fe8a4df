//! The ledger: what one process of the load said and saw, written down as it happened.
//!
//! Owns the words of a record, the file format and the two ends of it. Keeps nothing out: what should
//! never come is written down as it came, and judged later. Leaves the judging to the audit.
//!
//! # The file, version 1
//!
//! Little-endian throughout. A *number* is an unsigned LEB128 varint, a *step* a zigzag one.
//!
//! | part | bytes |
//! |---|---|
//! | header | magic `RCLEDGER` 8, version 2, reserved 2, process 4, run's start in µs since 1970 8, zeros 8 |
//! | page | length 4, its complement 4, checksum of the records (FNV-1a) 8, then that many bytes of records |
//!
//! A record is its kind (one byte, never 0), the time as a step in µs from the record before, then its
//! fields. Rooms, users, nodes and faults are told once, by a record of their own (kind 1: length,
//! UTF-8), and from then on by their number in the order of telling; epochs likewise (kind 2: 8 bytes). A
//! session's number is told by `Opened`, with its UUID. Kinds 1 and 2 have no time. A delivery takes
//! some 35 bytes.
//!
//! Pages are written whole, one after the other. A file that ends inside a page was cut short with its
//! process: its records are read as far as they go, and the reader says so. A page whose checksum is
//! wrong refuses the whole file: such a proof proves nothing.

mod bytes;
pub mod clock;
mod decoder;
mod encoder;
mod header;
pub mod reader;
pub mod record;
#[cfg(test)]
mod tests;
pub mod writer;
