//! What evaluation is told of the outputs of resources, and what it says of having read them.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::Key;

/// Outputs by resource. A machine that a backend makes has the type of its backend, as everywhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// What is known of each resource.
    pub outputs: BTreeMap<Key, BTreeMap<String, Output>>,
}

/// Outputs by type, name and attribute, in the form that `lib/outputs.nix` takes.
pub(super) type Tree<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a BTreeMap<String, Output>>>;

impl Known {
    /// Reads outputs by type, name and attribute: `{ "value": … }`, `"unknown"` or `"secret"`.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        type Outputs = BTreeMap<String, BTreeMap<String, BTreeMap<String, Output>>>;
        let of_type = |(kind, named): (String, BTreeMap<String, _>)| {
            named
                .into_iter()
                .map(move |(name, outputs)| (Key::new(&kind, name), outputs))
        };
        let outputs: Outputs = serde_json::from_str(text)?;
        Ok(Self {
            outputs: outputs.into_iter().flat_map(of_type).collect(),
        })
    }

    /// The same for an evaluation of which only the reads count: what is known after apply has a token for
    /// its value, so that a system that reads it is evaluated further than to the first of them.
    #[must_use]
    pub fn assuming(mut self) -> Self {
        for (key, outputs) in &mut self.outputs {
            for (attribute, output) in outputs.iter_mut() {
                if *output == Output::Unknown {
                    let read = OutputRef {
                        key: key.clone(),
                        attribute: attribute.clone(),
                    };
                    *output = Output::Value(Token::Unknown.text(&read).into());
                }
            }
        }
        self
    }

    /// What is known of an output.
    pub fn get(&self, output: &OutputRef) -> Option<&Output> {
        self.outputs.get(&output.key)?.get(&output.attribute)
    }

    /// Whether an output is known only after apply.
    pub fn is_unknown(&self, output: &OutputRef) -> bool {
        self.get(output) == Some(&Output::Unknown)
    }

    /// Whether nobody may see an output.
    pub fn is_secret(&self, output: &OutputRef) -> bool {
        self.get(output) == Some(&Output::Secret)
    }

    pub(super) fn tree(&self) -> Tree<'_> {
        let mut tree = Tree::new();
        for (key, outputs) in &self.outputs {
            let of_type = tree.entry(&key.kind).or_default();
            of_type.insert(&key.name, outputs);
        }
        tree
    }
}

/// What evaluation may know of an output.
///
/// The values of secrets never enter it. What is not known yet is a token where resources and the
/// options of machines are evaluated for a plan, so that one evaluation shows as much as there is to be
/// shown; a system is never evaluated with one: there it ends the machine's evaluation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Output {
    /// Its value.
    Value(Value),
    /// It is known once the resource is made or changed.
    Unknown,
    /// It is known, and nobody may see it.
    Secret,
}

/// An output of a resource that something has read.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct OutputRef {
    /// The resource.
    #[serde(flatten)]
    pub key: Key,
    /// Name of the output.
    pub attribute: String,
}

/// A place in a text at which an output is to stand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Token {
    /// The output is not known yet.
    Unknown,
    /// Nobody may see it.
    Secret,
}

impl Token {
    /// What `lib/outputs.nix` writes before the output's type.
    fn start(self) -> &'static str {
        match self {
            Self::Unknown => "<nixops:unknown:",
            Self::Secret => "<nixops:secret:",
        }
    }

    /// The text that stands for an output: `<nixops:secret:TYPE:NAME:ATTRIBUTE>`.
    pub fn text(self, output: &OutputRef) -> String {
        let OutputRef { key, attribute } = output;
        format!("{}{}:{}:{attribute}>", self.start(), key.kind, key.name)
    }

    /// The outputs that tokens of this kind in a text stand for.
    pub fn find(self, text: &str) -> Vec<OutputRef> {
        let mut pieces = text.split(self.start());
        pieces.next();
        pieces.filter_map(read).map(|(output, _)| output).collect()
    }

    /// Puts something in the place of each token of this kind in a text.
    pub fn replace(self, text: &str, mut with: impl FnMut(&OutputRef) -> Option<String>) -> String {
        let mut pieces = text.split(self.start());
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            match read(piece).and_then(|(output, rest)| Some((with(&output)?, rest))) {
                Some((value, rest)) => whole = whole + &value + rest,
                None => whole = whole + self.start() + piece,
            }
        }
        whole
    }
}

impl OutputRef {
    /// Reads `TYPE:NAME:ATTRIBUTE`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let (kind, name, attribute) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            key: Key::new(kind, name),
            attribute: attribute.to_owned(),
        })
    }
}

impl fmt::Display for OutputRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "resources.{}.{}", self.key, self.attribute)
    }
}

/// Reads `TYPE:NAME:ATTRIBUTE>` and gives what follows it.
fn read(text: &str) -> Option<(OutputRef, &str)> {
    let (token, rest) = text.split_once('>')?;
    Some((OutputRef::parse(token)?, rest))
}

/// The outputs that tokens of a kind anywhere in a value stand for.
pub fn tokens(kind: Token, value: &Value) -> Vec<OutputRef> {
    match value {
        Value::String(text) => kind.find(text),
        Value::Array(values) => values.iter().flat_map(|one| tokens(kind, one)).collect(),
        Value::Object(values) => values.values().flat_map(|one| tokens(kind, one)).collect(),
        _ => Vec::new(),
    }
}

/// Puts outputs in the place of tokens of a kind. A text that is nothing but a token becomes the
/// output's value, whatever its type.
pub fn substitute(kind: Token, value: &Value, with: &dyn Fn(&OutputRef) -> Option<Value>) -> Value {
    match value {
        Value::String(text) => {
            if let [output] = kind.find(text).as_slice()
                && kind.text(output) == *text
                && let Some(value) = with(output)
            {
                return value;
            }
            Value::String(kind.replace(text, |output| match with(output)? {
                Value::String(text) => Some(text),
                other => Some(other.to_string()),
            }))
        }
        Value::Array(values) => values
            .iter()
            .map(|one| substitute(kind, one, with))
            .collect(),
        Value::Object(values) => values
            .iter()
            .map(|(name, one)| (name.clone(), substitute(kind, one, with)))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn output(name: &str) -> OutputRef {
        OutputRef {
            key: Key::new("sshKeyPairs", name),
            attribute: "privateKey".to_owned(),
        }
    }

    #[test]
    fn tokens_are_found_and_replaced_wherever_they_stand() {
        let one = Token::Secret.text(&output("a"));
        let value = json!({ "x": [one, format!("key={one};"), Token::Unknown.text(&output("b"))] });
        assert_eq!(tokens(Token::Secret, &value), [output("a"), output("a")]);
        assert_eq!(tokens(Token::Unknown, &value), [output("b")]);
        let filled = substitute(Token::Secret, &value, &|output| {
            (output.key.name == "a").then(|| json!(7))
        });
        assert_eq!(filled["x"][0], 7);
        assert_eq!(filled["x"][1], "key=7;");
        assert_eq!(filled["x"][2], value["x"][2]);
    }

    #[test]
    fn what_is_no_token_stays_as_it_is() {
        let text = "a <nixops:secret:x <nixops:secret:a:b> c";
        assert_eq!(Token::Secret.replace(text, |_| Some(String::new())), text);
    }
}
