//! JSON Schemas, and the values that they are to hold for.
//!
//! A type of resource or machine is described by a JSON Schema (2020-12) of its options. Those of
//! the core are written by `schemars` from the structs of [`crate::network`]; plugins bring theirs
//! as files. [`Registry`] holds them, [`Registry::validate`] finds all that is wrong with a value,
//! and [`Registry::redact`] takes out what nobody may see. Attributes that a schema does not name
//! pass, unless it is closed.
//!
//! Numbers are strict: `1.0` is no integer, since it is none for Nix, nor for a provider that reads
//! the same value into a struct.
//!
//! This room starts no process, opens no file and fetches nothing: a `$ref` leads into the schema
//! that has it, or is an error.

mod attribute_path;
mod compiled;
mod core;
mod describe;
mod error;
mod explain;
mod finding;
mod option_value;
mod reference;
mod registry;
mod sample;
mod sensitive;
mod strict;
mod union;
mod walk;
mod well_formed;

pub use attribute_path::{attribute_path, read_attribute_path};
pub use compiled::Schema;
pub use error::SchemaError;
pub use finding::Finding;
pub use registry::{Kind, Registry, TypeSchema};
pub use sample::{Sample, samples, trials};
pub use sensitive::REDACTED;

#[cfg(test)]
mod tests;
