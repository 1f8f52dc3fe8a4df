//! One text for however many sessions, and what the transport makes of it, made once.
//!
//! Keeps true: cloning shares both, and the trace of a message that is traced. Leaves to the transport what
//! it makes: WebSocket's frame headers and compression are nothing the engine knows of.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::trace::Deliveries;

/// The text of a frame, shared by every outbox it waits in.
#[derive(Clone)]
pub struct Frame(Arc<Inner>);

struct Inner {
    text: String,
    carried: OnceLock<Box<dyn Any + Send + Sync>>,
    /// Boxed, and here: a session that waits for a frame pays nothing for it.
    deliveries: Option<Box<Deliveries>>,
}

impl Frame {
    /// A frame whose way to sockets is recorded, if there is something to record it.
    pub(crate) fn traced(text: String, deliveries: Option<Box<Deliveries>>) -> Self {
        Self(Arc::new(Inner {
            text,
            carried: OnceLock::new(),
            deliveries,
        }))
    }

    /// The text, as UTF-8 JSON.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// One more session has it: the whole of it was given to the session's socket.
    pub fn written(&self) {
        if let Some(deliveries) = &self.0.deliveries {
            deliveries.written();
        }
    }

    /// What the transport makes of the text: made by whoever needs it first, shared by all.
    ///
    /// # Panics
    /// If it was made as another type before: a node has one transport.
    pub fn carried<T: Any + Send + Sync>(&self, make: impl FnOnce(&str) -> T) -> &T {
        let made = || Box::new(make(&self.0.text)) as Box<dyn Any + Send + Sync>;
        let carried = self.0.carried.get_or_init(made);
        carried.downcast_ref().expect("a node has one transport")
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Self::traced(text, None)
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, Inner};

    #[test]
    fn what_is_shared_takes_no_more_memory_for_a_trace_it_does_not_have() {
        // With the counts of the Arc, 72 bytes: what an allocator in steps of 16 gives out anyway for
        // the 64 that text and carrier need.
        assert_eq!(size_of::<Inner>(), 56);
    }

    #[test]
    fn what_carries_a_frame_is_made_once_for_all_who_share_it() {
        let frame = Frame::from("text".to_owned());
        let other = frame.clone();
        assert_eq!(frame.carried(|text| text.len()), &4);
        assert_eq!(other.carried(|_| 5_usize), &4);
    }
}
