//! Deploys networks of NixOS machines and the resources that they need.
//!
//! A deploy is one walk through rooms that stand in a row; each hands a typed value to the next:
//! [`flake`] finds the source, [`evaluator`] asks Nix once, [`network`] holds the typed values,
//! [`plan`] says what is to be done, and [`deploy`] does it through [`nix`] and [`host`].

pub mod check;
pub mod cli;
pub mod core_provider;
pub mod deploy;
pub mod evaluator;
pub mod flake;
pub mod fleet;
pub mod host;
pub mod keys;
pub mod network;
pub mod nix;
pub mod plan;
pub mod plugin;
pub mod preview;
pub mod process;
pub mod schema;
pub mod state;
pub mod ui;
