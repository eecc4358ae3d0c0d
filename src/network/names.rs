//! The names in a network, known before anything in it is evaluated.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::state::Key;

/// Names of all machines and resources.
///
/// They come from attribute names alone, so they are complete even where a machine or resource
/// fails to evaluate.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Names {
    /// Names of the machines, sorted.
    pub machines: Vec<String>,
    /// Names of the resources by type, sorted.
    pub resources: BTreeMap<String, Vec<String>>,
}

impl Names {
    /// All resources, in the order of their types and names.
    pub fn keys(&self) -> Vec<Key> {
        let of_type = |(kind, names): (&String, &Vec<String>)| -> Vec<Key> {
            names.iter().map(|name| Key::new(kind, name)).collect()
        };
        self.resources.iter().flat_map(of_type).collect()
    }
}
