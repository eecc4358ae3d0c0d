//! Who reads which outputs.
//!
//! A value that two read is evaluated once, and the second reader leaves no trace of it. So everybody has
//! wrappers of their own around what they see of others (`lib/outputs.nix`), which tell what is read by
//! whom: machines and resources, and what these see of each other, which is evaluated apart and shared
//! in a process. What one reads is what it reads itself and what those read that it looks at.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::state::Key;

use super::{Known, OutputRef, subject::Subject};

/// What something reads of resources.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Reads {
    /// Outputs, also those that come into it through other resources and machines.
    pub outputs: BTreeSet<OutputRef>,
    /// Resources that it looks at, whether at outputs or at what the network says of them.
    pub resources: BTreeSet<Key>,
}

impl Reads {
    /// Whether nothing is read.
    pub fn is_empty(&self) -> bool {
        self.outputs.is_empty() && self.resources.is_empty()
    }
}

/// Who reads.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "camelCase")]
pub enum Reader {
    /// A machine.
    Machine(String),
    /// A resource.
    Resource(Key),
    /// What others see of a machine.
    Node(String),
    /// What others see of a resource.
    Value(Key),
}

/// What is looked at.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "camelCase")]
pub enum Seen {
    /// A machine.
    Node(String),
    /// A resource.
    Value(Key),
    /// Machines, and nobody knows which.
    Nodes,
}

/// A read of an output, as `lib/outputs.nix` tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct OutputRead {
    reader: Reader,
    #[serde(flatten)]
    output: OutputRef,
}

/// A look at a machine or resource.
#[derive(Clone, Debug, Deserialize)]
pub struct Look {
    reader: Reader,
    seen: Seen,
}

/// What one process has told of reads.
#[derive(Clone, Debug, Default)]
pub struct Log {
    outputs: BTreeMap<Reader, Vec<OutputRef>>,
    looks: BTreeMap<Reader, BTreeSet<Seen>>,
}

impl From<Subject> for Reader {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Machine(name) => Self::Machine(name),
            Subject::Resource(key) => Self::Resource(key),
        }
    }
}

impl Log {
    /// Nothing was told yet.
    pub const fn new() -> Self {
        Self {
            outputs: BTreeMap::new(),
            looks: BTreeMap::new(),
        }
    }

    /// Takes note of a read.
    pub fn note(&mut self, read: OutputRead) {
        let outputs = self.outputs.entry(read.reader).or_default();
        outputs.push(read.output);
    }

    /// Takes note of a look.
    pub fn note_look(&mut self, look: Look) {
        self.looks.entry(look.reader).or_default().insert(look.seen);
    }

    /// Forgets what a subject read in an attempt that is over.
    pub fn forget(&mut self, subject: &Subject) {
        let reader = subject.clone().into();
        self.outputs.remove(&reader);
        self.looks.remove(&reader);
    }

    /// Adds what another process has told.
    pub fn merge(&mut self, other: Self) {
        for (reader, outputs) in other.outputs {
            self.outputs.entry(reader).or_default().extend(outputs);
        }
        for (reader, looks) in other.looks {
            self.looks.entry(reader).or_default().extend(looks);
        }
    }

    fn readers(&self) -> impl Iterator<Item = &Reader> {
        self.outputs.keys().chain(self.looks.keys())
    }
}

/// What a process has told, and beside it what was told of the facts that it was given.
#[derive(Clone, Copy, Debug)]
pub struct Logs<'a> {
    /// Of the process.
    pub process: &'a Log,
    /// Of the facts.
    pub facts: &'a Log,
}

impl<'a> Logs<'a> {
    /// What a subject has read so far.
    pub fn of(self, subject: &Subject) -> Reads {
        let readers = self.reached(subject);
        let resources = readers
            .iter()
            .filter(|reader| !matches!(reader, Reader::Value(_)))
            .flat_map(|reader| self.looks(reader))
            .filter_map(|seen| match seen {
                Seen::Value(key) => Some(key.clone()),
                Seen::Node(_) | Seen::Nodes => None,
            });
        let is_other = |key: &Key| *subject != Subject::Resource(key.clone());
        Reads {
            outputs: self.outputs(&readers).cloned().collect(),
            resources: resources.filter(is_other).collect(),
        }
    }

    /// The first output that a subject has read and that is not known yet.
    pub fn first_unknown(self, subject: &Subject, known: &Known) -> Option<OutputRef> {
        let readers = self.reached(subject);
        let mut outputs = self.outputs(&readers);
        outputs.find(|output| known.is_unknown(output)).cloned()
    }

