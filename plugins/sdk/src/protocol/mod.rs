//! The provider protocol, version 1.
//!
//! A provider is one process for all of its resources. It reads requests on its standard input and
//! writes answers on its standard output: JSON-RPC 2.0, one message a line, UTF-8. Its standard
//! error is for people. Requests carry ids and may run at the same time, so answers come in any
//! order. The provider ends when its input closes.
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
//!
//! From the provider come, beside answers, the notifications `log` ([`Log`]) and `progress`
//! ([`Progress`]). Requests and notifications that a side does not know: a request is answered with
//! the error -32601, a notification is an error of the sender.

mod envelope;
mod failure;
mod incoming;
mod request;
mod resource;

pub use envelope::{Notification, Request, RequestId, Response, VERSION};
pub use failure::{Diagnostic, Failure, FailureKind, RpcError, Severity, code};
pub use incoming::{Incoming, Refused};
pub use request::*;
pub use resource::*;

/// The newest version of the protocol that this crate speaks.
pub const NEWEST: u32 = 1;

/// The oldest version of the protocol that this crate speaks.
pub const OLDEST: u32 = 1;

/// The most bytes that a message may have, its line feed included.
pub const LARGEST_MESSAGE: usize = 16 << 20;
