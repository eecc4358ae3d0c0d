//! NeatCloud: a cloud that fits in a laptop, and its provider for NixOps.
//!
//! The cloud is a directory, [`cloud::Cloud`], that keeps its own truth of servers, volumes and SSH keys. Its
//! servers are namespaces of this computer; each has a process of its own that it lives with, so they outlive both
//! the provider and NixOps. The provider ([`provider`]) speaks the protocol of NixOps, and `nixops-neatcloud cloud`
//! ([`cli`]) is the cloud's own command line, which knows nothing of NixOps.

use std::{env, ffi::OsStr, process::ExitCode};

mod cli;
mod cloud;
mod faults;
mod provider;

fn main() -> ExitCode {
    let verb = env::args_os().nth(1);
    match verb.as_deref().and_then(OsStr::to_str) {
        Some("cloud" | "keep") => cli::main(),
        _ => provider::main(),
    }
}