    pub(super) fn outputs(self, readers: &[Reader]) -> impl Iterator<Item = &'a OutputRef> {
        readers
            .iter()
            .flat_map(move |reader| self.both(|log| log.outputs.get(reader)))
            .flatten()
    }

    pub(super) fn looks(self, reader: &Reader) -> impl Iterator<Item = &'a Seen> {
        self.both(|log| log.looks.get(reader)).flatten()
    }

    fn both<T>(self, get: impl Fn(&'a Log) -> Option<T>) -> impl Iterator<Item = T> {
        [get(self.process), get(self.facts)].into_iter().flatten()
    }

    /// The subject as a reader, and all whose reads are its own.
    pub(super) fn reached(self, subject: &Subject) -> Vec<Reader> {
        let mut reached = vec![Reader::from(subject.clone())];
        let mut known: BTreeSet<Reader> = reached.iter().cloned().collect();
        let mut next = 0;
        while let Some(reader) = reached.get(next).cloned() {
            next += 1;
            let behind = self.looks(&reader).flat_map(|seen| self.behind(seen));
            reached.extend(behind.filter(|reader| known.insert(reader.clone())));
        }
        reached
    }

    fn behind(self, seen: &Seen) -> Vec<Reader> {
        match seen {
            Seen::Node(name) => vec![Reader::Node(name.clone())],
            Seen::Value(key) => vec![Reader::Value(key.clone())],
            Seen::Nodes => {
                let readers = self.process.readers().chain(self.facts.readers());
                let is_node = |reader: &&Reader| matches!(reader, Reader::Node(_));
                readers.filter(is_node).cloned().collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn key(name: &str) -> Key {
        Key::new("volumes", name)
    }

    fn output(name: &str) -> OutputRef {
        OutputRef {
            key: key(name),
            attribute: "id".to_owned(),
        }
    }

    fn value(name: &str) -> Value {
        json!({ "value": key(name) })
    }

    fn reads(log: &mut Log, reader: &Value, name: &str) {
        let read = json!({ "reader": reader, "type": "volumes", "name": name, "attribute": "id" });
        log.note(serde_json::from_value(read).unwrap());
    }

    fn looks(log: &mut Log, reader: &Value, seen: &Value) {
        let look = json!({ "reader": reader, "seen": seen });
        log.note_look(serde_json::from_value(look).unwrap());
    }

    fn of(process: &Log, facts: &Log, subject: &Subject) -> (Vec<String>, Vec<String>) {
        let reads = Logs { process, facts }.of(subject);
        let outputs = reads.outputs.into_iter().map(|output| output.key.name);
        let resources = reads.resources.into_iter().map(|key| key.name);
        (outputs.collect(), resources.collect())
    }

    #[test]
    fn what_is_looked_at_brings_its_own_reads_along_however_often_it_leads_back() {
        let mut log = Log::default();
        let a = json!({ "resource": key("a") });
        looks(&mut log, &a, &value("b"));
        looks(&mut log, &value("b"), &value("c"));
        looks(&mut log, &value("c"), &value("b"));
        reads(&mut log, &value("c"), "d");
        reads(&mut log, &value("e"), "f");
        let (outputs, resources) = of(&log, &Log::default(), &Subject::Resource(key("a")));
        assert_eq!(outputs, ["d"]);
        assert_eq!(resources, ["b"]);
    }

    #[test]
    fn who_may_look_at_all_machines_reads_what_they_read() {
        let (mut log, mut facts) = (Log::default(), Log::default());
        looks(&mut log, &json!({ "machine": "web" }), &json!("nodes"));
        reads(&mut log, &json!({ "node": "db" }), "a");
        looks(&mut log, &json!({ "node": "db" }), &value("x"));
        reads(&mut facts, &json!({ "node": "other" }), "b");
        reads(&mut log, &json!({ "machine": "other" }), "c");
        let (outputs, resources) = of(&log, &facts, &Subject::Machine("web".to_owned()));
        assert_eq!(outputs, ["a", "b"]);
        assert_eq!(resources, ["x"]);
    }

    #[test]
    fn the_first_output_that_is_not_known_is_the_one_that_was_read_first() {
        let mut log = Log::default();
        let reader = json!({ "resource": key("a") });
        for name in ["there", "z", "b"] {
            reads(&mut log, &reader, name);
        }
        let mut known = Known::default();
        let unknown = || [("id".to_owned(), super::super::Output::Unknown)].into();
        for name in ["b", "z"] {
            known.outputs.insert(key(name), unknown());
        }
        let facts = Log::default();
        let logs = Logs {
            process: &log,
            facts: &facts,
        };
        let first = logs.first_unknown(&Subject::Resource(key("a")), &known);
        assert_eq!(first, Some(output("z")));
    }
}
