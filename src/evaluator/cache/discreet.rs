//! What must not be kept, since nobody may see it.

use serde_json::Value;

use crate::{network::MachineOptions, schema::Registry};

use super::super::{Token, text::ResourceText};

/// Whether nothing in the options of a machine is for nobody to see.
pub fn is_machine_discreet(schemas: &Registry, options: &MachineOptions) -> bool {
    let mut exported = options.exported.iter();
    exported.all(|(backend, value)| is_discreet(schemas, backend, value))
}

/// The same for a resource.
pub fn is_resource_discreet(schemas: &Registry, resource: &ResourceText) -> bool {
    is_discreet(schemas, &resource.resource.kind, &resource.value)
}

fn is_discreet(schemas: &Registry, kind: &str, value: &Value) -> bool {
    hides_nothing(value, &schemas.redact(kind, value))
}

/// Whether all that is hidden is the place of a secret, and none itself.
fn hides_nothing(value: &Value, shown: &Value) -> bool {
    match (value, shown) {
        (Value::Object(values), Value::Object(shown)) => values.iter().all(|(name, value)| {
            shown
                .get(name)
                .is_some_and(|shown| hides_nothing(value, shown))
        }),
        (Value::Array(values), Value::Array(shown)) if values.len() == shown.len() => {
            let mut both = values.iter().zip(shown);
            both.all(|(value, shown)| hides_nothing(value, shown))
        }
        (value, shown) => value == shown || is_token(value),
    }
}

fn is_token(value: &Value) -> bool {
    let Value::String(text) = value else {
        return false;
    };
    let kinds = [Token::Secret, Token::Unknown];
    kinds.into_iter().any(|kind| {
        let found = kind.find(text);
        matches!(found.as_slice(), [output] if kind.text(output) == *text)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_hidden_may_be_the_place_of_a_secret_and_no_secret() {
        let mut schemas = Registry::new();
        let schema = json!({ "type": "object", "properties": {
            "token": { "type": ["string", "null"], "x-nixops-sensitive": true },
            "size": { "type": "integer" },
        } });
        schemas.add("things", &schema.to_string(), "test").unwrap();
        let discreet = |value| is_discreet(&schemas, "things", &value);
        assert!(discreet(json!({ "size": 1, "token": null })));
        assert!(discreet(
            json!({ "token": "<nixops:secret:sshKeyPairs:a:privateKey>" })
        ));
        assert!(!discreet(json!({ "token": "hunter2" })));
        assert!(!discreet(
            json!({ "token": "x<nixops:secret:sshKeyPairs:a:privateKey>" })
        ));
    }
}
