//! End-to-end tests: the binary as a user runs it, with real Nix, real SSH and real hosts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod activating;
mod agreeing;
mod checking;
mod crossing;
mod deploying;
mod evaluating;
mod evaluators;
mod graphing;
mod hosts;
mod inputs;
mod interrupting;
mod killing;
mod lab;
mod life_cycle;
mod machines;
mod networks;
mod nix;
mod outputs;
mod pipeline;
mod plugin_check;
mod plugin_docs;
mod plugin_lab;
mod plugin_sources;
mod plugin_test;
mod plugin_wrong;
mod plugins_deploying;
mod plugins_discovery;
mod plugins_failing;
mod plugins_lab;
mod plugins_ledger;
mod plugins_recording;
mod plugins_secrets;
mod plugins_trusting;
mod plugins_validating;
mod resources_lab;
mod schemas;
mod secrets_kept;
mod selecting;
mod sources;
mod state;
mod state_verbs;
mod terminal;
mod traps;
mod watched;
