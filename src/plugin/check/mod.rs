//! What can be proved of a plugin without a cloud.

mod agreement;
mod findings;
mod layout;

pub use agreement::{Agreement, compare, words};
pub use findings::Findings;
pub use layout::{advice, without_flake};
