//! Which of a Cluster's slots a key is in.

/// How many slots a Cluster has.
pub const SLOTS: u16 = 16_384;

/// The slot of a key: CRC-16 (XMODEM: polynomial 0x1021, start 0) of what stands between its first `{`
/// and the next `}`, or of all of it where that is empty, modulo the number of slots. From the Redis
/// Cluster specification.
pub fn slot(key: &[u8]) -> u16 {
    crc16(tag(key)) % SLOTS
}

fn tag(key: &[u8]) -> &[u8] {
    let position = |bytes: &[u8], wanted: u8| bytes.iter().position(|byte| *byte == wanted);
    let Some(open) = position(key, b'{') else {
        return key;
    };
    let rest = &key[open + 1..];
    match position(rest, b'}') {
        Some(length @ 1..) => &rest[..length],
        Some(0) | None => key,
    }
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        let index = usize::from(crc >> 8) ^ usize::from(*byte);
        (crc << 8) ^ TABLE[index]
    })
}

const TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        // The check value of CRC-16/XMODEM, and what `CLUSTER KEYSLOT` answers.
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(slot(b"foo"), 12_182);
        assert_eq!(slot(b"somekey"), 11_058);
    }

    #[test]
    fn keys_with_one_tag_share_a_slot() {
        assert_eq!(slot(b"rc:{lobby}:log"), slot(b"lobby"));
        assert_eq!(slot(b"{a}{b}"), slot(b"a"));
        for whole in [&b"a{}b"[..], b"{}", b"a{b", b"a}b{"] {
            assert_eq!(slot(whole), crc16(whole) % SLOTS);
        }
    }
}
