//! Connections, builds and copies against real sshds and a real Nix, below the binary.

mod activations;
mod builds;
mod connections;
mod copies;
mod world;
