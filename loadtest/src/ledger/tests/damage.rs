//! Files that were cut short, changed, or never were ledgers.

use std::fs;

use super::{one_of_each, read, timed, written};
use crate::ledger::header::{HEADER_BYTES, PAGE_HEAD_BYTES};
use crate::ledger::reader::LedgerError;

#[test]
fn a_ledger_cut_at_any_byte_gives_what_was_whole_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let records = timed(one_of_each());
    let path = written(folder.path(), &records);
    let whole = fs::read(&path).unwrap();
    let mut had = 0;
    for end in HEADER_BYTES..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let (got, is_torn) = read(&path).unwrap();
        assert_eq!(got, records[..got.len()], "cut at {end}");
        assert!(got.len() >= had, "cut at {end}");
        // Nothing was begun where only the header is there.
        assert_eq!(is_torn, end > HEADER_BYTES, "cut at {end}");
        had = got.len();
    }
    assert_eq!(had, records.len());
}

#[test]
fn a_ledger_with_any_byte_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &timed(one_of_each()));
    let whole = fs::read(&path).unwrap();
    for at in HEADER_BYTES..whole.len() {
        for flip in [1, 0x80] {
            let mut changed = whole.clone();
            changed[at] ^= flip;
            fs::write(&path, &changed).unwrap();
            let why = read(&path);
            assert!(
                matches!(why, Err(LedgerError::Damaged { .. })),
                "{at}: {why:?}"
            );
        }
    }
}

#[test]
fn zeros_at_the_end_are_a_cut_and_anything_behind_them_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let records = timed(one_of_each());
    let path = written(folder.path(), &records);
    let whole = fs::read(&path).unwrap();
    for zeros in [PAGE_HEAD_BYTES, 10_000] {
        let mut longer = whole.clone();
        longer.resize(whole.len() + zeros, 0);
        fs::write(&path, &longer).unwrap();
        assert_eq!(read(&path).unwrap(), (records.clone(), true), "{zeros}");
        longer.extend(&whole[HEADER_BYTES..]);
        fs::write(&path, &longer).unwrap();
        assert!(
            matches!(read(&path), Err(LedgerError::Damaged { .. })),
            "{zeros}"
        );
    }
}

#[test]
fn what_is_no_ledger_of_this_version_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &[]);
    let whole = fs::read(&path).unwrap();
    let mut later = whole.clone();
    later[8] += 1;
    for (bytes, says) in [
        (&[][..], "cut short"),
        (&whole[..HEADER_BYTES - 1], "cut short"),
        (&later[..], "another version"),
        (&[b'{'; 100][..], "doesn't begin as a ledger"),
    ] {
        fs::write(&path, bytes).unwrap();
        let why = read(&path).unwrap_err();
        assert!(matches!(why, LedgerError::NotALedger { .. }), "{why}");
        assert!(why.to_string().contains(says), "{why}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(read(&path), Err(LedgerError::Io { .. })));
}
