//! What a message of the load says: who said it, which of theirs it is, and a checksum over all.
//!
//! Shared by who sends and who receives. The text is `~<client>.<number>.<checksum>~<filler>`, numbers
//! in lower-case hex. The checksum covers the room too, so that a message that lands in another room
//! is found. The filler holds letters of one to four bytes, and nothing that JSON escapes.

use crate::checksum::Checksum;

/// Names one message of the load: which client said it, and the how manieth of theirs it is. A retry
/// has the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Said {
    /// The client's number; no other client of the whole fleet has it.
    pub client: u32,
    /// The message's number; no other message of that client has it, in whatever room.
    pub number: u32,
}

/// What a received text carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Carried {
    /// A message of the load, as it was said.
    Intact(Said),
    /// It names this message and was changed on its way.
    Altered(Said),
    /// No message of the load, or changed beyond recognition.
    Foreign,
}

/// One to four bytes of UTF-8 each.
const LETTERS: [char; 16] = [
    'e', 'n', 'i', 's', 'r', 'a', 't', ' ', 'd', 'h', 'u', 'l', 'ü', 'ж', '語', '🐝',
];

/// A text for `said` in `room`, with `filler_bytes` bytes of filler. For a direct message, `room` is the
/// inbox of the one it is for.
pub fn text(room: &str, said: Said, filler_bytes: usize) -> String {
    let filler = filler(said, filler_bytes);
    let checksum = checksum(room, said, &filler);
    let Said { client, number } = said;
    format!("~{client:x}.{number:x}.{checksum:016x}~{filler}")
}

/// What `text` carries, heard in `room`. For a direct message, `room` is the inbox of the one it is for,
/// also where the sender's own copy is looked at.
pub fn check(room: &str, text: &str) -> Carried {
    let Some((said, told, filler)) = read(text) else {
        return Carried::Foreign;
    };
    if told == checksum(room, said, filler) {
        Carried::Intact(said)
    } else {
        Carried::Altered(said)
    }
}

/// What a ledger keeps of an idempotency key.
pub fn key_hash(key: &str) -> u64 {
    Checksum::new().and(key.as_bytes()).value()
}

fn read(text: &str) -> Option<(Said, u64, &str)> {
    let (head, filler) = text.strip_prefix('~')?.split_once('~')?;
    let mut parts = head.split('.');
    let client = hex(parts.next()?)?.try_into().ok()?;
    let number = hex(parts.next()?)?.try_into().ok()?;
    let checksum = parts.next().filter(|digits| digits.len() == 16)?;
    let padded = checksum.trim_start_matches('0');
    let checksum = hex(if padded.is_empty() { "0" } else { padded })?;
    parts
        .next()
        .is_none()
        .then_some((Said { client, number }, checksum, filler))
}

/// Lower-case hex without a leading zero: each number has one spelling, or a changed one might pass.
fn hex(digits: &str) -> Option<u64> {
    let plain = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let spelled = digits.bytes().all(plain) && (digits == "0" || !digits.starts_with('0'));
    spelled.then(|| u64::from_str_radix(digits, 16).ok())?
}

fn checksum(room: &str, said: Said, filler: &str) -> u64 {
    Checksum::new()
        .and(room.as_bytes())
        .and(&[0xff])
        .and(&said.client.to_le_bytes())
        .and(&said.number.to_le_bytes())
        .and(filler.as_bytes())
        .value()
}

/// The same message has the same filler at each try, and another one has another.
fn filler(said: Said, bytes: usize) -> String {
    let mut filler = String::with_capacity(bytes);
    let mut dice = u64::from(said.client) << 32 | u64::from(said.number);
    while filler.len() < bytes {
        // Knuth's MMIX generator; the high bits are the good ones.
        dice = dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let letter = LETTERS[(dice >> 60) as usize];
        let fits = filler.len() + letter.len_utf8() <= bytes;
        filler.push(if fits { letter } else { '.' });
    }
    filler
}

#[cfg(test)]
mod tests {
    use super::{Carried, Said, check, key_hash, text};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_said_is_read_again_and_has_the_filler_asked_for(
            client: u32, number: u32, filler in 0_usize..2_000,
        ) {
            let said = Said { client, number };
            let bare = text("den", said, 0);
            let full = text("den", said, filler);
            prop_assert_eq!(full.len(), bare.len() + filler);
            prop_assert_eq!(check("den", &full), Carried::Intact(said));
            prop_assert_ne!(check("other", &full), Carried::Intact(said));
            prop_assert!(!full.contains(['"', '\\']) && !full.contains(char::is_control));
        }

        #[test]
        fn any_single_letter_that_changes_is_found(
            client in 0_u32..100_000, number in 0_u32..100_000, at: prop::sample::Index, to: char,
        ) {
            let said = Said { client, number };
            let mut letters: Vec<char> = text("den", said, 60).chars().collect();
            let at = at.index(letters.len());
            prop_assume!(letters[at] != to);
            letters[at] = to;
            let changed: String = letters.into_iter().collect();
            prop_assert!(!matches!(check("den", &changed), Carried::Intact(_)));
        }
    }

    #[test]
    fn a_cut_a_longer_and_a_foreign_text_are_not_intact() {
        let said = Said {
            client: 7,
            number: 9,
        };
        let whole = text("den", said, 20);
        let cut = whole.trim_end_matches(|c| c != '~');
        assert_eq!(check("den", cut), Carried::Altered(said));
        assert_eq!(check("den", &format!("{whole}.")), Carried::Altered(said));
        for foreign in [
            "",
            "~",
            "Hello",
            "~7.9~",
            "~7.9.0~",
            "~+7.9.0000000000000000~",
        ] {
            assert_eq!(check("den", foreign), Carried::Foreign, "{foreign}");
        }
        assert_ne!(key_hash("a"), key_hash("b"));
    }
}
