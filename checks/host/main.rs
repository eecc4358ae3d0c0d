//! Connections, builds and copies against real sshds and a real Nix, below the binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod activations;
mod builds;
mod connections;
mod copies;
mod prefixes;
mod provided;
mod reach;
mod refusals;
mod sharing;
mod world;
