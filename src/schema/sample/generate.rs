//! Values that are to fit a schema.

use serde_json::{Map, Number, Value, json};

use super::{Chance, pattern};
use crate::schema::{reference::resolve, strict::kinds};

/// How deep values go, unless a schema asks for more.
const DEPTH: usize = 4;
/// Where even what a schema asks for ends.
const END: usize = 12;

/// Integers that Nix and JSON both have, and that do not overflow when something is added.
const LIMIT: i64 = 1 << 40;

/// Lists and sets are no longer than this, unless a schema asks for more; and never than the other.
const LENGTH: usize = 3;
const LONGEST: usize = 64;

pub(super) struct Generator<'a> {
    root: &'a Value,
    chance: &'a mut Chance,
    freedom: Freedom,
}

/// Whether values have attributes that nobody has named, where a schema leaves that open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Freedom {
    Unnamed,
    NamedOnly,
}

/// Keywords that name attributes.
const NAMING: [&str; 5] = ["properties", "$ref", "allOf", "anyOf", "oneOf"];

impl<'a> Generator<'a> {
    pub fn new(root: &'a Value, chance: &'a mut Chance, freedom: Freedom) -> Self {
        Self {
            root,
            chance,
            freedom,
        }
    }

    pub fn value(&mut self) -> Value {
        self.of(self.root, 0)
    }

    fn of(&mut self, schema: &Value, depth: usize) -> Value {
        let Value::Object(keywords) = schema else {
            return self.anything();
        };
        if depth > END {
            return Value::Null;
        }
        if let Some(value) = self.ready_made(keywords) {
            return value;
        }
        let mut value = self.own(keywords, depth);
        for part in self.parts(keywords) {
            let part = self.of(&part, depth + 1);
            value = Some(joined(value, part));
        }
        value.unwrap_or_else(|| self.anything())
    }

    /// A value that the schema itself names.
    fn ready_made(&mut self, keywords: &Map<String, Value>) -> Option<Value> {
        if let Some(value) = keywords.get("const") {
            return Some(value.clone());
        }
        let list = |keyword: &str| keywords.get(keyword).and_then(Value::as_array);
        if let Some(values) = list("enum") {
            return self.chance.one_of(values).cloned();
        }
        if !self.chance.of_hundred(20) {
            return None;
        }
        let examples = list("examples").map(Vec::as_slice).unwrap_or_default();
        self.chance
            .one_of(examples)
            .or_else(|| keywords.get("default"))
            .cloned()
    }

    /// Schemas that the value has to fit too; one of each union.
    fn parts(&mut self, keywords: &Map<String, Value>) -> Vec<Value> {
        let list = |keyword: &str| keywords.get(keyword).and_then(Value::as_array);
        let mut parts: Vec<Value> = list("allOf").cloned().unwrap_or_default();
        let reference = keywords.get("$ref").and_then(Value::as_str);
        parts.extend(reference.and_then(|reference| resolve(self.root, reference).cloned()));
        for union in ["anyOf", "oneOf"] {
            let form = list(union).and_then(|forms| self.chance.one_of(forms));
            parts.extend(form.cloned());
        }
        parts
    }

    fn own(&mut self, keywords: &Map<String, Value>, depth: usize) -> Option<Value> {
        let named = keywords.get("type").map(kinds);
        let kind = match &named {
            Some(named) => *self.chance.one_of(named)?,
            None if keywords.contains_key("properties") => "object",
            None if keywords.contains_key("minimum") || keywords.contains_key("maximum") => {
                "integer"
            }
            None => return None,
        };
        Some(match kind {
            "null" => Value::Null,
            "boolean" => Value::Bool(self.chance.of_hundred(50)),
            "integer" => json!(self.integer(keywords)),
            "number" => self.number(keywords),
            "string" => Value::String(self.text(keywords)),
            "array" => Value::Array(self.list(keywords, depth)),
            _ => Value::Object(self.set(keywords, depth)),
        })
    }

    fn integer(&mut self, keywords: &Map<String, Value>) -> i64 {
        let limit = |keyword: &str| keywords.get(keyword).and_then(whole);
        let least = limit("minimum").or(limit("exclusiveMinimum").map(|limit| limit + 1));
        let most = limit("maximum").or(limit("exclusiveMaximum").map(|limit| limit - 1));
        let least = least.unwrap_or_else(|| most.map_or(-5, |most| most.min(0) - 5));
        let most = most.unwrap_or(least + 1000);
        let number = match self.chance.below(4) {
            0 => least,
            1 => most,
            _ => self.chance.between(least, most),
        };
        let step = limit("multipleOf").unwrap_or(1).max(1);
        let lower = number - number.rem_euclid(step);
        if lower < least { lower + step } else { lower }
    }

