//! The deploy: takes machines, as they are evaluated, to what they are to run.

mod outcome;
mod summary;

pub use outcome::{Outcome, Step};
pub use summary::{MachineSummary, Summary, Totals};
