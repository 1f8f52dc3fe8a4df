//! Commands, counted by what they are for.

use std::collections::BTreeMap;

use crate::label::Purpose;

/// A command: its purpose, and it in words.
pub(crate) type Name = (Purpose, String);

#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    /// Sent by nodes.
    pub(crate) sent: u64,
    /// Called by those that were scripts.
    pub(crate) inside: u64,
}

#[derive(Default)]
pub(crate) struct Counted {
    by_name: BTreeMap<Name, Count>,
}

impl Counted {
    pub(crate) fn of(&mut self, name: &Name) -> &mut Count {
        self.by_name.entry(name.clone()).or_default()
    }

    /// Without what goes on whatever happens.
    pub(crate) fn without_upkeep(mut self) -> Self {
        self.by_name.retain(|(purpose, _), _| !purpose.is_upkeep());
        self
    }

    pub(crate) fn total(&self) -> Count {
        let counts = self.by_name.values();
        counts.fold(Count::default(), |sum, count| Count {
            sent: sum.sent + count.sent,
            inside: sum.inside + count.inside,
        })
    }

    /// Sent for each purpose.
    pub(crate) fn by_purpose(&self) -> BTreeMap<Purpose, u64> {
        let mut by_purpose = BTreeMap::new();
        for ((purpose, _), count) in &self.by_name {
            *by_purpose.entry(*purpose).or_default() += count.sent;
        }
        by_purpose
    }

    /// Sent of each command, those sent most often first.
    pub(crate) fn by_command(&self) -> Vec<(&str, u64)> {
        let commands = self.by_name.iter();
        let mut commands: Vec<_> = commands
            .map(|((_, name), count)| (name.as_str(), count.sent))
            .collect();
        commands.sort_by_key(|(_, sent)| std::cmp::Reverse(*sent));
        commands
    }
}
