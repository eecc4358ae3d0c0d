//! What a result depends on of outputs, and whether that is still so.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::state::Key;

use super::super::{
    Known, Output, OutputRef,
    reads::{Logs, Reader, Seen},
    subject::Subject,
};

/// A SHA-256.
pub type Digest = [u8; 32];

/// What of outputs a result depends on.
///
/// Nix tells which outputs are read. That a machine or resource has an output at all, and whether it is known,
/// may be asked without reading it: so the *shape* of all that was looked at counts too.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Trace {
    /// Outputs whose values were read.
    pub outputs: BTreeSet<OutputRef>,
    /// Resources that were looked at.
    shapes: BTreeSet<Key>,
    /// Machines that were looked at, whatever their backends are.
    machines: BTreeSet<String>,
    /// Whether nobody knows which machines were looked at.
    everything: bool,
}

impl Trace {
    /// What a subject has read and looked at, itself and through others.
    pub fn of(logs: Logs<'_>, subject: &Subject) -> Self {
        let readers = logs.reached(subject);
        let mut trace = Self {
            outputs: logs.outputs(&readers).cloned().collect(),
            ..Self::default()
        };
        for reader in &readers {
            if let Reader::Machine(name) | Reader::Node(name) = reader {
                trace.machines.insert(name.clone());
            }
            for seen in logs.looks(reader) {
                match seen {
                    Seen::Value(key) => drop(trace.shapes.insert(key.clone())),
                    // It is among the readers.
                    Seen::Node(_) => {}
                    Seen::Nodes => trace.everything = true,
                }
            }
        }
        trace
    }

    /// A digest of all of this with the values that it has by now.
    pub fn digest(&self, values: &Values<'_>) -> Digest {
        let mut sum = Sum::default();
        for output in &self.outputs {
            sum.add(&output.key.kind).add(&output.key.name);
            sum.add(&output.attribute).digest(values.output(output));
        }
        sum.add("shapes");
        for key in &self.shapes {
            sum.add(&key.kind).add(&key.name).digest(values.shape(key));
        }
        sum.add("machines");
        for machine in &self.machines {
            sum.add(machine).digest(values.machine(machine));
        }
        if self.everything {
            sum.add("everything").digest(values.everything);
        }
        sum.end()
    }
}

/// Digests of all that is known of outputs.
#[derive(Debug)]
pub struct Values<'a> {
    outputs: BTreeMap<&'a Key, BTreeMap<&'a str, Digest>>,
    shapes: BTreeMap<&'a Key, Digest>,
    machines: BTreeMap<&'a str, Digest>,
    everything: Digest,
}

/// Stands for what is not there.
const NOTHING: Digest = [0; 32];

impl<'a> Values<'a> {
    /// Digests what is known.
    pub fn of(known: &'a Known) -> Self {
        // What has no outputs looks like what is not there.
        let some = || known.outputs.iter().filter(|(_, all)| !all.is_empty());
        let mut by_name: BTreeMap<&str, Sum> = BTreeMap::new();
        let mut everything = Sum::default();
        let mut shapes = BTreeMap::new();
        for (key, outputs) in some() {
            let shape = shape(outputs);
            let named = by_name.entry(&key.name).or_default();
            named.add(&key.kind).digest(shape);
            everything.add(&key.kind).add(&key.name).digest(shape);
            shapes.insert(key, shape);
        }
        let machines = by_name.into_iter();
        Self {
            outputs: some().map(|(key, all)| (key, digests(all))).collect(),
            shapes,
            machines: machines.map(|(name, sum)| (name, sum.end())).collect(),
            everything: everything.end(),
        }
    }

    fn output(&self, output: &OutputRef) -> Digest {
        let named = self.outputs.get(&output.key);
        let found = named.and_then(|named| named.get(output.attribute.as_str()));
        found.copied().unwrap_or(NOTHING)
    }

    fn shape(&self, key: &Key) -> Digest {
        self.shapes.get(key).copied().unwrap_or(NOTHING)
    }

    fn machine(&self, name: &str) -> Digest {
        self.machines.get(name).copied().unwrap_or(NOTHING)
    }
}

