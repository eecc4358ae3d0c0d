//! Providers that misbehave, and one that does not, as real processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod asking;
mod bulk;
mod conforming;
mod core;
mod lock;
mod starting;
mod world;
