//! The plan: what is to be done, decided without doing anything.
//!
//! A pure room. It takes names, options and what was seen on a host, and answers which machines are
//! meant ([`Selection`]), how far a deploy goes ([`Extent`], [`Goal`]) and which steps a machine
//! needs ([`Steps`]). It starts no process and touches no disk.

mod extent;
mod glob;
mod selection;
mod steps;
mod suggestion;

pub use extent::{Extent, Goal};
pub use glob::{Glob, GlobError};
pub use selection::{Selection, SelectionError, Unmatched};
pub use steps::{Running, Steps};
