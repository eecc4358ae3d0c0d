//! What there is of many resources.

use std::{collections::BTreeMap, thread};

use nixops_plugin::protocol::{Created, ResourceState, Updated};

use crate::state::{Key, Phase, Record};

use super::{Error, Preview};

/// What was seen of a resource that is recorded.
#[derive(Debug)]
pub enum Seen {
    /// Nobody was asked: what is recorded is taken as true.
    Unasked,
    /// It was there, and is no more.
    Gone,
    /// A run ended while it was being made; this is what became of it.
    Unfinished(Option<Created>),
    /// It is there.
    There(Updated),
    /// Its provider gave no answer.
    Unanswered(Error),
}

impl Preview<'_> {
    /// Asks providers what there is of recorded resources, all of a type at once.
    ///
    /// `reveal` opens the secrets of a record.
    pub fn look_all<'a>(
        &self,
        records: impl IntoIterator<Item = (&'a Key, &'a Record)>,
        reveal: impl Fn(&Record) -> Result<ResourceState, crate::state::Error>,
    ) -> Result<BTreeMap<Key, Seen>, crate::state::Error> {
        let mut seen = BTreeMap::new();
        let mut by_kind: BTreeMap<&str, Vec<(&Key, ResourceState)>> = BTreeMap::new();
        for (key, record) in records {
            if !self.providers.has(&key.kind) {
                seen.insert(key.clone(), Seen::Unasked);
            } else if let Err(error) = self.check_version(key, record) {
                seen.insert(key.clone(), Seen::Unanswered(error));
            } else if record.phase == Phase::Creating {
                let found = self.find(key, &record.token);
                seen.insert(
                    key.clone(),
                    found.map_or_else(Seen::Unanswered, Seen::Unfinished),
                );
            } else {
                let of_kind = by_kind.entry(&key.kind).or_default();
                of_kind.push((key, reveal(record)?));
            }
        }
        seen.extend(self.read_kinds(by_kind));
        Ok(seen)
    }

    /// Asks about all types at the same time: each may be another provider's, or another cloud's.
    fn read_kinds(&self, by_kind: BTreeMap<&str, Vec<(&Key, ResourceState)>>) -> Vec<(Key, Seen)> {
        thread::scope(|scope| {
            let asked: Vec<_> = by_kind
                .into_iter()
                .map(|(kind, asked)| scope.spawn(move || self.read_all(kind, asked)))
                .collect();
            let read = asked.into_iter().flat_map(|asked| match asked.join() {
                Ok(read) => read,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            read.collect()
        })
    }

    fn read_all(&self, kind: &str, asked: Vec<(&Key, ResourceState)>) -> Vec<(Key, Seen)> {
        let mut seen = Vec::new();
        let states = asked.iter().map(|(_, state)| state.clone()).collect();
        let Ok(read) = self.providers.read_many(kind, states) else {
            // Who fails when asked for many may know of single ones, and says of which it does not.
            for (key, state) in asked {
                let one = self.read(key, &state);
                seen.push((key.clone(), one.map_or_else(Seen::Unanswered, Seen::of)));
            }
            return seen;
        };
        for ((key, _), now) in asked.into_iter().zip(read) {
            let kept = now.map_or(Ok(None), |now| {
                self.check_outputs(key, &now.outputs).map(|()| Some(now))
            });
            seen.push((key.clone(), kept.map_or_else(Seen::Unanswered, Seen::of)));
        }
        seen
    }
}

impl Seen {
    fn of(now: Option<Updated>) -> Self {
        now.map_or(Self::Gone, Self::There)
    }
}
