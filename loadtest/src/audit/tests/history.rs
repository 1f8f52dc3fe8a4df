//! A run as lists of records that a test may change before they become ledgers.

use std::path::PathBuf;

use crate::audit::audit;
use crate::audit::error::AuditError;
use crate::audit::plan::Plan;
use crate::audit::verdict::Verdict;
use crate::ledger::clock::Clock;
use crate::ledger::record::{Name, Place, Record};
use crate::ledger::writer::Ledger;

/// What all processes wrote down.
#[derive(Clone)]
pub(super) struct History {
    /// Told at the beginning of each file, so that a name has one number in all of them.
    pub(super) names: Vec<String>,
    pub(super) files: Vec<Vec<(u64, Record)>>,
    pub(super) plan: Plan,
    /// A process that was killed, and how much of its ledger is left, in thousandths.
    pub(super) killed: Option<(usize, u64)>,
}

impl History {
    /// Writes the ledgers and judges them.
    pub(super) fn try_audit(&self) -> Result<Verdict, AuditError> {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::begin();
        let files = self.files.iter().enumerate().map(|(process, records)| {
            let path: PathBuf = folder.path().join(format!("{process}.ledger"));
            let (ledger, writing) = Ledger::create(&path, clock, process as u32).unwrap();
            for (number, text) in self.names.iter().enumerate() {
                assert_eq!(ledger.name(text), Name(number as u32));
            }
            for (at_us, record) in records {
                ledger.note(*at_us, record);
            }
            let bytes = writing.close().unwrap().bytes;
            if let Some((killed, left)) = self.killed
                && killed == process
            {
                let file = std::fs::File::options().write(true).open(&path).unwrap();
                file.set_len((bytes * left / 1_000).max(64)).unwrap();
            }
            path
        });
        let files: Vec<PathBuf> = files.collect();
        audit(&files, &self.plan)
    }

    pub(super) fn audit(&self) -> Verdict {
        self.try_audit().unwrap()
    }

    /// All records with their file and index.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, usize, &Record)> {
        self.files.iter().enumerate().flat_map(|(file, records)| {
            let records = records.iter().enumerate();
            records.map(move |(index, (_, record))| (file, index, record))
        })
    }

    /// Where the records are of which this holds.
    pub(super) fn find(&self, holds: impl Fn(&Record) -> bool) -> Vec<(usize, usize)> {
        let found = self.all().filter(|(_, _, record)| holds(record));
        found.map(|(file, index, _)| (file, index)).collect()
    }

    pub(super) fn record(&mut self, (file, index): (usize, usize)) -> &mut Record {
        &mut self.files[file][index].1
    }

    pub(super) fn peek(&self, (file, index): (usize, usize)) -> &Record {
        &self.files[file][index].1
    }

    pub(super) fn remove(&mut self, (file, index): (usize, usize)) {
        self.files[file].remove(index);
    }

    /// Puts a record behind another one.
    pub(super) fn insert_after(&mut self, (file, index): (usize, usize), record: Record) {
        let at_us = self.files[file][index].0;
        self.files[file].insert(index + 1, (at_us, record));
    }

    /// Changes all records.
    pub(super) fn each(&mut self, change: impl Fn(&mut Record)) {
        let all = self.files.iter_mut().flatten();
        all.for_each(|(_, record)| change(record));
    }

    /// Where each room's log ends, as the run tells it.
    pub(super) fn heads(&self) -> Vec<(Name, Place)> {
        let heads = self.all().filter_map(|(_, _, record)| match record {
            Record::Head { room, at, .. } => Some((*room, *at)),
            _ => None,
        });
        heads.collect()
    }
}
