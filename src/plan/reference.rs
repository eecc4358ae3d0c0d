//! What evaluated values say of other resources.
//!
//! Modules of plugins turn a reference to another resource into a text, and that text is all that is
//! left of it in a value. The forms are those of NixOps 2: `res-NAME`, `res-NAME.TYPE`,
//! `res-NAME.TYPE.ATTRIBUTE` and `__machine-NAME` as a whole text, and the name that resources are given
//! outside, `nixops-UUID-NAME` or `charon-UUID-NAME`, also within a text. Beside them stand the tokens of
//! outputs, see [`crate::evaluator`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{evaluator::Token, state::Key};

/// The names that a value may mean.
#[derive(Clone, Debug, Default)]
pub struct Names {
    by_name: BTreeMap<String, BTreeSet<Key>>,
    machines: BTreeMap<String, Key>,
    words: BTreeMap<Key, String>,
    types: BTreeSet<String>,
}

impl Names {
    /// Adds a resource. Its modules may call its type something else: the option `_type`.
    pub fn add_resource(&mut self, key: &Key, word: Option<&str>) {
        self.types.insert(key.kind.clone());
        if let Some(word) = word {
            self.types.insert(word.to_owned());
            self.words.insert(key.clone(), word.to_owned());
        }
        self.add(key);
    }

    /// Adds a machine.
    pub fn add_machine(&mut self, key: &Key) {
        self.machines.insert(key.name.clone(), key.clone());
        self.add(key);
    }

    fn add(&mut self, key: &Key) {
        let named = self.by_name.entry(key.name.clone()).or_default();
        named.insert(key.clone());
    }

    fn contains(&self, key: &Key) -> bool {
        let named = self.by_name.get(&key.name);
        named.is_some_and(|named| named.contains(key))
    }

    fn named(&self, name: &str) -> BTreeSet<Key> {
        self.by_name.get(name).cloned().unwrap_or_default()
    }

    /// What `NAME[.TYPE[.ATTRIBUTE]]` means. A name may have dots in it: a reading with a type that fits
    /// counts before the longest name that is one.
    fn meant(&self, text: &str) -> BTreeSet<Key> {
        let dots: Vec<usize> = text.match_indices('.').map(|(dot, _)| dot).collect();
        let readings = dots.iter().rev().map(|dot| {
            let rest = &text[dot + 1..];
            (&text[..*dot], rest.split('.').next().unwrap_or(rest))
        });
        let readings: Vec<(&str, &str)> = readings.collect();
        let typed = readings.iter().map(|(name, kind)| self.typed(name, kind));
        let plain = std::iter::once(self.named(text));
        // The type is one that nobody has, as with plugins whose types have two names.
        let foreign = readings
            .iter()
            .filter(|(_, kind)| !self.types.contains(*kind));
        let foreign = foreign.map(|(name, _)| self.named(name));
        let mut all = typed.chain(plain).chain(foreign);
        all.find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn typed(&self, name: &str, kind: &str) -> BTreeSet<Key> {
        let fits =
            |key: &Key| key.kind == kind || self.words.get(key).is_some_and(|word| word == kind);
        let mut found = self.named(name);
        found.retain(fits);
        found
    }
}

/// Finds the resources and machines that a value of another one means; never that one itself.
///
/// A name that several types have means all of them, which is the safe side: an order that nobody needs
/// costs little. Only the name that a resource has itself does not mean its namesakes where it says how
/// the resource is called outside, since that is how each of them is called.
pub fn references(own: &Key, value: &Value, deployment_uuid: &str, names: &Names) -> BTreeSet<Key> {
    let mut search = Search {
        own,
        names,
        given: ["nixops", "charon"].map(|program| format!("{program}-{deployment_uuid}-")),
        found: BTreeSet::new(),
    };
    search.value(value);
    search.found.remove(own);
    search.found
}

struct Search<'a> {
    own: &'a Key,
    names: &'a Names,
    given: [String; 2],
    found: BTreeSet<Key>,
}

impl Search<'_> {
    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(values) => values.iter().for_each(|value| self.value(value)),
            Value::Object(values) => {
                for (name, value) in values {
                    self.text(name);
                    self.value(value);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(rest) = text.strip_prefix("res-") {
            self.found.extend(self.names.meant(rest));
        }
        if let Some(name) = text.strip_prefix("__machine-") {
            self.found.extend(self.names.machines.get(name).cloned());
        }
        for token in [Token::Unknown, Token::Secret] {
            let outputs = token.find(text).into_iter();
            let keys = outputs.map(|output| output.key);
            self.found
                .extend(keys.filter(|key| self.names.contains(key)));
        }
        for start in &self.given {
            let words = text.split(start).skip(1);
            let meant = words.flat_map(|rest| self.given_name(rest));
            let meant: Vec<Key> = meant.collect();
            self.found.extend(meant);
        }
    }

    /// What a name that resources are given outside means, from its name here on. The UUID is in no other
    /// word, so such names count wherever they stand.
    fn given_name(&self, rest: &str) -> BTreeSet<Key> {
        let end = rest.find(|character: char| !is_of_name(character));
        let mut word = &rest[..end.unwrap_or(rest.len())];
        let mut meant = self.names.named(word);
        // A full stop, or a domain, may follow.
        while let (true, Some((shorter, _))) = (meant.is_empty(), word.rsplit_once('.')) {
            word = shorter;
            meant = self.names.named(word);
        }
        if word == self.own.name {
            meant.clear();
        }
        meant
    }
}

