//! Whether the options in Nix and the schema agree.
//!
//! Generated values go through both. What a schema takes must be possible to write in Nix, and what
//! Nix makes of it, with its defaults, must be right by the schema. Options may take what the schema
//! refuses: some types of Nix are wider, and the schema is looked at after them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::schema::{Finding, Sample, Schema};

/// Most values that are shown of each kind.
const SHOWN: usize = 3;

/// What was found of a type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreement {
    /// Values over which options and schema are at odds.
    pub failure: Option<String>,
    /// Values of which a user is told by the schema only.
    pub advice: Option<String>,
}

impl Agreement {
    /// Adds words that options take and the schema refuses: see [`words`].
    pub fn refuse(&mut self, words: &[String]) {
        if words.is_empty() {
            return;
        }
        let title = "the options in Nix offer words that the schema refuses";
        let told = told(title, words.iter().cloned());
        let both = self.failure.take().into_iter().chain(told);
        self.failure = Some(both.collect::<Vec<_>>().join("\n"));
    }
}

/// Compares what the schema says of values with what the options in Nix make of them: nothing where
/// they refuse the value.
pub fn compare(schema: &Schema, samples: &[Sample], made: &[Option<Value>]) -> Agreement {
    let (asked, answered) = (samples.len(), made.len());
    if asked != answered {
        let reason = format!("Nix told of {answered} values instead of {asked}");
        return Agreement {
            failure: Some(reason),
            advice: None,
        };
    }
    let pairs = || samples.iter().zip(made);
    let refused = pairs().filter(|(sample, made)| sample.valid && made.is_none());
    let refused = refused.map(|(sample, _)| sample.value.to_string());
    let at_odds = |valid: bool| {
        let pairs = pairs().filter(move |(sample, _)| sample.valid == valid);
        let found = pairs.filter_map(move |(sample, made)| {
            let finding = first_finding(schema, made.as_ref()?)?;
            // That something must be there no option says before it is asked for.
            let is_told = valid || !finding.is_missing();
            is_told.then(|| (finding.to_string(), sample.value.to_string()))
        });
        once(found).into_iter()
    };
    let failures = [
        told("the options in Nix refuse what the schema takes", refused),
        told("the schema refuses what Nix makes of", at_odds(true)),
    ];
    let failures: Vec<String> = failures.into_iter().flatten().collect();
    Agreement {
        failure: (!failures.is_empty()).then(|| failures.join("\n")),
        advice: told(
            "the options in Nix take what the schema refuses",
            at_odds(false),
        ),
    }
}

/// What is wrong with words that options in Nix take: whether each may stand where it does.
pub fn words<'a>(
    schema: &Schema,
    samples: &[Sample],
    words: impl IntoIterator<Item = (&'a String, &'a Vec<Value>)>,
) -> Vec<String> {
    let right = samples.iter().find(|sample| sample.valid);
    let Some(right) = right.and_then(|sample| sample.value.as_object()) else {
        return Vec::new();
    };
    let mut wrong = Vec::new();
    for (option, words) in words {
        for word in words {
            let mut set = right.clone();
            set.insert(option.clone(), word.clone());
            if let Some(finding) = first_finding(schema, &Value::Object(set)) {
                wrong.push(format!("{option} = {word}\n  the schema says: {finding}"));
            }
        }
    }
    wrong
}

/// One value for each finding, the shortest.
fn once(told: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let mut shortest: BTreeMap<String, String> = BTreeMap::new();
    for (finding, value) in told {
        let known = shortest.entry(finding).or_insert_with(|| value.clone());
        if value.len() < known.len() {
            *known = value;
        }
    }
    let told = shortest.into_iter();
    told.map(|(finding, value)| format!("{value}\n  the schema says: {finding}"))
        .collect()
}

/// The first thing that the schema has against a value.
fn first_finding(schema: &Schema, value: &Value) -> Option<Finding> {
    schema.validate(value).into_iter().next()
}

/// The shortest values, which say most.
fn told(title: &str, values: impl Iterator<Item = String>) -> Option<String> {
    let mut values: Vec<String> = values.collect();
    values.sort_by_key(String::len);
    let more = values.len().saturating_sub(SHOWN);
    values.truncate(SHOWN);
    let more = match more {
        0 => String::new(),
        more => format!("\nand {more} more"),
    };
    (!values.is_empty()).then(|| format!("{title}:\n{}{more}", values.join("\n")))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    fn schema() -> Schema {
        let document = json!({
            "type": "object",
            "properties": {
                "size": { "enum": ["small", "large"] },
                "count": { "type": "integer" },
            },
            "required": ["size"],
        });
        Schema::new("things", document).unwrap()
    }

    fn sample(value: Value) -> Sample {
        let valid = schema().is_valid(&value);
        Sample { value, valid }
    }

    #[test]
    fn options_that_pass_values_on_agree() {
        let value = json!({ "size": "small" });
        let samples = [sample(value.clone()), sample(json!({ "size": 1 }))];
        let made = [Some(value), None];
        let agreement = compare(&schema(), &samples, &made);
        assert_eq!(agreement, Agreement::default());
    }

    #[test]
    fn options_that_take_less_are_told_by_the_shortest_values() {
        let samples = [
            sample(json!({ "size": "large", "count": 3 })),
            sample(json!({ "size": "large" })),
        ];
        let agreement = compare(&schema(), &samples, &[None, None]);
        assert_snapshot!(agreement.failure.unwrap(), @r#"
        the options in Nix refuse what the schema takes:
        {"size":"large"}
        {"count":3,"size":"large"}
        "#);
    }

    #[test]
    fn a_default_that_the_schema_refuses_is_told_with_its_attribute() {
        let samples = [sample(json!({ "size": "small" }))];
        let made = [Some(json!({ "size": "small", "count": null }))];
        let agreement = compare(&schema(), &samples, &made);
        assert_snapshot!(agreement.failure.unwrap(), @r#"
        the schema refuses what Nix makes of:
        {"size":"small"}
          the schema says: count: expected an integer, but found null
        "#);
    }

    #[test]
    fn options_that_take_more_are_worth_advice_only() {
        let samples = [sample(json!({ "size": "huge" }))];
        let made = [Some(json!({ "size": "huge" }))];
        let agreement = compare(&schema(), &samples, &made);
        assert_eq!(agreement.failure, None);
        assert_snapshot!(agreement.advice.unwrap(), @r#"
        the options in Nix take what the schema refuses:
        {"size":"huge"}
          the schema says: size: expected one of "small", "large", but found "huge"
        "#);
    }

    #[test]
    fn a_word_that_only_nix_knows_is_found() {
        let samples = [sample(json!({ "size": "small" }))];
        let known = [("size".to_owned(), vec![json!("small"), json!("huge")])];
        let known = known.iter().map(|(option, words)| (option, words));
        assert_snapshot!(words(&schema(), &samples, known).join("\n"), @r#"
        size = "huge"
          the schema says: size: expected one of "small", "large", but found "huge"
        "#);
    }

    #[test]
    fn an_answer_that_is_too_short_is_no_agreement() {
        let samples = [sample(json!({ "size": "small" }))];
        assert!(compare(&schema(), &samples, &[]).failure.is_some());
    }
}
