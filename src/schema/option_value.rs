//! Values of options of machines, as they are printed.

use serde_json::{Map, Value};

use super::{REDACTED, Registry};

impl Registry {
    /// The value at a path in the options of a machine with [`REDACTED`] in place of what nobody may see:
    /// what schemas hide of `deployment.<backend>`, and the texts of keys.
    pub fn redact_option(&self, path: &[String], value: Value) -> Value {
        let mut all = path.iter().rev().fold(value, |value, name| {
            Value::Object(Map::from_iter([(name.clone(), value)]))
        });
        if let Some(Value::Object(deployment)) = all.get_mut("deployment") {
            for (name, value) in deployment.iter_mut() {
                *value = match (name.as_str(), value.take()) {
                    ("keys", Value::Object(keys)) => without_texts(keys),
                    (backend, inputs) => self.redact(backend, &inputs),
                };
            }
        }
        path.iter().fold(all, |value, name| match value {
            Value::Object(mut names) => names.remove(name).unwrap_or_default(),
            // Something above it is hidden as a whole.
            hidden => hidden,
        })
    }
}

fn without_texts(keys: Map<String, Value>) -> Value {
    let keys = keys.into_iter().map(|(name, mut key)| {
        if let Some(text) = key.get_mut("text").filter(|text| text.is_string()) {
            *text = REDACTED.into();
        }
        (name, key)
    });
    Value::Object(keys.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Registry;

    fn shown(path: &[&str], value: serde_json::Value) -> serde_json::Value {
        let schema = json!({ "type": "object", "x-nixops-kind": "machine", "properties": {
            "size": { "type": "string" }, "password": { "type": "string", "x-nixops-sensitive": true },
        } });
        let mut schemas = Registry::new();
        schemas.add("cloud", &schema.to_string(), "test").unwrap();
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        schemas.redact_option(&path, value)
    }

    #[test]
    fn what_a_schema_hides_of_a_backend_is_hidden_from_wherever_it_is_looked_at() {
        let cloud = json!({ "size": "big", "password": "s3cret" });
        let hidden = json!({ "size": "big", "password": "‹sensitive›" });
        assert_eq!(shown(&["deployment", "cloud"], cloud.clone()), hidden);
        let path = ["deployment", "cloud", "password"];
        assert_eq!(shown(&path, json!("s3cret")), "‹sensitive›");
        assert_eq!(shown(&["deployment", "cloud", "size"], json!("big")), "big");
        let all = json!({ "tags": [], "cloud": cloud });
        assert_eq!(
            shown(&["deployment"], all),
            json!({ "tags": [], "cloud": hidden })
        );
    }

    #[test]
    fn the_text_of_a_key_is_not_shown() {
        let path = ["deployment", "keys", "a.key", "text"];
        assert_eq!(shown(&path, json!("s3cret")), "‹sensitive›");
        let keys = json!({ "a.key": { "text": "s3cret", "user": "me" }, "b": { "text": null } });
        assert_eq!(
            shown(&["deployment", "keys"], keys),
            json!({ "a.key": { "text": "‹sensitive›", "user": "me" }, "b": { "text": null } })
        );
    }

    #[test]
    fn other_options_are_shown_as_they_are() {
        assert_eq!(shown(&["services", "cloud"], json!([1])), json!([1]));
        assert_eq!(shown(&["deployment", "keys"], json!(null)), json!(null));
    }
}