/// Whether a name of a resource may have the character in it.
fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.".contains(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::evaluator::OutputRef;

    const UUID: &str = "4a1d";

    fn names() -> Names {
        let mut names = Names::default();
        names.add_resource(&Key::new("vpc", "main"), Some("vpc"));
        names.add_resource(&Key::new("vpcSubnets", "main"), Some("vpc-subnet"));
        names.add_resource(&Key::new("vpcSubnets", "a.b"), Some("vpc-subnet"));
        names.add_resource(&Key::new("ec2KeyPairs", "key"), None);
        names.add_resource(&Key::new("vpcSubnets", "a"), Some("vpc-subnet"));
        names.add_machine(&Key::new("ec2", "web"));
        names
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is made where it is given"
    )]
    fn found(own: &str, value: Value) -> Vec<String> {
        let own = Key::parse(own).unwrap();
        let found = references(&own, &value, UUID, &names());
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_alone_means_all_that_have_it_but_itself() {
        assert_eq!(
            found("sg.x", json!("res-main")),
            ["vpc.main", "vpcSubnets.main"]
        );
        assert_eq!(found("vpcSubnets.main", json!(["res-main"])), ["vpc.main"]);
        assert!(found("sg.x", json!("res-nobody")).is_empty());
        assert!(found("sg.x", json!("see res-main")).is_empty());
    }

    #[test]
    fn a_type_says_which_and_an_attribute_follows() {
        assert_eq!(found("sg.x", json!("res-main.vpc")), ["vpc.main"]);
        let value = json!({ "a": { "b": "res-main.vpc-subnet.subnetId" } });
        assert_eq!(found("sg.x", value), ["vpcSubnets.main"]);
        assert_eq!(found("sg.x", json!("res-a.b")), ["vpcSubnets.a.b"]);
        assert_eq!(found("sg.x", json!("res-a.vpc-subnet")), ["vpcSubnets.a"]);
        assert_eq!(
            found("sg.x", json!("res-a.b.vpcSubnets.id")),
            ["vpcSubnets.a.b"]
        );
    }

    #[test]
    fn a_type_that_nobody_knows_leaves_the_name() {
        assert_eq!(
            found("sg.x", json!("res-key.ec2-keypair")),
            ["ec2KeyPairs.key"]
        );
        assert!(found("sg.x", json!("res-key.vpc")).is_empty());
    }

    #[test]
    fn machines_are_meant_by_their_own_word() {
        assert_eq!(found("sg.x", json!("__machine-web")), ["ec2.web"]);
        assert!(found("ec2.web", json!("__machine-web")).is_empty());
        assert!(found("sg.x", json!("__machine-main")).is_empty());
    }

    #[test]
    fn names_given_outside_count_within_a_text() {
        let arn = json!("arn:aws:ec2:key-pair/charon-4a1d-key.");
        assert_eq!(found("sg.x", arn), ["ec2KeyPairs.key"]);
        let host = json!("nixops-4a1d-web.example.org,nixops-4a1d-a.b");
        assert_eq!(found("sg.x", host), ["ec2.web", "vpcSubnets.a.b"]);
        assert!(found("sg.x", json!("nixops-ffff-web")).is_empty());
        assert!(found("sg.x", json!("nixops-4a1d-web-2")).is_empty());
    }

    #[test]
    fn the_name_that_a_resource_has_outside_does_not_mean_its_namesakes() {
        let value = json!({ "name": "nixops-4a1d-main" });
        assert!(found("vpc.main", value.clone()).is_empty());
        assert!(found("vpcSubnets.main", value).is_empty());
    }

    #[test]
    fn tokens_name_their_resource() {
        let output = |kind: &str, name: &str| OutputRef {
            key: Key::new(kind, name),
            attribute: "id".to_owned(),
        };
        let text = format!(
            "{} {}",
            Token::Unknown.text(&output("vpc", "main")),
            Token::Secret.text(&output("gone", "x"))
        );
        assert_eq!(found("sg.x", json!([text])), ["vpc.main"]);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_nothing_means_itself(
            text in "(res-|__machine-|nixops-4a1d-|charon-4a1d-)?[a-z.é ]{0,12}",
            own in "(vpc|vpcSubnets)\\.(main|a|a.b)",
        ) {
            let own = Key::parse(&own).unwrap();
            let found = references(&own, &json!({ "x": [text] }), UUID, &names());
            prop_assert!(!found.contains(&own));
        }
    }
}
