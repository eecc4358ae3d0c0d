//! The provider of the types that NixOps brings itself: NixOps in a process of its own.
//!
//! It speaks the protocol as a provider of a plugin does, so that there is one way in which resources are
//! journalled, locked, cancelled and found again.

mod command_output;
mod program;
mod ssh_key_pairs;

use std::process::ExitCode;

use nixops_plugin::{Provider, protocol::TypeSchemas};

/// Name of the plugin that NixOps itself is.
pub const NAME: &str = "nixops";

/// The verb by which NixOps is its own provider.
pub const VERB: &str = "core-provider";

/// The schemas of the types.
pub fn schemas() -> TypeSchemas {
    provider().schemas()
}

/// Answers on standard input and output until the input closes.
pub fn main() -> ExitCode {
    match provider().serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn provider() -> Provider {
    Provider::new(NAME, env!("CARGO_PKG_VERSION"))
        .with(command_output::CommandOutputs)
        .with(ssh_key_pairs::SshKeyPairs)
}
