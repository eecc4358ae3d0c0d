//! What the network wants of a resource.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use nixops_plugin::protocol::Attributes;
use serde_json::Value;

use crate::evaluator::{
    Diagnostic, EvaluatedResource, Known, OutputRef, Token, Whereabouts, tokens,
};
use crate::network::MachineOptions;
use crate::state::{Key, Lifecycle};

use super::super::trouble::Trouble;

/// Asks the network, again and again, what it wants of its resources: what it wants of one may follow
/// from what became of another.
pub trait Definitions: Sync {
    /// Evaluates some resources and the options of some machines, with what is known of outputs.
    fn evaluate(&self, subjects: &BTreeSet<Subject>, known: &Known)
    -> Result<Vec<Answer>, Trouble>;
}

/// The definitions of a run that has only the state.
#[derive(Clone, Copy, Debug)]
pub struct NoNetwork;

impl Definitions for NoNetwork {
    fn evaluate(&self, _: &BTreeSet<Subject>, _: &Known) -> Result<Vec<Answer>, Trouble> {
        Ok(Vec::new())
    }
}

/// Something whose definition is asked for.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    /// A resource.
    Resource(Key),
    /// A machine, whose backend its definition tells.
    Machine(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(key) => write!(formatter, "resources.{key}"),
            Self::Machine(name) => write!(formatter, "machine {name}"),
        }
    }
}

/// What the network says of a subject.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The subject.
    pub subject: Subject,
    /// What is wanted.
    pub wish: Wish,
}

/// What the network says.
#[derive(Clone, Debug)]
pub enum Wish {
    /// This is wanted.
    Wanted(Box<Wanted>),
    /// This is a machine that no backend makes.
    Plain(Box<MachineOptions>),
    /// What is wanted cannot be said before an output is known.
    Awaits(OutputRef),
    /// It cannot be evaluated.
    Failed(Diagnostic),
}

/// What the network wants of a resource, or of a machine that a backend makes.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The resource.
    pub key: Key,
    /// Its inputs, with tokens in the places of secrets and of what is not known yet.
    pub shown: Attributes,
    /// How it begins and ends.
    pub lifecycle: Lifecycle,
    /// Outputs of others that its evaluation read.
    pub reads: BTreeSet<OutputRef>,
    /// What it was made of.
    pub origin: Origin,
}

/// What inputs were made of.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A resource of the network.
    Resource(EvaluatedResource),
    /// The options of a machine.
    Machine {
        /// Its options.
        options: Box<MachineOptions>,
        /// Where they are defined.
        whereabouts: Whereabouts,
    },
}

impl Wanted {
    /// A resource of the network.
    pub fn resource(resource: EvaluatedResource) -> Self {
        Self {
            key: resource.key(),
            shown: resource.inputs(),
            lifecycle: resource.lifecycle.clone(),
            reads: resource.reads.outputs.clone(),
            origin: Origin::Resource(resource),
        }
    }

    /// A machine that a backend makes.
    pub fn machine(
        name: &str,
        options: Box<MachineOptions>,
        whereabouts: Whereabouts,
        reads: BTreeSet<OutputRef>,
    ) -> Self {
        Self {
            key: Key::new(&options.target_env, name),
            shown: options.backend_inputs(),
            lifecycle: options.lifecycle.clone(),
            reads,
            origin: Origin::Machine {
                options,
                whereabouts,
            },
        }
    }

    /// Who is asked for it anew.
    pub fn subject(&self) -> Subject {
        match &self.origin {
            Origin::Resource(_) => Subject::Resource(self.key.clone()),
            Origin::Machine { .. } => Subject::Machine(self.key.name.clone()),
        }
    }

    /// Outputs that stand in its inputs and are not known yet.
    pub fn unknown(&self) -> BTreeSet<OutputRef> {
        let values = self.shown.values();
        let found = values.flat_map(|value| tokens(Token::Unknown, value));
        found.collect()
    }

    /// Whether the attribute at a path is, or has in it, what is not known yet.
    pub fn is_unknown_at(&self, path: &[String]) -> bool {
        let mut value: Option<&Value> = None;
        for name in path {
            let next = match value {
                None => self.shown.get(name),
                Some(Value::Array(values)) => name
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| values.get(index)),
                Some(Value::Object(values)) => values.get(name),
                Some(_) => None,
            };
            match next {
                Some(next) => value = Some(next),
                None => break,
            }
        }
        value.is_some_and(|value| !tokens(Token::Unknown, value).is_empty())
    }
}

/// What was evaluated of a network, by key where that is known.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// What is wanted.
    pub(super) wanted: BTreeMap<Key, Wanted>,
    /// What waits for an output before it can be evaluated.
    pub(super) awaits: BTreeMap<Subject, OutputRef>,
    /// What cannot be evaluated.
    pub(super) failed: BTreeMap<Subject, Diagnostic>,
    /// Machines that no backend makes.
    pub(super) plain: BTreeMap<String, Box<MachineOptions>>,
    /// Machines that backends make.
    pub(super) made: BTreeMap<String, Key>,
}

impl Wishes {
    /// Takes in answers; a later one counts more than an earlier one.
    pub(super) fn take(&mut self, answers: Vec<Answer>) {
        for Answer { subject, wish } in answers {
            self.forget(&subject);
            match (wish, subject) {
                (Wish::Wanted(wanted), subject) => {
                    if let Subject::Machine(name) = subject {
                        self.made.insert(name, wanted.key.clone());
                    }
                    self.wanted.insert(wanted.key.clone(), *wanted);
                }
                (Wish::Plain(options), Subject::Machine(name)) => {
                    self.plain.insert(name, options);
                }
                (Wish::Plain(_), Subject::Resource(_)) => {}
                (Wish::Awaits(output), subject) => {
                    self.awaits.insert(subject, output);
                }
                (Wish::Failed(diagnostic), subject) => {
                    self.failed.insert(subject, diagnostic);
                }
            }
        }
    }

    /// What is wanted of a subject.
    pub(super) fn of(&self, subject: &Subject) -> Option<&Wanted> {
        match subject {
            Subject::Resource(key) => self.wanted.get(key),
            Subject::Machine(name) => self.wanted.get(self.made.get(name)?),
        }
    }

    /// Whether it is a machine that no backend makes.
    pub(super) fn is_plain(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Machine(name) if self.plain.contains_key(name))
    }

    /// Who is asked for what is planned under a key.
    pub(super) fn subject(&self, key: &Key) -> Subject {
        if let Some(wanted) = self.wanted.get(key) {
            return wanted.subject();
        }
        let resource = Subject::Resource(key.clone());
        if self.awaits.contains_key(&resource) {
            return resource;
        }
        Subject::Machine(key.name.clone())
    }

    fn forget(&mut self, subject: &Subject) {
        self.awaits.remove(subject);
        self.failed.remove(subject);
        match subject {
            Subject::Resource(key) => drop(self.wanted.remove(key)),
            Subject::Machine(name) => {
                self.plain.remove(name);
                if let Some(key) = self.made.remove(name) {
                    self.wanted.remove(&key);
                }
            }
        }
    }
}
