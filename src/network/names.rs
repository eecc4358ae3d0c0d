//! The names in a network, known before anything in it is evaluated.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
