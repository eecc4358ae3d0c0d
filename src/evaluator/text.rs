//! The attributes of `lib/bridge.nix` and the JSON texts that they give.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    network::{KeyTexts, Machine, MachineOptions},
    state::{Key, Lifecycle},
};

use super::{Whereabouts, subject::Subject};

/// Path of an attribute, in the form that `-A` takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttributePath(String);

impl AttributePath {
    /// The plugins.
    pub fn plugins() -> Self {
        Self("plugins".to_owned())
    }

    /// Something to say of the plugins by themselves.
    pub fn check(what: &str) -> Self {
        Self(format!("checks.{what}"))
    }

    /// The answer to what a person asks.
    pub fn answer(what: &str) -> Self {
        Self(format!("answers.{what}"))
    }

    /// The names of machines and resources.
    pub fn names() -> Self {
        Self("names".to_owned())
    }

    /// The attribute `network` of the network.
    pub fn network() -> Self {
        Self("network".to_owned())
    }

    /// A machine with its system, or a resource.
    pub fn whole(subject: &Subject) -> Self {
        match subject {
            Subject::Machine(name) => Self(format!("machines.\"{name}\"")),
            Subject::Resource(Key { kind, name }) => {
                Self(format!("resources.\"{kind}\".\"{name}\""))
            }
        }
    }

    /// The options of a machine, or a resource of which nothing is said if it throws.
    pub fn attempt(subject: &Subject) -> Self {
        match subject {
            Subject::Machine(name) => Self(format!("targets.\"{name}\"")),
            Subject::Resource(Key { kind, name }) => {
                Self(format!("attempts.\"{kind}\".\"{name}\""))
            }
        }
    }

    /// The options of a machine, with the texts of its keys.
    pub fn keys(subject: &Subject) -> Self {
        Self(format!("sending.targets.\"{}\"", subject.name()))
    }

    /// A machine with its system, and with the texts of its keys.
    pub fn whole_with_keys(subject: &Subject) -> Self {
        Self(format!("sending.machines.\"{}\"", subject.name()))
    }

    /// What is known of a machine to others.
    pub fn facts(subject: &Subject) -> Self {
        Self(format!("facts.\"{}\"", subject.name()))
    }

    /// What has Nix collect what was left by the attribute before it.
    pub fn collection() -> Self {
        Self("collection".to_owned())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What there is to say of the options of a plugin.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PluginFacts {
    /// Names of the options that machines get.
    pub machine: Vec<String>,
    /// Names of the options of its resources by type.
    pub resources: BTreeMap<String, Vec<String>>,
    /// Options that have no description.
    pub undocumented: Vec<String>,
    /// Types whose options follow from their schema alone.
    pub generated: Vec<String>,
    /// Types whose resources set no `_type`.
    pub untyped: Vec<String>,
    /// By type that has a schema, the words that options take which take nothing else.
    pub words: BTreeMap<String, BTreeMap<String, Vec<Value>>>,
}

/// What is told when the evaluation of a machine or resource begins.
#[derive(Debug, Deserialize)]
pub struct BeginText {
    /// What is evaluated.
    #[serde(flatten)]
    pub subject: Subject,
    /// Where the network defines it first, if Nix knows.
    pub position: Option<PlaceText>,
}

/// A place as `builtins.unsafeGetAttrPos` gives it.
#[derive(Clone, Debug, Deserialize)]
pub struct PlaceText {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// The text of a machine, or of its options alone.
#[derive(Debug, Deserialize)]
pub struct MachineText {
    /// Name of the machine.
    pub machine: String,
    /// Its options.
    pub options: MachineOptions,
    /// Its system, where that was asked for.
    pub system: Option<SystemText>,
    /// Where its options are defined.
    #[serde(flatten)]
    pub whereabouts: Whereabouts,
}

/// The texts of a machine's keys.
#[derive(Debug, Deserialize)]
pub struct KeysText {
    /// Name of the machine.
    pub machine: String,
    /// The texts.
    pub texts: KeyTexts,
}

/// Store paths of a system.
#[derive(Debug, Deserialize)]
pub struct SystemText {
    /// Its derivation.
    pub drv: String,
    /// What the derivation builds.
    pub out: String,
}

/// The text of a resource.
#[derive(Debug, Deserialize)]
pub struct ResourceText {
    /// The resource.
    pub resource: Key,
    /// Whether it threw, and nothing else is told.
    #[serde(default)]
    pub failed: bool,
    /// Its options.
    #[serde(default)]
    pub value: Value,
    /// What the network says of its end.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// Where its options are defined.
    #[serde(flatten)]
    pub whereabouts: Whereabouts,
}

impl MachineText {
    /// The machine, if the text has its system.
    pub fn into_machine(self) -> Option<Machine> {
        let system = self.system?;
        Some(Machine {
            name: self.machine,
            options: self.options,
            derivation: system.drv,
            system: system.out,
        })
    }
}
