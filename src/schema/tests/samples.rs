//! Sample values.

use super::{agreements, schema, secrets::secrets, tagged};
use crate::schema::samples;

#[test]
fn samples_are_the_same_each_time_and_of_both_kinds() {
    for document in [tagged(), secrets()] {
        let schema = schema(document);
        let all = samples(&schema, 7, 60);
        assert_eq!(all, samples(&schema, 7, 60));
        assert_ne!(all, samples(&schema, 8, 60));
        for sample in &all {
            assert_eq!(schema.is_valid(&sample.value), sample.valid);
            assert!(sample.value.to_string().len() < 10_000);
        }
        let valid = all.iter().filter(|sample| sample.valid).count();
        assert!((15..=45).contains(&valid), "{valid} of 60 are valid");
    }
}

#[test]
fn samples_are_found_for_every_kind_of_schema() {
    for case in agreements() {
        let has_invalid = !case.refused.is_empty();
        let all = samples(&schema(case.schema), 1, 40);
        assert!(
            all.iter().any(|sample| sample.valid),
            "{}: no valid one",
            case.name
        );
        assert!(
            !has_invalid || all.iter().any(|sample| !sample.valid),
            "{}: no invalid one",
            case.name
        );
    }
}
