//! Attributes that a life cycle names: `size`, `tags.owner`, `tags."a b"`.

use nixops_plugin::protocol::Attributes;
use serde_json::{Map, Value};

/// Reads the path of an attribute as Nix writes it. What is no proper path is one name.
pub(super) fn parse(text: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let last = names.len() - 1;
        match letter {
            '"' => quoted = !quoted,
            '\\' if quoted => names[last].extend(letters.next()),
            '.' if !quoted => names.push(String::new()),
            letter => names[last].push(letter),
        }
    }
    names
}

/// Whether an attribute is the one that is named, or a part of it.
pub(super) fn is_within(path: &[String], named: &[String]) -> bool {
    path.starts_with(named)
}

/// Puts what was into what is to be, wherever `ignoreChanges` names it: a provider that gets the result
/// leaves those attributes alone, whatever else it changes.
pub fn with_ignored(wanted: &Attributes, prior: &Attributes, ignored: &[String]) -> Attributes {
    let mut inputs = wanted.clone();
    for named in ignored {
        put(&mut inputs, prior, &parse(named));
    }
    inputs
}

fn put(inputs: &mut Map<String, Value>, prior: &Map<String, Value>, path: &[String]) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    let before = prior.get(name);
    if rest.is_empty() {
        match before {
            Some(before) => inputs.insert(name.clone(), before.clone()),
            None => inputs.remove(name),
        };
        return;
    }
    let nothing = Map::new();
    let before = before.and_then(Value::as_object).unwrap_or(&nothing);
    if let Some(Value::Object(inner)) = inputs.get_mut(name) {
        put(inner, before, rest);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attributes(value: Value) -> Attributes {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn paths_are_read_as_nix_writes_them() {
        assert_eq!(parse("size"), ["size"]);
        assert_eq!(parse("tags.owner"), ["tags", "owner"]);
        assert_eq!(parse(r#"tags."a.b \" c".d"#), ["tags", "a.b \" c", "d"]);
    }

    #[test]
    fn what_is_ignored_stays_as_it_was() {
        let prior = attributes(json!({ "size": 1, "tags": { "owner": "a", "x": 1 }, "old": 1 }));
        let wanted = attributes(json!({ "size": 2, "tags": { "owner": "b", "x": 2 }, "new": 1 }));
        let ignored = ["size", "tags.owner", "new", "old", "tags.none.deep"].map(str::to_owned);
        let held = with_ignored(&wanted, &prior, &ignored);
        let expected = json!({ "size": 1, "tags": { "owner": "a", "x": 2 }, "old": 1 });
        assert_eq!(Value::Object(held), expected);
    }
}
