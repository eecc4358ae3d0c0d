//! Plugins that know what NixOps 2 left.
//!
//! The names differ: a state of NixOps 2 calls `ec2-keypair` what a network calls `ec2KeyPairs`, and only
//! Python knew that they are the same. They are taken for the same where they agree in everything but
//! hyphens, letter case and plural; a machine's type is its backend in both.

use std::collections::BTreeMap;

use nixops_plugin::protocol::{Attributes, ResourceState};
use serde_json::{Map, Value};

use crate::{
    schema::{Kind, Registry, TypeSchema},
    state::{Key, Record, SecretParts, Secrets},
};

use super::UNTOUCHED;

/// An untouched record that a plugin knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// What it is called now.
    pub key: Key,
    /// The record in the plugin's own terms.
    pub record: Record,
}

/// Finds the type that knows an untouched record, whose revealed state is given, and puts the record in its
/// terms. `owner` names the plugin of a type.
///
/// Nothing is claimed whose id among the old attributes is not plain: its provider could not find it, and
/// would make it a second time.
pub fn claim(
    key: &Key,
    record: &Record,
    state: &ResourceState,
    registry: &Registry,
    owner: impl Fn(&str) -> Option<String>,
) -> Option<Claim> {
    if record.plugin != UNTOUCHED {
        return None;
    }
    let old: BTreeMap<String, String> = serde_json::from_value(state.private.clone()?).ok()?;
    let (kind, schema) = registry
        .iter()
        .find(|(kind, it)| is_same(key, kind, it.kind))?;
    let options = schema.options.document();
    let inputs = attributes(&old, options);
    let outputs = schema
        .outputs
        .as_ref()
        .map(|it| attributes(&old, it.document()));
    let outputs = outputs.unwrap_or_default();
    let plain_inputs = plain(&inputs, |all| registry.without_sensitive(kind, all));
    let plain_outputs = match &schema.outputs {
        Some(schema) => plain(&outputs, |all| schema.without_sensitive(all)),
        None => outputs.clone(),
    };
    let parts = SecretParts {
        inputs: (plain_inputs != inputs).then_some(inputs),
        outputs: (plain_outputs != outputs).then_some(outputs),
        private: None,
    };
    Some(Claim {
        key: Key::new(kind, &key.name),
        record: Record {
            plugin: owner(kind)?,
            version: version(schema),
            state: ResourceState {
                id: id(&key.kind, &old)?,
                inputs: plain_inputs,
                outputs: plain_outputs,
                private: None,
            },
            secrets: Secrets::of(parts),
            ..record.clone()
        },
    })
}

fn version(schema: &TypeSchema) -> u32 {
    let version = schema.version.unwrap_or_default();
    version.try_into().unwrap_or_default()
}

fn is_same(key: &Key, kind: &str, of: Kind) -> bool {
    match of {
        Kind::Resource => normal(&key.kind) == normal(kind),
        Kind::Machine => key.kind == kind,
        Kind::Core => false,
    }
}

/// A type's name without what the two spellings differ in.
fn normal(kind: &str) -> String {
    let letters = kind.chars().filter(char::is_ascii_alphanumeric);
    let word = letters.collect::<String>().to_ascii_lowercase();
    match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => word.strip_suffix('s').unwrap_or(&word).to_owned(),
    }
}

/// How the provider calls it: `vmId` of a machine, otherwise `id`, `resourceId`, or the last word of the type
/// with `Id` behind it, as `volumeId` of an `ebs-volume`.
fn id(kind: &str, old: &BTreeMap<String, String>) -> Option<String> {
    let last = kind.rsplit('-').next().unwrap_or(kind);
    let own = format!("{last}Id");
    let names = ["vmId", "id", "resourceId", &own];
    let found = names.into_iter().find_map(|name| find(old, name))?;
    (!found.is_empty()).then(|| found.to_owned())
}

/// An old attribute by its name, which a plugin may have put its own before: `ec2.volumeId`.
fn find<'a>(old: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    let behind = |(key, text): (&String, &'a String)| {
        let (_, last) = key.rsplit_once('.')?;
        (last == name).then_some(text)
    };
    let found = old.get(name).or_else(|| old.iter().find_map(behind));
    found.map(String::as_str)
}

/// The old attributes that a schema names, as values of its types.
fn attributes(old: &BTreeMap<String, String>, document: &Value) -> Attributes {
    let properties = document.get("properties").and_then(Value::as_object);
    let known = properties
        .into_iter()
        .flatten()
        .filter_map(|(name, schema)| {
            let value = value(find(old, name)?, schema)?;
            Some((name.clone(), value))
        });
    known.collect()
}

/// A text as a value of the type that a schema says, if it can be one.
fn value(text: &str, schema: &Value) -> Option<Value> {
    let says = |kind: &str| match schema.get("type") {
        Some(Value::String(said)) => said == kind,
        Some(Value::Array(said)) => said.iter().any(|said| said == kind),
        _ => kind == "string",
    };
    if says("string") {
        return Some(Value::String(text.to_owned()));
    }
    if says("boolean") {
        return Some(Value::Bool(text == "1"));
    }
    serde_json::from_str(text).ok()
}

fn plain(all: &Attributes, without: impl FnOnce(&Value) -> Value) -> Attributes {
    match without(&Value::Object(all.clone())) {
        Value::Object(plain) => plain,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn both_spellings_of_a_type_are_the_same() {
        for (old, new) in [
            ("ec2-keypair", "ec2KeyPairs"),
            ("elastic-ip", "elasticIPs"),
            ("s3-bucket", "s3Buckets"),
            ("vault-policy", "vaultPolicies"),
            ("command-output", "commandOutput"),
        ] {
            assert_eq!(normal(old), normal(new));
        }
        assert_ne!(normal("ec2-keypair"), normal("ec2SecurityGroups"));
    }
}
