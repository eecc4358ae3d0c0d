//! End-to-end tests: the binary as a user runs it, with real Nix, real SSH and real hosts.

mod activating;
mod deploying;
mod evaluating;
mod hosts;
mod interrupting;
mod lab;
mod networks;
mod pipeline;
mod selecting;
mod sources;
mod state;
mod terminal;
mod traps;
mod watched;
