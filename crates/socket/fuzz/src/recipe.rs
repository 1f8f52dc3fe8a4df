//! Reading an input's head: switches, sizes, and what is left.
//!
//! Keeps true: any bytes are an input; what is missing reads as zero.

/// An input, read from its front.
pub struct Recipe<'d> {
    rest: &'d [u8],
}

impl<'d> Recipe<'d> {
    /// All of an input.
    pub fn new(data: &'d [u8]) -> Self {
        Self { rest: data }
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else {
            return 0;
        };
        self.rest = rest;
        *first
    }

    /// Sizes of 1 to 256, at least one and at most 16 of them: a byte with their number, then
    /// each one less one.
    pub fn sizes(&mut self) -> Vec<usize> {
        let count = 1 + usize::from(self.byte() & 0x0f);
        (0..count).map(|_| 1 + usize::from(self.byte())).collect()
    }

    /// A payload of up to 64 KiB, made of runs: a byte with their number, then for each its
    /// length, how often it is said, and its bytes.
    pub fn payload(&mut self) -> Vec<u8> {
        let mut payload = Vec::new();
        for _ in 0..self.byte() & 0x0f {
            let length = usize::from(self.byte()).min(self.rest.len());
            let times = 1 + usize::from(self.byte()) % 64;
            let length = length.min(self.rest.len());
            let (run, rest) = self.rest.split_at(length);
            self.rest = rest;
            payload.extend(run.repeat(times));
        }
        payload.truncate(64 << 10);
        payload
    }

    /// All that is left.
    pub fn rest(self) -> &'d [u8] {
        self.rest
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Cuts bytes into pieces of these sizes, over and over.
pub fn cut<'w>(wire: &'w [u8], sizes: &[usize]) -> Vec<&'w [u8]> {
    let mut pieces = Vec::new();
    let mut rest = wire;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}
