//! Whether the options in Nix and the schema take the same values.

use crate::schema::Sample;

/// Most values that are shown where the two do not agree.
const SHOWN: usize = 3;

/// Compares what the schema says of values with what the options in Nix do.
///
/// Options may take what a schema refuses: some types of Nix are wider, and the schema is looked at
/// after them. The other way round a user could not write what the provider wants.
pub fn compare(samples: &[Sample], taken: &[bool]) -> Result<(), String> {
    if samples.len() != taken.len() {
        return Err(format!(
            "Nix told of {} values instead of {}",
            taken.len(),
            samples.len()
        ));
    }
    let pairs = samples.iter().zip(taken);
    let refused: Vec<&Sample> = pairs
        .filter(|(sample, taken)| sample.valid && !**taken)
        .map(|(sample, _)| sample)
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    let shown = refused.iter().take(SHOWN);
    let lines: Vec<_> = shown.map(|sample| sample.value.to_string()).collect();
    Err(format!(
        "the options in Nix refuse {} of {} values that the schema takes, such as\n{}",
        refused.len(),
        samples.iter().filter(|sample| sample.valid).count(),
        lines.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample(valid: bool) -> Sample {
        Sample {
            value: json!({ "size": 1 }),
            valid,
        }
    }

    #[test]
    fn options_may_take_more_than_the_schema() {
        let samples = [sample(true), sample(false)];
        assert_eq!(compare(&samples, &[true, true]), Ok(()));
        assert_eq!(compare(&samples, &[true, false]), Ok(()));
    }

    #[test]
    fn options_that_take_less_are_told_by_example() {
        let error = compare(&[sample(true), sample(true)], &[true, false]).unwrap_err();
        assert_eq!(
            error,
            "the options in Nix refuse 1 of 2 values that the schema takes, such as\n{\"size\":1}"
        );
    }

    #[test]
    fn an_answer_that_is_too_short_is_no_agreement() {
        assert!(compare(&[sample(true)], &[]).is_err());
    }
}