    fn number(&mut self, keywords: &Map<String, Value>) -> Value {
        let integer = self.integer(keywords);
        if self.chance.of_hundred(50) {
            return json!(integer);
        }
        let float = i32::try_from(integer).map_or(0.5, |integer| f64::from(integer) + 0.5);
        let above = keywords.get("maximum").or(keywords.get("exclusiveMaximum"));
        let above = above
            .and_then(Value::as_f64)
            .is_some_and(|limit| float > limit);
        Number::from_f64(if above { float - 1.0 } else { float })
            .map_or(json!(integer), Value::Number)
    }

    fn text(&mut self, keywords: &Map<String, Value>) -> String {
        if let Some(pattern) = keywords.get("pattern").and_then(Value::as_str) {
            return pattern::text(pattern, self.chance);
        }
        let words = [
            "",
            "a",
            "eu-1",
            "Web Server",
            "10.0.0.0/8",
            "tls.key",
            "ä€😀",
            "/run/x",
            "${a} \"b\"\n",
        ];
        let mut text = self
            .chance
            .one_of(&words)
            .copied()
            .unwrap_or_default()
            .to_owned();
        let limit = |keyword: &str| keywords.get(keyword).and_then(length);
        while text.chars().count() < limit("minLength").unwrap_or(0).min(10 * LONGEST) {
            text.push('x');
        }
        text.chars()
            .take(limit("maxLength").unwrap_or(usize::MAX))
            .collect()
    }

    fn list(&mut self, keywords: &Map<String, Value>, depth: usize) -> Vec<Value> {
        let limit = |keyword: &str| keywords.get(keyword).and_then(length);
        let least = limit("minItems").unwrap_or(0).min(LONGEST);
        let wanted = if depth < DEPTH {
            self.chance.below(LENGTH + 1)
        } else {
            0
        };
        let count = wanted.max(least).min(limit("maxItems").unwrap_or(LONGEST));
        let first = keywords.get("prefixItems").and_then(Value::as_array);
        let first = first.map(Vec::as_slice).unwrap_or_default();
        let rest = keywords.get("items").unwrap_or(&Value::Bool(true));
        let count = if rest == &Value::Bool(false) {
            count.min(first.len())
        } else {
            count
        };
        let mut elements: Vec<Value> = (0..count)
            .map(|index| self.of(first.get(index).unwrap_or(rest), depth + 1))
            .collect();
        if let Some(contained) = keywords
            .get("contains")
            .filter(|_| elements.is_empty() || self.chance.of_hundred(70))
        {
            elements.push(self.of(contained, depth + 1));
        }
        elements
    }

    fn set(&mut self, keywords: &Map<String, Value>, depth: usize) -> Map<String, Value> {
        let required = keywords.get("required").and_then(Value::as_array);
        let required: Vec<&str> = required
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let properties = keywords.get("properties").and_then(Value::as_object);
        let percent = if depth < DEPTH { 60 } else { 0 };
        let mut set = Map::new();
        for (name, schema) in properties.into_iter().flatten() {
            if required.contains(&name.as_str()) || self.chance.of_hundred(percent) {
                set.insert(name.clone(), self.of(schema, depth + 1));
            }
        }
        let other = keywords
            .get("additionalProperties")
            .unwrap_or(&Value::Bool(true));
        let names = ["other", "a b", "tls.key"];
        let free = names
            .into_iter()
            .filter(|_| self.chance.of_hundred(percent / 3));
        let is_left_open = other == &Value::Bool(true)
            && self.freedom == Freedom::NamedOnly
            && NAMING.iter().any(|keyword| keywords.contains_key(*keyword));
        let free: Vec<&str> = if other == &Value::Bool(false) || is_left_open {
            Vec::new()
        } else {
            free.collect()
        };
        for name in required.into_iter().chain(free) {
            if !set.contains_key(name) {
                set.insert(name.to_owned(), self.of(other, depth + 1));
            }
        }
        set
    }

    fn anything(&mut self) -> Value {
        let values = [
            json!(null),
            json!(true),
            json!(3),
            json!(2.5),
            json!("x"),
            json!([1, "a"]),
            json!({ "a": null }),
        ];
        self.chance.one_of(&values).cloned().unwrap_or_default()
    }
}

/// Two sets become one; of other values, what one schema itself says counts.
fn joined(own: Option<Value>, part: Value) -> Value {
    match (own, part) {
        (Some(Value::Object(mut own)), Value::Object(part)) => {
            own.extend(part);
            Value::Object(own)
        }
        (Some(own), Value::Object(_) | Value::Null) if !own.is_null() => own,
        (_, part) => part,
    }
}

fn whole(number: &Value) -> Option<i64> {
    number
        .as_i64()
        .map(|number| number.clamp(-LIMIT, LIMIT))
        .or_else(|| {
            let float = number.as_f64()?;
            format!("{:.0}", float.trunc()).parse().ok()
        })
}

fn length(number: &Value) -> Option<usize> {
    usize::try_from(number.as_u64()?).ok()
}
