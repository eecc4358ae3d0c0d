//! Sample values for the options of a module, which know no attribute that the schema does not name.

use serde_json::{Map, Value};

use super::{Chance, Freedom, Sample, sample};
use crate::schema::Schema;

/// Values of each attribute that are tried by themselves.
const ALONE: usize = 4;

/// Makes sample values that have only attributes which the schema names.
///
/// The first are as small as can be: what is required, and one attribute more, so that where two
/// judges are at odds the attribute can be told.
pub fn trials(schema: &Schema, seed: u64, count: usize) -> Vec<Sample> {
    let mut chance = Chance::new(seed);
    let mut draw = |wanted| {
        let drawn = (0..count).map(|_| sample(schema, &mut chance, Freedom::NamedOnly, wanted));
        drawn.filter(|sample| sample.valid == wanted).collect()
    };
    let (fitting, near): (Vec<Sample>, Vec<Sample>) = (draw(true), draw(false));
    let mut trials: Vec<Sample> = Vec::new();
    for sample in small(schema, &fitting)
        .into_iter()
        .chain(fitting)
        .chain(near)
    {
        if !trials.contains(&sample) {
            trials.push(sample);
        }
    }
    trials
}

/// The least value, and others that have one attribute of a larger one.
fn small(schema: &Schema, fitting: &[Sample]) -> Vec<Sample> {
    let Some(least) = fitting.iter().find_map(|sample| least(schema, sample)) else {
        return Vec::new();
    };
    let mut values = vec![Value::Object(least.clone())];
    let sets = fitting.iter().filter_map(|sample| sample.value.as_object());
    for (name, value) in sets.flatten() {
        let differs = |value: &&Value| value.get(name) != least.get(name);
        let mut set = least.clone();
        set.insert(name.clone(), value.clone());
        let set = Value::Object(set);
        if values.iter().filter(differs).count() < ALONE && !values.contains(&set) {
            values.push(set);
        }
    }
    let fits = |value: &Value| schema.is_valid(value);
    let values = values.into_iter().filter(fits);
    values.map(|value| Sample { value, valid: true }).collect()
}

/// What a value has that is required, if that fits.
fn least(schema: &Schema, sample: &Sample) -> Option<Map<String, Value>> {
    let required = schema.document().get("required").and_then(Value::as_array);
    let is_required = |name: &str| {
        let mut required = required.into_iter().flatten();
        required.any(|required| required == name)
    };
    let mut set = sample.value.as_object()?.clone();
    set.retain(|name, _| is_required(name));
    schema.is_valid(&Value::Object(set.clone())).then_some(set)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Schema {
        let document = json!({
            "type": "object",
            "properties": {
                "name": { "type": "string" },
                "size": { "enum": ["small", "large"] },
                "tags": { "type": "array", "items": { "type": "string" } },
            },
            "required": ["name"],
        });
        Schema::new("things", document).unwrap()
    }

    #[test]
    fn the_first_is_the_least_and_the_next_have_one_attribute_more() {
        let trials = trials(&schema(), 1, 20);
        let attributes = |sample: &Sample| sample.value.as_object().map_or(0, Map::len);
        assert_eq!(attributes(&trials[0]), 1);
        let small = trials.iter().take_while(|sample| attributes(sample) <= 2);
        let small: Vec<_> = small.map(|sample| &sample.value).collect();
        for size in ["small", "large"] {
            assert!(small.iter().any(|value| value["size"] == size), "{small:?}");
        }
    }

    #[test]
    fn what_is_said_to_fit_fits_and_has_named_attributes_only() {
        let schema = schema();
        for sample in trials(&schema, 3, 60) {
            assert_eq!(schema.is_valid(&sample.value), sample.valid);
            let set = sample.value.as_object();
            let known = ["name", "size", "tags"];
            let mut names = set.into_iter().flat_map(Map::keys);
            let is_named = names.all(|name| known.contains(&name.as_str()));
            assert!(!sample.valid || is_named, "{sample:?}");
        }
    }
}
