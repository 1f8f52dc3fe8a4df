//! `history`: a page of what was said.

use roomcast_protocol::{History, HistoryPage, Message, Refusal, ServerFrame};

use crate::gate::refusal_of;
use crate::session::Session;

pub(super) async fn run(session: &mut Session, history: History) -> Result<(), Refusal> {
    let History {
        id,
        room,
        before,
        after,
        limit,
    } = history;
    session.must_be_in(&room)?;
    let node = session.node.clone();
    let frame = match node.page(&room, before, after, limit).await? {
        Some(page) => HistoryPage {
            id,
            room,
            epoch: page.head.epoch,
            messages: page.messages.iter().map(Message::to_json).collect(),
            more: page.more,
        },
        None => {
            // The store has forgotten the room since the session joined it.
            let head = node
                .broker
                .open(&room, None)
                .await
                .map_err(|error| refusal_of(&error))?;
            HistoryPage {
                id,
                room,
                epoch: head.epoch,
                messages: Vec::new(),
                more: false,
            }
        }
    };
    session.answer(&ServerFrame::History(frame));
    Ok(())
}
