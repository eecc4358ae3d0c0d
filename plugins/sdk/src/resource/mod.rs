//! What an author writes for a type, and what it is given.

mod author;
mod call;
mod context;
mod difference;
mod failed;
mod schema;
mod typed;

pub use author::{Made, Resource, State};
pub(crate) use call::{Call, parameters};
pub use context::Context;
pub use difference::difference;
pub use failed::Failed;
pub(crate) use failed::from_panic;
pub use schema::schema_file;
pub(crate) use schema::schema_value;
pub(crate) use typed::{Type, Typed};
