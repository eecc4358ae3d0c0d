//! Sample values of a schema: some that fit, and some that nearly do.
//!
//! They serve to compare two judges of the same type, such as a schema and the options of a module.
//! The same seed gives the same samples.

mod chance;
mod generate;
mod mutate;
mod pattern;
mod trial;

pub use trial::trials;

use serde::Serialize;
use serde_json::Value;

use self::{
    chance::Chance,
    generate::{Freedom, Generator},
};
use super::Schema;

/// How often another value is tried if one is not of the kind that was wanted.
const ATTEMPTS: usize = 20;

/// A value, and whether it fits the schema that it was made from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// The value.
    pub value: Value,
    /// Whether it fits.
    pub valid: bool,
}

/// Makes sample values, in turn one that is to fit and one that is not.
pub fn samples(schema: &Schema, seed: u64, count: usize) -> Vec<Sample> {
    let mut chance = Chance::new(seed);
    (0..count)
        .map(|index| sample(schema, &mut chance, Freedom::Unnamed, index % 2 == 0))
        .collect()
}

fn sample(schema: &Schema, chance: &mut Chance, freedom: Freedom, wanted: bool) -> Sample {
    let mut value = Value::Null;
    for _ in 0..ATTEMPTS {
        value = Generator::new(schema.document(), chance, freedom).value();
        if !wanted {
            mutate::mutate(&mut value, chance);
        }
        if schema.is_valid(&value) == wanted {
            break;
        }
    }
    let valid = schema.is_valid(&value);
    Sample { value, valid }
}
