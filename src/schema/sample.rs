//! tmp
use super::Schema;
/// tmp
pub struct Sample {
    /// tmp
    pub value: serde_json::Value,
    /// tmp
    pub valid: bool,
}
/// tmp
pub fn samples(_: &Schema, _: u64, _: usize) -> Vec<Sample> {
    Vec::new()
}
