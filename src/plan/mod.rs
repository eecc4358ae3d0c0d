//! The plan: what is to be done, decided without doing anything.
//!
//! A pure room. It takes names, options and what was seen on a host, and answers which machines are
//! meant ([`Selection`]), how far a deploy goes ([`Extent`], [`Goal`]) and which steps a machine
//! needs ([`Steps`]). What became of it is told in the same words ([`Outcome`], [`Summary`]). It starts no
//! process and touches no disk.

mod extent;
mod glob;
mod outcome;
mod selection;
mod steps;
pub(crate) mod suggestion;
mod summary;

pub use extent::{Extent, Goal};
pub use glob::{Glob, GlobError};
pub use outcome::{Outcome, Step};
pub use selection::{Selection, SelectionError, Unmatched};
pub use steps::{Running, Steps};
pub use summary::{Copied, MachineSummary, Summary, Totals};
