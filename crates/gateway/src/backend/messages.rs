//! What is said for back ends, and read by them.

use roomcast_broker::{Head, Published, Span};
use roomcast_protocol::{ErrorCode, Message, Refusal, RoomName, Seq, TraceContext};

use crate::gate::{self, Saying, refusal_of};
use crate::node::Node;
use crate::trace::Entrance;

/// A page of a room's log.
pub struct Page {
    /// Where the log stands.
    pub head: Head,
    /// In order.
    pub messages: Vec<Message>,
    /// Whether there is more in the direction asked.
    pub more: bool,
}

impl Node {
    /// Says something for a back end, which may write anywhere, inboxes included; `caller` is the span
    /// in which it does.
    pub async fn say(
        &self,
        room: RoomName,
        saying: Saying,
        caller: Option<TraceContext>,
    ) -> Result<Published, Refusal> {
        let put = async |trace| {
            let mut draft = gate::draft(room, saying, self.mint(), self.limits())?;
            draft.trace = trace;
            self.publish(&draft, None).await
        };
        self.traced(Entrance::BackEnd, caller.as_ref(), put).await
    }

    /// Reads a page before or after a position, or the latest; `None` if there is no such room.
    pub async fn page(
        &self,
        room: &RoomName,
        before: Option<Seq>,
        after: Option<Seq>,
        limit: Option<u32>,
    ) -> Result<Option<Page>, Refusal> {
        let most = self.limits().page_messages_max;
        let limit = limit.map_or(most, |limit| limit as usize).clamp(1, most);
        let span = match (before, after) {
            (Some(_), Some(_)) => {
                let message = "take `before` or `after`, not both";
                return Err(Refusal::new(ErrorCode::BadValue, message));
            }
            (Some(before), None) => Span::Before { before, limit },
            (None, Some(after)) => Span::From { after, limit },
            (None, None) => Span::Latest { limit },
        };
        let slice = self
            .broker
            .read(room, span)
            .await
            .map_err(|error| refusal_of(&error))?;
        let Some(slice) = slice else { return Ok(None) };
        let mut page = Page {
            head: slice.head,
            messages: slice.messages,
            more: slice.more,
        };
        page.fit(self.limits().outbox_bytes_max / 2, after.is_some());
        Ok(Some(page))
    }
}

impl Page {
    /// Leaves out what is too much for one answer: the far end of the direction asked.
    fn fit(&mut self, bytes_max: usize, forwards: bool) {
        let bytes = |message: &Message| message.body.as_str().len();
        let mut total: usize = self.messages.iter().map(bytes).sum();
        while total > bytes_max && self.messages.len() > 1 {
            let left_out = if forwards { self.messages.len() - 1 } else { 0 };
            total -= bytes(&self.messages.remove(left_out));
            self.more = true;
        }
    }
}
