//! Holds each format against what the real Nix makes of it.
//!
//! Nix must be on the `PATH`; each test has a store of its own, so the machine's is not touched.

mod derivation;
mod flakelock;
mod flakeref;
mod log;
mod nar;
mod nix_daemon;
mod nixhash;
mod sandbox;
