//! Numbers as bytes: varints, zigzag steps, fixed words. Below it there is nothing.

/// Why bytes can't be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flaw {
    /// They end too early.
    Short,
    /// They mean nothing; how so.
    Bad(&'static str),
}

/// Appends an unsigned varint.
pub(super) fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends the way from one number to another.
pub(super) fn put_step(out: &mut Vec<u8>, from: u64, to: u64) {
    let step = to.wrapping_sub(from) as i64;
    put_number(out, ((step << 1) ^ (step >> 63)) as u64);
}

/// Bytes being read from the front.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Flaw> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Flaw::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Flaw::Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Flaw> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn number(&mut self) -> Result<u64, Flaw> {
        let mut value = 0;
        for (index, byte) in self.0.iter().enumerate().take(10) {
            let bits = u64::from(byte & 0x7f);
            if index == 9 && bits > 1 {
                break;
            }
            value |= bits << (7 * index);
            if byte & 0x80 == 0 {
                self.0 = &self.0[index + 1..];
                return Ok(value);
            }
        }
        if self.0.len() < 10 {
            Err(Flaw::Short)
        } else {
            Err(Flaw::Bad("a number of more than 64 bits"))
        }
    }

    pub(super) fn small(&mut self) -> Result<u32, Flaw> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| Flaw::Bad("a number of more than 32 bits"))
    }

    pub(super) fn step(&mut self, from: u64) -> Result<u64, Flaw> {
        let folded = self.number()?;
        let step = (folded >> 1) as i64 ^ -((folded & 1) as i64);
        Ok(from.wrapping_add(step as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Flaw, put_number, put_step};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_and_steps_are_read_as_written(a: u64, b: u64) {
            let mut out = Vec::new();
            put_number(&mut out, a);
            put_step(&mut out, a, b);
            let mut bytes = Bytes(&out);
            prop_assert_eq!(bytes.number(), Ok(a));
            prop_assert_eq!(bytes.step(a), Ok(b));
            prop_assert!(bytes.0.is_empty());
            for end in 0..out.len() {
                let mut cut = Bytes(&out[..end]);
                let read = cut.number().and_then(|a| cut.step(a));
                prop_assert_eq!(read, Err(Flaw::Short));
            }
        }
    }

    #[test]
    fn a_number_beyond_its_bits_is_refused() {
        let endless = [0xff; 12];
        assert!(matches!(Bytes(&endless).number(), Err(Flaw::Bad(_))));
        let mut out = Vec::new();
        put_number(&mut out, 1 << 32);
        assert!(matches!(Bytes(&out).small(), Err(Flaw::Bad(_))));
    }
}
