//! Providers of resources for NixOps.
//!
//! A provider is a program that makes, reads, changes and deletes resources for NixOps: servers,
//! volumes, records of a zone, whatever can be described by attributes. Its author writes one
//! [`Resource`] for each type, puts them into a [`Provider`], and is done:
//!
//! ```
//! use std::{fs, io, path::PathBuf};
//!
//! use nixops_plugin::{
//!     Context, Failed, JsonSchema, Made, Provider, Resource, ResourceRef, ResourceState, State,
//! };
//! use serde::{Deserialize, Serialize};
//!
//! /// A directory of the deployer.
//! #[derive(Deserialize, JsonSchema)]
//! struct Options {
//!     /// Where it is.
//!     #[schemars(extend("x-nixops-replace" = true))]
//!     path: PathBuf,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Outputs {
//!     /// How many entries it has.
//!     entries: usize,
//! }
//!
//! struct Directories;
//!
//! impl Resource for Directories {
//!     const TYPE: &'static str = "directory";
//!     type Options = Options;
//!     type Outputs = Outputs;
//!
//!     fn create(
//!         &self,
//!         context: &Context,
//!         resource: &ResourceRef,
//!         options: Options,
//!         _token: &str,
//!     ) -> Result<Made<Outputs>, Failed> {
//!         context.info(format!("making the directory of {}", resource.name));
//!         fs::create_dir_all(&options.path)?;
//!         let path = options.path.to_string_lossy();
//!         Ok(Made::new(path, Outputs { entries: fs::read_dir(&options.path)?.count() }))
//!     }
//!
//!     // A second `create` makes the same directory, so none is ever lost.
//!     fn find(&self, _: &Context, _token: &str) -> Result<Option<Made<Outputs>>, Failed> {
//!         Ok(None)
//!     }
//!
//!     fn read(&self, _: &Context, prior: &ResourceState) -> Result<Option<State<Outputs>>, Failed> {
//!         match fs::read_dir(&prior.id) {
//!             Ok(entries) => Ok(Some(State::new(Outputs { entries: entries.count() }))),
//!             Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
//!             Err(error) => Err(error.into()),
//!         }
//!     }
//!
//!     fn delete(&self, _: &Context, _: &ResourceRef, prior: &ResourceState) -> Result<(), Failed> {
//!         match fs::remove_dir(&prior.id) {
//!             Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
//!             _ => Ok(()),
//!         }
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     # let _ = || {
//!     Provider::new("directories", env!("CARGO_PKG_VERSION")).with(Directories).main()
//!     # }; std::process::ExitCode::SUCCESS
//! }
//! ```
//!
//! [`Provider::main`] also understands the verb `schema`, which writes the JSON Schemas of the types:
//! a plugin ships them, so that NixOps finds mistakes before it starts the provider.
//!
//! # Rules
//!
//! * Options are given as they are in the network, checked against the schema. Attributes that the
//!   options do not name are no error (so leave out `deny_unknown_fields`); a field with
//!   `#[serde(flatten)]` gets them.
//! * `create` is told a token. What it makes carries the token, so that `find` finds it and a second
//!   `create` makes no second one.
//! * Methods run at the same time in several threads. A panic fails its request and no other.
//! * What the provider prints goes to standard error. The protocol has the standard streams to itself.
//!
//! # Keywords of schemas
//!
//! Beside what JSON Schema has, `#[schemars(extend("…" = true))]` marks a field with
//! `x-nixops-sensitive` (never printed, and kept encrypted), `x-nixops-writeOnly` (the provider cannot read it
//! back), or `x-nixops-replace` (a change needs a new resource; on a struct it is for all in it).
//!
//! [`protocol`] holds the messages between NixOps and a provider, for both sides.

pub mod protocol;

mod command_line;
mod provider;
mod resource;
mod serve;

pub use protocol::{
    Attributes, Change, ChangeKind, Dependency, Diagnostic, Difference, FailureKind, Kind,
    LogLevel, MachineOutputs, ResourceRef, ResourceState, Severity, Ssh,
};
pub use provider::Provider;
pub use resource::{Context, Failed, Made, Resource, State, difference, schema_file};
pub use schemars::{self, JsonSchema};
pub use serve::Error;
