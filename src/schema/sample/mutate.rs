//! Small changes by which a value nearly fits.

use serde_json::{Value, json};

use super::Chance;

/// Changes one thing in a value.
pub(super) fn mutate(value: &mut Value, chance: &mut Chance) {
    match value {
        Value::Object(set) if !set.is_empty() && chance.of_hundred(80) => {
            let names: Vec<String> = set.keys().cloned().collect();
            let Some(name) = chance.one_of(&names) else {
                return;
            };
            if chance.of_hundred(25) {
                set.remove(name);
            } else if chance.of_hundred(15) {
                let value = set.remove(name).unwrap_or_default();
                set.insert(format!("{name}s"), value);
            } else if let Some(inner) = set.get_mut(name) {
                mutate(inner, chance);
            }
        }
        Value::Object(set) if chance.of_hundred(50) => {
            set.insert("unknown".to_owned(), json!(1));
        }
        Value::Array(list) if !list.is_empty() && chance.of_hundred(70) => {
            let index = chance.below(list.len());
            match chance.below(4) {
                0 => list.push(list[index].clone()),
                1 => drop(list.remove(index)),
                _ => mutate(&mut list[index], chance),
            }
        }
        _ => *value = near(value, chance),
    }
}

/// Another value, of another kind or just beyond a limit.
fn near(value: &Value, chance: &mut Chance) -> Value {
    if chance.of_hundred(50) {
        match value {
            Value::Number(number) => {
                let number = number.as_i64().unwrap_or(1);
                let others = [
                    json!(number - 1),
                    json!(number + 1),
                    json!(-1),
                    json!(1_i64 << 40),
                    json!(2.0),
                    json!(0.5),
                ];
                return chance.one_of(&others).cloned().unwrap_or_default();
            }
            Value::String(text) => {
                let others = [
                    format!("{text}!"),
                    format!(" {text}"),
                    String::new(),
                    "x".repeat(300),
                    text.to_uppercase(),
                ];
                return Value::String(chance.one_of(&others).cloned().unwrap_or_default());
            }
            _ => {}
        }
    }
    let others = [
        json!(null),
        json!(true),
        json!(0),
        json!(1.0),
        json!("1"),
        json!([]),
        json!([null]),
        json!({}),
        json!({ "unknown": null }),
    ];
    chance.one_of(&others).cloned().unwrap_or_default()
}
