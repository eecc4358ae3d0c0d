//! Values as a person would write them in Nix.

use serde_json::{Map, Value};

/// Words that are no names of attributes.
const WORDS: [&str; 9] = [
    "assert", "else", "if", "in", "inherit", "let", "rec", "then", "with",
];

/// Writes a value, below so many levels.
pub fn of(value: &Value, level: usize) -> String {
    let (within, end) = ("  ".repeat(level + 1), "  ".repeat(level));
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        // What is negative would be taken for a subtraction in a list.
        Value::Number(number) if number.to_string().starts_with('-') => format!("({number})"),
        Value::Number(number) => number.to_string(),
        Value::String(text) => of_text(text),
        Value::Array(all) if all.is_empty() => "[ ]".to_owned(),
        Value::Array(all) => {
            let lines = all
                .iter()
                .map(|one| format!("{within}{}\n", of(one, level + 1)));
            format!("[\n{}{end}]", lines.collect::<String>())
        }
        Value::Object(all) if all.is_empty() => "{ }".to_owned(),
        Value::Object(all) => format!("{{\n{}{end}}}", attributes(all, level, &within)),
    }
}

fn attributes(all: &Map<String, Value>, level: usize, within: &str) -> String {
    let lines = all.iter().map(|(name, value)| {
        let (path, value) = path(name, value);
        format!("{within}{path} = {};\n", of(value, level + 1))
    });
    lines.collect()
}

/// A set of one attribute stands behind a dot.
fn path<'a>(name: &str, value: &'a Value) -> (String, &'a Value) {
    let mut whole = of_name(name);
    let mut value = value;
    while let Value::Object(inner) = value {
        let mut names = inner.iter();
        let (Some((name, below)), None) = (names.next(), names.next()) else {
            break;
        };
        whole = format!("{whole}.{}", of_name(name));
        value = below;
    }
    (whole, value)
}

/// Writes the name of an attribute.
fn of_name(name: &str) -> String {
    let letter = |one: char| one.is_ascii_alphabetic() || one == '_';
    let plain = name.starts_with(letter)
        && name
            .chars()
            .all(|one| letter(one) || one.is_ascii_digit() || "-'".contains(one));
    if plain && !WORDS.contains(&name) {
        name.to_owned()
    } else {
        of_text(name)
    }
}

/// Writes a text.
pub fn of_text(text: &str) -> String {
    let mut whole = String::from("\"");
    for character in text.chars() {
        match character {
            '\n' => whole.push_str("\\n"),
            '\r' => whole.push_str("\\r"),
            '\t' => whole.push_str("\\t"),
            '"' | '\\' | '$' => whole.extend(['\\', character]),
            _ => whole.push(character),
        }
    }
    whole + "\""
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_written_as_people_write_it() {
        let value = json!({
            "resources": { "sshKeyPairs": { "deploy.key": { "publicKey": "ssh-ed25519 A\n", "n": -1 } } },
            "if": [1, null, true, [], {}],
        });
        assert_snapshot!(of(&value, 0), @r#"
        {
          "if" = [
            1
            null
            true
            [ ]
            { }
          ];
          resources.sshKeyPairs."deploy.key" = {
            n = (-1);
            publicKey = "ssh-ed25519 A\n";
          };
        }
        "#);
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_nix(names in prop::collection::vec(".{0,8}", 1..4), text in ".{0,20}") {
            let value = names.iter().fold(json!([text]), |below, name| json!({ name.as_str(): below, "x": -1.5 }));
            let text = of(&value, 0);
            prop_assert!(rnix::Root::parse(&text).errors().is_empty(), "{}", text);
        }
    }
}
