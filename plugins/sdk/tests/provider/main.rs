//! Providers, driven over real pipes as NixOps drives them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command_line;
mod conversation;
mod difference;
mod driver;
mod ending;
mod fuzz;
mod garbage;
mod notebook;
mod planning;
mod schema;
mod unruly;
