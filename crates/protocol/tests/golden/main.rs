//! The golden transcripts pin the wire: each line of `tests/golden/*.txt` is read by the codec and
//! written again to the letter, each conversation keeps the promises of order, and what
//! docs/protocol.md says is what they and the tables of codes say.
//!
//! Owns the three examinations; `transcript` reads the files, `conversation` knows what may follow
//! what, `document` reads the page.

mod conversation;
mod document;
mod spelling;
mod transcript;

use std::collections::BTreeSet;

use roomcast_protocol::{ClientFrame, ServerFrame, decode_client, decode_server_batch};

use crate::transcript::{FRAME_BYTES_MAX, Line, Transcript};

#[test]
fn every_line_is_written_as_it_was_read() {
    for transcript in Transcript::all() {
        if let Err(fault) = spelling::check(&transcript) {
            panic!("{}: {fault}", transcript.name);
        }
    }
}

#[test]
fn every_conversation_keeps_order_and_answers_what_was_asked() {
    for transcript in Transcript::all() {
        if let Err(fault) = conversation::check(&transcript) {
            panic!("{}: {fault}", transcript.name);
        }
    }
}

#[test]
fn every_type_of_frame_is_shown() {
    let (mut client, mut server) = (BTreeSet::new(), BTreeSet::new());
    for transcript in Transcript::all() {
        for line in &transcript.lines {
            match line {
                Line::Client(text) => {
                    let frame = decode_client(text, FRAME_BYTES_MAX).unwrap();
                    client.insert(client_kind(&frame));
                }
                Line::Server(text) => {
                    let frames = decode_server_batch(text).unwrap();
                    server.extend(frames.iter().map(server_kind));
                }
                Line::Accepted(_) | Line::Refused(_) | Line::Close(..) | Line::Note(_) => {}
            }
        }
    }
    assert_eq!(client.len(), 10, "{client:?}");
    assert_eq!(server.len(), 18, "{server:?}");
}

#[test]
fn the_document_quotes_every_transcript_as_it_is() {
    if let Err(fault) = document::check_quotes(&document::read(), &Transcript::all()) {
        panic!("docs/protocol.md: {fault}");
    }
}

#[test]
fn the_document_has_a_row_for_every_code_and_no_other() {
    if let Err(fault) = document::check_codes(&document::read()) {
        panic!("docs/protocol.md: {fault}");
    }
}

/// Has an arm for every type, so that a new one is not forgotten here.
fn client_kind(frame: &ClientFrame) -> &'static str {
    match frame {
        ClientFrame::Join(_) => "join",
        ClientFrame::Leave(_) => "leave",
        ClientFrame::Chat(_) => "chat",
        ClientFrame::Direct(_) => "direct",
        ClientFrame::Typing(_) => "typing",
        ClientFrame::Read(_) => "read",
        ClientFrame::Who(_) => "who",
        ClientFrame::History(_) => "history",
        ClientFrame::Auth(_) => "auth",
        ClientFrame::Ping(_) => "ping",
    }
}

fn server_kind(frame: &ServerFrame) -> &'static str {
    match frame {
        ServerFrame::Connected(_) => "connected",
        ServerFrame::Joined(_) => "joined",
        ServerFrame::Ack(_) => "ack",
        ServerFrame::Chat(_) => "chat",
        ServerFrame::UserJoined(_) => "user_joined",
        ServerFrame::UserLeft(_) => "user_left",
        ServerFrame::Presence(_) => "presence",
        ServerFrame::Typing(_) => "typing",
        ServerFrame::Typists(_) => "typists",
        ServerFrame::Read(_) => "read",
        ServerFrame::Reads(_) => "reads",
        ServerFrame::Gap(_) => "gap",
        ServerFrame::Members(_) => "members",
        ServerFrame::History(_) => "history",
        ServerFrame::Ok(_) => "ok",
        ServerFrame::Pong(_) => "pong",
        ServerFrame::Reconnect(_) => "reconnect",
        ServerFrame::Error(_) => "error",
    }
}
