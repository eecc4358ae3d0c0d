//! End-to-end tests: the binary as a user runs it, with real Nix, real SSH and real hosts.

mod deploying;
mod evaluating;
mod lab;
mod networks;
mod sources;
mod traps;
