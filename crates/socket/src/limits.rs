//! Every bound a peer can drive the machine to.
//!
//! Owns the numbers, leaves keeping them to the parts they bound. What happens at a bound is said
//! at each field; the code of the close is `Violation::close_code`.

/// So many, and so many more each second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// What comes back each second; 0 counts as 1. Reckoned in whole nanoseconds a piece, so above
    /// a million a second up to one nanosecond a piece too generous.
    pub per_second: u32,
    /// What may be taken at once after a rest; 0 counts as 1.
    pub burst: u32,
}

/// The bounds of one connection. A node has one `Limits`, shared by all its machines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Payload bytes of one frame, refused by its header, before anything is held: 1009. A
    /// compressed frame may have what deflate adds to what it can't compress on top.
    pub frame_bytes_max: usize,
    /// Bytes of one message, after inflating; inflating stops here: 1009.
    pub message_bytes_max: usize,
    /// Frames of one message: 1009.
    pub fragments_max: u32,
    /// From the first byte of a message to its last: 1008.
    pub message_ms_max: u64,
    /// Messages begun, `None` for any number: throttled. Each one costs a session its work.
    pub messages: Option<Rate>,
    /// Frames in, `None` for any number: throttled. A fragment costs its decoding only.
    pub frames: Option<Rate>,
    /// Bytes in, headers included, `None` for any number: throttled. What has been read is
    /// decoded to the end of the frame's piece, so the bucket may be overdrawn by one read.
    pub bytes: Option<Rate>,
    /// Close, ping and pong frames in, `None` for any number: 1008.
    pub controls: Option<Rate>,
    /// How long a peer may be throttled without its buckets ever being half full again: 1008.
    pub flood_ms_max: u64,
    /// From our close to the peer's: the caller then drops the connection.
    pub close_ms_max: u64,
    /// Whether binary messages are taken; if not, refused by the header: 1003.
    pub binary: bool,
}

impl Default for Limits {
    /// What a gateway takes from a client: text of up to 64 KiB. The rates let every conformance
    /// case within that size pass (a thousand messages, 256,000 frames or 64 MB, as fast as the
    /// suite can) and cost a worker some milliseconds a second to decode.
    fn default() -> Self {
        Self {
            frame_bytes_max: 64 << 10,
            message_bytes_max: 64 << 10,
            fragments_max: 512,
            message_ms_max: 7_000,
            messages: Some(Rate {
                per_second: 500,
                burst: 2_000,
            }),
            frames: Some(Rate {
                per_second: 32_000,
                burst: 64_000,
            }),
            bytes: Some(Rate {
                per_second: 8 << 20,
                burst: 16 << 20,
            }),
            controls: Some(Rate {
                per_second: 10,
                burst: 32,
            }),
            flood_ms_max: 6_000,
            close_ms_max: 2_000,
            binary: false,
        }
    }
}

impl Limits {
    /// What `payload_max` bytes may take on the wire when compressed: deflate stores what it
    /// can't compress and adds a few bytes for each stored block.
    pub(crate) fn deflated_bytes_max(payload_max: usize) -> u64 {
        let payload_max = payload_max as u64;
        payload_max
            .saturating_add(payload_max >> 8)
            .saturating_add(64)
    }
}
