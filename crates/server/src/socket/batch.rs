//! Several events in one frame, for a client that asked for it with `?batch=1`.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::party::{Carried, Frames, Mail, Next};

/// Events being gathered.
pub(super) struct Batch<F> {
    frames: Frames<F>,
    bytes: usize,
    waited: Duration,
    /// Runs while something is gathered, where a node gathers for a while.
    window: Option<Pin<Box<Sleep>>>,
}

impl<F> Default for Batch<F> {
    fn default() -> Self {
        Self {
            frames: Frames::new(),
            bytes: 0,
            waited: Duration::ZERO,
            window: None,
        }
    }
}

impl<F: Carried> Batch<F> {
    /// What came within a window, at most about `bytes_max` of it.
    pub(super) fn poll_next(
        &mut self,
        mail: &mut impl Mail<Frame = F>,
        context: &mut Context<'_>,
        bytes_max: usize,
        window_ms: u64,
    ) -> Poll<Next<F>> {
        while self.bytes < bytes_max {
            match mail.poll_next(context, bytes_max - self.bytes) {
                Poll::Ready(Next::Write(frames, waited)) => {
                    self.add(frames, waited);
                    if window_ms == 0 {
                        return Poll::Ready(self.take());
                    }
                    self.window
                        .get_or_insert_with(|| Box::pin(sleep(Duration::from_millis(window_ms))));
                }
                // Asked again once these are written, it says so again.
                Poll::Ready(Next::Close(_)) if !self.frames.is_empty() => {
                    return Poll::Ready(self.take());
                }
                Poll::Ready(close) => return Poll::Ready(close),
                Poll::Pending => {
                    let Some(window) = &mut self.window else {
                        return Poll::Pending;
                    };
                    ready!(window.as_mut().poll(context));
                    return Poll::Ready(self.take());
                }
            }
        }
        Poll::Ready(self.take())
    }

    /// What has been gathered so far.
    pub(super) fn gathered(self) -> Frames<F> {
        self.frames
    }

    fn add(&mut self, frames: Frames<F>, waited: Duration) {
        let bytes = frames.iter().map(|each| each.frame().plain_bytes());
        self.bytes += bytes.sum::<usize>();
        self.waited = self.waited.max(waited);
        self.frames.extend(frames);
    }

    fn take(&mut self) -> Next<F> {
        let Self { frames, waited, .. } = std::mem::take(self);
        Next::Write(frames, waited)
    }
}

/// The events as one JSON array.
pub(super) fn array<F: Carried>(frames: &[F]) -> String {
    let bytes: usize = frames.iter().map(|each| each.frame().plain_bytes()).sum();
    let mut text = String::with_capacity(bytes + 2);
    for each in frames {
        text.push(if text.is_empty() { '[' } else { ',' });
        text.push_str(&String::from_utf8_lossy(&each.frame().payload()));
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use roomcast_socket::SharedFrame;

    use super::array;

    #[test]
    fn events_become_one_array() {
        let frames = [r#"{"type":"a"}"#, r#"{"type":"ü"}"#].map(SharedFrame::text);
        assert_eq!(array(&frames), r#"[{"type":"a"},{"type":"ü"}]"#);
    }
}
