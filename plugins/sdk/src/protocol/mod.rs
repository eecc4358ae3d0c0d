//! The provider protocol, version 1.
//!
//! | method | parameters | result |
//! |---|---|---|
//! | `hello` | [`Hello`] | [`Welcome`] |
//! | `schema` | [`SchemaRequest`] | [`Schemas`] |
//! | `validate` | [`Validate`] | [`Validated`] |
//! | `diff` | [`Diff`] | [`Difference`] |
//! | `create` | [`Create`] | [`Created`] |
//! | `find` | [`Find`] | [`Found`] |
//! | `read` | [`Read`] | [`ReadResult`] |
//! | `update` | [`Update`] | [`Updated`] |
//! | `delete` | [`Delete`] | [`Nothing`] |
//! | `import` | [`Import`] | [`Imported`] |
//! | `upgrade` | [`Upgrade`] | [`Upgraded`] |
//! | `action` | [`Action`] | [`ActionResult`] |
//! | `cancel` (notification) | [`Cancel`] | – |
//! | `log` (notification of the provider) | [`Log`] | – |
//! | `progress` (notification of the provider) | [`Progress`] | – |
//!
#![doc = include_str!("rules.md")]

mod envelope;
mod failure;
mod incoming;
mod request;
mod resource;
mod schema;

pub use envelope::{Notification, Request, RequestId, Response, VERSION};
pub use failure::{Diagnostic, Failure, FailureKind, RpcError, Severity, code};
pub use incoming::{Incoming, Refused};
pub use request::*;
pub use resource::*;
pub use schema::schema;

/// The newest version of the protocol that this crate speaks.
pub const NEWEST: u32 = 1;

/// The oldest version of the protocol that this crate speaks.
pub const OLDEST: u32 = 1;

/// The most bytes that a message may have, its line feed included.
pub const LARGEST_MESSAGE: usize = 16 << 20;
