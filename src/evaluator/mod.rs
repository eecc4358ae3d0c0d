//! The bridge: the only code that asks Nix to evaluate.

mod diagnostic;
mod record;

pub use diagnostic::{Diagnostic, Position};
pub use record::Evaluated;
