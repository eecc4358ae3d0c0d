//! The check: what providers and hosts say now, beside what is recorded.
//!
//! It needs no network, only the state. Providers are asked in bulk, hosts many at a time
//! ([`ask`](crate::fleet::ask)); who does not answer holds up nobody else, and what nobody can tell is
//! unknown, never well. What was found is a [`Report`], whose [`Findings`] are the exit code of `nixops check`.

mod findings;
mod machine;
mod report;
mod resource;

pub use findings::Findings;
pub use machine::{Answer, Evidence, MachineReport, Running, SystemState};
pub use report::Report;
pub use resource::{Condition, ResourceReport};