fn digests(outputs: &BTreeMap<String, Output>) -> BTreeMap<&str, Digest> {
    let digest = |output: &Output| {
        let mut sum = Sum::default();
        // A value of JSON has a text, and a secret is none of its parts.
        sum.add(&serde_json::to_string(output).unwrap_or_default());
        sum.end()
    };
    let outputs = outputs.iter();
    outputs
        .map(|(name, output)| (name.as_str(), digest(output)))
        .collect()
}

/// What can be seen of outputs without reading one.
fn shape(outputs: &BTreeMap<String, Output>) -> Digest {
    let mut sum = Sum::default();
    for (name, output) in outputs {
        sum.add(name).add(match output {
            Output::Value(value) if value.is_null() => "null",
            Output::Value(_) => "value",
            Output::Unknown => "unknown",
            Output::Secret => "secret",
        });
    }
    sum.end()
}

/// A digest of several texts, none of which can run into the next.
#[derive(Clone, Debug, Default)]
pub struct Sum(Sha256);

impl Sum {
    /// Adds a text.
    pub fn add(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    pub fn digest(&mut self, digest: Digest) -> &mut Self {
        self.bytes(&digest)
    }

    /// The digest.
    pub fn end(self) -> Digest {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::reads::Log;
    use super::*;

    fn known(text: &serde_json::Value) -> Known {
        Known::from_json(&text.to_string()).unwrap()
    }

    fn digest(trace: &Trace, text: &serde_json::Value) -> Digest {
        trace.digest(&Values::of(&known(text)))
    }

    fn output(name: &str, attribute: &str) -> OutputRef {
        OutputRef {
            key: Key::new("volumes", name),
            attribute: attribute.to_owned(),
        }
    }

    #[test]
    fn a_value_counts_for_who_read_it_and_for_nobody_else() {
        let trace = Trace {
            outputs: [output("a", "id")].into(),
            shapes: [Key::new("volumes", "a")].into(),
            ..Trace::default()
        };
        let one = json!({ "volumes": { "a": { "id": { "value": 1 }, "size": { "value": 1 } } } });
        let same = json!({ "volumes": { "a": { "id": { "value": 1 }, "size": { "value": 2 } },
                                        "b": { "id": { "value": 3 } } } });
        let other = json!({ "volumes": { "a": { "id": { "value": 2 }, "size": { "value": 1 } } } });
        let unknown = json!({ "volumes": { "a": { "id": "unknown", "size": { "value": 1 } } } });
        assert_eq!(digest(&trace, &one), digest(&trace, &same));
        assert_ne!(digest(&trace, &one), digest(&trace, &other));
        assert_ne!(digest(&trace, &one), digest(&trace, &unknown));
        assert_ne!(digest(&trace, &one), digest(&trace, &json!({})));
    }

    #[test]
    fn that_there_is_an_output_is_seen_without_reading_it() {
        let machine = Trace {
            machines: ["web".to_owned()].into(),
            ..Trace::default()
        };
        let everything = Trace {
            everything: true,
            ..Trace::default()
        };
        let none = json!({ "cloud": { "web": { "address": { "value": null } } } });
        let some = json!({ "cloud": { "web": { "address": { "value": "1" } } } });
        let other = json!({ "cloud": { "web": { "address": { "value": "2" } } } });
        for trace in [machine, everything] {
            assert_ne!(digest(&trace, &none), digest(&trace, &some));
            assert_eq!(digest(&trace, &some), digest(&trace, &other));
        }
    }

    #[test]
    fn what_is_seen_through_others_counts() {
        let mut log = Log::default();
        let look = |reader, seen| {
            serde_json::from_value(json!({ "reader": reader, "seen": seen })).unwrap()
        };
        log.note_look(look(json!({ "machine": "web" }), json!({ "node": "db" })));
        let volume = json!({ "type": "volumes", "name": "a" });
        log.note_look(look(json!({ "node": "db" }), json!({ "value": volume })));
        let read = json!({ "reader": { "value": volume }, "type": "volumes", "name": "b",
                           "attribute": "id" });
        log.note(serde_json::from_value(read).unwrap());
        let facts = Log::default();
        let logs = Logs {
            process: &log,
            facts: &facts,
        };
        let trace = Trace::of(logs, &Subject::Machine("web".to_owned()));
        assert_eq!(
            trace,
            Trace {
                outputs: [output("b", "id")].into(),
                shapes: [Key::new("volumes", "a")].into(),
                machines: ["db".to_owned(), "web".to_owned()].into(),
                everything: false,
            }
        );
    }
}
